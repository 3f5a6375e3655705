//! A share of the mail for each of several transports.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::join_all;
use posthaste_transport::{Attempt, Capabilities, Outcomes, Route, Transport, TransportError};
use posthaste_types::{Domain, Random};
use sha2::{Digest, Sha256};

/// Gives each attempt to one of several transports, by weight.
///
/// The choice comes of the attempt's [`key`](Attempt::key): while its outcome is in doubt it goes to the same transport
/// again, and behind a definite answer it is chosen anew. A split inside another chooses by itself. [`at_random`](Self::at_random) chooses by chance instead, and
/// then nothing is [idempotent](posthaste_transport::Idempotency) any more. An attempt is never divided, and one that
/// failed is not given to another; that is [`Failover`](crate::Failover).
///
/// A route is the first transport's; the others find their own.
///
/// # Stacking
/// Right: over transports of equal standing, or to bring in a new one step by step.
/// ```
/// # use std::sync::Arc;
/// # use posthaste_layers::Split;
/// # use posthaste_transport::Memory;
/// # let (old, new) = (Memory::relay(), Memory::relay());
/// let transport = Split::new(old, 95).and(new, 5);
/// ```
/// Wrong: around two throttles that are to keep one rate together. Each keeps its own; put one around the split.
pub struct Split {
    first: (Arc<dyn Transport>, u32),
    others: Vec<(Arc<dyn Transport>, u32)>,
    random: Option<Arc<dyn Random>>,
}

impl Split {
    /// The first transport and its weight. A weight of 0 takes nothing, while another has more.
    pub fn new(first: impl Transport + 'static, weight: u32) -> Self {
        Self { first: (Arc::new(first), weight), others: Vec::new(), random: None }
    }

    /// Another transport and its weight.
    #[must_use]
    pub fn and(mut self, other: impl Transport + 'static, weight: u32) -> Self {
        self.others.push((Arc::new(other), weight));
        self
    }

    /// The same, chosen by chance.
    #[must_use]
    pub fn at_random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = Some(random);
        self
    }

    fn all(&self) -> impl Iterator<Item = &(Arc<dyn Transport>, u32)> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// The transport for an attempt, and its place.
    fn choose(&self, attempt: &Attempt) -> (usize, &Arc<dyn Transport>) {
        let total: u64 = self.all().map(|(_, weight)| u64::from(*weight)).sum();
        let mut at = self.number(attempt).checked_rem(total).unwrap_or(0);
        for (place, (transport, weight)) in self.all().enumerate() {
            let weight = u64::from(*weight);
            if at < weight {
                return (place, transport);
            }
            at -= weight;
        }
        (0, &self.first.0) // all weights are 0
    }

    fn number(&self, attempt: &Attempt) -> u64 {
        let mut octets = [0; 8];
        match &self.random {
            Some(random) => random.fill(&mut octets),
            None => {
                let key = Sha256::new_with_prefix(attempt.key().as_str());
                let digest = key.chain_update(attempt.choices().to_be_bytes()).finalize();
                octets.iter_mut().zip(digest).for_each(|(to, octet)| *to = octet);
            }
        }
        u64::from_be_bytes(octets)
    }
}

impl fmt::Debug for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all()).finish()
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Transport for Split {
    fn capabilities(&self) -> Capabilities {
        let others = self.others.iter().map(|(other, _)| other.capabilities());
        let all = others.fold(self.first.0.capabilities(), Capabilities::either);
        if self.random.is_some() { all.not_idempotent() } else { all }
    }

    async fn deliver(&self, attempt: &Attempt) -> Result<Outcomes, TransportError> {
        let chosen = attempt.chosen();
        match self.choose(attempt) {
            (0, first) => first.deliver(&chosen).await,
            (_, other) => other.deliver(&chosen.unrouted()).await,
        }
    }

    async fn route(&self, to: &Domain) -> Result<Route, TransportError> {
        self.first.0.route(to).await
    }

    async fn close(&self) {
        join_all(self.all().map(|(transport, _)| transport.close())).await;
    }
}
