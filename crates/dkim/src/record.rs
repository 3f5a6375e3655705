//! The record that publishes a key.

use std::fmt;

use data_encoding::BASE64;
use posthaste_types::DnsName;

use crate::algorithm::Algorithm;

/// The TXT record that publishes a key (RFC 6376 §3.6.1, RFC 8463 §4).
///
/// `Display` is a line for a zone file.
///
/// ```
/// use posthaste_dkim::{DkimKey, KeyKind};
///
/// let key = DkimKey::from_ed25519_seed(&[7; 32])?;
/// let record = key.record(&"s1".parse()?, &"news.example.com".parse()?)?;
/// assert_eq!(
///     record.to_string(),
///     "s1._domainkey.news.example.com. IN TXT \
///      \"v=DKIM1; k=ed25519; p=6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=\"",
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DkimRecord {
    /// Where it stands: `selector._domainkey.domain`.
    pub name: DnsName,
    /// The whole text, ASCII.
    pub value: String,
}

impl DkimRecord {
    pub(crate) fn new(name: DnsName, algorithm: Algorithm, public_key: &[u8]) -> Self {
        let kind = match algorithm {
            Algorithm::RsaSha256 => "rsa",
            Algorithm::Ed25519Sha256 => "ed25519",
        };
        Self { name, value: format!("v=DKIM1; k={kind}; p={}", BASE64.encode(public_key)) }
    }

    /// The text in strings of at most 255 octets, as a TXT record holds them (RFC 1035 §3.3).
    pub fn strings(&self) -> impl Iterator<Item = &str> {
        let mut rest = self.value.as_str();
        std::iter::from_fn(move || {
            let (string, behind) = rest.split_at_checked(rest.len().min(255))?;
            rest = behind;
            (!string.is_empty()).then_some(string)
        })
    }
}

impl fmt::Display for DkimRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. IN TXT", self.name)?;
        // In base64 and tag names there is nothing that a zone file would need escaped.
        self.strings().try_for_each(|string| write!(f, " \"{string}\""))
    }
}
