//! The port for DNS questions that mail delivery asks, with a zone in memory and a TTL cache.

#![forbid(unsafe_code)]
#![deny(clippy::disallowed_methods)]

pub mod contract;

mod answer;
mod cached;
mod error;
mod ext;
mod record;
mod resolve;
mod zone;

pub use answer::{Answer, Dnssec, Presence};
pub use cached::{CacheLimits, Cached};
pub use error::{DnsError, DnsErrorKind};
pub use ext::{Found, ResolveExt};
pub use record::{Ds, Mx, RecordData, RecordKind, Soa, Tlsa};
pub use resolve::Resolve;
pub use zone::{MemoryZone, ZoneError, ZoneErrorKind};
