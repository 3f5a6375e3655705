//! What came of asking.

use std::fmt;
use std::net::Ipv4Addr;

use posthaste_dns::DnsError;
use posthaste_types::{DnsName, Text};

use crate::code::{Meaning, Verdict};
use crate::list::DnsList;
use crate::subject::Subject;

/// What one list says of one subject.
///
/// `Display` says it in words.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Finding {
    /// The list.
    pub list: DnsList,
    /// What it was asked about.
    pub subject: Subject,
    /// The name that was asked.
    pub question: Option<DnsName>,
    /// What it says.
    pub listing: Listing,
    /// The reason that the list gives (RFC 5782 §2.1: a TXT record), mostly the address of a page.
    pub reason: Option<Text>,
}

/// What a list says of a subject.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Listing {
    /// The answer is outside of 127.0.0.0/8: the zone is no list any more (RFC 5782 §2.1).
    Broken(Ipv4Addr),
    /// It does not stand on the list.
    Clean,
    /// It stands on the list, for these reasons.
    Listed(Vec<Meaning>),
    /// The list was not asked.
    NotAsked(NotAsked),
    /// The list does not answer those who ask from here.
    Refused(Meaning),
    /// There is no answer. It may be listed or not.
    Unknown(DnsError),
}

/// Why a list was not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum NotAsked {
    /// The list was given up.
    #[error("the list was given up")]
    Closed,
    /// The list needs a key.
    #[error("the list needs a key")]
    NeedsKey,
    /// The list does not know such subjects.
    #[error("the list does not know such subjects")]
    Subject,
}

impl Listing {
    /// Whether receivers that ask this list hold it against the subject. What is not known does not count.
    pub fn counts_against(&self) -> bool {
        self.verdicts().any(Verdict::counts_against)
    }

    /// Whether the list said anything about the subject.
    pub fn is_known(&self) -> bool {
        matches!(self, Self::Clean | Self::Listed(_))
    }

    /// The verdicts of all its codes.
    pub fn verdicts(&self) -> impl Iterator<Item = Verdict> {
        let meanings = match self {
            Self::Listed(meanings) => meanings.as_slice(),
            _ => &[],
        };
        meanings.iter().map(|meaning| meaning.verdict)
    }
}

impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(code) => write!(f, "broken: the zone answers {code}"),
            Self::Clean => f.write_str("not listed"),
            Self::Listed(meanings) => {
                for (at, meaning) in meanings.iter().enumerate() {
                    f.write_str(if at == 0 { "" } else { ", " })?;
                    meaning.fmt(f)?;
                }
                Ok(())
            }
            Self::NotAsked(why) => write!(f, "not asked: {why}"),
            Self::Refused(meaning) => write!(f, "no answer from here: {} ({})", meaning.text, meaning.code),
            Self::Unknown(error) => write!(f, "not known: {error}"),
        }
    }
}

impl fmt::Display for Meaning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Abused => "abused by others",
            Verdict::Allow => "known as good",
            Verdict::Grey => "suspicious",
            Verdict::Info => "known",
            Verdict::Listed => "listed",
            Verdict::Neutral => "neither good nor bad",
            Verdict::Policy => "should send no mail itself",
            Verdict::Score(score) => return write!(f, "score {score} of 100"),
            Verdict::Unrecognized => return write!(f, "a code of unknown meaning ({})", self.code),
        };
        match &*self.text {
            "" => write!(f, "{verdict} ({})", self.code),
            text if text == verdict => write!(f, "{verdict} ({})", self.code),
            text => write!(f, "{verdict}: {text} ({})", self.code),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}: {}", self.subject, self.list.id(), self.listing)?;
        match &self.reason {
            Some(reason) => write!(f, ", because \"{reason}\""),
            None => Ok(()),
        }
    }
}
