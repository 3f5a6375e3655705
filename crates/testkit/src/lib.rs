//! For tests of mail: a loopback DNS server, a scripted receiver, a virtual clock and a Mailer in memory.

#![forbid(unsafe_code)]

pub mod clock_contract;

mod clock;
mod dns_server;
mod random;

pub use clock::VirtualClock;
pub use dns_server::DnsServer;
pub use random::SeededRandom;
