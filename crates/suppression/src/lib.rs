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
//! from (bounces, complaints, unsubscribes, people) is the business of those who put them. One-click
//! unsubscribe (RFC 8058) and complaints (RFC 5965) end here as entries of the reasons
//! [`Unsubscribe`](Reason::Unsubscribe) and [`Complaint`](Reason::Complaint), which no
//! [`Allow`](Effect::Allow) sets aside.
//!
//! # Limits
//! Addresses are compared in lower case throughout ([`NormalAddress`]): whoever distinguishes `Bob@` from
//! `bob@` is suppressed as one. A provider's own equivalences (dots, plus tags) are not known here. A domain
//! entry does not touch subdomains. A store in memory has no bound; a store's answer is as long as the
//! entries of one address and its domain are many: one for each scope, effect and reason.
//!
//! # Features
//! `serde`: `Serialize` and `Deserialize` of entries, through the checks of their parts.

#![forbid(unsafe_code)]
#![deny(clippy::disallowed_methods)]

pub mod contract;
mod decide;
mod entry;
mod list;
mod memory;
mod store;

pub use decide::{Ask, Verdict, decide};
pub use entry::{Actor, Effect, Entry, NormalAddress, Reason, Scope, What};
pub use list::EntryList;
pub use memory::MemoryStore;
pub use store::{Put, ScanCursor, StoreError, StoreErrorKind, SuppressionStore};
