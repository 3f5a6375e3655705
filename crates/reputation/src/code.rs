//! What the codes of a list mean.

use std::net::Ipv4Addr;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// What one code of an answer means.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Meaning {
    /// The address that stood in the answer.
    pub code: Ipv4Addr,
    /// What it says about the subject.
    pub verdict: Verdict,
    /// For people; empty if the list is not known to give this code.
    pub text: Arc<str>,
}

/// What a code says about the subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// A good domain that others abuse.
    Abused,
    /// It is known as good.
    Allow,
    /// It is suspicious; few refuse for it.
    Grey,
    /// A fact, no judgement.
    Info,
    /// It is known as bad.
    Listed,
    /// Neither good nor bad.
    Neutral,
    /// By the policy of its network it should send no mail itself.
    Policy,
    /// A number from 0 to 100: the better, the higher.
    Score(u8),
    /// The list is not known to give this code.
    Unrecognized,
}

impl Verdict {
    /// Whether receivers that ask this list hold it against the subject.
    pub const fn counts_against(self) -> bool {
        matches!(self, Self::Listed | Self::Policy | Self::Abused)
    }
}

/// What a row decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Says {
    Verdict(Verdict),
    /// The last octet is a score.
    Score,
    /// It is no answer about the subject at all.
    Refused,
    /// It is as if there were no answer.
    None,
}

impl Says {
    pub(crate) fn parse(cell: &str) -> Option<Self> {
        Some(match cell {
            "abused" => Self::Verdict(Verdict::Abused),
            "allow" => Self::Verdict(Verdict::Allow),
            "grey" => Self::Verdict(Verdict::Grey),
            "info" => Self::Verdict(Verdict::Info),
            "listed" => Self::Verdict(Verdict::Listed),
            "neutral" => Self::Verdict(Verdict::Neutral),
            "policy" => Self::Verdict(Verdict::Policy),
            "score" => Self::Score,
            "refused" => Self::Refused,
            "none" => Self::None,
            _ => return None,
        })
    }
}

/// Which codes a row is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// This bit of the last octet.
    Bit(u8),
    /// The four octets, each within bounds.
    Octets([RangeInclusive<u8>; 4]),
}

impl Pattern {
    /// Reads `127.0.0.2`, `127.0.0.5-7`, `127.0.x.3` or `bit 8`.
    pub(crate) fn parse(cell: &str) -> Option<Self> {
        if let Some(bit) = cell.strip_prefix("bit ") {
            return bit.parse().ok().filter(|bit: &u8| bit.is_power_of_two()).map(Self::Bit);
        }
        let octet = |part: &str| match (part, part.split_once('-')) {
            ("x", _) => Some(0..=u8::MAX),
            (_, Some((low, high))) => Some(low.parse().ok()?..=high.parse().ok()?),
            (one, None) => one.parse().ok().map(|one| one..=one),
        };
        let octets: Vec<_> = cell.split('.').map(octet).collect::<Option<_>>()?;
        let octets: [_; 4] = octets.try_into().ok()?;
        octets.iter().all(|range| !range.is_empty()).then_some(Self::Octets(octets))
    }

    pub(crate) fn holds(&self, code: Ipv4Addr) -> bool {
        match self {
            // RFC 5782 §2.1 leaves the meaning of the other octets to the list; those that use bits leave them 0.
            Self::Bit(bit) => code.octets()[..3] == [127, 0, 0] && code.octets()[3] & bit != 0,
            Self::Octets(bounds) => bounds.iter().zip(code.octets()).all(|(bounds, octet)| bounds.contains(&octet)),
        }
    }
}

/// A row of `codes.csv`.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) pattern: Pattern,
    pub(crate) says: Says,
    pub(crate) text: Arc<str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_hold_for_octets_ranges_and_bits() {
        for (pattern, code, holds) in [
            ("127.0.0.2", "127.0.0.2", true),
            ("127.0.0.2", "127.0.0.3", false),
            ("127.0.0.5-7", "127.0.0.6", true),
            ("127.0.0.5-7", "127.0.0.8", false),
            ("127.0.x.3", "127.0.15.3", true),
            ("127.0.x.3", "127.1.15.3", false),
            ("bit 8", "127.0.0.12", true),
            ("bit 8", "127.0.0.4", false),
            ("bit 8", "127.255.255.254", false),
        ] {
            assert_eq!(Pattern::parse(pattern).unwrap().holds(code.parse().unwrap()), holds, "{pattern} {code}");
        }
        for bad in ["", "127.0.0", "127.0.0.2.1", "127.0.0.256", "127.0.0.7-5", "bit 3", "bit", "x"] {
            assert_eq!(Pattern::parse(bad), None, "{bad}");
        }
    }
}
