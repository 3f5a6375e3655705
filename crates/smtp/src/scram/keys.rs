//! What a server keeps of a password, and what it shows where there is none.

use std::fmt;
use std::sync::Arc;

use data_encoding::BASE64;
use posthaste_types::{ParseError, ParseErrorKind, Random};
use zeroize::Zeroizing;

use super::MIN_ITERATIONS;
use super::crypto::{Key, hash, hmac, salted_password};

/// What a server keeps of a user's password for SCRAM-SHA-256 (RFC 5802 §3): salt, iteration count, `StoredKey` and
/// `ServerKey`. Who learns them cannot log in with them, but can play the server. `Debug` shows none.
///
/// ```
/// use posthaste_smtp::ScramKeys;
///
/// let keys = ScramKeys::derive("pencil", b"0123456789abcdef", 4096)?; // a salt from a source of chance, per user
/// let kept = keys.to_text();
/// assert!(kept.starts_with("SCRAM-SHA-256$4096:"));
/// assert_eq!(ScramKeys::parse(&kept)?, keys);
/// # Ok::<(), posthaste_types::ParseError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ScramKeys {
    pub(super) salt: Vec<u8>,
    pub(super) iterations: u32,
    pub(super) stored: Key,
    pub(super) server: Key,
}

impl ScramKeys {
    /// The longest salt, in octets: with it a challenge stays within a line.
    pub const MAX_SALT: usize = 64;
    /// The length of the salts that decoys show, in octets: use it for real ones.
    pub const SALT: usize = 16;

    /// Takes keys that were made elsewhere.
    ///
    /// # Errors
    /// [`ParseError`] for a salt that is empty or longer than [`MAX_SALT`](Self::MAX_SALT), and for fewer iterations
    /// than 4,096 (RFC 7677 §4), which clients refuse.
    pub fn new(salt: &[u8], iterations: u32, stored: [u8; 32], server: [u8; 32]) -> Result<Self, ParseError> {
        let limit = Self::MAX_SALT;
        if salt.is_empty() {
            return Err(ParseError::new("salt", ParseErrorKind::Empty, 0));
        }
        if salt.len() > limit {
            return Err(ParseError::new("salt", ParseErrorKind::TooLong { limit }, limit));
        }
        if iterations < MIN_ITERATIONS {
            return Err(ParseError::new("iteration count", ParseErrorKind::Syntax("below 4096"), 0));
        }
        let (stored, server) = (Zeroizing::new(stored), Zeroizing::new(server));
        Ok(Self { salt: salt.to_vec(), iterations, stored, server })
    }

    /// Makes the keys of a password: work for as many HMACs as `iterations` says. When an account is made, not at login.
    ///
    /// # Errors
    /// As [`new`](Self::new), and for a password that is empty or has characters beyond printable ASCII, which SASLprep
    /// (RFC 4013) would have to prepare.
    pub fn derive(password: &str, salt: &[u8], iterations: u32) -> Result<Self, ParseError> {
        if password.is_empty() {
            return Err(ParseError::new("password", ParseErrorKind::Empty, 0));
        }
        if let Some((at, c)) = password.char_indices().find(|(_, c)| !matches!(c, ' '..='~')) {
            return Err(ParseError::new("password", ParseErrorKind::Forbidden(c), at));
        }
        Self::new(salt, iterations, [0; 32], [0; 32])?;
        let salted = salted_password(password, salt, iterations);
        let client = hmac(&salted[..], b"Client Key");
        Self::new(salt, iterations, hash(&client[..]), *hmac(&salted[..], b"Server Key"))
    }

    /// Reads `SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey`, each but the count in base64: the form of RFC 5803 §2,
    /// and of PostgreSQL's passwords.
    ///
    /// # Errors
    /// [`ParseError`] if it is not that, or [`new`](Self::new) refuses it.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let syntax = || ParseError::new("SCRAM keys", ParseErrorKind::Syntax("not of the form of RFC 5803"), 0);
        let split = || {
            let (iterations, rest) = text.strip_prefix("SCRAM-SHA-256$")?.split_once(':')?;
            let (salt, keys) = rest.split_once('$')?;
            let (stored, server) = keys.split_once(':')?;
            let key = |base64: &str| <[u8; 32]>::try_from(BASE64.decode(base64.as_bytes()).ok()?).ok();
            let salt = BASE64.decode(salt.as_bytes()).ok()?;
            Some((salt, iterations.parse().ok()?, key(stored)?, key(server)?))
        };
        let (salt, iterations, stored, server) = split().ok_or_else(syntax)?;
        Self::new(&salt, iterations, stored, server)
    }

    /// The form that [`parse`](Self::parse) reads. Keep it as you keep password hashes.
    pub fn to_text(&self) -> String {
        let Self { salt, iterations, stored, server } = self;
        let base64 = |octets: &[u8]| BASE64.encode(octets);
        format!("SCRAM-SHA-256${iterations}:{}${}:{}", base64(salt), base64(&stored[..]), base64(&server[..]))
    }
}

impl fmt::Debug for ScramKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScramKeys(***)")
    }
}

/// What a server needs to offer SCRAM-SHA-256 besides its users' [`ScramKeys`].
///
/// An unknown user is challenged like a known one, with a salt that is made of the name and of a secret, so that
/// nobody learns who is known (RFC 5802 §9).
#[derive(Clone)]
pub struct ScramOffer {
    pub(super) random: Arc<dyn Random>,
    secret: Key,
    iterations: u32,
}

impl ScramOffer {
    /// `random` makes nonces. `secret` makes decoys: a value of chance, the same in every session of a host and behind
    /// every restart. `iterations` is the count that decoys show: that of the real users (at least 4,096).
    pub fn new(random: Arc<dyn Random>, secret: [u8; 32], iterations: u32) -> Self {
        Self { random, secret: Zeroizing::new(secret), iterations: iterations.max(MIN_ITERATIONS) }
    }

    /// Keys that fit no password.
    pub(super) fn decoy(&self, username: &str) -> ScramKeys {
        let made_of = |label: &[u8]| hmac(&self.secret[..], &[label, username.as_bytes()].concat());
        let salt = made_of(b"salt:").iter().copied().take(ScramKeys::SALT).collect();
        let (stored, server) = (made_of(b"stored:"), made_of(b"server:"));
        ScramKeys { salt, iterations: self.iterations, stored, server }
    }
}

impl fmt::Debug for ScramOffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScramOffer(decoys of {} iterations)", self.iterations)
    }
}
