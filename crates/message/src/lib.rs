//! Compose mail strictly and read it tolerantly, within limits.
//!
//! ```
//! use posthaste_message::{Message, Stamp};
//! use posthaste_types::Timestamp;
//!
//! let message = Message::builder()
//!     .from("Ada <ada@news.example.com>")
//!     .to("bob@example.org")
//!     .subject("Your order")
//!     .text("It is on its way.")
//!     .build()?;
//!
//! // The moment and the identity come from outside: equal inputs give equal octets.
//! let stamp = Stamp::new(Timestamp::from_unix_secs(1_795_000_000), "4711@news.example.com".parse()?);
//! let content = message.render(&stamp)?;
//!
//! let octets = content.to_vec();
//! let read = posthaste_message::read(&octets, &posthaste_message::Limits::default())?;
//! assert_eq!(read.subject().as_deref(), Some("Your order"));
//! assert_eq!(read.text().as_deref(), Some("It is on its way.\r\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Scope
//! * Compose: RFC 5322 header fields, RFC 2047 encoded words, RFC 2231 parameters, RFC 2045 and 2046 MIME
//!   parts, RFC 2387 related parts, RFC 6532 addresses; List-* (RFC 2369, 2919), one-click unsubscribe
//!   (RFC 8058), Auto-Submitted (RFC 3834), Feedback-ID. The output is 7-bit unless an address or an
//!   attached message is not, with CRLF, lines of 78 octets where possible and never above 998.
//! * Read: [`read`] walks a message once, without recursion, and gives its parts with their places in the
//!   octets; fields and bodies are decoded when they are asked for.
//! * [`Raw`] takes octets that somebody else made; [`check_strict`] says whether they may be sent as they are.
//!
//! Bodies are encoded by mail-builder, fields and bodies are decoded by mail-parser. Fields, folding,
//! boundaries and dates are written here, because mail-builder reads the clock for them and lets line ends
//! through; nesting is walked here, because mail-parser has no limit on it.
//!
//! # Limits
//! [`ComposeLimits`] (25 MiB a message, 50,000 recipients, 64 KiB a header value, 96 KiB of header) and [`Limits`] (64 MiB a
//! message, 1 MiB of header and 1,000 fields a part, 1,000 parts, 32 levels). A limit passed is an error
//! that names it.
//!
//! # Features
//! None.

#![forbid(unsafe_code)]
#![deny(clippy::disallowed_methods)]

mod compose;
mod encode;
mod read;
mod strict;

pub use compose::{
    Attachment, AutoSubmitted, Body, ComposeError, ComposeLimits, IntoMailbox, IntoMessageId, Message, MessageBuilder,
    Preview, Problem, ProblemKind, Raw, RawError, Stamp,
};
pub use read::{
    Defect, DefectKind, Header, Limit, Limits, MediaType, Part, ReadAddress, ReadError, ReadMessage, TransferEncoding,
    field_block, read,
};
pub use strict::{Rule, StrictError, Violation, check_strict};
