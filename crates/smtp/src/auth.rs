//! Credentials, and the mechanisms that carry them.

use std::fmt;

use data_encoding::BASE64;
use posthaste_types::{ParseError, ParseErrorKind};
use zeroize::{Zeroize, Zeroizing};

/// A user name and a password for AUTH (RFC 4954).
///
/// Neither may hold a NUL, which PLAIN uses as its separator (RFC 4616 §2), nor be longer than
/// [`Credentials::MAX`] octets. `Debug` shows neither; the password is wiped from memory on drop.
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
    password: Zeroizing<String>,
}

impl Credentials {
    /// The longest user name or password, in octets (RFC 4616 §2).
    pub const MAX: usize = 255;

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
        Ok(Self { username: username.to_owned(), password: Zeroizing::new(password.to_owned()) })
    }

    /// The user name.
    pub fn username(&self) -> &str {
        &self.username
    }

    /// The password. Never log it.
    pub fn password(&self) -> &str {
        &self.password
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

/// The mechanisms that a session can speak, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mechanism {
    /// RFC 4616.
    Plain,
    /// Never a standard; still the only one of some relays.
    Login,
}

impl Mechanism {
    pub(crate) const ALL: [Self; 2] = [Self::Plain, Self::Login];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
        }
    }
}

pub(crate) fn base64(text: &str) -> Zeroizing<String> {
    Zeroizing::new(BASE64.encode(text.as_bytes()))
}
