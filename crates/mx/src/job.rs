//! The part of an attempt that goes to one site, and what its recipients are told.

use posthaste_smtp::{Transaction, TransactionId};
use posthaste_transport::{Attempt, Outcomes, TransportError};
use posthaste_types::{Cause, Outcome, Tick};

use crate::connection::Connection;
use crate::lease::{Follower, Lease};

/// The part of an attempt that goes to one site.
pub(crate) struct Job<'a> {
    pub(crate) attempt: &'a Attempt,
    /// The envelope of this part, and the content.
    pub(crate) transaction: Transaction,
    /// Its recipients' places in the attempt; `None` if they are the same.
    pub(crate) places: Option<Vec<usize>>,
    pub(crate) by: Tick,
}

/// Who has begun behind a mail, and the number of his own.
pub(crate) type Next = (Follower, TransactionId);

impl<'a> Job<'a> {
    /// The job for some recipients of an attempt, or for all; `None` if there are none.
    pub(crate) fn of(attempt: &'a Attempt, places: Option<Vec<usize>>, by: Tick) -> Option<Self> {
        let envelope = attempt.mail().envelope();
        let envelope = match &places {
            None => envelope.clone(),
            Some(places) => envelope.subset(places)?,
        };
        let transaction = Transaction::new(envelope, attempt.mail().content().clone());
        Some(Self { attempt, transaction, places, by })
    }

    /// Hands a connection to the mail behind, or gives it back, when what was sent over it is written down: a crash
    /// leaves no more messages in doubt than there are connections. One part of several does not wait, else two
    /// attempts could wait for each other.
    pub(crate) fn pass_on(&self, lease: Lease, connection: Connection, next: Option<Next>) {
        let pass_on = move || match next {
            Some((follower, number)) => follower.hand_over(lease, connection, number),
            None => lease.give_back(connection),
        };
        match &self.places {
            None => self.attempt.when_recorded(pass_on),
            Some(_) => pass_on(),
        }
    }

    /// Settles a recipient, by the place in the job.
    pub(crate) fn settle(&self, recipient: usize, outcome: Outcome) {
        let place = match &self.places {
            None => Some(recipient),
            Some(places) => places.get(recipient).copied(),
        };
        if let Some(place) = place {
            self.attempt.settle(place, outcome);
        }
    }

    /// The answers of the job's recipients so far.
    pub(crate) fn settled(&self) -> Vec<Option<Outcome>> {
        let mut settled = self.attempt.settled();
        match &self.places {
            None => settled,
            Some(places) => places.iter().map(|place| settled.get_mut(*place).and_then(Option::take)).collect(),
        }
    }

    /// Settles every recipient of the job who has no answer yet.
    pub(crate) fn settle_all(&self, outcome: &Outcome) {
        let count = self.transaction.envelope().to().len();
        (0..count).for_each(|recipient| self.settle(recipient, outcome.clone()));
    }
}

/// What an attempt came to. A fault of ours is an error only if nobody has an answer; else the others wait.
pub(crate) fn outcomes(attempt: &Attempt, done: Result<(), TransportError>) -> Result<Outcomes, TransportError> {
    let rest = match done {
        Ok(()) => Cause::local("no answer"),
        Err(error) if attempt.settled().iter().all(Option::is_none) => return Err(error),
        Err(error) => Cause::local(error),
    };
    Ok(Outcomes::settled_or(attempt, &Outcome::deferred(rest)))
}
