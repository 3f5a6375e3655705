//! Domains of mail, and names of the DNS.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

use crate::error::{ParseError, ParseErrorKind};
use crate::macros::validated_string;

/// A mail domain: what stands behind the `@`.
///
/// Held as A-labels in lower case (RFC 5890), so that two spellings of one domain are equal. Letters,
/// digits and hyphens only (RFC 5321 §4.1.2); at most 253 octets, 63 a label. International domains
/// are read in either form and checked by UTS 46.
///
/// Not a `Domain`: a trailing dot, an address literal, a dotted quad. A name with underscores, such as
/// a DKIM selector's, is a [`DnsName`].
///
/// ```
/// use posthaste_types::Domain;
///
/// let domain: Domain = "Bücher.Example".parse()?;
/// assert_eq!(domain.as_str(), "xn--bcher-kva.example");
/// assert_eq!(domain.to_unicode(), "bücher.example");
/// # Ok::<(), posthaste_types::ParseError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Domain(Arc<str>);

impl Domain {
    /// Reads a domain in A-label or U-label form.
    ///
    /// # Errors
    /// [`ParseError`] with the offset of the first offence (0 where UTS 46 refuses the whole for another reason than a character of ASCII).
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if text.is_empty() {
            return Err(ParseError::new(DOMAIN, ParseErrorKind::Empty, 0));
        }
        if let Some((at, c)) = crate::error::first_control(text) {
            return Err(ParseError::new(DOMAIN, ParseErrorKind::Forbidden(c), at));
        }
        let ascii = match text {
            _ if needs_idna(text) => Cow::Owned(to_ascii(text)?),
            _ if text.bytes().any(|octet| octet.is_ascii_uppercase()) => Cow::Owned(text.to_ascii_lowercase()),
            _ => Cow::Borrowed(text),
        };
        check_labels(&ascii, DOMAIN, |c| c.is_ascii_alphanumeric() || c == '-')?;
        check_hyphens(&ascii)?;
        let last = ascii.rsplit('.').next().unwrap_or_default();
        if last.bytes().all(|b| b.is_ascii_digit()) {
            // RFC 3696 §2: a top-level domain is never all digits; this is an address in disguise.
            let at = text.len().saturating_sub(last.len());
            return Err(ParseError::syntax(DOMAIN, "the last label is a number", at));
        }
        Ok(Self((&*ascii).into()))
    }

    /// The A-label form, lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The U-label form, for people.
    pub fn to_unicode(&self) -> String {
        Uts46::new().to_unicode(self.0.as_bytes(), AsciiDenyList::STD3, Hyphens::Allow).0.into_owned()
    }

    /// Whether this is `other` or stands below it, on a label boundary.
    pub fn is_within(&self, other: &Domain) -> bool {
        ends_with_label(&self.0, &other.0)
    }

    /// The domain without its leftmost label; `None` for a single label.
    pub fn parent(&self) -> Option<Domain> {
        self.0.split_once('.').map(|(_, rest)| Domain(rest.into()))
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

validated_string!(Domain);

/// A name in the DNS, with or without underscores: `_dmarc.example.com`, `s1._domainkey.example.com`.
///
/// Lower case, no trailing dot (one is accepted and taken off), printable ASCII without dot, backslash,
/// quote, semicolon and parentheses in its labels; at most 253 octets, 63 a label. The root is `.`.
/// Any other octet of a label stands as its decimal number, `\\032` for a space (RFC 1035 §5.1), and counts as one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DnsName(Arc<str>);

impl DnsName {
    /// Reads a DNS name.
    ///
    /// # Errors
    /// [`ParseError`] with the offset of the first offence.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if text == "." {
            return Ok(Self::root());
        }
        let text = text.strip_suffix('.').unwrap_or(text);
        if text.is_empty() {
            return Err(ParseError::new(DNS_NAME, ParseErrorKind::Empty, 0));
        }
        if text.contains('\\') {
            let labels = unescaped_labels(text)?;
            return Self::from_labels(labels.iter().map(Vec::as_slice));
        }
        let lower = text.to_ascii_lowercase();
        check_labels(&lower, DNS_NAME, is_plain)?;
        Ok(Self(lower.into()))
    }

    /// The name of these labels, which may hold any octet (RFC 2181 §11), the one next to the root last.
    ///
    /// # Errors
    /// [`ParseError`] if a label is empty or longer than 63 octets, or the whole is longer than 253.
    pub fn from_labels<'a>(labels: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, ParseError> {
        let mut text = String::new();
        let mut octets = 0;
        for label in labels {
            if label.is_empty() {
                return Err(ParseError::syntax(DNS_NAME, "empty label", octets));
            }
            if label.len() > MAX_LABEL {
                return Err(ParseError::new(DNS_NAME, ParseErrorKind::TooLong { limit: MAX_LABEL }, octets));
            }
            if octets > 0 {
                text.push('.');
            }
            octets += label.len() + 1;
            if octets > MAX_NAME + 1 {
                return Err(ParseError::new(DNS_NAME, ParseErrorKind::TooLong { limit: MAX_NAME }, MAX_NAME));
            }
            for octet in label {
                match char::from(*octet) {
                    c if is_plain(c) && c != '.' => text.push(c.to_ascii_lowercase()),
                    _ => text.push_str(&format!("\\{octet:03}")),
                }
            }
        }
        Ok(if text.is_empty() { Self::root() } else { Self(text.into()) })
    }

    /// The labels as octets, without the root's: what stands on the wire.
    pub fn labels(&self) -> impl Iterator<Item = Cow<'_, [u8]>> {
        let text = if self.is_root() { "" } else { self.as_str() };
        text.split('.').filter(|label| !label.is_empty()).map(|label| match label.contains('\\') {
            false => Cow::Borrowed(label.as_bytes()),
            // Held in canonical form: every backslash has its three digits.
            true => Cow::Owned(unescaped_labels(label).ok().and_then(|mut of_one| of_one.pop()).unwrap_or_default()),
        })
    }

    /// The root of the DNS, `.`.
    pub fn root() -> Self {
        Self(".".into())
    }

    /// The name to ask for the PTR record of an address (RFC 1035 §3.5, RFC 3596 §2.5).
    pub fn reverse(address: IpAddr) -> Self {
        let text = match address {
            IpAddr::V4(v4) => {
                let [a, b, c, d] = v4.octets();
                format!("{d}.{c}.{b}.{a}.in-addr.arpa")
            }
            IpAddr::V6(v6) => {
                let nibbles = v6.octets().into_iter().rev().flat_map(|octet| [octet & 0xf, octet >> 4]);
                let mut text: String = nibbles.map(|nibble| format!("{nibble:x}.")).collect();
                text.push_str("ip6.arpa");
                text
            }
        };
        Self(text.into())
    }

    /// This name with labels put in front: `example.com` below `_dmarc` is `_dmarc.example.com`.
    ///
    /// # Errors
    /// [`ParseError`] if the result is not a DNS name.
    pub fn below(&self, labels: &str) -> Result<Self, ParseError> {
        if self.is_root() {
            return Self::parse(labels);
        }
        Self::parse(&format!("{labels}.{}", self.0))
    }

    /// The text, lower case, without a trailing dot (the root is `.`).
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        &*self.0 == "."
    }

    /// The name without its leftmost label: `None` above the root.
    pub fn parent(&self) -> Option<DnsName> {
        if self.is_root() {
            return None;
        }
        Some(self.0.split_once('.').map_or_else(Self::root, |(_, rest)| Self(rest.into())))
    }

    /// Whether this is `other` or stands below it.
    pub fn is_within(&self, other: &DnsName) -> bool {
        other.is_root() || ends_with_label(&self.0, &other.0)
    }

    /// This name as a mail domain, if it is one.
    pub fn to_domain(&self) -> Option<Domain> {
        Domain::parse(&self.0).ok()
    }
}

impl fmt::Display for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&Domain> for DnsName {
    fn from(domain: &Domain) -> Self {
        Self(domain.0.clone())
    }
}

impl From<Domain> for DnsName {
    fn from(domain: Domain) -> Self {
        Self(domain.0)
    }
}

validated_string!(DnsName);

/// Plain lower or upper case letters, digits and hyphens need no UTS 46, unless a label claims to be
/// an A-label, which must then be a right one.
fn needs_idna(text: &str) -> bool {
    !text.is_ascii()
        || text.split('.').any(|label| label.len() >= 4 && label.as_bytes()[..4].eq_ignore_ascii_case(b"xn--"))
}

fn to_ascii(text: &str) -> Result<String, ParseError> {
    Uts46::new()
        .to_ascii(text.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify)
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| {
            let forbidden =
                |(_, c): &(usize, char)| c.is_ascii() && !c.is_ascii_alphanumeric() && !matches!(c, '-' | '.');
            match text.char_indices().find(forbidden) {
                Some((at, c)) => ParseError::new(DOMAIN, ParseErrorKind::Forbidden(c), at),
                None => ParseError::syntax(DOMAIN, "not an international domain name (UTS 46)", 0),
            }
        })
}

fn check_labels(text: &str, what: &'static str, allowed: fn(char) -> bool) -> Result<(), ParseError> {
    if text.len() > MAX_NAME {
        return Err(ParseError::new(what, ParseErrorKind::TooLong { limit: MAX_NAME }, MAX_NAME));
    }
    let mut start = 0;
    for label in text.split('.') {
        if label.is_empty() {
            return Err(ParseError::syntax(what, "empty label", start));
        }
        if let Some((at, c)) = label.char_indices().find(|(_, c)| !allowed(*c)) {
            return Err(ParseError::new(what, ParseErrorKind::Forbidden(c), start + at));
        }
        if label.len() > MAX_LABEL {
            return Err(ParseError::new(what, ParseErrorKind::TooLong { limit: MAX_LABEL }, start));
        }
        start += label.len() + 1;
    }
    Ok(())
}

/// What stands in a label as it is.
fn is_plain(c: char) -> bool {
    c.is_ascii_graphic() && !matches!(c, '\\' | '"' | ';' | '(' | ')' | '@' | '<' | '>')
}

/// Takes a text with `\DDD` escapes apart.
fn unescaped_labels(text: &str) -> Result<Vec<Vec<u8>>, ParseError> {
    let mut labels = vec![Vec::new()];
    let mut rest = text.char_indices();
    while let Some((at, c)) = rest.next() {
        let octet = match c {
            '.' => {
                labels.push(Vec::new());
                continue;
            }
            '\\' => {
                let digits = text.get(at + 1..at + 4).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
                rest.nth(2);
                digits.and_then(|digits| digits.parse().ok())
            }
            c if is_plain(c) => u8::try_from(c).ok(),
            _ => None,
        };
        let octet = octet.ok_or_else(|| ParseError::new(DNS_NAME, ParseErrorKind::Forbidden(c), at))?;
        if let Some(label) = labels.last_mut() {
            label.push(octet);
        }
    }
    Ok(labels)
}

fn check_hyphens(text: &str) -> Result<(), ParseError> {
    let mut start = 0;
    for label in text.split('.') {
        if label.starts_with('-') || label.ends_with('-') {
            return Err(ParseError::syntax(DOMAIN, "a label begins or ends with a hyphen", start));
        }
        start += label.len() + 1;
    }
    Ok(())
}

fn ends_with_label(name: &str, suffix: &str) -> bool {
    name.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

const DOMAIN: &str = "domain";
const DNS_NAME: &str = "DNS name";
/// RFC 1035 §2.3.4 and RFC 5321 §4.5.3.1.2, less the root's octet and the first length octet.
const MAX_NAME: usize = 253;
/// RFC 1035 §2.3.4.
const MAX_LABEL: usize = 63;
