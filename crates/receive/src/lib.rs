//! An SMTP receiver to embed: for bounces, complaints and inbound mail.
//!
//! A [`Receiver`] listens on a socket and speaks SMTP (RFC 5321) or LMTP (RFC 2033); a [`Handler`] of yours decides who
//! may send to whom, and takes the messages. The client reads 250 only after the handler has said that it is committed.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! use async_trait::async_trait;
//! use posthaste_receive::{Handler, HandlerError, Incoming, Receiver, Session, Verdict, Verdicts};
//! use posthaste_types::Address;
//!
//! /// Takes what comes back to us.
//! #[derive(Debug)]
//! struct Bounces;
//!
//! #[async_trait]
//! impl Handler for Bounces {
//!     async fn recipient(&self, _: &Session, to: &Address) -> Verdict {
//!         if to.domain().as_str() == "bounces.example.com" { Verdict::Accept } else { Verdict::refuse_relay() }
//!     }
//!
//!     async fn message(&self, _: &Session, mail: Incoming<'_>) -> Result<Verdicts, HandlerError> {
//!         let name = mail.fingerprint().to_string(); // the same, if the client sends it twice
//!         # let dir = tempfile::tempdir()?; let name = dir.path().join(name);
//!         std::fs::write(name, mail.octets())?; // any error is 451 for the client
//!         Ok(Verdict::Accept.into())
//!     }
//! }
//!
//! let receiver = Receiver::builder(Bounces)
//!     .hostname("mx.example.com".parse()?)
//!     .bind(([127, 0, 0, 1], 0))
//!     .await?;
//! println!("listening on {}", receiver.local_addr());
//! receiver.stop().await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Scope
//! The dialogue is [`posthaste_smtp::ServerSession`]; this crate gives it sockets, TLS (STARTTLS and implicit, on
//! rustls), the limits over all connections, the `Received` field, and the handler's answers. It relays nothing, stores
//! nothing, and checks neither SPF nor DKIM.
//!
//! # Limits
//! [`ReceiverConfig`] names them with their defaults: connections in all and of one client, octets in memory, the time
//! of an answer; and within [`session`](ReceiverConfig::session) the size of a message, of its header and of a line,
//! the number of recipients and of errors, the time of a command. A message is held in memory until the handler
//! has answered, unless the handler takes it as a stream: [`Handler::content`].
//!
//! # What is refused besides
//! Octets in clear behind STARTTLS end the session (RFC 3207 §6). A bare CR or LF refuses the message and
//! ends the session, so that nothing can be smuggled behind an end of data that another server sees elsewhere.
//!
//! # Features
//! None.

#![forbid(unsafe_code)]

mod alarm;
mod arriving;
mod asking;
mod builder;
mod clock;
mod config;
mod connection;
mod content;
mod fingerprint;
mod handler;
mod incoming;
mod judging;
mod limits;
mod network;
mod pipe;
mod proxied;
mod proxy;
mod receiver;
mod session;
mod stream;
mod tls;
mod trace;
mod transaction;
mod verdict;
mod work;

pub use arriving::{ArrivalError, ArrivalErrorKind, Arriving};
pub use builder::{BindError, ReceiverBuilder};
pub use config::{ReceiverConfig, TraceField};
pub use fingerprint::Fingerprint;
pub use handler::{Handler, HandlerError};
pub use incoming::Incoming;
pub use network::{Network, NetworkError};
pub use receiver::Receiver;
pub use session::{Peer, Session, TlsSession};
pub use tls::{ServerTls, TlsError, TlsErrorKind};
pub use verdict::{Verdict, Verdicts};
