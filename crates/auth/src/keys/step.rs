//! What a person must do.

use std::fmt;

use posthaste_types::{DnsName, Timestamp};

use super::showing::{Sees, ServerView};
use crate::records::TxtRecord;

/// What must be done about a key next, and by whom. `Display` says it in words, on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NextStep {
    /// Publish this record: a new key, or the `p=` of one that is revoked.
    Publish {
        /// The record.
        record: TxtRecord,
    },
    /// Nothing but wait: some name servers do not show it yet.
    Wait {
        /// Where.
        name: DnsName,
        /// Which, and what they show instead.
        behind: Vec<ServerView>,
    },
    /// Something else stands where this record belongs: replace it.
    Replace {
        /// The record.
        record: TxtRecord,
        /// Where it was seen.
        wrong: Vec<ServerView>,
    },
    /// Nothing: every server shows it, and it begins to sign at that time.
    Settle {
        /// Where.
        name: DnsName,
        /// When it signs.
        until: Timestamp,
    },
    /// Nothing: it signs, and is seen.
    Signs {
        /// Where.
        name: DnsName,
        /// When it should be followed by another.
        rotate: Timestamp,
    },
    /// Nothing about this one: it signs until its successor does.
    Followed {
        /// Where.
        name: DnsName,
        /// Where its successor stands.
        by: DnsName,
    },
    /// Make a new key: this one has signed long enough.
    Rotate {
        /// Where.
        name: DnsName,
        /// Since when it signs.
        since: Timestamp,
    },
    /// Put the record back at once: mail that this key signed is on its way, and some servers do not show it.
    Restore {
        /// The record.
        record: TxtRecord,
        /// Which, and what they show instead.
        missing: Vec<ServerView>,
    },
    /// Leave the record where it is: it is safe to remove then.
    Keep {
        /// Where.
        name: DnsName,
        /// When it may go.
        until: Timestamp,
    },
    /// Leave the record that says that the key is taken back: it is safe to remove then.
    KeepRevoked {
        /// Where.
        name: DnsName,
        /// When it may go.
        until: Timestamp,
    },
    /// Remove the record: nothing needs it any more.
    Remove {
        /// Where.
        name: DnsName,
    },
    /// Nothing, ever: it is gone.
    Done {
        /// Where it was.
        name: DnsName,
    },
}

impl NextStep {
    /// The name of the key's record.
    pub fn name(&self) -> &DnsName {
        match self {
            Self::Publish { record } | Self::Replace { record, .. } | Self::Restore { record, .. } => &record.name,
            Self::Wait { name, .. }
            | Self::Settle { name, .. }
            | Self::Signs { name, .. }
            | Self::Followed { name, .. }
            | Self::Rotate { name, .. }
            | Self::Keep { name, .. }
            | Self::KeepRevoked { name, .. }
            | Self::Remove { name }
            | Self::Done { name } => name,
        }
    }

    /// Whether a person must act, rather than wait or be content.
    pub fn is_action(&self) -> bool {
        match self {
            Self::Publish { .. }
            | Self::Replace { .. }
            | Self::Rotate { .. }
            | Self::Restore { .. }
            | Self::Remove { .. } => true,
            Self::Wait { .. }
            | Self::Settle { .. }
            | Self::Signs { .. }
            | Self::Followed { .. }
            | Self::Keep { .. }
            | Self::KeepRevoked { .. }
            | Self::Done { .. } => false,
        }
    }
}

impl fmt::Display for NextStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Publish { record } => write!(f, "publish: {record}"),
            Self::Wait { name, behind } => write!(f, "wait: {}", servers(behind, name)),
            Self::Replace { record, wrong } => {
                write!(f, "replace what is published: {}; publish: {record}", servers(wrong, &record.name))
            }
            Self::Settle { name, until } => {
                write!(f, "wait: every name server shows {name}, it signs from {}", until.to_whole_seconds())
            }
            Self::Signs { name, rotate } => {
                write!(f, "nothing to do: {name} signs; follow it with a new key by {}", rotate.to_whole_seconds())
            }
            Self::Followed { name, by } => write!(f, "nothing to do: {name} signs until {by} does"),
            Self::Rotate { name, since } => {
                write!(f, "make a new key: {name} signs since {}", since.to_whole_seconds())
            }
            Self::Restore { record, missing } => {
                let missing = servers(missing, &record.name);
                write!(f, "restore at once, mail fails: {missing}; publish: {record}")
            }
            Self::Keep { name, until } => {
                write!(f, "keep {name}: mail may still need it; safe to remove on {}", until.to_whole_seconds())
            }
            Self::KeepRevoked { name, until } => write!(
                f,
                "keep {name}: it says that the key is taken back; safe to remove on {}",
                until.to_whole_seconds()
            ),
            Self::Remove { name } => write!(f, "remove {name}: nothing needs it any more"),
            Self::Done { name } => write!(f, "nothing to do: {name} is removed"),
        }
    }
}

/// `ns2.example.com does not show NAME, ns3.example.com cannot be asked (timeout) for NAME`.
fn servers(views: &[ServerView], name: &DnsName) -> String {
    if views.is_empty() {
        return format!("no name server of {name} is known");
    }
    let one = |ServerView { host, sees }: &ServerView| match sees {
        Sees::Unknown(_) if host.is_root() => format!("the name servers of {name} cannot be found"),
        sees => format!("{host} {sees} {name}"),
    };
    views.iter().map(one).collect::<Vec<_>>().join(", ")
}
