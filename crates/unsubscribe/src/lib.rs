//! One-click unsubscribe (RFC 8058) as a pure function of a request: header fields, endpoint, pages, mailto.
//!
//! ```
//! use http::Request;
//! use posthaste_token::{KeyId, KeyRing, MasterSecret};
//! use posthaste_types::{MailId, Timestamp};
//! use posthaste_unsubscribe::{Reference, Unsubscribe};
//!
//! let ring = KeyRing::new(KeyId::new(1), MasterSecret::from_bytes([7; 32]));
//! let unsubscribe = Unsubscribe::new(ring, "https://news.example.com/u")?;
//! let now = Timestamp::from_unix_secs(1_795_513_304);
//!
//! // The two header fields; the application maps the reference to recipient, list and campaign.
//! let mail = Reference::mail(MailId::from_bytes([9; 16]));
//! let links = unsubscribe.links(&mail, now)?;
//! assert!(links.fields()?[1].as_str().contains("List-Unsubscribe=One-Click"));
//!
//! // A scanner follows the link: a page, and nothing else.
//! let seen = unsubscribe.handle(&Request::get(links.https()).body(&b""[..])?, now);
//! assert!(seen.decision.is_none());
//!
//! // The mailbox provider posts: store the decision first, then send the response.
//! let post = Request::post(links.https())
//!     .header("Content-Type", "application/x-www-form-urlencoded")
//!     .body(&b"List-Unsubscribe=One-Click"[..])?;
//! let handled = unsubscribe.handle(&post, now);
//! assert_eq!(handled.decision.map(|it| it.reference), Some(mail));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Scope
//! * [`Links`]: List-Unsubscribe with one `https:` URI and optionally a `mailto:`, and List-Unsubscribe-Post
//!   (RFC 2369, RFC 8058 §3.1); [`check`] says whether a signed message carries and covers both (§3.1, §4).
//! * [`Unsubscribe::handle`]: POST acts at once, without redirect or cookie (§3.2); GET and HEAD show a page
//!   and change nothing; a token that is forged, altered, expired or foreign gets one page that says nothing.
//! * [`Unsubscribe::read_mail`]: what arrives at the `mailto:` address, never an automatic answer (RFC 3834).
//! * [`Pages`]: plain HTML in eight languages; layout and words can be replaced, every value is escaped.
//!
//! Tokens of the purpose [`Unsubscribe`](posthaste_token::Purpose::Unsubscribe) hide nothing of their payload. So
//! they carry a [`Reference`], an opaque number that the application maps to recipient, list and campaign,
//! and no personal data. A [`Decision`] has no identity of its own: to apply one twice must change nothing.
//! No storage, no server, no clock. The types of requests and responses are those of the `http` crate.
//!
//! # Limits
//! A reference has 1 to [`Reference::MAX`] octets, a request's body [`Unsubscribe::MAX_BODY`], in at most 16 parts;
//! of an address field the first 32 addresses are looked at, of Accept-Language the first 16 ranges. Links
//! are honoured for two years unless [`max_age`](Unsubscribe::max_age) says otherwise.
//!
//! # Features
//! None.

#![forbid(unsafe_code)]
#![deny(clippy::disallowed_methods)]

mod body;
mod check;
mod endpoint;
mod error;
mod handle;
mod language;
mod layout;
mod links;
mod mail;
mod pages;
mod reference;
mod words;

pub use check::{Flaw, check};
pub use endpoint::Unsubscribe;
pub use error::{ConfigError, LinkError};
pub use handle::Handled;
pub use language::Language;
pub use layout::{Layout, LayoutError};
pub use links::Links;
pub use mail::{Ignored, Letter};
pub use pages::{PageKind, Pages};
pub use reference::{Decision, Reference, Via};
