//! Credentials.

use std::fmt;

use data_encoding::BASE64;
use posthaste_types::{ParseError, ParseErrorKind};
use zeroize::{Zeroize, Zeroizing};

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

    /// The password, or the token. Never log it.
    pub fn password(&self) -> &str {
        &self.secret
    }

    /// Whether the secret is an access token.
    pub fn is_token(&self) -> bool {
        self.kind == Kind::Token
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

/// Reads an answer to a challenge of LOGIN.
pub(crate) fn parse_base64(base64: &[u8]) -> Option<Zeroizing<String>> {
    String::from_utf8(BASE64.decode(base64).ok()?).ok().map(Zeroizing::new)
}
