//! What a sender may ask of the next hop besides delivery: MT-PRIORITY, DELIVERBY, FUTURERELEASE.

use std::fmt;

use posthaste_types::Timestamp;

/// How urgent a mail is (RFC 6710 §4): -9 to 9, 0 for the usual.
///
/// ```
/// use posthaste_smtp::Priority;
///
/// assert_eq!(Priority::new(-3).map(|priority| priority.to_string()).as_deref(), Some("-3"));
/// assert_eq!(Priority::new(10), None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(i8);

impl Priority {
    /// `None` if it is not within -9 to 9.
    pub fn new(level: i8) -> Option<Self> {
        (-9..=9).contains(&level).then_some(Self(level))
    }

    /// The number.
    pub fn level(self) -> i8 {
        self.0
    }

    /// RFC 6710 §4: `0`, or a digit that is none with an optional `-`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let level = Self::new(text.parse().ok()?)?;
        (level.to_string() == text).then_some(level)
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Until when a mail is of use (RFC 2852 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeliverBy {
    seconds: i32,
    mode: ByMode,
    trace: ByTrace,
}

/// What happens to a mail that is not delivered in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "two values")]
pub enum ByMode {
    /// It goes on; the sender is told.
    Notify,
    /// It is returned.
    Return,
}

/// Whether every hop tells the sender that the mail passed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "two values")]
pub enum ByTrace {
    /// It does.
    Yes,
    /// It does not.
    No,
}

impl DeliverBy {
    /// Within so many seconds from now; a time that has passed is negative. `None` for more than nine digits, and for
    /// [`ByMode::Return`] if no time is left.
    pub fn new(seconds: i32, mode: ByMode, trace: ByTrace) -> Option<Self> {
        let fits = (-MOST..=MOST).contains(&seconds) && (mode == ByMode::Notify || seconds > 0);
        fits.then_some(Self { seconds, mode, trace })
    }

    /// How many seconds are left.
    pub fn seconds(self) -> i32 {
        self.seconds
    }

    /// What happens then.
    pub fn mode(self) -> ByMode {
        self.mode
    }

    /// Whether hops tell.
    pub fn trace(self) -> ByTrace {
        self.trace
    }

    /// Whether a server takes it that names the least time to return a mail by (RFC 2852 §3), or none.
    pub(crate) fn is_within(self, offered: &str) -> bool {
        let least = offered.split_ascii_whitespace().next().and_then(|least| least.parse::<i32>().ok());
        self.mode == ByMode::Notify || least.is_none_or(|least| self.seconds >= least)
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (seconds, flags) = text.split_once(';')?;
        let (mode, trace) = match &*flags.to_ascii_uppercase() {
            "N" => (ByMode::Notify, ByTrace::No),
            "NT" => (ByMode::Notify, ByTrace::Yes),
            "R" => (ByMode::Return, ByTrace::No),
            "RT" => (ByMode::Return, ByTrace::Yes),
            _ => return None,
        };
        // RFC 2852 §4: up to nine digits.
        let fits = seconds.trim_start_matches(['+', '-']).len() <= 9;
        Self::new(seconds.parse().ok().filter(|_| fits)?, mode, trace)
    }
}

/// As it stands behind `BY=`.
impl fmt::Display for DeliverBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seconds, mode, trace } = self;
        let mode = if *mode == ByMode::Return { "R" } else { "N" };
        write!(f, "{seconds};{mode}{}", if *trace == ByTrace::Yes { "T" } else { "" })
    }
}

/// Until when the next hop keeps a mail back (RFC 4865 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Hold {
    /// For so many seconds: 1 to 999,999,999.
    For(u32),
    /// Until this moment.
    Until(Timestamp),
}

impl Hold {
    pub(crate) fn parse_for(text: &str) -> Option<Self> {
        let seconds = text.parse().ok().filter(|seconds| (1..=MOST.unsigned_abs()).contains(seconds))?;
        if text.starts_with('+') { None } else { Some(Self::For(seconds)) }
    }

    pub(crate) fn parse_until(text: &str) -> Option<Self> {
        text.parse().ok().map(Self::Until)
    }

    /// Whether it is within what a server offers: `max-interval max-date-time`.
    pub(crate) fn is_within(self, offered: &str) -> bool {
        let mut limits = offered.split_ascii_whitespace();
        match (self, limits.next(), limits.next()) {
            (Self::For(seconds), Some(most), _) => most.parse().is_ok_and(|most: u32| seconds <= most),
            (Self::Until(moment), _, Some(latest)) => latest.parse().is_ok_and(|latest: Timestamp| moment <= latest),
            _ => true,
        }
    }
}

/// As the parameter that it is.
impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::For(seconds) => write!(f, "HOLDFOR={}", (*seconds).clamp(1, MOST.unsigned_abs())),
            Self::Until(moment) => write!(f, "HOLDUNTIL={}", moment.to_whole_seconds()),
        }
    }
}

/// Nine digits.
const MOST: i32 = 999_999_999;
