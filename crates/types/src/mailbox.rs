//! Mailboxes: an address with the name of its owner.

use std::fmt;

use crate::address::{Address, is_atext};
use crate::error::{ParseError, ParseErrorKind, first_control};
use crate::macros::validated_string;

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

const MAILBOX: &str = "mailbox";
const DISPLAY_NAME: &str = "display name";
/// So that name and address fit into one header line (RFC 5322 §2.1.1) even unfolded.
const MAX_DISPLAY_NAME: usize = 900;
