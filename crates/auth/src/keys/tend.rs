//! Driving a rotation over the ports.

use posthaste_dns::Resolve;
use posthaste_sign::{KeyStage, KeyStore, KeyStoreError};
use posthaste_types::{DnsName, Domain, Tick, Timestamp};

use super::ask::ask_name_servers;
use super::join::{Boxed, join};
use super::plan::KeyPlan;
use super::rotation::{KeyMove, Rotation};
use super::showing::Showing;
use super::step::NextStep;

/// What one round came to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Tended {
    /// The keys that came from one stage to another.
    pub moves: Vec<KeyMove>,
    /// What must be done about each key.
    pub steps: Vec<NextStep>,
    /// What the name servers show, by the name of each key's record.
    pub showings: Vec<(DnsName, Showing)>,
    /// When the next round is due; `None` if no key is left to look after.
    pub next: Option<Timestamp>,
}

/// One round over the keys of a domain: asks every authoritative name server for each, keeps what follows from that, and
/// says what must be done and when to call again.
///
/// Two processes may do it at once: each move is kept by one of them. Questions end by `by` of the resolver's clock; a
/// server that does not answer stops no other. The secret of a key that signs no more is erased.
///
/// Cancel safe: what was kept stays, and the next round finds the rest.
///
/// # Errors
/// [`KeyStoreError`] if the store fails. That the DNS fails is no error: keys wait then.
pub async fn tend(
    store: &dyn KeyStore,
    resolver: &dyn Resolve,
    domain: &Domain,
    plan: &KeyPlan,
    now: Timestamp,
    by: Tick,
) -> Result<Tended, KeyStoreError> {
    let keys = store.keys(Some(domain)).await?;
    let asked: Vec<_> = keys.iter().filter(|key| key.state().stage != KeyStage::Removed).cloned().collect();
    let asks = asked.iter().map(|key| -> Boxed<'_, (DnsName, Showing)> {
        Box::pin(async { (key.name().clone(), ask_name_servers(resolver, key.name(), key.record(), by).await) })
    });
    let showings = join(asks.collect()).await;
    let mut rotation = Rotation::new(plan.clone(), keys);
    for (name, showing) in &showings {
        rotation.handle_showing(now, name, showing.clone());
    }
    let moves = carry_out(store, &mut rotation).await?;
    Ok(Tended { moves, steps: rotation.next_steps(now), showings, next: rotation.poll_timeout(now) })
}

/// Keeps the moves of a rotation, and erases the secrets of keys that sign no more. Moves that another process was
/// quicker to make are left out of what is returned. Where that is so of a key that was to begin to sign, no key of its
/// domain retires for it: it may have been revoked meanwhile. A new machine finds out.
///
/// # Errors
/// [`KeyStoreError`]; what was kept before it stays, and the next round finds the rest.
pub async fn carry_out(store: &dyn KeyStore, rotation: &mut Rotation) -> Result<Vec<KeyMove>, KeyStoreError> {
    let mut kept = Vec::new();
    let mut lost: Vec<Domain> = Vec::new();
    while let Some(step) = rotation.poll_move() {
        let retires = step.from.stage == KeyStage::Signing && step.to.stage == KeyStage::Retiring;
        if retires && lost.contains(&step.domain) {
            continue;
        }
        if store.advance(&step.domain, &step.selector, step.from, step.to).await? {
            kept.push(step);
        } else if step.to.stage == KeyStage::Signing {
            lost.push(step.domain);
        }
    }
    for key in store.keys(None).await? {
        let is_ours = rotation.keys().iter().any(|ours| ours.name() == key.name());
        if is_ours && key.state().stage >= KeyStage::Retiring {
            store.erase(key.domain(), key.selector()).await?;
        }
    }
    Ok(kept)
}
