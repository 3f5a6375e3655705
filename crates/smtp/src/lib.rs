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
//!
//! # How an adapter drives the server
//!
//! ```
//! use posthaste_smtp::{Answer, ServerConfig, ServerEvent, ServerSession};
//! use posthaste_types::{Domain, Reply, Tick};
//!
//! # #[derive(Default)]
//! # struct Connection { commands: std::collections::VecDeque<&'static [u8]>, sent: Vec<u8> }
//! # impl Connection {
//! #     fn write_all(&mut self, octets: &[u8]) { self.sent.extend_from_slice(octets) }
//! #     fn read_until(&mut self, _by: Option<Tick>) -> Option<&'static [u8]> { self.commands.pop_front() }
//! # }
//! # let now = Tick::default();
//! # let mut connection = Connection { commands: [&b"EHLO mail.example.com\r\n"[..],
//! #     b"MAIL FROM:<ada@example.com>\r\nRCPT TO:<bob@example.org>\r\nRCPT TO:<x@example.org>\r\nDATA\r\n",
//! #     b"Subject: hi\r\n\r\n..\r\n.\r\nQUIT\r\n"].into(), sent: Vec::new() };
//! let mut session = ServerSession::new(ServerConfig::new("mx.example.org".parse::<Domain>()?), now);
//! let mut message = Vec::new();
//! let mut buffer = Vec::new();
//! loop {
//!     while let Some(event) = session.poll_event() {
//!         let answer = match &event {
//!             ServerEvent::Rcpt { recipient, .. } if recipient.address.local_part() != "bob" => {
//!                 Answer::Refuse(Reply::new(550, "5.1.1 no such user")?)
//!             }
//!             ServerEvent::Content(piece) => {
//!                 message.extend_from_slice(piece);
//!                 continue;
//!             }
//!             ServerEvent::EndOfData => { /* commit it; then */ Answer::Accept }
//!             ServerEvent::StartTls => {
//!                 // Write what poll_transmit has, do the handshake, then:
//!                 session.handle_tls(now);
//!                 continue;
//!             }
//!             _ => Answer::Accept,
//!         };
//!         if event.is_question() {
//!             session.answer(now, answer)?;
//!         }
//!     }
//!     session.poll_transmit(&mut buffer);
//!     connection.write_all(&buffer); // on failure: session.handle_close(now)
//!     buffer.clear();
//!     if session.is_closed() {
//!         break;
//!     }
//!     match connection.read_until(session.poll_timeout()) {
//!         Some(octets) => drop(session.handle_bytes(now, octets)), // an error comes as an event too
//!         None => session.handle_close(now), // at the deadline: session.handle_timeout(now)
//!     }
//! }
//! assert_eq!(message, b"Subject: hi\r\n\r\n.\r\n");
//! assert!(connection.sent.ends_with(b"550 5.1.1 no such user\r\n354 end with CRLF . CRLF\r\n250 2.0.0 taken\r\n221 2.0.0 bye\r\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Scope
//! | standard | client | server | tests |
//! |---|---|---|---|
//! | RFC 5321 SMTP | all but EXPN, HELP, VRFY | all; EXPN and VRFY tell nothing | `rfc5321`, `rfc5321_limits`, `peers` |
//! | RFC 1870 SIZE | told, and heeded | told, and held to | `rfc3461`, `rfc5321_limits` |
//! | RFC 2033 LMTP | by DATA; binary content by BDAT | an answer for each recipient | `rfc2033`, `rfc3030` |
//! | RFC 2034 enhanced status codes | read | in every reply | `rfc5321` |
//! | RFC 2852 DELIVERBY | where offered | when told so | `wishes` |
//! | RFC 2920 PIPELINING | groups; on request the next envelope | all | `rfc2920`, `peers` |
//! | RFC 3030 CHUNKING | one chunk; see [`Chunking`] | all | `rfc3030`, `smuggling` |
//! | RFC 3030 BINARYMIME | [`BinaryContent`], where offered, else refused | when told so | `binarymime` |
//! | RFC 3207 STARTTLS | opportunistic, required | optional, required | `rfc3207` |
//! | RFC 3461 DSN | where offered | when told so | `rfc3461` |
//! | RFC 4865 FUTURERELEASE | where offered, else refused | when told so | `wishes` |
//! | RFC 4954 AUTH | see [`Mechanism`] | the same, as questions to the host | `rfc4954` |
//! | RFC 4616 PLAIN | yes | yes | `rfc4954` |
//! | RFC 5802, 7677 SCRAM-SHA-256 | no channel binding | the same; decoys for unknown users | `rfc5802`, `rfc7677` |
//! | RFC 6152 8BITMIME | where needed, else refused | always | `rfc3461` |
//! | RFC 6531 SMTPUTF8 | where needed, else refused | unless told not to | `rfc3461` |
//! | RFC 6710 MT-PRIORITY | where offered | when told so | `wishes` |
//! | RFC 7504 521, 556 | read | where the host says so | `rfc7504` |
//! | RFC 7628 OAUTHBEARER (and XOAUTH2) | yes | yes | `rfc7628` |
//! | RFC 8314 implicit TLS | yes | yes | `rfc3207` |
//! | RFC 8689 REQUIRETLS | where wanted, else refused | when told so | `rfc3461` |
//! | RFC 9422 LIMITS | heeded | told, and held to | `rfc9422` |
//!
//! Attacks have tests of their names: `smuggling`, `injection`, `floods`, `memory`, `rfc3030`, `rfc3207`. Both sides are
//! talked against each other with all options at random in `all_options`, and against a model in `model`. Routing,
//! connections, certificates and retries are an adapter's.
//!
//! # Limits
//! Client: a reply of 64 KiB, 128 lines, 4,096 octets a line; 100 recipients a transaction, further ones in
//! further transactions. Server: see [`ServerConfig`]; 32 parameters a command; 256 KiB held of a client that
//! sends on while an answer is due. Content is never held by either.
//!
//! # Features
//! None.

#![forbid(unsafe_code)]
#![deny(clippy::disallowed_methods)]

mod auth;
mod capabilities;
mod chunking;
mod client;
mod command;
mod parameters;
mod payload;
mod reply_reader;
mod sasl;
mod scram;
mod server;
mod stuffing;
mod unstuffing;
mod wishes;
mod xtext;

pub use auth::{Credentials, Username};
pub use capabilities::Capabilities;
pub use client::{
    AuthAllowed, Chunking, ClientConfig, ClientError, ClientErrorKind, ClientEvent, ClientSession, HelloName,
    Pipelining, Protocol, SendError, Timeouts, TlsUse, Transaction, TransactionId, Transmit,
};
pub use parameters::MailParameters;
pub use payload::BinaryContent;
pub use sasl::Mechanism;
pub use scram::{ScramKeys, ScramOffer};
pub use server::{
    Abort, Answer, AnswerError, AuthOffer, BareLineEnds, EarlyTalk, FutureRelease, HelloVerb, Offer, ServerConfig,
    ServerError, ServerErrorKind, ServerEvent, ServerSession, TlsOffer,
};
pub use wishes::{ByMode, ByTrace, DeliverBy, Hold, Priority};
