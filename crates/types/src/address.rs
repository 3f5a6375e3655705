//! Addresses.

use std::borrow::Cow;
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
        let text = [local, "@", domain.as_str()].concat();
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

/// RFC 5322 §3.2.3 atext, and every non-ASCII character (RFC 6531 §3.3).
pub(crate) fn is_atext(c: char) -> bool {
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
fn canonical_local(local: &str) -> Result<Cow<'_, str>, ParseError> {
    const WHAT: &str = "local part";
    let Some(rest) = local.strip_prefix('"') else {
        check_dot_string(local, WHAT)?;
        return Ok(local.into());
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
        return Ok(plain.into());
    }
    Ok(format!("\"{}\"", plain.replace('\\', "\\\\").replace('"', "\\\"")).into())
}

fn check_dot_string(local: &str, what: &'static str) -> Result<(), ParseError> {
    if local.is_empty() {
        return Err(ParseError::new(what, ParseErrorKind::Empty, 0));
    }
    if let Some((at, c)) = local.char_indices().find(|(_, c)| *c != '.' && !is_atext(*c)) {
        return Err(ParseError::new(what, ParseErrorKind::Forbidden(c), at));
    }
    if let Some(at) = local.as_bytes().windows(2).position(|pair| pair == b"..") {
        return Err(ParseError::syntax(what, "two dots in a row", at));
    }
    if local.starts_with('.') || local.ends_with('.') {
        return Err(ParseError::syntax(what, "a dot at the edge", 0));
    }
    Ok(())
}

const ADDRESS: &str = "address";
/// RFC 5321 §4.5.3.1.1.
const MAX_LOCAL: usize = 64;
/// RFC 5321 §4.5.3.1.3: a path of 256 octets, less its angle brackets.
const MAX_ADDRESS: usize = 254;
