//! The queue: what waits, for how long, and how it ends.
//!
//! Three parts, none of which opens a file or reads a clock:
//!
//! * [`Schedule`] and [`Progression`]: what an outcome means for a recipient: try again then, or this end.
//! * [`Scheduler`]: which of the recipients that are due may be tried now, within limits of the whole and of
//!   each site, so that no site starves another.
//! * [`Spool`]: the port of durable stores, with its contract suite and a [`MemorySpool`].
//!
//! ```
//! use posthaste_queue::{
//!     Begin, MemorySpool, NewMail, Offered, Progression, Schedule, Scheduler, SchedulerConfig, Settled, Settlement,
//!     SiteKey, Spool, Window,
//! };
//! use posthaste_types::{Address, Content, Envelope, Fate, Mail, MailId, NodeId, Outcome, Reply, Stage, Tick, Timestamp};
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
//! # runtime.block_on(async {
//! let (spool, schedule) = (MemorySpool::new(), Schedule::default());
//! let mut scheduler = Scheduler::new(SchedulerConfig::default());
//! let now = Timestamp::from_unix_secs(1_800_000_000);
//!
//! // A mail is taken in, and is durable when this returns.
//! let envelope = Envelope::new("ada@example.com".parse::<Address>()?, ["bob@example.org".parse::<Address>()?])?;
//! let content = Content::from_canonical(b"Subject: hi\r\n\r\nHello.\r\n".to_vec())?;
//! let mail = Mail::new(MailId::from_bytes([1; 16]), envelope, content);
//! spool.admit(vec![NewMail::new(mail, now, now.saturating_add(schedule.expire))]).await?;
//!
//! // What is due goes to the scheduler, which says what may be tried.
//! for due in spool.due(now, None, scheduler.room()).await? {
//!     let site = SiteKey::new(due.domain.as_str());
//!     assert_eq!(scheduler.offer(due, site), Offered::Taken);
//! }
//! let batch = scheduler.next(Tick::default()).expect("one is ready");
//!
//! // Its lease is taken, it is tried, and what that came to is settled.
//! let lease_until = now.saturating_add(std::time::Duration::from_secs(900));
//! let begin = Begin::new(batch.mail, batch.recipients, now, lease_until);
//! let begun = spool.begin(&NodeId::from_static("one"), vec![begin]).await?.remove(0);
//! let granted = begun.granted.expect("nothing forbids it");
//! let outcome = Outcome::from_reply(Reply::parse(b"450 4.2.1 try again later")?, Stage::Rcpt);
//! for (place, state) in &granted.recipients {
//!     let window = Window::new(granted.accepted, granted.expires, now);
//!     let settled = match Progression::of(state, &outcome, Fate::Delivered, window, &schedule, 7) {
//!         Progression::Retry(next) => Settled::Retry { outcome: outcome.clone(), next },
//!         Progression::End(ending) => Settled::Ended(ending),
//!         _ => unreachable!("no other yet"),
//!     };
//!     spool.settle(vec![Settlement::new(batch.mail, *place, Some(state.attempts), settled)]).await?;
//! }
//! scheduler.done(batch.id);
//! assert!(spool.due(now, None, 10).await?.is_empty(), "it waits for its second attempt");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Invariants
//! * One ending for each recipient of each mail (I1): a settlement counts once, and an ending stays.
//! * The stored octets are the given octets (I2); only an attempt in doubt may be repeated (I3), and it is marked.
//! * Suppression is asked in the transaction that begins an attempt (I4).
//! * What was accepted is kept until it has ended; a damaged record costs its mail alone (I5, I8).
//! * Memory has a bound, whatever the backlog (I6): [`Spool::due`] gives pages, the scheduler has limits.
//! * Jumps of the wall clock cause neither bursts nor starvation (I7): turns know no clock, and held routes only
//!   monotonic time. A wait for a retry is a wall time, because it is stored.
//!
//! The tests that hold them: `contract` (any store), `scheduler_model`, `scheduler`, `rfc5321`, `memory`.
//!
//! # Scope
//! RFC 5321 §4.5.4.1 (retry and giving up). Who asks the transport, the clock and the events is the engine; on disk
//! keep spools the storage crates.
//!
//! # Limits
//! [`SchedulerConfig`] and [`Schedule`] are settings, each with its default. [`MemorySpool`] has no bound of its own.
//!
//! # Features
//! None.

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
