//! The port for DNS questions that mail delivery asks, with a zone in memory and a TTL cache.
//!
//! [`Resolve`] is the port: one question, one [`Answer`] or one [`DnsError`]. That a name does not exist is an answer;
//! an error only ever says "not known". Whoever mixes them up bounces good mail, or sends it without TLS.
//! [`ResolveExt`] asks with typed values, [`Cached`] keeps answers, [`MemoryZone`] is the DNS of a test,
//! [`Rerouted`] puts such zones in the place of a zone's own name servers, and
//! [`contract`] checks any implementation.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//!
//! use posthaste_dns::{MemoryZone, Presence, ResolveExt};
//! use posthaste_types::{DnsName, Tick};
//!
//! let dns: MemoryZone = r#"
//!     example.com.       300 IN MX 10 mail.example.com.
//!     mail.example.com.  300 IN A  192.0.2.25
//!     quiet.example.     300 IN MX 0  .
//! "#
//! .parse()?;
//! let by = Tick::from_start(Duration::from_secs(10)); // of the clock that the resolver holds
//!
//! let domain: DnsName = "example.com".parse()?;
//! for mx in dns.mx(&domain, by).await?.values {
//!     let host = dns.addresses(&mx.exchange, by).await?;
//!     println!("{} {} {:?} for {:?}", mx.preference, mx.exchange, host.values, host.ttl);
//! }
//! assert!(dns.mx(&"quiet.example".parse()?, by).await?.values[0].is_null()); // RFC 7505
//! assert_eq!(dns.mx(&"example.org".parse()?, by).await?.presence, Presence::NxDomain);
//! # Ok(())
//! # }
//! ```
//!
//! # Scope
//! RFC 1034 and 1035 (names, records, aliases), RFC 2308 (negative answers), RFC 4592 (wildcards), RFC 4035 §4.3 (what
//! is known of signatures), RFC 9520 (failures). The kinds of record that mail needs: [`RecordKind`], an open set. No
//! socket: `posthaste-dns-hickory` asks real servers. No judgement: which host of an MX set is tried, or what an SPF
//! record means, is for others.
//!
//! # Limits
//! [`CacheLimits`] bounds the cache: 10,000 answers, 16 MiB, one day, one hour for negative ones, 5 seconds for failures.
//! [`MemoryZone`] follows [`MemoryZone::MAX_ALIASES`] aliases.
//!
//! # Features
//! None.

#![forbid(unsafe_code)]
#![deny(clippy::disallowed_methods)]

pub mod contract;

mod answer;
mod cached;
mod error;
mod ext;
mod record;
mod rerouted;
mod resolve;
mod zone;

pub use answer::{Answer, Dnssec, Presence};
pub use cached::{CacheLimits, Cached};
pub use error::{DnsError, DnsErrorKind};
pub use ext::{Found, ResolveExt};
pub use record::{Ds, Mx, RecordData, RecordKind, Soa, Tlsa};
pub use rerouted::Rerouted;
pub use resolve::Resolve;
pub use zone::{MemoryZone, ZoneError, ZoneErrorKind};
