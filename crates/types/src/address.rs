//! Addresses, mailboxes and the reverse path.

use std::fmt;

use crate::domain::Domain;
use crate::error::{ParseError, ParseErrorKind, first_control, is_control};
use crate::macros::validated_string;

/// A mail address: local part and [`Domain`] (RFC 5321 §4.1.2, RFC 6531 §3.3).
///
/// Quoted local parts are kept quoted only where they must be: `"bob"@example.org` is
/// `bob@example.org`. The local part keeps its case. At most 64 octets before the `@` and 254 in all.
/// Address literals (`bob@[192.0.2.1]`) are refused: nothing that an application mails has one.
///
/// ```
/// use posthaste_types::Address;
///
/// let address: Address = "Bob.Smith@Example.ORG".parse()?;
/// assert_eq!(address.as_str(), "Bob.Smith@example.org");
/// assert!("bob@example.org\r\nRCPT TO:<eve@example.org>".parse::<Address>().is_err());
/// # Ok::<(), posthaste_types::ParseError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    text: Box<str>,
    domain: Domain,
}

impl Address {
    /// Reads `local@domain`.
    ///
    /// # Errors
    /// [`ParseError`] with the offset of the first offence.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if text.is_empty() {
            return Err(ParseError::new(ADDRESS, ParseErrorKind::Empty, 0));
        }
        if let Some((at, c)) = first_control(text) {
            return Err(ParseError::new(ADDRESS, ParseErrorKind::Forbidden(c), at));
        }
        let at = find_at(text)?;
        let (local, domain) = (&text[..at], &text[at + 1..]);
        if domain.starts_with('[') {
            return Err(ParseError::syntax(ADDRESS, "address literals are not supported", at + 1));
        }
        let local = canonical_local(local)?;
        let domain = Domain::parse(domain).map_err(|error| error.within(at + 1))?;
        Self::join(&local, domain)
    }

    /// Joins a local part, as it stands on the wire (quoted if it must be), and a domain.
    ///
    /// # Errors
    /// [`ParseError`] if the local part violates RFC 5321 §4.1.2 or the whole is too long.
    pub fn new(local: &str, domain: Domain) -> Result<Self, ParseError> {
        Self::join(&canonical_local(local)?, domain)
    }

    fn join(local: &str, domain: Domain) -> Result<Self, ParseError> {
        if local.len() > MAX_LOCAL {
            let kind = ParseErrorKind::TooLong { limit: MAX_LOCAL };
            return Err(ParseError::new("local part", kind, MAX_LOCAL));
        }
        let text = format!("{local}@{domain}");
        if text.len() > MAX_ADDRESS {
            let kind = ParseErrorKind::TooLong { limit: MAX_ADDRESS };
            return Err(ParseError::new(ADDRESS, kind, MAX_ADDRESS));
        }
        Ok(Self { text: text.into(), domain })
    }

    /// The address as it stands on the wire, without angle brackets.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The local part as it stands on the wire, quotes included where needed.
    pub fn local_part(&self) -> &str {
        &self.text[..self.text.len() - self.domain.as_str().len() - 1]
    }

    /// The domain.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// Whether the peer must speak SMTPUTF8 (RFC 6531) to take this address.
    pub fn needs_smtputf8(&self) -> bool {
        !self.text.is_ascii()
    }

    /// The form in which two addresses of one person are compared: lower case throughout. For lookup
    /// only; mail goes to the address as it was given (RFC 5321 §2.4).
    pub fn normalized(&self) -> String {
        self.text.to_lowercase()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

validated_string!(Address);

/// An address with an optional display name, as in `Ada Lovelace <ada@example.com>`.
///
/// The name is plain text: no quoting, no encoded words; composing a header encodes it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mailbox {
    name: Option<Box<str>>,
    address: Address,
}

impl Mailbox {
    /// Joins a display name and an address. An empty name is none.
    ///
    /// # Errors
    /// [`ParseError`] if the name holds a control character or is longer than 900 octets.
    pub fn new(name: &str, address: Address) -> Result<Self, ParseError> {
        if let Some((at, c)) = first_control(name) {
            return Err(ParseError::new(DISPLAY_NAME, ParseErrorKind::Forbidden(c), at));
        }
        if name.len() > MAX_DISPLAY_NAME {
            let kind = ParseErrorKind::TooLong { limit: MAX_DISPLAY_NAME };
            return Err(ParseError::new(DISPLAY_NAME, kind, MAX_DISPLAY_NAME));
        }
        let name = name.trim();
        Ok(Self { name: (!name.is_empty()).then(|| name.into()), address })
    }

    /// Reads exactly one mailbox: `ada@example.com`, `Ada <ada@example.com>` or
    /// `"Lovelace, Ada" <ada@example.com>`. A list is refused.
    ///
    /// # Errors
    /// [`ParseError`] with the offset of the first offence.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if let Some((at, c)) = first_control(text) {
            return Err(ParseError::new(MAILBOX, ParseErrorKind::Forbidden(c), at));
        }
        let Some(inner) = text.trim_end().strip_suffix('>') else {
            let start = text.len() - text.trim_start().len();
            return Address::parse(text.trim()).map(Self::from).map_err(|error| error.within(start));
        };
        let Some(open) = find_angle(inner) else {
            return Err(ParseError::syntax(MAILBOX, "'>' without '<'", inner.len()));
        };
        let address = Address::parse(&inner[open + 1..]).map_err(|error| error.within(open + 1))?;
        let name = unquote_name(inner[..open].trim())?;
        Self::new(&name, address)
    }

    /// The display name.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The address.
    pub fn address(&self) -> &Address {
        &self.address
    }
}

impl From<Address> for Mailbox {
    fn from(address: Address) -> Self {
        Self { name: None, address }
    }
}

impl From<&Address> for Mailbox {
    fn from(address: &Address) -> Self {
        address.clone().into()
    }
}

impl From<&Mailbox> for Mailbox {
    fn from(mailbox: &Mailbox) -> Self {
        mailbox.clone()
    }
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(name) = &self.name else { return write!(f, "{}", self.address) };
        if name.chars().all(|c| is_atext(c) || c == ' ') {
            return write!(f, "{name} <{}>", self.address);
        }
        f.write_str("\"")?;
        for c in name.chars() {
            if matches!(c, '"' | '\\') {
                f.write_str("\\")?;
            }
            write!(f, "{c}")?;
        }
        write!(f, "\" <{}>", self.address)
    }
}

validated_string!(Mailbox);

/// Where a report of failure goes: MAIL FROM (RFC 5321 §4.1.1.2). Null for what must not be answered.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ReversePath {
    /// `<>`: the sender of reports and automatic replies.
    Null,
    /// An address that takes reports.
    Address(Address),
}

impl ReversePath {
    /// Reads a path with or without angle brackets; `<>` and nothing are null.
    ///
    /// # Errors
    /// [`ParseError`] with the offset of the first offence.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let (inner, offset) = match text.strip_prefix('<') {
            Some(rest) => match rest.strip_suffix('>') {
                Some(inner) => (inner, 1),
                None => return Err(ParseError::syntax("path", "'<' without '>'", text.len())),
            },
            None => (text, 0),
        };
        if inner.is_empty() {
            return Ok(Self::Null);
        }
        Address::parse(inner).map(Self::Address).map_err(|error| error.within(offset))
    }

    /// The address, unless null.
    pub fn address(&self) -> Option<&Address> {
        match self {
            Self::Null => None,
            Self::Address(address) => Some(address),
        }
    }
}

impl From<Address> for ReversePath {
    fn from(address: Address) -> Self {
        Self::Address(address)
    }
}

impl fmt::Display for ReversePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("<>"),
            Self::Address(address) => write!(f, "<{address}>"),
        }
    }
}

validated_string!(ReversePath);

/// RFC 5322 §3.2.3 atext, and every non-ASCII character (RFC 6531 §3.3).
fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || (!c.is_ascii() && !is_control(c))
}

/// The `@` that ends the local part: behind the closing quote, or the only one.
fn find_at(text: &str) -> Result<usize, ParseError> {
    let mut escaped = false;
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '@' if !quoted => return Ok(at),
            _ => {}
        }
    }
    Err(ParseError::syntax(ADDRESS, "no '@'", text.len()))
}

/// Dot-string as it is, quoted-string checked and freed of needless quotes.
fn canonical_local(local: &str) -> Result<String, ParseError> {
    const WHAT: &str = "local part";
    let Some(rest) = local.strip_prefix('"') else {
        check_dot_string(local, WHAT)?;
        return Ok(local.to_owned());
    };
    let mut plain = String::with_capacity(rest.len());
    let mut chars = rest.char_indices();
    loop {
        let (at, c) = chars.next().ok_or_else(|| ParseError::syntax(WHAT, "quote is not closed", local.len()))?;
        match c {
            '"' if chars.as_str().is_empty() => break,
            '"' => return Err(ParseError::syntax(WHAT, "text behind the closing quote", at + 2)),
            c if is_control(c) => return Err(ParseError::new(WHAT, ParseErrorKind::Forbidden(c), at + 1)),
            '\\' => match chars.next() {
                Some((_, c)) if c == ' ' || c.is_ascii_graphic() => plain.push(c),
                Some((at, c)) => return Err(ParseError::new(WHAT, ParseErrorKind::Forbidden(c), at + 1)),
                None => return Err(ParseError::syntax(WHAT, "quote is not closed", local.len())),
            },
            c => plain.push(c),
        }
    }
    if check_dot_string(&plain, WHAT).is_ok() {
        return Ok(plain);
    }
    Ok(format!("\"{}\"", plain.replace('\\', "\\\\").replace('"', "\\\"")))
}

fn check_dot_string(local: &str, what: &'static str) -> Result<(), ParseError> {
    if local.is_empty() {
        return Err(ParseError::new(what, ParseErrorKind::Empty, 0));
    }
    if let Some((at, c)) = local.char_indices().find(|(_, c)| *c != '.' && !is_atext(*c)) {
        return Err(ParseError::new(what, ParseErrorKind::Forbidden(c), at));
    }
    if let Some(at) = local.find("..") {
        return Err(ParseError::syntax(what, "two dots in a row", at));
    }
    if local.starts_with('.') || local.ends_with('.') {
        return Err(ParseError::syntax(what, "a dot at the edge", 0));
    }
    Ok(())
}

/// The `<` that opens the address: the first one outside a quoted display name.
fn find_angle(text: &str) -> Option<usize> {
    let mut escaped = false;
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '<' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

fn unquote_name(text: &str) -> Result<String, ParseError> {
    let Some(inner) = text.strip_prefix('"') else {
        if let Some((at, c)) = text.char_indices().find(|(_, c)| matches!(c, '<' | '>' | ',' | ';' | '@' | '"' | '\\'))
        {
            return Err(ParseError::new(DISPLAY_NAME, ParseErrorKind::Forbidden(c), at));
        }
        return Ok(text.to_owned());
    };
    let mut name = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' if chars.as_str().is_empty() => return Ok(name),
            '"' => return Err(ParseError::syntax(DISPLAY_NAME, "text behind the closing quote", 0)),
            '\\' => name.extend(chars.next()),
            c => name.push(c),
        }
    }
    Err(ParseError::syntax(DISPLAY_NAME, "quote is not closed", text.len()))
}

const ADDRESS: &str = "address";
const MAILBOX: &str = "mailbox";
const DISPLAY_NAME: &str = "display name";
/// RFC 5321 §4.5.3.1.1.
const MAX_LOCAL: usize = 64;
/// RFC 5321 §4.5.3.1.3: a path of 256 octets, less its angle brackets.
const MAX_ADDRESS: usize = 254;
/// So that name and address fit into one header line (RFC 5322 §2.1.1) even unfolded.
const MAX_DISPLAY_NAME: usize = 900;
