//! What a report asks of the sender.

use std::fmt;

use posthaste_types::{BounceClass, DnsName, Text};

use crate::report::{Form, Kind, Report};

/// What is known of who wrote a report. It comes from outside: this crate asks no DNS.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "signed, known otherwise, or not known")]
pub enum Authenticity<'a> {
    /// The domains (`d=`) whose DKIM signatures of the mail that brought the report hold. None of them counts unless the
    /// domain in From is it or lies below it (RFC 9477 §5.1).
    Dkim(&'a [DnsName]),
    /// The caller knows the reporter in another way: an address that only it was told, its network, a download.
    Otherwise,
    /// Nothing is known.
    Unknown,
}

/// What a report asks of the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// To send this recipient no more of the stream, and to count a complaint.
    Complaint,
    /// To send this recipient no more of the list.
    Unsubscribe,
    /// That a person looks at it.
    Review,
    /// Nothing.
    Nothing,
}

/// An [`Action`] and its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verdict {
    /// What to do.
    pub action: Action,
    /// The class that a suppression entry is to have, where the action makes one.
    pub class: Option<BounceClass>,
    /// Why, in words.
    pub reason: Text,
}

impl Report {
    /// What the report asks of the sender, given what is known of its reporter. Whoever is named by a
    /// [`Trace`](crate::Trace) is meant; where none of them can be used, a complaint is only counted.
    pub fn verdict(&self, authenticity: &Authenticity<'_>) -> Verdict {
        let (action, class, reason) = self.asked();
        if action == Action::Nothing {
            return Verdict { action, class: None, reason: Text::lossy(reason) };
        }
        match self.doubt(authenticity) {
            None => Verdict { action, class, reason: Text::lossy(reason) },
            Some(doubt) => Verdict { action: Action::Nothing, class: None, reason: Text::lossy(doubt) },
        }
    }

    fn asked(&self) -> (Action, Option<BounceClass>, &'static str) {
        match (self.kind, self.form) {
            (Kind::Abuse, Form::Forwarded) => (Action::Review, None, "a person complains in words"),
            (Kind::Abuse, _) => (Action::Complaint, Some(BounceClass::Complaint), "the recipient calls it spam"),
            (Kind::OptOut, _) => {
                (Action::Unsubscribe, Some(BounceClass::Unsubscribe), "the recipient wants no more of it")
            }
            (Kind::Fraud, _) => (Action::Review, None, "it is reported as a fraud"),
            (Kind::Virus, _) => (Action::Review, None, "it is reported to carry malware"),
            (Kind::NotSpam, _) => (Action::Nothing, None, "it was wrongly taken for spam"),
            (Kind::AuthFailure, _) => (Action::Nothing, None, "it failed authentication: nobody complains"),
            (Kind::Other, _) => (Action::Review, None, "a report of another type"),
        }
    }

    /// Why the reporter is not believed.
    fn doubt(&self, authenticity: &Authenticity<'_>) -> Option<String> {
        let signers = match authenticity {
            Authenticity::Otherwise => return None,
            Authenticity::Unknown => return Some("nothing is known of the reporter".to_owned()),
            Authenticity::Dkim(signers) => signers,
        };
        let Some(domain) = self.reporter_domain() else { return Some("the report names no reporter".to_owned()) };
        let from = DnsName::from(domain);
        match signers.iter().any(|signer| from.is_within(signer) && signer.parent().is_some_and(|it| !it.is_root())) {
            true => None,
            false => Some(format!("no valid DKIM signature of {domain}")),
        }
    }
}

impl Action {
    /// The word for people and rows: `complaint`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complaint => "complaint",
            Self::Unsubscribe => "unsubscribe",
            Self::Review => "review",
            Self::Nothing => "nothing",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.action, self.reason)
    }
}
