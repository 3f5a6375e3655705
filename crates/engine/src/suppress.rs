//! What a new entry of the suppression list stops, and how a list that is kept apart learns of it.

use posthaste_queue::Settlement;
use posthaste_suppression::What;
use posthaste_types::EventKind;

use crate::in_flight::InFlight;
use crate::inner::Engine;

impl Engine {
    /// Withdraws the attempts for what an entry touches, that have not begun: the list is asked again for them. Whose
    /// lease was taken before the entry stood on the list, and is not known here yet, asks again on its own.
    pub(crate) fn withdraw_suppressed(&self, what: &What) {
        let mut dispatch = self.dispatch();
        dispatch.list_changes += 1;
        dispatch.in_flight.values_mut().filter(|in_flight| in_flight.is_touched_by(what)).for_each(InFlight::withdraw);
    }

    /// Puts what follows from a settlement on a list that is kept apart, and not on the spool's own: nobody could lift
    /// it there. The list learns of it before the ending is written; a crash between them repeats a put. What it does
    /// not take is not told: the next refusal puts it.
    pub(crate) async fn suppress_apart(&self, settlement: &mut Settlement) {
        for entry in std::mem::take(&mut settlement.suppress) {
            let what = entry.what.clone();
            if self.list(entry).await.is_some() {
                self.withdraw_suppressed(&what);
            } else {
                settlement.events.retain(|event| !matches!(event.kind, EventKind::SuppressionAdded { .. }));
            }
        }
    }
}
