//! What is known of a key without its secret.

use std::fmt;
use std::str::FromStr;

use posthaste_types::{DnsName, Domain, ParseError, ParseErrorKind, Timestamp};

use crate::selector::Selector;

/// A key of a domain, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyEntry {
    domain: Domain,
    selector: Selector,
    name: DnsName,
    record: String,
    state: KeyState,
}

impl KeyEntry {
    /// The longest record, in octets: an RSA key of 4096 bits needs some 750.
    pub const MAX_RECORD: usize = 4096;

    /// A key that was made `at` and is not published yet. `record` is the text that publishes it (RFC 6376 §3.6.1).
    ///
    /// # Errors
    /// [`ParseError`] with the offset of the octet if the record is too long or not printable ASCII, or if selector and
    /// domain together are too long for the DNS.
    pub fn new(domain: Domain, selector: Selector, record: &str, at: Timestamp) -> Result<Self, ParseError> {
        if record.len() > Self::MAX_RECORD {
            let kind = ParseErrorKind::TooLong { limit: Self::MAX_RECORD };
            return Err(ParseError::new(RECORD, kind, Self::MAX_RECORD));
        }
        if let Some(offset) = record.bytes().position(|octet| !matches!(octet, b' '..=b'~')) {
            return Err(ParseError::new(RECORD, ParseErrorKind::Syntax("not printable ASCII"), offset));
        }
        let name = selector.record_name(&domain)?;
        Ok(Self { domain, selector, name, record: record.to_owned(), state: KeyState::new(KeyStage::Made, at) })
    }

    /// The same key in another state.
    #[must_use]
    pub fn in_state(mut self, state: KeyState) -> Self {
        self.state = state;
        self
    }

    /// The domain whose mail it signs: the `d=` tag (RFC 6376 §3.5).
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// Which of the domain's keys it is: the `s=` tag.
    pub fn selector(&self) -> &Selector {
        &self.selector
    }

    /// Where its record stands: `selector._domainkey.domain`.
    pub fn name(&self) -> &DnsName {
        &self.name
    }

    /// The text that publishes it, of printable ASCII alone.
    pub fn record(&self) -> &str {
        &self.record
    }

    /// Where it stands in its life.
    pub fn state(&self) -> KeyState {
        self.state
    }
}

/// Where a key stands, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct KeyState {
    /// The stage.
    pub stage: KeyStage,
    /// When the stage began.
    pub since: Timestamp,
    /// When something may happen next: a key that is shown begins to sign then, the record of one that retires or is
    /// revoked must stand until then.
    pub until: Option<Timestamp>,
}

impl KeyState {
    /// A stage that began then.
    pub const fn new(stage: KeyStage, since: Timestamp) -> Self {
        Self { stage, since, until: None }
    }

    /// The same, until then.
    #[must_use]
    pub const fn until(mut self, until: Timestamp) -> Self {
        self.until = Some(until);
        self
    }
}

/// The stages in the life of a key, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum KeyStage {
    /// It exists, and some name server does not show it: it must not sign.
    Made,
    /// Every name server shows it; it signs soon.
    Shown,
    /// It signs.
    Signing,
    /// It signs no more; mail that it signed may still be on the way, so its record must stand.
    Retiring,
    /// It was taken back before its time: its record says so (`p=`, RFC 6376 §3.6.1), and what it signed fails.
    Revoked,
    /// No name server shows it, and its secret is erased.
    Removed,
}

impl KeyStage {
    /// Every stage, in order.
    pub const ALL: &[KeyStage] =
        &[Self::Made, Self::Shown, Self::Signing, Self::Retiring, Self::Revoked, Self::Removed];

    /// The word under which stores keep it: `signing`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Shown => "shown",
            Self::Signing => "signing",
            Self::Retiring => "retiring",
            Self::Revoked => "revoked",
            Self::Removed => "removed",
        }
    }
}

impl fmt::Display for KeyStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for KeyStage {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let known = Self::ALL.iter().copied().find(|stage| stage.as_str() == text);
        known.ok_or_else(|| ParseError::new("stage of a key", ParseErrorKind::Syntax("an unknown word"), 0))
    }
}

const RECORD: &str = "record of a key";
