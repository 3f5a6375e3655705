//! What the entries of an address mean.

use posthaste_types::{Address, ListName, StreamName, TenantName, Timestamp};

use crate::{Effect, Entry, Reason, Scope, What};

/// The question: may this address be mailed, by this stream, for this list, now?
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ask {
    /// The recipient.
    pub address: Address,
    /// The stream of the mail.
    pub stream: StreamName,
    /// The list of the mail.
    pub list: Option<ListName>,
    /// The tenant of the mail.
    pub tenant: Option<TenantName>,
    /// When.
    pub at: Timestamp,
}

impl Ask {
    /// An ask without list and tenant; they are public fields.
    pub fn new(address: Address, stream: StreamName, at: Timestamp) -> Self {
        Self { address, stream, list: None, tenant: None, at }
    }
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "mailed or not")]
pub enum Verdict {
    /// Nothing forbids it.
    Allowed,
    /// This entry forbids it.
    Suppressed(Box<Entry>),
}

/// Judges the entries that touch an ask.
///
/// * An entry counts if it holds at the ask's time and its scope contains the mail. What it touches is not
///   looked at again: `entries` are those that a store [found](crate::SuppressionStore::find) for the ask.
/// * An [`Effect::Allow`] sets aside an entry that forbids if it is as narrow or narrower in both: one
///   address is narrower than a domain, any scope is narrower than everything, and a list, a stream and a
///   tenant are not compared. It never sets aside a complaint or an unsubscribe: those are the recipient's
///   own word, and only a [`lift`](crate::SuppressionStore::lift) ends them.
/// * Of several that forbid, the oldest of the strongest reason is told: complaint, unsubscribe, a person's
///   decision, bounce, import.
pub fn decide(ask: &Ask, entries: &[Entry]) -> Verdict {
    let counts = |entry: &&Entry| entry.holds_at(ask.at) && contains(&entry.scope, ask);
    let allows: Vec<&Entry> = entries.iter().filter(counts).filter(|entry| entry.effect == Effect::Allow).collect();
    let own_word = |entry: &Entry| matches!(entry.reason, Reason::Complaint | Reason::Unsubscribe);
    let set_aside = |entry: &Entry| !own_word(entry) && allows.iter().any(|allow| is_within(allow, entry));
    entries
        .iter()
        .filter(counts)
        .filter(|entry| entry.effect == Effect::Forbid && !set_aside(entry))
        .min_by_key(|entry| (rank(&entry.reason), entry.since))
        .map_or(Verdict::Allowed, |entry| Verdict::Suppressed(Box::new(entry.clone())))
}

/// Whether `inner` is as narrow as `outer` or narrower. Both touch the same ask.
fn is_within(inner: &Entry, outer: &Entry) -> bool {
    let what = matches!(outer.what, What::Domain(_)) || !matches!(inner.what, What::Domain(_));
    what && (outer.scope == Scope::Everything || outer.scope == inner.scope)
}

fn contains(scope: &Scope, ask: &Ask) -> bool {
    match scope {
        Scope::Everything => true,
        Scope::List(list) => ask.list.as_ref() == Some(list),
        Scope::Stream(stream) => ask.stream == *stream,
        Scope::Tenant(tenant) => ask.tenant.as_ref() == Some(tenant),
    }
}

fn rank(reason: &Reason) -> u8 {
    match reason {
        Reason::Complaint => 0,
        Reason::Unsubscribe => 1,
        Reason::Manual => 2,
        Reason::Bounce(_) => 3,
        Reason::Imported => 4,
    }
}
