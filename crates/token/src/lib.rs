//! MAC tokens with purpose, date and key rotation: VERP return paths and links that cannot be forged.
//!
//! What comes back from the outside (a bounce, a click, a request to unsubscribe) may act only if it
//! carries a token that we made. A token holds a payload in the clear, the moment it was made, and a MAC
//! over both under a key of its purpose: it proves origin, it hides nothing.
//!
//! ```
//! use posthaste_token::{KeyId, KeyRing, MasterSecret, Purpose, ReturnPaths};
//! use posthaste_types::{Address, MailId, Timestamp};
//! use std::time::Duration;
//!
//! let ring = KeyRing::new(KeyId::new(1), MasterSecret::from_bytes([7; 32]));
//! let now = Timestamp::from_unix_secs(1_795_513_304);
//!
//! // A link: whoever holds it may leave the list, for a year.
//! let token = ring.seal(Purpose::Unsubscribe, b"digest/4711", now)?;
//! let opened = ring.open(Purpose::Unsubscribe, token.as_str(), now, Duration::from_secs(365 * 86_400))?;
//! assert_eq!(opened.payload(), b"digest/4711");
//!
//! // A return path: a bounce to it names the mail and the recipient.
//! let paths = ReturnPaths::new(ring, "news.example.com".parse()?, "bounce")?;
//! let mail = MailId::from_bytes([9; 16]);
//! let path = paths.address(mail, 0, now);
//! let bounced_to: Address = path.to_string().to_uppercase().parse()?;
//! assert_eq!(paths.read(&bounced_to, now)?.map(|verp| verp.mail), Some(mail));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Scope
//! HMAC-SHA-256 (RFC 2104), keys by purpose derived from one [`MasterSecret`] (the expand step of RFC 5869),
//! variable envelope return paths ([`ReturnPaths`]), rotation ([`KeyRing::rotate`]). The alphabet is base 32
//! (RFC 4648 §6) in lower case, read in any case: hops change the case of local parts. No storage, no clock.
//!
//! # Limits
//! A payload has at most [`Token::MAX_PAYLOAD`] octets; a return path's local part fits the 64 octets of
//! RFC 5321 §4.5.3.1.1. The MAC has 128 bits in a token and 80 in a return path, where space is short:
//! 2^80 guesses, each a message to our own server. Dates reach from 1970 to 2106 and are held within.
//!
//! # Features
//! None.

#![forbid(unsafe_code)]
#![deny(clippy::disallowed_methods)]

mod encoding;
mod error;
mod ring;
mod secret;
mod token;
mod verp;

pub use error::{PathError, RingError, SecretError, TokenError};
pub use ring::{KeyId, KeyRing, Purpose};
pub use secret::MasterSecret;
pub use token::{Opened, Token};
pub use verp::{ReturnPaths, Verp};
