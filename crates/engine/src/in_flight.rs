//! A lease that is being tried, as others see it.

use posthaste_suppression::{NormalAddress, What};
use posthaste_transport::Attempt;
use posthaste_types::{Address, MailId};

/// A lease that is being tried, from the moment that it is granted: whoever withdraws it finds it, also while it
/// waits for its route and the transport has not got it yet.
#[derive(Debug)]
pub(crate) struct InFlight {
    pub(crate) mail: MailId,
    to: Vec<Address>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// The transport has not got it.
    Waiting,
    /// The transport has got it.
    Given(Attempt),
    /// The transport does not get it.
    Withdrawn,
}

impl InFlight {
    pub(crate) fn new(mail: MailId, to: Vec<Address>) -> Self {
        Self { mail, to, stage: Stage::Waiting }
    }

    /// The transport gets it now; `false` if it was withdrawn.
    pub(crate) fn give(&mut self, attempt: &Attempt) -> bool {
        let withdrawn = matches!(self.stage, Stage::Withdrawn);
        if !withdrawn {
            self.stage = Stage::Given(attempt.clone());
        }
        !withdrawn
    }

    /// Has it not begin. What has begun goes on.
    pub(crate) fn withdraw(&mut self) {
        match &self.stage {
            Stage::Given(attempt) => drop(attempt.withdraw()),
            Stage::Waiting | Stage::Withdrawn => self.stage = Stage::Withdrawn,
        }
    }

    /// What it came to is written down, or will never be.
    pub(crate) fn recorded(&self) {
        if let Stage::Given(attempt) = &self.stage {
            attempt.recorded();
        }
    }

    /// Whether it is for somebody that an entry touches.
    pub(crate) fn is_touched_by(&self, what: &What) -> bool {
        let mut to = self.to.iter();
        match what {
            What::Address(normal) => to.any(|to| NormalAddress::of(to) == *normal),
            What::Domain(domain) => to.any(|to| to.domain() == domain),
            // A hash cannot be told from an address here: whoever has not begun is asked again.
            _ => true,
        }
    }
}
