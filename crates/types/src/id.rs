//! Identities: ours ([`MailId`]) and the message's own ([`MessageId`]).

use std::fmt;

use crate::domain::Domain;
use crate::error::{ParseError, ParseErrorKind, first_control};
use crate::macros::validated_string;
use crate::time::{Random, Timestamp};

/// The identity of one accepted mail in its spool: 128 bits, sorted by the time of acceptance.
///
/// In logs, events and questions. Not the [`MessageId`], which receivers see and anybody may forge.
/// Printed as 26 characters of Crockford's base 32, lower case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MailId(u128);

impl MailId {
    /// Makes an identity from the time (48 bits of milliseconds) and 80 random bits.
    pub fn new(at: Timestamp, random: &dyn Random) -> Self {
        let mut bytes = [0; 16];
        random.fill(&mut bytes);
        let millis = u128::try_from(at.as_unix_micros().max(0) / 1000).unwrap_or(0);
        Self((millis & 0xffff_ffff_ffff) << 80 | u128::from_be_bytes(bytes) >> 48)
    }

    /// The identity in 16 octets, big endian: sorts as the identity does.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// The identity that [`to_bytes`](Self::to_bytes) gave.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }

    /// Reads the printed form.
    ///
    /// # Errors
    /// [`ParseError`] if it is not 26 characters of the alphabet.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if text.len() != 26 {
            return Err(ParseError::syntax(MAIL_ID, "not 26 characters long", 0));
        }
        let mut value: u128 = 0;
        for (at, c) in text.char_indices() {
            let digit = ALPHABET.iter().position(|b| char::from(*b).eq_ignore_ascii_case(&c));
            let digit = digit.ok_or_else(|| ParseError::new(MAIL_ID, ParseErrorKind::Forbidden(c), at))?;
            if at == 0 && digit > 7 {
                return Err(ParseError::syntax(MAIL_ID, "more than 128 bits", 0));
            }
            value = value << 5 | digit as u128;
        }
        Ok(Self(value))
    }
}

impl fmt::Display for MailId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for shift in (0..26).rev() {
            let digit = usize::try_from(self.0 >> (shift * 5) & 31).unwrap_or(0);
            write!(f, "{}", char::from(ALPHABET[digit]))?;
        }
        Ok(())
    }
}

validated_string!(MailId);

/// The Message-ID of a message (RFC 5322 §3.6.4), with or without its angle brackets when read, held
/// without.
///
/// Reading is tolerant of what is seen in the wild: anything printable that has one `@` and neither
/// spaces nor angle brackets; at most 995 octets.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(Box<str>);

impl MessageId {
    /// Makes one that is unique and cannot be guessed: the time (48 bits of milliseconds) and 112 random bits below
    /// `domain`.
    ///
    /// Those of one hour stand beside each other in an index, so that a long one stays fast to write.
    pub fn new(at: Timestamp, random: &dyn Random, domain: &Domain) -> Self {
        let mut bytes = [0; 16];
        random.fill(&mut bytes);
        let millis = (at.as_unix_micros().max(0) / 1000) & 0xffff_ffff_ffff;
        Self(format!("{millis:012x}{:028x}@{domain}", u128::from_be_bytes(bytes) >> 16).into())
    }

    /// Reads a Message-ID.
    ///
    /// # Errors
    /// [`ParseError`] with the offset of the first offence.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if let Some((at, c)) = first_control(text) {
            return Err(ParseError::new(MESSAGE_ID, ParseErrorKind::Forbidden(c), at));
        }
        let trimmed = text.trim();
        let inner = trimmed.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(trimmed);
        if inner.is_empty() {
            return Err(ParseError::new(MESSAGE_ID, ParseErrorKind::Empty, 0));
        }
        if let Some((at, c)) = inner.char_indices().find(|(_, c)| c.is_whitespace() || matches!(c, '<' | '>')) {
            return Err(ParseError::new(MESSAGE_ID, ParseErrorKind::Forbidden(c), at));
        }
        if inner.len() > MAX_MESSAGE_ID {
            let kind = ParseErrorKind::TooLong { limit: MAX_MESSAGE_ID };
            return Err(ParseError::new(MESSAGE_ID, kind, MAX_MESSAGE_ID));
        }
        match inner.split_once('@') {
            Some((left, right)) if !left.is_empty() && !right.is_empty() => Ok(Self(inner.into())),
            _ => Err(ParseError::syntax(MESSAGE_ID, "not left@right", 0)),
        }
    }

    /// The identity without angle brackets.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.0)
    }
}

validated_string!(MessageId);

/// The place of an event in its spool's log: 1 is the first. Later events have larger numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct EventId(u64);

impl EventId {
    /// Before the first event.
    pub const START: Self = Self(0);

    /// The event in place `n`.
    pub const fn new(n: u64) -> Self {
        Self(n)
    }

    /// Its place.
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Crockford's base 32: no i, l, o, u.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const MAIL_ID: &str = "mail id";
const MESSAGE_ID: &str = "message id";
/// One line of 998 octets (RFC 5322 §2.1.1) less brackets and a leading space.
const MAX_MESSAGE_ID: usize = 995;
