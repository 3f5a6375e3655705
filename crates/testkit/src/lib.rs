//! For tests of mail: a loopback DNS server, a scripted receiver, a virtual clock and a Mailer in memory.
//!
//! The parts are real where they can be: the DNS server and the receiver speak their protocols on loopback, the Mailer
//! is the engine itself. Time and chance are not: [`VirtualClock`] moves when told, [`SeededRandom`] repeats itself.
//! So a test of five days of retries takes a moment, waits for nothing, and fails the same way every time.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! use std::time::Duration;
//!
//! use posthaste_testkit::{DnsServer, VirtualClock};
//! use posthaste_types::Clock;
//!
//! let dns = DnsServer::start("example.com MX 10 mail.example.com".parse()?).await?;
//! println!("a resolver may ask {}", dns.address());
//!
//! let clock = VirtualClock::new();
//! let before = clock.tick();
//! clock.advance(Duration::from_secs(5 * 86_400)).await;
//! assert_eq!(clock.tick().since(before).as_secs(), 432_000);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Scope
//! For tests: no part of it belongs into a program that sends mail. The fakes of the ports (a zone in memory, a
//! transport in memory) live beside their ports, where this crate takes them from.
//!
//! # Limits
//! Sockets are bound to 127.0.0.1 alone. Virtual time is exact in a runtime of one thread: see [`VirtualClock`].
//!
//! # Features
//! `signed-dns`: `SignedDns`, zones with DNSSEC signatures on loopback; brings hickory-server.

#![forbid(unsafe_code)]

pub mod clock_contract;

mod ca;
mod clock;
mod dns_server;
mod inbox;
mod mailer;
mod random;
mod receiver;
pub mod report;
#[cfg(feature = "signed-dns")]
mod signed_dns;

pub use ca::{TestCa, self_signed_pem};
pub use clock::VirtualClock;
pub use dns_server::DnsServer;
pub use inbox::{ReadMail, TestInbox};
pub use mailer::{TestMailer, mailer};
pub use random::SeededRandom;
pub use receiver::{Arrived, Plan, Report, TestReceiver, TestReceiverBuilder};
#[cfg(feature = "signed-dns")]
pub use signed_dns::{SignedDns, SignedDnsBuilder};
