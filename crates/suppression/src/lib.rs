//! Who must not be mailed, why, in which scope and for how long.
//!
//! A store ([`SuppressionStore`]) remembers [`Entry`]s; the library decides what they mean:
//! [`decide`] takes the entries that touch an [`Ask`] and gives a [`Verdict`] that carries the entry that
//! decided. So every store, a user's own too, judges alike.
//!
//! ```
//! use posthaste_suppression::{Actor, Ask, Entry, Reason, Scope, Verdict, What, decide};
//! use posthaste_types::{Address, BounceClass, StreamName, Timestamp};
//!
//! let bob: Address = "Bob@example.org".parse()?;
//! let now = Timestamp::from_unix_secs(1_800_000_000);
//! let entry = Entry::new(What::address(&bob), Scope::Everything, Reason::Bounce(BounceClass::BadMailbox), Actor::System, now);
//!
//! let ask = Ask::new(bob, StreamName::DEFAULT, now);
//! assert!(matches!(decide(&ask, &[entry]), Verdict::Suppressed(_)));
//! # Ok::<(), posthaste_types::ParseError>(())
//! ```
//!
//! # Scope
//! Entries, precedence, the port of stores with its contract suite, a store in memory. Where entries come
//! from (bounces, complaints, unsubscribes, people) is the business of those who put them.

#![forbid(unsafe_code)]
#![deny(clippy::disallowed_methods)]

pub mod contract;
mod decide;
mod entry;
mod memory;
mod store;

pub use decide::{Ask, Verdict, decide};
pub use entry::{Actor, Effect, Entry, NormalAddress, Reason, Scope, What};
pub use memory::MemoryStore;
pub use store::{Put, ScanCursor, StoreError, StoreErrorKind, SuppressionStore};
