//! The values of a record's tags.

use std::fmt;

use crate::tags::WSP;

/// What a domain asks for (RFC 9989 §4.7, `p`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 9989 §4.7 has these three")]
pub enum Policy {
    /// Nothing but reports.
    None,
    /// To treat failing mail as suspicious.
    Quarantine,
    /// To refuse failing mail.
    Reject,
}

/// How close an identifier must be to the author domain (RFC 9989 §4.7, `adkim` and `aspf`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 9989 §4.7 has these two")]
pub enum Alignment {
    /// `r`: of one organisational domain.
    #[default]
    Relaxed,
    /// `s`: equal.
    Strict,
}

/// When a failure report is wanted (RFC 9989 §4.7, `fo`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 9989 §4.7 has these four")]
pub enum FailureOption {
    /// `0`: if nothing passes aligned.
    All,
    /// `1`: if anything does not.
    Any,
    /// `d`: if a DKIM signature fails, aligned or not.
    Dkim,
    /// `s`: if SPF fails, aligned or not.
    Spf,
}

/// Whether a domain is a public suffix (RFC 9989 §4.7, `psd`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 9989 §4.7 has these three")]
pub enum Psd {
    /// `u`: it is to be found out by the tree walk.
    #[default]
    Unknown,
    /// `y`: it is one.
    Yes,
    /// `n`: it is none; an organisational domain begins here.
    No,
}

/// Whether the policy is only tried (RFC 9989 §4.7, `t`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 9989 §4.7 has these two")]
pub enum Testing {
    /// `n`: the policy is meant.
    #[default]
    Off,
    /// `y`: the policy is applied one level lower.
    On,
}

impl Policy {
    pub(super) fn of(word: &str) -> Option<Self> {
        [Self::None, Self::Quarantine, Self::Reject].into_iter().find(|policy| policy.as_str() == word)
    }

    /// The word of the record: `quarantine`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Quarantine => "quarantine",
            Self::Reject => "reject",
        }
    }
}

impl Alignment {
    pub(super) fn of(word: &str) -> Option<Self> {
        Some(match word {
            "r" => Self::Relaxed,
            "s" => Self::Strict,
            _ => return None,
        })
    }
}

impl Psd {
    pub(super) fn of(word: &str) -> Option<Self> {
        Some(match word {
            "u" => Self::Unknown,
            "y" => Self::Yes,
            "n" => Self::No,
            _ => return None,
        })
    }
}

impl Testing {
    pub(super) fn of(word: &str) -> Option<Self> {
        Some(match word {
            "n" => Self::Off,
            "y" => Self::On,
            _ => return None,
        })
    }
}

pub(super) fn failure_options(list: &str) -> Option<Vec<FailureOption>> {
    let mut options = Vec::new();
    for word in list.split(':').map(|word| word.trim_matches(WSP)) {
        let option = match word {
            "0" => FailureOption::All,
            "1" => FailureOption::Any,
            "d" => FailureOption::Dkim,
            "s" => FailureOption::Spf,
            _ => return None,
        };
        if !options.contains(&option) {
            options.push(option);
        }
    }
    Some(options)
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FailureOption {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::All => "0",
            Self::Any => "1",
            Self::Dkim => "d",
            Self::Spf => "s",
        }
    }
}
