//! The queue: what waits, for how long, and how it ends.
//!
//! Three parts, none of which opens a file or reads a clock:
//!
//! * [`Schedule`] and [`Progression`]: what an outcome means for a recipient: try again then, or this end.
//! * [`Scheduler`]: which of the recipients that are due may be tried now, within limits of the whole and of
//!   each site, so that no site starves another.
//! * [`Spool`]: the port of durable stores, with its contract suite and a [`MemorySpool`].
//!
//! # Invariants
//! One ending for each recipient of each mail (I1). What was accepted is kept until it has ended (I5, I8).
//! Memory has a bound, whatever the backlog (I6). Jumps of the wall clock cause neither bursts nor
//! starvation (I7).

#![forbid(unsafe_code)]
#![deny(clippy::disallowed_methods)]

mod admission;
pub mod contract;
mod due;
mod error;
mod lease;
mod memory;
mod progression;
mod schedule;
mod scheduler;
mod settlement;
mod spool;
mod tracked;

pub use admission::{Admission, NewMail};
pub use due::{Due, DueCursor};
pub use error::{SpoolError, SpoolErrorKind};
pub use lease::{Begin, Begun, Granted, Orphan, Refusal};
pub use memory::MemorySpool;
pub use progression::{Progression, RecipientState, Window};
pub use schedule::Schedule;
pub use scheduler::{Batch, BatchId, Offered, Scheduler, SchedulerConfig, SiteKey};
pub use settlement::{Settled, Settlement};
pub use spool::Spool;
pub use tracked::{MailMeta, Query, Tracked, TrackedRecipient, Waiting};
