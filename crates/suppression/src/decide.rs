//! What the entries of an address mean.

use posthaste_types::{Address, ListName, StreamName, TenantName, Timestamp};

use crate::{Effect, Entry, Reason, Scope};

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
/// An entry counts if it holds now and its scope contains the mail. An [`Effect::Allow`] sets aside
/// entries that forbid, but never a complaint or an unsubscribe: those are the recipient's own word. Of
/// several that forbid, the oldest of the strongest reason is told: complaint, unsubscribe, a person's
/// decision, bounce, import.
pub fn decide(ask: &Ask, entries: &[Entry]) -> Verdict {
    let counts = |entry: &&Entry| entry.holds_at(ask.at) && contains(&entry.scope, ask);
    let allowed = entries.iter().filter(counts).any(|entry| entry.effect == Effect::Allow);
    let own_word = |entry: &Entry| matches!(entry.reason, Reason::Complaint | Reason::Unsubscribe);
    entries
        .iter()
        .filter(counts)
        .filter(|entry| entry.effect == Effect::Forbid && (!allowed || own_word(entry)))
        .min_by_key(|entry| (rank(&entry.reason), entry.since))
        .map_or(Verdict::Allowed, |entry| Verdict::Suppressed(Box::new(entry.clone())))
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
