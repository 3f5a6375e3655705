//! Settings, and records that were read before.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use posthaste_types::{DnsName, Tick};

use super::known::Known;
use super::trace::Tracing;

/// How a check is done.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Settings {
    /// The limits; those of RFC 7208.
    pub limits: Limits,
    /// Whether steps are written down; they are.
    pub tracing: Tracing,
    /// The name of the receiving host, for the macro `r` and Received-SPF; "unknown" if `None`, which is the default.
    pub receiver: Option<DnsName>,
    /// Records that were read before; none by default.
    pub cache: Option<Arc<RecordCache>>,
}

/// The limits of a check (RFC 7208 §4.6.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Terms that ask the DNS: 10. One more is a permanent error.
    pub lookups: u32,
    /// Questions that find nothing: 2. One more is a permanent error.
    pub void_lookups: u32,
    /// Mail hosts of one `mx`: 10. One more is a permanent error.
    pub mx_names: usize,
    /// Names of the address that `ptr` and the macro `p` look at: 10. Further ones are left out.
    pub ptr_names: usize,
    /// The time for one check: 20 seconds. Too late is a temporary error.
    pub time: Duration,
}

impl Limits {
    /// How deep `include`s may be nested, whatever [`lookups`](Self::lookups) allows.
    pub const MAX_DEPTH: usize = 20;
}

impl Default for Limits {
    fn default() -> Self {
        Self { lookups: 10, void_lookups: 2, mx_names: 10, ptr_names: 10, time: Duration::from_secs(20) }
    }
}

/// Records that were read before, by the domain that has them: many checks meet the same few `include`s, which then need
/// neither a question nor a parser.
///
/// A record is kept as long as its TTL allows, by the clock of the checks that share the cache; they must share the
/// resolver too. Only records of up to [`MAX_RECORD`](Self::MAX_RECORD) octets are kept, and when [`MAX`](Self::MAX) are
/// there it begins anew.
#[derive(Default)]
pub struct RecordCache(Mutex<HashMap<DnsName, (Arc<Known>, Tick)>>);

impl RecordCache {
    /// The most records.
    pub const MAX: usize = 1000;
    /// The longest record that is kept, in octets.
    pub const MAX_RECORD: usize = 2000;

    pub(super) fn recall(&self, domain: &DnsName, now: Tick) -> Option<Arc<Known>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(domain).filter(|(_, until)| now < *until).map(|(known, _)| known.clone())
    }

    pub(super) fn keep(&self, domain: &DnsName, text: &[u8], known: &Arc<Known>, until: Tick) {
        if text.len() <= Self::MAX_RECORD {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() >= Self::MAX {
                kept.clear();
            }
            kept.insert(domain.clone(), (known.clone(), until));
        }
    }
}

impl fmt::Debug for RecordCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).len();
        f.debug_struct("RecordCache").field("records", &kept).finish()
    }
}
