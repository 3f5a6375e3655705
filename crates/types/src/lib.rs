//! The vocabulary of mail delivery: addresses, envelopes, replies, outcomes and events.
//!
//! Every type here is checked when it is made, whatever makes it (a constructor, `FromStr`, serde), so
//! none of them can hold a line end, a NUL or a control that its grammar forbids. Code that holds an
//! [`Address`] can write it into a command, a header or a log without another look.
//!
//! ```
//! use posthaste_types::{Address, Envelope, Mailbox, Reply};
//!
//! let ada: Mailbox = "Ada Lovelace <ada@news.example.com>".parse()?;
//! let bob: Address = "bob@example.org".parse()?;
//! let envelope = Envelope::new(ada.address().clone(), [bob])?;
//! assert_eq!(envelope.to().len(), 1);
//!
//! let reply = Reply::parse(b"550 5.1.1 no such user\r\n")?;
//! assert_eq!(reply.enhanced().map(|status| status.to_string()).as_deref(), Some("5.1.1"));
//! # Ok::<(), posthaste_types::ParseError>(())
//! ```
//!
//! # Scope
//! Words and their grammar: RFC 5321 (paths, replies), RFC 5322 (fields, Message-ID), RFC 5890 and UTS 46
//! (domains), RFC 6531 (SMTPUTF8), RFC 3461 (DSN parameters), RFC 3463 (status codes). The two time
//! types, and the ports [`Clock`] and [`Random`] through which time and chance come in. No I/O.
//!
//! # Limits
//! Each type names its own: an address 254 octets, a header line 998, a reply 128 lines, a [`Text`] 1,000
//! octets, [`Tags`] ten pairs.
//!
//! # Features
//! `serde`: `Serialize` and `Deserialize`; what is read passes the same checks.

#![forbid(unsafe_code)]
#![deny(clippy::disallowed_methods)]

mod address;
mod cause;
mod class;
mod content;
mod domain;
mod dsn;
mod envelope;
mod error;
mod event;
mod header;
mod id;
mod macros;
mod mail;
mod mailbox;
mod name;
mod outcome;
mod path;
mod reply;
mod standing;
mod text;
mod time;

pub use address::Address;
pub use cause::{Cause, DnsFault, NetworkFault, Stage};
pub use class::{BounceClass, Evidence, EvidenceSource};
pub use content::{BodyKind, Content, ContentError, ContentErrorKind, Repairs};
pub use domain::{DnsName, Domain};
pub use dsn::{EnvelopeId, Notify, OriginalRecipient, Ret, Wanted};
pub use envelope::{Envelope, Recipient, RequireTls};
pub use error::{ParseError, ParseErrorKind};
pub use event::{Event, EventKind, Repeat};
pub use header::{HeaderField, HeaderName, HeaderValue};
pub use id::{EventId, MailId, MessageId};
pub use mail::Mail;
pub use mailbox::Mailbox;
pub use name::{CampaignName, ListName, NodeId, OnceKey, ProviderId, StreamName, TenantName};
pub use outcome::{Outcome, OutcomeKind};
pub use path::ReversePath;
pub use reply::{EnhancedStatus, Reply};
pub use standing::{Constraint, Ending, Explanation, Fate, Standing, WaitState};
pub use text::{Tags, Text};
pub use time::{Clock, Random, Tick, Timestamp};
