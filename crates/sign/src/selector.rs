//! Selectors.

use std::fmt;
use std::str::FromStr;

use posthaste_types::{DnsName, Domain, ParseError, ParseErrorKind};

/// Which of a domain's keys signed: the `s=` tag (RFC 6376 §3.1).
///
/// One or more labels of letters, digits and inner hyphens, lower case, of at most 63 octets each and 189
/// in all, so that `selector._domainkey.domain` has room in a DNS name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Selector(Box<str>);

impl Selector {
    /// Reads a selector.
    ///
    /// # Errors
    /// [`ParseError`] with the offset of the first offence.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if let Some((at, c)) = text.char_indices().find(|(_, c)| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '.'))
        {
            return Err(ParseError::new(SELECTOR, ParseErrorKind::Forbidden(c), at));
        }
        if text.len() > MAX_SELECTOR {
            return Err(ParseError::new(SELECTOR, ParseErrorKind::TooLong { limit: MAX_SELECTOR }, MAX_SELECTOR));
        }
        let mut start = 0;
        for label in text.split('.') {
            let error = |kind| Err(ParseError::new(SELECTOR, kind, start));
            if label.is_empty() {
                return error(ParseErrorKind::Empty);
            } else if label.len() > MAX_LABEL {
                return error(ParseErrorKind::TooLong { limit: MAX_LABEL });
            } else if label.starts_with('-') || label.ends_with('-') {
                return error(ParseErrorKind::Syntax("a label begins or ends with a hyphen"));
            }
            start += label.len() + 1;
        }
        Ok(Self(text.to_ascii_lowercase().into()))
    }

    /// The text, lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the key's record: `selector._domainkey.domain` (RFC 6376 §3.6.2.1).
    ///
    /// # Errors
    /// [`ParseError`] if the whole is too long for the DNS.
    pub fn record_name(&self, domain: &Domain) -> Result<DnsName, ParseError> {
        DnsName::from(domain).below(&format!("{}._domainkey", self.0))
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Selector {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

impl TryFrom<&str> for Selector {
    type Error = ParseError;

    fn try_from(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Selector {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        Self::parse(&text)
    }
}

const SELECTOR: &str = "selector";
/// RFC 1035 §2.3.4.
const MAX_LABEL: usize = 63;
const MAX_SELECTOR: usize = 189;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_labels_of_letters_digits_and_hyphens() {
        for good in ["s1", "20230601", "brisbane.sub", "S-1"] {
            assert_eq!(Selector::parse(good).map(|s| s.to_string()), Ok(good.to_ascii_lowercase()));
        }
        for bad in ["", ".", "a..b", "-a", "a-", "a_b", "a b", "a;d=x", "a\r\nb", "é", &"a".repeat(64)] {
            assert!(Selector::parse(bad).is_err(), "{bad:?}");
        }
        assert!(Selector::parse(&["a"; 96].join(".")).is_err());
    }

    #[test]
    fn the_record_stands_below_domainkey() {
        let name = Selector::parse("S1").unwrap().record_name(&"news.example.com".parse().unwrap()).unwrap();
        assert_eq!(name.as_str(), "s1._domainkey.news.example.com");
    }
}
