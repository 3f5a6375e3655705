//! Credentials.

use std::fmt;

use data_encoding::BASE64;
use posthaste_types::{ParseError, ParseErrorKind};
use zeroize::{Zeroize, Zeroizing};

use crate::scram;

/// A user name and a password, or a token, for AUTH (RFC 4954).
///
/// Neither may hold a NUL, which PLAIN uses as its separator (RFC 4616 §2), nor be longer than
/// [`Credentials::MAX`] octets. `Debug` shows neither; the secret is wiped from memory on drop.
///
/// ```
/// use posthaste_smtp::Credentials;
///
/// let credentials = Credentials::new("ada", "correct horse")?;
/// assert_eq!(format!("{credentials:?}"), "Credentials(***)");
/// # Ok::<(), posthaste_types::ParseError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    username: String,
    secret: Zeroizing<String>,
    kind: Kind,
}

/// What the secret is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Password,
    Token,
}

impl Credentials {
    /// The longest user name or password, in octets (RFC 4616 §2).
    pub const MAX: usize = 255;

    /// The longest token, in octets: in base64 it stays within the 12,288 octets of RFC 4954 §4.
    pub const MAX_TOKEN: usize = 8192;

    /// Takes a user name and a password.
    ///
    /// # Errors
    /// [`ParseError`] if one is empty, too long, or holds a NUL.
    pub fn new(username: &str, password: &str) -> Result<Self, ParseError> {
        for (what, text) in [("user name", username), ("password", password)] {
            if text.is_empty() {
                return Err(ParseError::new(what, ParseErrorKind::Empty, 0));
            }
            if text.len() > Self::MAX {
                return Err(ParseError::new(what, ParseErrorKind::TooLong { limit: Self::MAX }, Self::MAX));
            }
            if let Some(at) = text.find('\0') {
                return Err(ParseError::new(what, ParseErrorKind::Forbidden('\0'), at));
            }
        }
        Ok(Self { username: username.to_owned(), secret: Zeroizing::new(password.to_owned()), kind: Kind::Password })
    }

    /// Takes a user name and an OAuth 2.0 access token, for OAUTHBEARER and XOAUTH2.
    ///
    /// # Errors
    /// [`ParseError`] if one is empty or too long ([`MAX`](Self::MAX) and [`MAX_TOKEN`](Self::MAX_TOKEN)), the token
    /// holds anything but visible ASCII (RFC 6750 §2.1), or the user name a control.
    pub fn with_token(username: &str, token: &str) -> Result<Self, ParseError> {
        let forbidden = [
            ("user name", username, Self::MAX, username.char_indices().find(|(_, c)| c.is_control())),
            ("token", token, Self::MAX_TOKEN, token.char_indices().find(|(_, c)| !c.is_ascii_graphic())),
        ];
        for (what, text, limit, forbidden) in forbidden {
            if text.is_empty() {
                return Err(ParseError::new(what, ParseErrorKind::Empty, 0));
            }
            if text.len() > limit {
                return Err(ParseError::new(what, ParseErrorKind::TooLong { limit }, limit));
            }
            if let Some((at, c)) = forbidden {
                return Err(ParseError::new(what, ParseErrorKind::Forbidden(c), at));
            }
        }
        Ok(Self { username: username.to_owned(), secret: Zeroizing::new(token.to_owned()), kind: Kind::Token })
    }

    /// The user name.
    pub fn username(&self) -> &str {
        &self.username
    }

    /// The password, or the token. Compare it in constant time; never log it.
    pub fn password(&self) -> &str {
        &self.secret
    }

    /// Whether the secret is an access token.
    pub fn is_token(&self) -> bool {
        self.kind == Kind::Token
    }

    pub(crate) fn to_username(&self) -> Username {
        Username(Zeroizing::new(self.username.clone()))
    }

    /// Reads the message of OAUTHBEARER (RFC 7628 §3.1). `None` if it is none, or has no bearer token; host, port and
    /// whatever else there is are read over.
    pub(crate) fn parse_bearer(base64: &[u8]) -> Option<Self> {
        let message = parse_base64(base64)?;
        let (header, fields) = message.split_once("\x01")?;
        let (flag, rest) = header.split_once(',')?;
        let authorize = rest.strip_suffix(',')?;
        let username = match authorize.strip_prefix("a=") {
            Some(name) => scram::unescape(name)?,
            None if authorize.is_empty() => String::new(),
            None => return None,
        };
        if matches!(flag, "n" | "y") { Self::bearer(username, fields) } else { None }
    }

    /// Reads the message of XOAUTH2.
    pub(crate) fn parse_xoauth2(base64: &[u8]) -> Option<Self> {
        let message = parse_base64(base64)?;
        let (username, fields) = message.strip_prefix("user=")?.split_once("\x01")?;
        if username.is_empty() { None } else { Self::bearer(username.to_owned(), fields) }
    }

    /// `key=value` pairs, each with U+0001 behind it, and one more at the end.
    fn bearer(username: String, fields: &str) -> Option<Self> {
        let mut pairs = fields.strip_suffix("\x01\x01")?.split("\x01");
        let value = pairs.find_map(|pair| pair.strip_prefix("auth="))?;
        let (scheme, token) = value.split_once(' ')?;
        // RFC 6750 §2.1, with the scheme in any case (RFC 9110 §11.1).
        if !scheme.eq_ignore_ascii_case("Bearer") {
            return None;
        }
        // With a name that stands for the lack of one, all else is looked at.
        let known = Self::with_token(if username.is_empty() { "?" } else { &username }, token.trim_start()).ok()?;
        Some(Self { username, secret: known.secret.clone(), kind: Kind::Token })
    }

    /// The message of PLAIN (RFC 4616 §2): no authorization identity, in base64.
    pub(crate) fn plain(&self) -> Zeroizing<String> {
        let message = Zeroizing::new(format!("\0{}\0{}", self.username, self.password()));
        Zeroizing::new(BASE64.encode(message.as_bytes()))
    }

    /// Reads the message of PLAIN. `None` if it is none, or asks to act as somebody else.
    pub(crate) fn parse_plain(base64: &[u8]) -> Option<Self> {
        let message = Zeroizing::new(String::from_utf8(BASE64.decode(base64).ok()?).ok()?);
        let mut parts = message.split('\0');
        let (authorize, username, password) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || !(authorize.is_empty() || authorize == username) {
            return None;
        }
        Self::new(username, password).ok()
    }
}

/// A user name that a client gave: not empty (but see [`ServerEvent::Authenticated`](crate::ServerEvent::Authenticated)),
/// without controls, at most [`Credentials::MAX`] octets. Unprepared: compare it as SASLprep (RFC 4013) or its successor
/// says. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Username(Zeroizing<String>);

impl Username {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn parse(name: impl Into<Zeroizing<String>>) -> Option<Self> {
        let name = name.into();
        let fine = !name.is_empty() && name.len() <= Credentials::MAX && !name.chars().any(char::is_control);
        fine.then_some(Self(name))
    }
}

impl fmt::Debug for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Username(***)")
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(***)")
    }
}

impl Drop for Credentials {
    fn drop(&mut self) {
        self.username.zeroize();
    }
}

pub(crate) fn base64(text: &str) -> Zeroizing<String> {
    Zeroizing::new(BASE64.encode(text.as_bytes()))
}

/// Reads a message. `None` if it is not base64 of UTF-8.
pub(crate) fn parse_base64(base64: &[u8]) -> Option<Zeroizing<String>> {
    String::from_utf8(BASE64.decode(base64).ok()?).ok().map(Zeroizing::new)
}
