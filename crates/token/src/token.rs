//! Tokens: a payload, a date, a MAC.

use std::fmt;
use std::time::Duration;

use posthaste_types::Timestamp;

use crate::encoding::{decode, encode};
use crate::error::TokenError;
use crate::mac::mac_matches;
use crate::ring::{Form, KeyId, KeyRing, Purpose};

/// A sealed payload: letters `a-z` and digits `2-7`, fit for a URL, a header and a local part alike.
///
/// The payload stands in it in the clear. Whoever holds the token holds what it permits, so `Debug` is
/// redacted; `Display` writes it out.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Token(Box<str>);

impl Token {
    /// The longest payload, in octets.
    pub const MAX_PAYLOAD: usize = 512;
    /// The longest token, in octets: the base 32 of key, date, payload and MAC.
    pub const MAX_LEN: usize = (HEAD + Self::MAX_PAYLOAD + MAC).div_ceil(5) * 8;

    /// The token.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

/// What a genuine token holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    payload: Vec<u8>,
    issued: Timestamp,
    key: KeyId,
}

impl Opened {
    /// The payload, as it was sealed.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// When it was sealed, to the second.
    pub fn issued(&self) -> Timestamp {
        self.issued
    }

    /// The key that sealed it.
    pub fn key(&self) -> KeyId {
        self.key
    }
}

impl KeyRing {
    /// Seals a payload. Equal arguments give equal tokens.
    ///
    /// # Errors
    /// [`TokenError::TooLong`] if the payload has more than [`Token::MAX_PAYLOAD`] octets.
    pub fn seal(&self, purpose: Purpose, payload: &[u8], at: Timestamp) -> Result<Token, TokenError> {
        if payload.len() > Token::MAX_PAYLOAD {
            return Err(TokenError::TooLong { limit: Token::MAX_PAYLOAD });
        }
        let secs = u32::try_from(at.as_unix_secs().max(0)).unwrap_or(u32::MAX);
        let key = self.current(at);
        let mut bytes = Vec::with_capacity(HEAD + payload.len() + MAC);
        bytes.push(key.number());
        bytes.extend_from_slice(&secs.to_be_bytes());
        bytes.extend_from_slice(payload);
        let mac = self.mac(key, purpose, Form::Token, &[&bytes]).ok_or(TokenError::UnknownKey(key))?;
        bytes.extend_from_slice(&mac[..MAC]);
        Ok(Token(encode(&bytes).into()))
    }

    /// Opens a token that is at most `max_age` old. A date in the future counts as no age: clocks differ.
    ///
    /// # Errors
    /// [`TokenError`]: not a token, an unknown key, a MAC that is not ours, or too old, in this order.
    pub fn open(&self, purpose: Purpose, token: &str, now: Timestamp, max_age: Duration) -> Result<Opened, TokenError> {
        if token.len() > Token::MAX_LEN {
            return Err(TokenError::TooLong { limit: Token::MAX_LEN });
        }
        let bytes = decode(token).ok_or(TokenError::Malformed)?;
        let (sealed, mac) = bytes.split_last_chunk::<MAC>().ok_or(TokenError::Malformed)?;
        let (head, payload) = sealed.split_first_chunk::<HEAD>().ok_or(TokenError::Malformed)?;
        let [number, secs @ ..] = *head;
        let key = KeyId::new(number);
        let ours = self.mac(key, purpose, Form::Token, &[sealed]).ok_or(TokenError::UnknownKey(key))?;
        if !mac_matches(mac, &ours) {
            return Err(TokenError::Forged);
        }
        let issued = Timestamp::from_unix_secs(i64::from(u32::from_be_bytes(secs)));
        if now.since(issued) > max_age {
            return Err(TokenError::Expired { issued, max_age });
        }
        Ok(Opened { payload: payload.to_vec(), issued, key })
    }
}

/// Key and seconds since 1970.
const HEAD: usize = 1 + 4;
/// The first half of the HMAC; RFC 2104 §5 asks for no less.
const MAC: usize = 16;
