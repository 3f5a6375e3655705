//! The port of stores.

use std::error::Error;
use std::fmt;

use async_trait::async_trait;
use posthaste_types::Text;

use crate::{Actor, Ask, Entry, Scope, What};

/// Remembers who must not be mailed.
///
/// # Contract
/// * [`find`](Self::find) returns every entry that touches the ask (the address in normal form, its hash,
///   its domain; all scopes): [`decide`](crate::decide) judges precedence. A batch is one round trip, with
///   answers in order. Entries past their `until` are not returned.
/// * Linearizable: an entry whose [`put`](Self::put) returned is seen by every later `find`, on any node
///   (no read replica), until [`lift`](Self::lift) returned.
/// * `Err` means "not known": the attempt is deferred, never made.
/// * `put` is idempotent on (what, scope, effect, reason): of two, the first keeps its evidence and its
///   `since`, and holds until the later `until`. One that had run out when the new one began is replaced,
///   and that counts as [`Put::Added`].
/// * `lift` records who did it, where the store keeps a history.
/// * `scan` gives every entry that is not lifted and has not run out exactly once, whatever is put or
///   lifted meanwhile; those that ran out may be given too.
/// * A store that cannot hash addresses refuses to `put` an entry by hash
///   ([`StoreErrorKind::Unsupported`]): an entry that nothing ever finds would be a lie.
///
/// [`contract::check`](crate::contract::check) holds a store to this.
#[async_trait]
pub trait SuppressionStore: fmt::Debug + Send + Sync {
    /// The entries that touch each ask, in the order of the asks.
    ///
    /// # Errors
    /// [`StoreError`]: not known.
    async fn find(&self, asks: &[Ask]) -> Result<Vec<Vec<Entry>>, StoreError>;

    /// Puts an entry on the list. It holds when this returns.
    ///
    /// # Errors
    /// [`StoreError`]: perhaps put, perhaps not; repeat it.
    async fn put(&self, entry: Entry) -> Result<Put, StoreError>;

    /// Takes the entries of `what` in `scope` off the list, and records who did it. Whether there were any.
    ///
    /// # Errors
    /// [`StoreError`]: perhaps lifted, perhaps not; repeat it.
    async fn lift(&self, what: &What, scope: &Scope, by: &Actor) -> Result<bool, StoreError>;

    /// At most `limit` entries behind `after`, in a stable order.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn scan(&self, after: Option<ScanCursor>, limit: usize) -> Result<Vec<(ScanCursor, Entry)>, StoreError>;
}

/// What [`SuppressionStore::put`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "two values")]
pub enum Put {
    /// The entry is new.
    Added,
    /// It stood there; its oldest evidence was kept.
    Known,
}

/// A place in a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScanCursor(u64);

impl ScanCursor {
    /// The place `n`, in the store's own order.
    pub const fn new(n: u64) -> Self {
        Self(n)
    }

    /// Its number.
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

/// Why a store gave no answer.
#[derive(Debug, thiserror::Error)]
#[error("suppression store: {text}")]
pub struct StoreError {
    kind: StoreErrorKind,
    text: Text,
    #[source]
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// The kinds of [`StoreError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// A stored entry cannot be read.
    Damaged,
    /// The store does not answer.
    Unavailable,
    /// The store does not keep entries of this kind.
    Unsupported,
}

impl StoreError {
    /// An error of this kind.
    pub fn new(kind: StoreErrorKind, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let source = source.into();
        Self { kind, text: Text::lossy(&source), source: Some(source) }
    }

    /// The kind.
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// Whether asking again may help.
    pub fn is_transient(&self) -> bool {
        self.kind == StoreErrorKind::Unavailable
    }
}
