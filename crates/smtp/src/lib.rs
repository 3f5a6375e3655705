//! SMTP client and server sessions as state machines without input or output (RFC 5321).
//!
//! A session is a value: octets, the time and the end of the connection go in by `handle_*`, octets,
//! events and the next deadline come out by `poll_*`. There is no task, no socket and no clock here; an
//! adapter owns those, and TLS. Every reply is matched to its command, every recipient gets an outcome of
//! its own, and commands are made of checked types alone, so nothing can be injected.
//!
//! # How an adapter drives the client
//!
//! ```
//! use posthaste_smtp::{ClientConfig, ClientEvent, ClientSession, Transaction, Transmit};
//! use posthaste_types::{Address, Content, Domain, Envelope, Tick};
//!
//! # #[derive(Default)]
//! # struct Connection { replies: std::collections::VecDeque<&'static [u8]> }
//! # impl Connection {
//! #     fn write_all(&mut self, octets: &[u8]) { assert!(octets.is_ascii()) }
//! #     fn read_until(&mut self, _by: Option<Tick>) -> Option<&'static [u8]> { self.replies.pop_front() }
//! # }
//! # let now = Tick::default();
//! # let replies: [&[u8]; 7] = [b"220 mx.example.org\r\n", b"250 mx.example.org\r\n", b"250 ok\r\n", b"250 ok\r\n",
//! #     b"354 go\r\n", b"250 2.0.0 taken\r\n", b"221 bye\r\n"];
//! # let mut connection = Connection { replies: replies.into() };
//! let envelope = Envelope::new("ada@example.com".parse::<Address>()?, ["bob@example.org".parse::<Address>()?])?;
//! let (content, _) = Content::from_raw(b"Subject: hi\n\nHello.\n".to_vec()).expect("short lines, no NUL");
//! let mut mail = Some(Transaction::new(envelope, content));
//! let mut session = ClientSession::new(ClientConfig::new("mail.example.com".parse::<Domain>()?), now);
//! let mut buffer = Vec::new();
//! loop {
//!     while let Some(event) = session.poll_event() {
//!         match event {
//!             ClientEvent::StartTls => { /* the handshake; then */ session.handle_tls(now) }
//!             ClientEvent::Settled { recipient, outcome, .. } => println!("{recipient}: {outcome}"),
//!             ClientEvent::Finished { .. } => session.quit(now), // or the next mail
//!             _ => {}
//!         }
//!     }
//!     if session.can_send()
//!         && let Some(mail) = mail.take()
//!     {
//!         session.send(now, mail)?; // just before: the last look whether it may still go
//!     }
//!     while let Some(transmit) = session.poll_transmit(now, &mut buffer) {
//!         if let Transmit::Completing(_) = transmit {
//!             session.complete(now); // or withdraw(now), if the mail was cancelled meanwhile
//!         }
//!         if buffer.len() >= ClientSession::BLOCK {
//!             connection.write_all(&buffer);
//!             buffer.clear();
//!         }
//!     }
//!     connection.write_all(&buffer); // on failure: session.handle_close(now, how many were not written)
//!     buffer.clear();
//!     if session.is_closed() {
//!         break; // behind the last events, which a failure below leaves: loop once more
//!     }
//!     match connection.read_until(session.poll_timeout()) {
//!         Some(octets) => drop(session.handle_bytes(now, octets)), // an error comes as an event too
//!         None => session.handle_close(now, 0), // at the deadline: session.handle_timeout(now)
//!     }
//! }
//! assert!(connection.replies.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]
#![deny(clippy::disallowed_methods)]

mod auth;
mod capabilities;
mod client;
mod parameters;
mod reply_reader;
mod server;
mod stuffing;
mod xtext;

pub use auth::Credentials;
pub use capabilities::Capabilities;
pub use client::{
    AuthAllowed, ClientConfig, ClientError, ClientErrorKind, ClientEvent, ClientSession, HelloName, Pipelining,
    Protocol, SendError, Timeouts, TlsUse, Transaction, TransactionId, Transmit,
};
pub use parameters::MailParameters;
pub use server::{
    Abort, Answer, AnswerError, AuthOffer, BareLineEnds, HelloVerb, Offer, ServerConfig, ServerError, ServerErrorKind,
    ServerEvent, TlsOffer,
};
