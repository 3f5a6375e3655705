//! MAC tokens with purpose, date and key rotation: VERP, BATV, SRS, complaint fields and links that cannot be forged.
//!
//! What comes back from the outside (a bounce, a complaint, a click, a request to unsubscribe) may act only if
//! it carries a token that we made. A token holds a payload in the clear, the moment it was made, and a MAC
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
//! assert_eq!(paths.read(&bounced_to, now)?.map(|named| named.mail), Some(mail));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Beside the return path, a field of the header, for complaints that name nobody; and for those who relay,
//! senders that lead back, and senders that tell real bounces from backscatter:
//!
//! ```
//! # use posthaste_token::{Batv, ComplaintTokens, KeyId, KeyRing, MasterSecret, Purpose, SharedKeys, Srs};
//! # use posthaste_types::{Address, MailId, Timestamp};
//! # let ring = KeyRing::new(KeyId::new(1), MasterSecret::from_bytes([7; 32]));
//! # let now = Timestamp::from_unix_secs(1_795_513_304);
//! # let mail = MailId::from_bytes([9; 16]);
//! let complaints = ComplaintTokens::new(ring.clone());
//! let value = complaints.value(mail, 2, now);
//! assert_eq!(complaints.read(&value, now)?.recipient, 2);
//!
//! let sender: Address = "user@example.com".parse()?;
//! let srs = Srs::new(SharedKeys::derive(&ring, Purpose::Srs)?, "fwd.example.net".parse()?);
//! let relayed = srs.rewrite(&sender, now)?;
//! assert_eq!(srs.reverse(&relayed, now)?, Some(sender.clone()));
//!
//! let batv = Batv::new(SharedKeys::derive(&ring, Purpose::Batv)?);
//! let tagged = batv.tag(&sender, now)?;
//! assert_eq!(batv.check(&tagged, now)?, Some(sender));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Scope
//! HMAC-SHA-256 (RFC 2104), keys by purpose derived from one [`MasterSecret`] (the expand step of RFC 5869),
//! variable envelope return paths ([`ReturnPaths`]), a header field for complaints ([`ComplaintTokens`], for
//! RFC 5965 and RFC 6590), rotation ([`KeyRing::rotate`]). The alphabet is base 32 (RFC 4648 §6) in lower
//! case, read in any case: hops change the case of local parts.
//!
//! Formats of others: [`Batv`] (draft-levine-smtp-batv), [`Srs`] (SRS0 and SRS1 as libsrs2, postsrsd and Exim
//! make them, or with a hash of our own), [`PlainVerp`] (Postfix, ezmlm; proves nothing). Their keys
//! ([`SharedKeys`]) are derived for a purpose, or shared with that software. No storage, no clock.
//!
//! # Limits
//! A payload has at most [`Token::MAX_PAYLOAD`] octets. Every local part fits the 64 octets of RFC 5321
//! §4.5.3.1.1: return paths by their making, rewritten senders by [`RewriteError`]. Dates reach from 1970 to
//! 2106 and are held within.
//!
//! | | MAC | date |
//! |---|---|---|
//! | token | 128 bits | seconds |
//! | return path, complaint field | 80 bits: 2^80 guesses, each a message to our own server | days |
//! | BATV | 24 bits | days, repeats after 1000 |
//! | SRS | 30 bits ([`SrsForm::Strict`]), 24 or 16 with the keys of others | days, repeats after 1024 |
//!
//! So a return path or a complaint field may suppress a recipient; BATV and SRS only say where a bounce may go.
//! Every MAC is compared in constant time.
//!
//! # Features
//! None.

#![forbid(unsafe_code)]
#![deny(clippy::disallowed_methods)]

mod batv;
mod complaint;
mod correlation;
mod days;
mod encoding;
mod error;
mod local;
mod mac;
mod plain_verp;
mod ring;
mod rotation;
mod secret;
mod shared;
mod srs;
mod srs_form;
mod token;
mod verp;

pub use batv::Batv;
pub use complaint::ComplaintTokens;
pub use correlation::Correlation;
pub use error::{PathError, RewriteError, RingError, SecretError, TokenError};
pub use plain_verp::PlainVerp;
pub use ring::{KeyId, KeyRing, Purpose};
pub use secret::{MasterSecret, SharedSecret};
pub use shared::SharedKeys;
pub use srs::Srs;
pub use srs_form::SrsForm;
pub use token::{Opened, Token};
pub use verp::ReturnPaths;
