//! What DNS block lists and allow lists say of an address or a domain.
//!
//! A mail host that stands on a block list is refused by whoever asks that list. [`DnsLists`] asks many of them at once
//! through the DNS port, and tells apart what is easily mixed up: a [`Listing::Listed`] says something about the
//! subject; [`Listing::Refused`] ("this resolver is not served"), [`Listing::Broken`] and [`Listing::Unknown`] only
//! about the list or the way to it.
//!
//! ```
//! use std::time::Duration;
//!
//! use posthaste_dns::MemoryZone;
//! use posthaste_reputation::{DnsLists, Listing, Subject};
//! use posthaste_types::Tick;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let dns: MemoryZone = r#"
//!     99.2.0.192.zen.spamhaus.org.  300 IN A   127.0.0.4
//!     99.2.0.192.zen.spamhaus.org.  300 IN TXT "https://www.example.org/query/192.0.2.99"
//! "#
//! .parse()?;
//! let by = Tick::from_start(Duration::from_secs(10)); // of the clock that the resolver holds: clock.tick() + ...
//!
//! let lists = DnsLists::builtin();
//! let findings = lists.look_up_all(&dns, &Subject::Ip("192.0.2.99".parse()?), by).await;
//! let listed: Vec<_> = findings.iter().filter(|finding| finding.listing.counts_against()).collect();
//! assert_eq!(listed.len(), 1);
//! assert_eq!(listed[0].list.id(), "spamhaus_zen");
//! assert!(listed[0].to_string().contains("XBL"), "{}", listed[0]);
//! # Ok(())
//! # }
//! ```
//!
//! # Scope
//! RFC 5782: names of questions, answers within 127.0.0.0/8, test names; the codes, bits and errors of each list, from
//! `data/`. Lists of hashed addresses are not asked.
//!
//! # Limits
//! [`DnsLists::CONCURRENT`] questions at once; one deadline for all; [`Finding`] keeps one line of the reason.
//!
//! # Features
//! None.

#![forbid(unsafe_code)]
#![deny(clippy::disallowed_methods)]

mod code;
mod error;
mod finding;
mod health;
mod list;
mod lists;
mod look_up;
mod subject;
mod tables;

pub use code::{Meaning, Verdict};
pub use error::{ListsError, ListsErrorKind};
pub use finding::{Finding, Listing, NotAsked};
pub use health::Health;
pub use list::{Access, DnsList, Kind, Status, Weight};
pub use lists::DnsLists;
pub use subject::Subject;
pub use tables::Tables;
