//! A zone in memory: the DNS of a test.

mod error;
mod master;
mod store;

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use posthaste_types::{DnsName, Tick};

use crate::answer::Answer;
use crate::error::{DnsError, DnsErrorKind};
use crate::record::{RecordData, RecordKind};
use crate::resolve::Resolve;
use store::Store;

pub use error::{ZoneError, ZoneErrorKind};

/// The whole DNS of a test, in memory: a [`Resolve`] that knows these records and no others.
///
/// A handle: clones share the records, which may change at any time. Names that were not added do not exist;
/// empty non-terminals and wildcards are as in RFC 4592, aliases are followed. Faults are put in with
/// [`fail`](Self::fail). Nothing is secure (DNSSEC) until [`sign`](Self::sign) says so.
///
/// It has no clock: a question that is to time out does so at once.
///
/// ```
/// use posthaste_dns::{DnsErrorKind, MemoryZone, Presence, RecordKind};
///
/// let zone: MemoryZone = r#"
///     example.com.       300 IN MX  10 mail.example.com.
///     mail.example.com.  300 IN A   192.0.2.25
///     example.com.       300 IN TXT "v=spf1 mx -all"
/// "#.parse()?;
/// let domain = "example.com".parse()?;
/// assert_eq!(zone.lookup(&domain, RecordKind::Mx)?.records().len(), 1);
/// assert_eq!(zone.lookup(&domain, RecordKind::Aaaa)?.presence(), Presence::NoData);
///
/// zone.fail(&domain, DnsErrorKind::ServFail);
/// assert!(zone.lookup(&domain, RecordKind::Mx).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct MemoryZone(Arc<Mutex<Store>>);

impl MemoryZone {
    /// A DNS without any record.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds records in the form of a master file (RFC 1035 §5), one a line: `name [ttl] [IN] kind data`.
    ///
    /// Names are absolute, with or without a final dot; `;` begins a comment; blanks before the name mean nothing.
    /// No `$` directives, no `@`, no parentheses. Without a TTL it is 300 seconds.
    ///
    /// # Errors
    /// [`ZoneError`] with the line; no record of the text is added then.
    pub fn add(&self, text: &str) -> Result<(), ZoneError> {
        let records = master::parse(text)?;
        let mut store = self.store();
        for record in records {
            store.insert(record.name, record.ttl, record.data);
        }
        Ok(())
    }

    /// Adds one record. The TTL of the last record added counts for its whole set (RFC 2181 §5.2).
    pub fn insert(&self, name: impl Into<DnsName>, ttl: Duration, data: RecordData) {
        self.store().insert(name.into(), ttl, data);
    }

    /// Takes away all records of one kind of a name.
    pub fn remove(&self, name: &DnsName, kind: RecordKind) {
        self.store().remove(name, kind);
    }

    /// From now on every question for this name fails so.
    pub fn fail(&self, name: &DnsName, fault: DnsErrorKind) {
        self.store().fail(name, None, fault, None);
    }

    /// From now on every question for this kind of record of the name fails so.
    pub fn fail_kind(&self, name: &DnsName, kind: RecordKind, fault: DnsErrorKind) {
        self.store().fail(name, Some(kind), fault, None);
    }

    /// The next `times` questions for this name fail so, and then no more.
    pub fn fail_times(&self, name: &DnsName, fault: DnsErrorKind, times: u32) {
        self.store().fail(name, None, fault, Some(times));
    }

    /// Ends all faults of the name.
    pub fn heal(&self, name: &DnsName) {
        self.store().heal(name);
    }

    /// From now on answers about `apex` and what is below it are [`Dnssec::Secure`](crate::Dnssec::Secure).
    pub fn sign(&self, apex: impl Into<DnsName>) {
        self.store().sign(apex.into());
    }

    /// Answers one question, which counts as asked.
    ///
    /// # Errors
    /// The fault that was put in; [`DnsErrorKind::ServFail`] for a chain of more than
    /// [`MAX_ALIASES`](Self::MAX_ALIASES) aliases.
    pub fn lookup(&self, name: &DnsName, kind: RecordKind) -> Result<Answer, DnsError> {
        let mut store = self.store();
        store.count(name, kind);
        store.lookup(name, kind).map_err(|fault| DnsError::new(fault).asking(name, kind))
    }

    /// How often this was asked. Only the first [`MAX_COUNTED`](Self::MAX_COUNTED) different questions are counted.
    pub fn asked(&self, name: &DnsName, kind: RecordKind) -> u64 {
        self.store().asked(name, kind)
    }

    /// How many questions came in all.
    pub fn questions(&self) -> u64 {
        self.store().questions()
    }

    /// How many aliases are followed for one question.
    pub const MAX_ALIASES: usize = 8;

    /// How many different questions are counted one by one.
    pub const MAX_COUNTED: usize = 10_000;

    /// How long a negative answer may be kept where no SOA record says it.
    pub const NEGATIVE_TTL: Duration = Duration::from_secs(300);

    fn store(&self) -> MutexGuard<'_, Store> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Resolve for MemoryZone {
    async fn resolve(&self, name: &DnsName, kind: RecordKind, _by: Tick) -> Result<Answer, DnsError> {
        self.lookup(name, kind)
    }
}

impl FromStr for MemoryZone {
    type Err = ZoneError;

    fn from_str(text: &str) -> Result<Self, ZoneError> {
        let zone = Self::new();
        zone.add(text)?;
        Ok(zone)
    }
}

impl fmt::Debug for MemoryZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let store = self.store();
        f.debug_struct("MemoryZone")
            .field("names", &store.names())
            .field("questions", &store.questions())
            .finish_non_exhaustive()
    }
}
