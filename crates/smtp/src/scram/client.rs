//! The client's side.

use data_encoding::BASE64;
use posthaste_types::Random;

use super::crypto::{hash, hmac, salted_password, xor};
use super::{MIN_ITERATIONS, escape, is_nonce};
use crate::auth::Credentials;

/// An exchange, from the first message on.
pub(crate) struct Scram {
    /// RFC 5802 §7: `client-first-message-bare`.
    first: String,
    nonce: String,
    /// The server's last message, if it knows the password.
    expected: Option<String>,
}

impl Scram {
    /// RFC 5802 §5.1: no channel binding, no other identity.
    const GS2: &str = "n,,";
    /// Its base64.
    const CHANNEL: &str = "c=biws";

    /// Whether these can be sent without SASLprep (RFC 4013), which leaves printable ASCII as it is.
    pub(crate) fn carries(credentials: &Credentials) -> bool {
        let plain = |text: &str| text.bytes().all(|octet| matches!(octet, b' '..=b'~'));
        !credentials.is_token() && plain(credentials.username()) && plain(credentials.password())
    }

    pub(crate) fn new(username: &str, random: &dyn Random) -> Self {
        let mut octets = [0; 15];
        random.fill(&mut octets);
        let nonce = BASE64.encode(&octets);
        Self { first: format!("n={},r={nonce}", escape(username)), nonce, expected: None }
    }

    pub(crate) fn first(&self) -> String {
        format!("{}{}", Self::GS2, self.first)
    }

    /// Whether the server's last message proves that it knows the password too.
    pub(crate) fn is_proven_by(&self, message: &str) -> bool {
        self.expected.as_deref() == Some(message)
    }

    /// Answers the server's first message.
    pub(crate) fn answer(&mut self, password: &str, challenge: &str) -> Result<String, &'static str> {
        let Challenge { nonce, salt, iterations } = Challenge::parse(challenge).ok_or(NOT_A_CHALLENGE)?;
        // RFC 5802 §5.1: the server's part of the nonce stands behind ours.
        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() || !is_nonce(nonce) {
            return Err("the SCRAM nonce is not made of ours");
        }
        if !(MIN_ITERATIONS..=MAX_ITERATIONS).contains(&iterations) {
            return Err("the SCRAM iteration count is below 4096 or above 600000");
        }
        let without_proof = format!("{},r={nonce}", Self::CHANNEL);
        let message = format!("{},{challenge},{without_proof}", self.first);
        let salted = salted_password(password, &salt, iterations);
        let client_key = hmac(&salted[..], b"Client Key");
        let signature = hmac(&hash(&client_key[..]), message.as_bytes());
        let mut proof = client_key;
        xor(&mut proof, &signature);
        let server_key = hmac(&salted[..], b"Server Key");
        let expected = hmac(&server_key[..], message.as_bytes());
        self.expected = Some(format!("v={}", BASE64.encode(&expected[..])));
        Ok(format!("{without_proof},p={}", BASE64.encode(&proof[..])))
    }
}

/// RFC 5802 §7: `server-first-message`.
struct Challenge<'a> {
    nonce: &'a str,
    salt: Vec<u8>,
    iterations: u32,
}

impl<'a> Challenge<'a> {
    /// A mandatory extension, `m=`, in front is one that we do not know.
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(',');
        let nonce = parts.next()?.strip_prefix("r=")?;
        let salt = BASE64.decode(parts.next()?.strip_prefix("s=")?.as_bytes()).ok()?;
        let iterations = parts.next()?.strip_prefix("i=")?;
        // RFC 5802 §7: `posit-number`. Without salt, one search would find everybody's password.
        if salt.is_empty() || !iterations.starts_with(|first: char| matches!(first, '1'..='9')) {
            return None;
        }
        Some(Self { nonce, salt, iterations: iterations.parse().ok()? })
    }
}

const NOT_A_CHALLENGE: &str = "not a challenge of SCRAM";
/// More would let it keep us busy.
const MAX_ITERATIONS: u32 = 600_000;
