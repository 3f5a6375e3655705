//! For tests of mail: a loopback DNS server, a scripted receiver, a virtual clock and a Mailer in memory.

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

pub use ca::{TestCa, self_signed_pem};
pub use clock::VirtualClock;
pub use dns_server::DnsServer;
pub use inbox::{ReadMail, TestInbox};
pub use mailer::{TestMailer, mailer};
pub use random::SeededRandom;
pub use receiver::{Arrived, Plan, Report, TestReceiver, TestReceiverBuilder};
