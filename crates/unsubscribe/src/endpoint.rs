//! The settings of an endpoint.

use std::time::Duration;

use posthaste_token::{KeyRing, Purpose};
use posthaste_types::{Domain, Timestamp};

use crate::error::{ConfigError, LinkError};
use crate::links::{self, Links};
use crate::pages::Pages;
use crate::reference::{Decision, Reference, Via};

/// Makes the links of one endpoint and judges what comes back to it.
#[derive(Clone, Debug)]
pub struct Unsubscribe {
    ring: KeyRing,
    uri: Box<str>,
    pub(crate) mailto: Option<(Box<str>, Domain)>,
    preferences: Option<Box<str>>,
    max_age: Duration,
    pub(crate) pages: Pages,
}

impl Unsubscribe {
    /// The largest body of a request, in octets. A server need not collect more than one above it.
    pub const MAX_BODY: usize = 8 * 1024;

    /// An endpoint below an `https:` URI; the token is its last path segment.
    ///
    /// # Errors
    /// [`ConfigError::Uri`].
    pub fn new(ring: KeyRing, uri: &str) -> Result<Self, ConfigError> {
        let uri = check_uri(uri)?;
        let max_age = Duration::from_secs(2 * 365 * 86_400);
        Ok(Self { ring, uri, mailto: None, preferences: None, max_age, pages: Pages::default() })
    }

    /// Offers a `mailto:` as well: `prefix-TOKEN@domain` where that fits the 64 octets of a local part, which is with
    /// a reference of 16 octets and a prefix of at most 3; else `prefix@domain` with the token in the subject, which
    /// Apple Mail drops. The mail of that domain must come to [`read_mail`](Self::read_mail).
    ///
    /// # Errors
    /// [`ConfigError::Prefix`].
    pub fn mailto(mut self, prefix: &str, domain: Domain) -> Result<Self, ConfigError> {
        let fits = prefix.bytes().all(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit());
        if !fits || !(1..=16).contains(&prefix.len()) {
            return Err(ConfigError::Prefix);
        }
        self.mailto = Some((prefix.into(), domain));
        Ok(self)
    }

    /// Shows a link to a page of preferences below this `https:` URI, with the same token as its last segment.
    /// That page calls [`open`](Self::open).
    ///
    /// # Errors
    /// [`ConfigError::Uri`].
    pub fn preferences(mut self, uri: &str) -> Result<Self, ConfigError> {
        self.preferences = Some(check_uri(uri)?);
        Ok(self)
    }

    /// How long links are honoured. Default two years; CAN-SPAM asks for 30 days after the mail, CASL for 60.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// Other pages.
    #[must_use]
    pub fn pages(mut self, pages: Pages) -> Self {
        self.pages = pages;
        self
    }

    /// The links of one recipient in one mail. Equal arguments give equal links.
    ///
    /// # Errors
    /// [`LinkError::Token`].
    pub fn links(&self, reference: &Reference, at: Timestamp) -> Result<Links, LinkError> {
        let token = self.ring.seal(Purpose::Unsubscribe, reference.as_bytes(), at)?;
        let mailto = self.mailto.as_ref().map(|(prefix, domain)| links::mailto(prefix, domain, token.as_str()));
        Ok(Links::new(format!("{}{token}", self.uri), mailto))
    }

    /// What a token of ours stands for, and when it was made; `None` for every other, whatever is wrong with it.
    pub fn open(&self, token: &str, now: Timestamp) -> Option<(Reference, Timestamp)> {
        let opened = self.ring.open(Purpose::Unsubscribe, token, now, self.max_age).ok()?;
        Some((Reference::opaque(opened.payload())?, opened.issued()))
    }

    pub(crate) fn decide(&self, token: &str, now: Timestamp, via: Via) -> Option<Decision> {
        let (reference, issued) = self.open(token, now)?;
        Some(Decision { reference, issued, at: now, via })
    }

    pub(crate) fn preferences_uri(&self, token: &str) -> Option<String> {
        self.preferences.as_ref().map(|uri| format!("{uri}{token}"))
    }
}

/// The URI with a slash at its end.
fn check_uri(uri: &str) -> Result<Box<str>, ConfigError> {
    let host = uri.strip_prefix("https://").ok_or(ConfigError::Uri)?;
    let plain = uri.bytes().all(|octet| octet.is_ascii_graphic() && !b"<>\"\\?#,".contains(&octet));
    if !plain || uri.len() > 256 || host.is_empty() || host.starts_with('/') {
        return Err(ConfigError::Uri);
    }
    Ok(format!("{}/", uri.trim_end_matches('/')).into())
}
