//! The server's side.

use std::fmt;

use data_encoding::BASE64;
use subtle::ConstantTimeEq;

use super::crypto::{hash, hmac, xor};
use super::{ScramKeys, ScramOffer, is_nonce, unescape};
use crate::auth::Username;

/// The client's first message (RFC 5802 §5.1).
pub(crate) struct Begun {
    /// With its base64 the last message begins.
    gs2: String,
    bare: String,
    nonce: String,
    username: Username,
}

/// Where the client's proof is due.
pub(crate) struct Challenged {
    begun: Begun,
    /// Both nonces.
    nonce: String,
    challenge: String,
    keys: ScramKeys,
    user: User,
}

/// Whether the host knows the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum User {
    Known,
    Decoy,
}

impl Begun {
    /// Reads the first message. `None` for one that is none, asks for channel binding or for an extension, or wants to
    /// act as somebody else.
    pub(crate) fn parse(message: &str) -> Option<Self> {
        let (flag, rest) = message.split_once(',')?;
        let (authorize, bare) = rest.split_once(',')?;
        // `y`: the client could bind, and thinks rightly that we cannot.
        if !matches!(flag, "n" | "y") {
            return None;
        }
        let mut parts = bare.split(',');
        let username = parts.next()?.strip_prefix("n=")?;
        let nonce = parts.next()?.strip_prefix("r=").filter(|nonce| is_nonce(nonce))?;
        let is_same = authorize.is_empty() || authorize.strip_prefix("a=") == Some(username);
        let username = Username::parse(unescape(username)?).filter(|_| is_same)?;
        let gs2 = format!("{flag},{authorize},");
        Some(Self { gs2, bare: bare.to_owned(), nonce: nonce.to_owned(), username })
    }

    pub(crate) fn username(&self) -> &Username {
        &self.username
    }

    /// Challenges the user who has these keys; without keys, one who does not exist.
    pub(crate) fn challenge(self, keys: Option<ScramKeys>, offer: &ScramOffer) -> Challenged {
        let mut octets = [0; 18];
        offer.random.fill(&mut octets);
        let nonce = format!("{}{}", self.nonce, BASE64.encode(&octets));
        let (keys, user) = match keys {
            Some(keys) => (keys, User::Known),
            None => (offer.decoy(self.username.as_str()), User::Decoy),
        };
        let challenge = format!("r={nonce},s={},i={}", BASE64.encode(&keys.salt), keys.iterations);
        Challenged { begun: self, nonce, challenge, keys, user }
    }
}

impl Challenged {
    /// The server's first message.
    pub(crate) fn message(&self) -> &str {
        &self.challenge
    }

    pub(crate) fn username(&self) -> &Username {
        &self.begun.username
    }

    /// The server's last message, if the client's proves that it knows the password.
    pub(crate) fn check(&self, message: &str) -> Option<String> {
        let (without_proof, proof) = message.rsplit_once(",p=")?;
        let proof = <[u8; 32]>::try_from(BASE64.decode(proof.as_bytes()).ok()?).ok()?;
        let mut parts = without_proof.split(',');
        let channel = BASE64.decode(parts.next()?.strip_prefix("c=")?.as_bytes()).ok()?;
        if channel != self.begun.gs2.as_bytes() || parts.next()?.strip_prefix("r=") != Some(&self.nonce) {
            return None;
        }
        let said = format!("{},{},{without_proof}", self.begun.bare, self.challenge);
        let mut client_key = hmac(&self.keys.stored[..], said.as_bytes());
        xor(&mut client_key, &proof);
        let is_right = bool::from(hash(&client_key[..])[..].ct_eq(&self.keys.stored[..]));
        let signature = hmac(&self.keys.server[..], said.as_bytes());
        (is_right && self.user == User::Known).then(|| format!("v={}", BASE64.encode(&signature[..])))
    }
}

/// Without secrets.
impl fmt::Debug for Begun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Begun(***)")
    }
}

/// Without secrets.
impl fmt::Debug for Challenged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Challenged(***)")
    }
}
