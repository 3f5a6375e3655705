//! The Mailer: accepts, signs, queues, delivers, retries, and understands what comes back.
//!
//! It drives ports and knows no adapter: a [`Spool`](posthaste_queue::Spool) keeps mail, a
//! [`Transport`](posthaste_transport::Transport) delivers it, a [`Sign`](posthaste_sign::Sign) signs it. The crate
//! `posthaste` puts the usual ones together.
//!
//! ```
//! use posthaste_engine::Mailer;
//! use posthaste_message::Message;
//! use posthaste_queue::MemorySpool;
//! use posthaste_transport::Memory;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let mailer = Mailer::builder().spool(MemorySpool::new()).transport(Memory::new()).start().await?;
//!
//! let message = Message::builder()
//!     .from("Ada <ada@news.example.com>")
//!     .to("bob@example.org")
//!     .subject("Your order")
//!     .text("It is on its way.")
//!     .build()?;
//! let receipt = mailer.send(message).once("order/4711").await?;
//!
//! assert!(receipt.settled().await?.all_delivered());
//! mailer.stop().await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The life of a mail
//! It is composed, signed and checked against the suppression list; then it is on disk, and
//! [`send`](Mailer::send) returns. Each recipient is tried when it is due and the limits allow: a lease is taken and
//! the attempt written down, the list and the [`Audience`] are asked once more, the transport delivers, and what it
//! came to is written down together with its events and what follows for the list. A deferral waits for the
//! schedule; an attempt whose answer was lost is tried again and marked so. Each recipient ends exactly once.
//!
//! # Limits
//! [`Settings`] has them all: recipients and octets of a mail, attempts at once in all and at one site, recipients in
//! memory, sends that wait for the disk, live events behind a slow reader. One Mailer a spool; it needs a tokio runtime
//! with time, and does no I/O of its own.
//!
//! # Scope
//! Retry and giving up by RFC 5321 §4.5.4.1; reports by RFC 3464 and RFC 5965, which act by proof alone
//! ([`ingest`](Mailer::ingest)); one-click unsubscribe is demanded of bulk streams (RFC 8058), not served. No adapter,
//! no rate by provider, no campaign.
//!
//! # Features
//! None.

#![forbid(unsafe_code)]

mod accept;
mod attempt;
mod builder;
mod cancel;
mod dispatch;
mod drain;
mod error;
mod events;
mod guarded;
mod in_flight;
mod ingest;
mod inner;
mod judge;
mod lease;
mod mailer;
mod prepared;
mod reading;
mod receipt;
mod recovery;
mod routes;
mod running;
mod send_all;
mod sending;
mod settings;
mod settle;
mod steady;
mod suppress;
mod system;
mod traces;
mod waiters;
mod way;

pub use builder::MailerBuilder;
pub use error::{FeedbackError, FeedbackErrorKind, SendError, SendErrorKind, StartError, StartErrorKind};
pub use events::{Durable, DurableEvents, EventFilter, Lagged, Live, LiveEvents};
pub use ingest::{Ingested, IngestedReport, Via};
pub use mailer::Mailer;
pub use prepared::Prepared;
pub use receipt::{Receipt, RecipientStanding, Standings};
pub use running::Stopped;
pub use send_all::SendAll;
pub use sending::{Outgoing, Preparing, Sending, Submission};
pub use settings::{Audience, Settings, StreamPolicy, WayOut};
pub use system::{SystemClock, SystemRandom};
pub use traces::Traceable;
