//! The policy.

use std::fmt;
use std::time::Duration;

use posthaste_types::{DnsName, ParseError, ParseErrorKind};

use super::pattern::MxPattern;
use crate::tags::{WSP, syntax};

/// A policy (§3.2): which hosts take the domain's mail, and what is done where TLS fails.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Policy {
    mode: Mode,
    mx: Vec<MxPattern>,
    max_age: Duration,
}

/// What is done with mail where a host is not named or its TLS fails (§5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mode {
    /// It is not delivered there.
    Enforce,
    /// It is delivered; the failure is reported.
    Testing,
    /// There is no policy: as if there were no record.
    None,
}

impl Mode {
    /// The standard's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Testing => "testing",
            Self::None => "none",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Policy {
    /// The longest policy, in octets (§3.3 suggests 64 KiB).
    pub const MAX: usize = 64 * 1024;
    /// The most `mx` lines; as many as mail hosts of a domain could ever be.
    pub const MAX_MX: usize = 1000;
    /// The greatest `max_age` (§3.2): about a year.
    pub const MAX_AGE: Duration = Duration::from_secs(31_557_600);

    /// A policy to publish. [`Display`](fmt::Display) is the body to serve.
    ///
    /// # Errors
    /// [`ParseError`] if there is no host though the mode is another than [`Mode::None`], if there are more than
    /// [`MAX_MX`](Self::MAX_MX), or if `max_age` is longer than [`MAX_AGE`](Self::MAX_AGE); at 0, for nothing was read.
    pub fn new(mode: Mode, mx: Vec<MxPattern>, max_age: Duration) -> Result<Self, ParseError> {
        if mx.is_empty() && mode != Mode::None {
            return Err(syntax(POLICY, "no `mx`", 0));
        }
        if mx.len() > Self::MAX_MX {
            return Err(ParseError::new(POLICY, ParseErrorKind::TooMany { limit: Self::MAX_MX }, 0));
        }
        if max_age > Self::MAX_AGE {
            return Err(syntax(POLICY, "`max_age` is more than 31557600", 0));
        }
        Ok(Self { mode, mx, max_age: Duration::from_secs(max_age.as_secs()) })
    }

    /// Reads the body of a policy. Lines end with CRLF or LF, keys that are not known are left out, and of a key that
    /// stands twice the first counts, `mx` apart.
    ///
    /// # Errors
    /// [`ParseError`] with the offset of the first offence.
    pub fn parse(body: &[u8]) -> Result<Self, ParseError> {
        if body.len() > Self::MAX {
            return Err(ParseError::new(POLICY, ParseErrorKind::TooLong { limit: Self::MAX }, Self::MAX));
        }
        let text = std::str::from_utf8(body).map_err(|error| syntax(POLICY, "not UTF-8", error.valid_up_to()))?;
        let mut draft = Draft::default();
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            draft.take(line, at)?;
            at += line.len();
        }
        draft.finish(at)
    }

    /// What is done where TLS fails.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The hosts; empty only if the mode is [`Mode::None`].
    pub fn mx(&self) -> &[MxPattern] {
        &self.mx
    }

    /// How long it may be kept, from when it was fetched.
    pub fn max_age(&self) -> Duration {
        self.max_age
    }

    /// Whether one of the patterns names this host (§4.1).
    pub fn names(&self, host: &DnsName) -> bool {
        self.mx.iter().any(|pattern| pattern.matches(host))
    }

    /// The policy's lines in the form of a report's `policy-string` (RFC 8460 §4.4).
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec!["version: STSv1".to_owned(), format!("mode: {}", self.mode)];
        lines.extend(self.mx.iter().map(|pattern| format!("mx: {pattern}")));
        lines.push(format!("max_age: {}", self.max_age.as_secs()));
        lines
    }
}

/// The body to serve (§3.2), its lines ended by CRLF.
impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines().iter().try_for_each(|line| write!(f, "{line}\r\n"))
    }
}

#[derive(Default)]
struct Draft {
    version: bool,
    mode: Option<Mode>,
    mx: Vec<MxPattern>,
    max_age: Option<Duration>,
}

impl Draft {
    fn take(&mut self, line: &str, at: usize) -> Result<(), ParseError> {
        let line = line.strip_suffix('\n').unwrap_or(line);
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.trim_matches(WSP).is_empty() {
            // QUIRK: files that people edit end with empty lines, which the grammar does not have.
            return Ok(());
        }
        let (key, value) = line.split_once(':').ok_or_else(|| syntax(POLICY, "a line without `:`", at))?;
        let value_at = at + line.len() - value.trim_start_matches(WSP).len();
        let value = value.trim_matches(WSP);
        match key {
            "version" if !self.version => match value {
                "STSv1" => self.version = true,
                _ => return Err(syntax(POLICY, "another version", value_at)),
            },
            "mode" if self.mode.is_none() => self.mode = Some(mode(value, value_at)?),
            "mx" if self.mx.len() == Policy::MAX_MX => {
                return Err(ParseError::new(POLICY, ParseErrorKind::TooMany { limit: Policy::MAX_MX }, at));
            }
            "mx" => self.mx.push(MxPattern::parse(value).map_err(|error| error.within(value_at))?),
            "max_age" if self.max_age.is_none() => self.max_age = Some(max_age(value, value_at)?),
            _ => {}
        }
        Ok(())
    }

    fn finish(self, at: usize) -> Result<Policy, ParseError> {
        let missing = |what| syntax(POLICY, what, at);
        let Self { version, mode, mx, max_age } = self;
        if !version {
            return Err(missing("no `version`"));
        }
        let mode = mode.ok_or_else(|| missing("no `mode`"))?;
        let max_age = max_age.ok_or_else(|| missing("no `max_age`"))?;
        if mx.is_empty() && mode != Mode::None {
            return Err(missing("no `mx`"));
        }
        Ok(Policy { mode, mx, max_age })
    }
}

fn mode(value: &str, at: usize) -> Result<Mode, ParseError> {
    let known = [Mode::Enforce, Mode::Testing, Mode::None];
    known.into_iter().find(|mode| mode.as_str() == value).ok_or_else(|| syntax(POLICY, "an unknown `mode`", at))
}

fn max_age(value: &str, at: usize) -> Result<Duration, ParseError> {
    if !(1..=10).contains(&value.len()) || !value.bytes().all(|b| b.is_ascii_digit()) {
        return Err(syntax(POLICY, "`max_age` is no number of seconds", at));
    }
    let seconds = value.parse().map(Duration::from_secs).ok().filter(|age| *age <= Policy::MAX_AGE);
    seconds.ok_or_else(|| syntax(POLICY, "`max_age` is more than 31557600", at))
}

const POLICY: &str = "MTA-STS policy";
