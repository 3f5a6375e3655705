//! The port that hands mail to the next hop: what it promises, how to show that it keeps its word, and a
//! transport that keeps mail in memory.
//!
//! Whatever carries mail is a [`Transport`]: SMTP to the recipients' MX, a relay, an HTTP gateway, a
//! folder. The engine gives it an [`Attempt`] and gets one outcome for each recipient. Retries, rates and
//! waits are not its business.
//!
//! ```
//! use async_trait::async_trait;
//! use posthaste_transport::{Attempt, Capabilities, Outcomes, Transport, TransportError};
//! use posthaste_types::{Cause, Outcome};
//!
//! /// Takes everything and forgets it.
//! #[derive(Debug)]
//! struct Void;
//!
//! #[async_trait]
//! impl Transport for Void {
//!     fn capabilities(&self) -> Capabilities {
//!         Capabilities::relay()
//!     }
//!
//!     async fn deliver(&self, attempt: &Attempt) -> Result<Outcomes, TransportError> {
//!         Ok(Outcomes::all(attempt, Outcome::accepted(Cause::local("into the void"))))
//!     }
//! }
//! ```
//!
//! # Scope
//! [`Transport`] and its contract, [`contract`] to check it, [`Memory`] as the fake that users get too.
//! Layers (timeout, throttle, failover) and the transports that open sockets or files are other crates.
//!
//! # Limits
//! [`Capabilities::max_recipients`] bounds the recipients of one attempt; [`Attempt::timeout`] its time.
//!
//! # Features
//! None.

#![forbid(unsafe_code)]
#![deny(clippy::disallowed_methods)]

mod attempt;
mod builder;
mod capabilities;
pub mod contract;
mod derived;
mod error;
mod key;
mod memory;
mod outcomes;
mod passage;
mod progress;
mod record;
mod route;
mod trace;
mod transport;

pub use attempt::{Attempt, StartedAlready, Withdrawn};
pub use builder::AttemptBuilder;
pub use capabilities::{Capabilities, Finality, Idempotency, Progress};
pub use error::{TransportError, TransportErrorKind};
pub use key::AttemptKey;
pub use memory::{Answer, Memory, Received};
pub use outcomes::Outcomes;
pub use passage::Passage;
pub use route::{Route, RouteHost, SiteId, Source, TlsPolicy};
pub use trace::{Direction, TraceSink};
pub use transport::Transport;
