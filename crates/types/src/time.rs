//! Two times, and the ports that tell time and randomness.

use std::fmt;
use std::future::Future;
use std::ops::Add;
use std::pin::Pin;
use std::str::FromStr;
use std::time::Duration;

use crate::error::ParseError;

/// A moment of wall time, in microseconds since 1970-01-01 UTC.
///
/// It may jump when somebody sets the clock: it dates headers, rows and people's questions. What waits
/// or measures uses a [`Tick`]. `Display` and `FromStr` are RFC 3339 in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment so many microseconds after (or before) 1970-01-01 UTC, held within the years 0 to 9999.
    pub const fn from_unix_micros(micros: i64) -> Self {
        Self(if micros < MIN {
            MIN
        } else if micros > MAX {
            MAX
        } else {
            micros
        })
    }

    /// The moment so many seconds after (or before) 1970-01-01 UTC.
    pub const fn from_unix_secs(secs: i64) -> Self {
        Self::from_unix_micros(secs.saturating_mul(MICROS))
    }

    /// Microseconds since 1970-01-01 UTC.
    pub const fn as_unix_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970-01-01 UTC, rounded down.
    pub const fn as_unix_secs(self) -> i64 {
        self.0.div_euclid(MICROS)
    }

    /// The moment `duration` later.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        Self::from_unix_micros(self.0.saturating_add(micros(duration)))
    }

    /// The moment `duration` earlier.
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        Self::from_unix_micros(self.0.saturating_sub(micros(duration)))
    }

    /// The moment without its fraction of a second, rounded down: for people.
    #[must_use]
    pub const fn to_whole_seconds(self) -> Self {
        Self::from_unix_secs(self.as_unix_secs())
    }

    /// How long after `earlier` this is; zero if it is not after it.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The `date-time` of RFC 5322 §3.3, in UTC: `Tue, 24 Nov 2026 09:41:44 +0000`.
    pub fn to_rfc5322(self) -> String {
        let civil = Civil::of(self);
        let weekday = WEEKDAYS[usize::try_from((self.as_unix_secs().div_euclid(DAY) + 4).rem_euclid(7)).unwrap_or(0)];
        let month = MONTHS[usize::from(civil.month - 1)];
        let Civil { year, day, hour, minute, second, .. } = civil;
        format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} +0000")
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Civil { year, month, day, hour, minute, second } = Civil::of(*self);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        match self.0.rem_euclid(MICROS) {
            0 => f.write_str("Z"),
            micros if micros % 1000 == 0 => write!(f, ".{:03}Z", micros / 1000),
            micros => write!(f, ".{micros:06}Z"),
        }
    }
}

impl FromStr for Timestamp {
    type Err = ParseError;

    /// Reads RFC 3339, with `Z` or a numeric offset, and a fraction of up to nine digits.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        parse_rfc3339(text).ok_or_else(|| ParseError::syntax("timestamp", "not RFC 3339", 0))
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A moment of monotonic time: how long after some fixed start, different in every process.
///
/// It never goes back; waits, timeouts and rates use only it. It is never stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tick(Duration);

impl Tick {
    /// The moment `since` after the start.
    pub const fn from_start(since: Duration) -> Self {
        Self(since)
    }

    /// How long after the start this is.
    pub const fn since_start(self) -> Duration {
        self.0
    }

    /// The moment `duration` later.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }

    /// How long after `earlier` this is; zero if it is not after it.
    pub fn since(self, earlier: Tick) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// As [`Tick::saturating_add`].
impl Add<Duration> for Tick {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        self.saturating_add(duration)
    }
}

/// Tells two times, and waits.
///
/// State machines never hold one: they take `now` as an argument.
///
/// # Contract
/// * [`wall`](Self::wall) may jump either way; [`tick`](Self::tick) never goes back.
/// * [`sleep_until`](Self::sleep_until) never wakes early, wakes at once for the past, is cancelled by
///   drop, and takes any number of sleepers.
/// * A virtual clock moves only when told; after it was advanced, every sleeper that is due has run.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The time on the wall.
    fn wall(&self) -> Timestamp;

    /// The monotonic time.
    fn tick(&self) -> Tick;

    /// Waits until `at`. Cancel safe: dropping the future only ends the wait.
    fn sleep_until(&self, at: Tick) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// A source of random octets: of ids, boundaries, jitter and the order of equal MX hosts.
///
/// # Contract
/// Every call fills the whole buffer. What makes keys and secrets must be a cryptographic source; a
/// seeded one belongs into tests.
pub trait Random: fmt::Debug + Send + Sync {
    /// Fills `buffer`.
    fn fill(&self, buffer: &mut [u8]);
}

/// A date and a time of day in UTC.
struct Civil {
    year: i64,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
}

impl Civil {
    /// Days to civil date by the arithmetic of the proleptic Gregorian calendar, in eras of 400 years.
    fn of(at: Timestamp) -> Self {
        let secs = at.as_unix_secs();
        let (days, rest) = (secs.div_euclid(DAY), secs.rem_euclid(DAY));
        let shifted = days + 719_468; // days since 0000-03-01
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let small = |n: i64| u8::try_from(n).unwrap_or(0);
        Self {
            year,
            month: small(month),
            day: small(day),
            hour: small(rest / 3600),
            minute: small(rest / 60 % 60),
            second: small(rest % 60),
        }
    }

    fn days(year: i64, month: i64, day: i64) -> i64 {
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - 719_468
    }
}

fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    let digits = |range: std::ops::Range<usize>| -> Option<i64> {
        let part = text.get(range)?;
        part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())?
    };
    let separators = text.as_bytes();
    let is = |at: usize, c: u8| separators.get(at).is_some_and(|b| b.eq_ignore_ascii_case(&c));
    if !(is(4, b'-') && is(7, b'-') && (is(10, b'T') || is(10, b' ')) && is(13, b':') && is(16, b':')) {
        return None;
    }
    let (year, month, day) = (digits(0..4)?, digits(5..7)?, digits(8..10)?);
    let (hour, minute, second) = (digits(11..13)?, digits(14..16)?, digits(17..19)?);
    let fine = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second <= 60;
    let rest = text.get(19..).filter(|_| fine)?;
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?),
        None => ("0", rest),
    };
    if fraction.is_empty() || fraction.len() > 9 {
        return None;
    }
    let micros: i64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    let offset = parse_zone(zone)?;
    let civil = Civil::of(Timestamp::from_unix_secs(Civil::days(year, month, day) * DAY));
    if i64::from(civil.day) != day {
        return None; // the 31st of a month that has 30 days
    }
    let secs = Civil::days(year, month, day) * DAY + hour * 3600 + minute * 60 + second - offset;
    Some(Timestamp::from_unix_micros(secs * MICROS + micros))
}

/// `Z`, or hours and minutes from UTC, in seconds.
fn parse_zone(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("Z") {
        return Some(0);
    }
    let sign = if zone.starts_with('+') { 1 } else { -1 };
    let (hours, minutes) = zone.strip_prefix(['+', '-'])?.split_once(':')?;
    let whole = |part: &str, limit: i64| -> Option<i64> {
        let fine = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        fine.then(|| part.parse().ok())?.filter(|n| *n < limit)
    };
    Some(sign * (whole(hours, 24)? * 3600 + whole(minutes, 60)? * 60))
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

const MICROS: i64 = 1_000_000;
const DAY: i64 = 86_400;
/// 0000-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z: years of four digits, as headers need them.
const MIN: i64 = -62_167_219_200 * MICROS;
const MAX: i64 = 253_402_300_800 * MICROS - 1;
const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
