//! The contract of [`Spool`], as checks that any store can run.
//!
//! Each clause plays on a fresh spool. What a store cannot show (a crash of one in memory) is reported as
//! skipped, so that a green run says what was not shown.
//!
//! ```
//! use posthaste_queue::contract::{self, MemoryFixture};
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
//! # runtime.block_on(async {
//! let report = contract::check(&MemoryFixture).await;
//! assert_eq!(report.skipped().len(), 2, "{report}");
//! # });
//! # Ok::<(), std::io::Error>(())
//! ```

mod admission;
mod attempts;
mod finding;
mod lasting;
mod leases;
mod scene;
mod settling;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use posthaste_suppression::SuppressionStore;
use posthaste_types::MailId;

use crate::{MemorySpool, Spool};

/// What the suite needs of a store.
#[async_trait]
pub trait SpoolFixture: Send + Sync {
    /// A new, empty spool, open.
    async fn fresh(&self) -> Opened;

    /// Lets the process die: drops the spool without closing it, and opens what is left. `None` if nothing
    /// is left of this kind of store. These are the only handles; the suite has dropped its own.
    async fn crash(&self, _opened: Opened) -> Option<Opened> {
        None
    }

    /// Damages the stored record of a mail so that it cannot be given to a transport any more, closing and
    /// opening the spool where that is needed. `None` if there is nothing to damage.
    async fn damage(&self, _opened: Opened, _mail: MailId) -> Option<Opened> {
        None
    }
}

/// An open spool.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Opened {
    /// The spool.
    pub spool: Arc<dyn Spool>,
    /// The suppression list that it asks in [`begin`](Spool::begin), if it keeps one.
    pub list: Option<Arc<dyn SuppressionStore>>,
}

impl Opened {
    /// A spool that keeps no suppression list.
    pub fn new(spool: Arc<dyn Spool>) -> Self {
        Self { spool, list: None }
    }

    /// A spool that keeps its own suppression list.
    pub fn with_list<S: Spool + SuppressionStore + 'static>(both: Arc<S>) -> Self {
        Self { spool: both.clone(), list: Some(both) }
    }
}

/// What a run showed and what it could not.
#[derive(Clone, Debug, Default)]
pub struct Report {
    shown: Vec<&'static str>,
    skipped: Vec<&'static str>,
}

impl Report {
    /// The clauses that were shown to hold.
    pub fn shown(&self) -> &[&'static str] {
        &self.shown
    }

    /// The clauses that this store cannot show.
    pub fn skipped(&self) -> &[&'static str] {
        &self.skipped
    }

    fn note(&mut self, clause: &'static str, shown: Shown) {
        match shown {
            Shown::Yes => self.shown.push(clause),
            Shown::Impossible => self.skipped.push(clause),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "spool contract: {} clauses shown, skipped {:?}", self.shown.len(), self.skipped)
    }
}

/// Whether a clause could be shown.
enum Shown {
    Yes,
    Impossible,
}

/// The fixture of [`MemorySpool`].
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "it has nothing to hold")]
pub struct MemoryFixture;

#[async_trait]
impl SpoolFixture for MemoryFixture {
    async fn fresh(&self) -> Opened {
        Opened::with_list(Arc::new(MemorySpool::new()))
    }
}

/// Checks every clause of the contract, each on a fresh spool.
///
/// # Panics
/// At the first clause that does not hold, with what was expected.
pub async fn check(fixture: &dyn SpoolFixture) -> Report {
    let mut report = Report::default();
    check_taking(fixture, &mut report).await;
    check_settling(fixture, &mut report).await;
    check_keeping(fixture, &mut report).await;
    report
}

/// Plays each clause and notes it.
macro_rules! clauses {
    ($fixture:ident, $report:ident, $($name:literal => $check:path),* $(,)?) => {
        $( $report.note($name, $check($fixture, $fixture.fresh().await).await); )*
    };
}

async fn check_taking(fixture: &dyn SpoolFixture, report: &mut Report) {
    clauses! { fixture, report,
        "admit: what was given comes back" => admission::comes_back,
        "admit: the recipients that ended at once" => admission::ended_at_once,
        "admit: once keys" => admission::once_keys,
        "admit: twins" => admission::twins,
        "admit: a known mail" => admission::known_mail,
        "due: order" => attempts::due_in_order,
        "due: pages" => attempts::due_in_pages,
        "next_due" => attempts::next_due,
        "begin: what is granted" => attempts::grants,
        "begin: who is refused" => attempts::refuses,
        "begin: at once" => attempts::begun_at_once,
        "begin: asks the suppression list" => attempts::suppressed,
    }
}

async fn check_settling(fixture: &dyn SpoolFixture, report: &mut Report) {
    clauses! { fixture, report,
        "lease: runs out" => leases::runs_out,
        "lease: settled late" => leases::settled_late,
        "lease: suppressed behind one that ran out" => leases::suppressed_behind,
        "lease: orphans" => leases::orphans,
        "withdraw: until all have ended" => leases::withdrawn,
        "settle: retry, doubt and unmade" => settling::waits,
        "settle: repeated and stale" => settling::repeated,
        "settle: without an attempt" => settling::without_attempt,
        "settle: an ending stays" => settling::ending_stays,
        "settle: suppresses" => settling::suppresses,
        "events: order and pages" => settling::events_in_order,
    }
}

async fn check_keeping(fixture: &dyn SpoolFixture, report: &mut Report) {
    clauses! { fixture, report,
        "find: every field" => finding::every_field,
        "find: newest first" => finding::newest_first,
        "find: where a recipient stands" => finding::standing,
        "backlog: who has not ended" => finding::backlog,
        "secret: stable" => lasting::secret,
        "forget: what ended" => lasting::forget,
        "close: nothing works behind it" => lasting::close,
        "a crash: nothing is lost" => lasting::crash,
        "a damaged record: costs its mail" => lasting::damage,
    }
}
