//! What a new entry of the suppression list stops, and how a list that is kept apart learns of it.

use posthaste_queue::Settlement;
use posthaste_suppression::{NormalAddress, What};
use posthaste_types::EventKind;

use crate::inner::Engine;

impl Engine {
    /// Withdraws the attempts for what an entry touches, that have not begun: the list is asked again for them.
    pub(crate) fn withdraw_suppressed(&self, what: &What) {
        let dispatch = self.dispatch();
        for in_flight in dispatch.in_flight.values() {
            let mut addresses = in_flight.attempt.recipients().iter().map(|to| &to.address);
            let touched = match what {
                What::Address(normal) => addresses.any(|to| NormalAddress::of(to) == *normal),
                What::Domain(domain) => addresses.any(|to| to.domain() == domain),
                // A hash cannot be told from an address here: whoever has not begun is asked again.
                _ => true,
            };
            if touched {
                // What has begun goes on.
                let _ = in_flight.attempt.withdraw();
            }
        }
    }

    /// Puts what follows from a settlement on a list that is kept apart, and not on the spool's own: nobody could lift
    /// it there. The list learns of it before the ending is written; a crash between them repeats a put. What it does
    /// not take is not told: the next refusal puts it.
    pub(crate) async fn suppress_apart(&self, settlement: &mut Settlement) {
        for entry in std::mem::take(&mut settlement.suppress) {
            let what = entry.what.clone();
            if self.suppressions.put(entry).await.is_ok() {
                self.withdraw_suppressed(&what);
            } else {
                settlement.events.retain(|event| !matches!(event.kind, EventKind::SuppressionAdded { .. }));
            }
        }
    }
}
