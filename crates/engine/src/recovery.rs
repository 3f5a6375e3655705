//! What an earlier process left in doubt.

use posthaste_queue::{Progression, Settled, Settlement, SpoolError, Window};
use posthaste_types::{Cause, EventKind, Fate, Outcome};

use crate::inner::Engine;

impl Engine {
    /// Ends who is left of the mails that the application has withdrawn: also whom an attempt had when the process died.
    /// He may have the mail, and is not tried again.
    async fn end_withdrawn(&self) -> Result<(), SpoolError> {
        for mail in self.spool.withdrawn().await? {
            if let Some(tracked) = self.tracked(mail).await? {
                let done = self.cancelled(&tracked, (0..).take(tracked.recipients.len()));
                self.spool.settle(done).await?;
            }
        }
        Ok(())
    }

    /// Takes up every attempt that was begun and never settled: the process died. Whether the message was taken is
    /// not known, so it is tried again, in doubt, with the same octets and the same Message-ID.
    pub(crate) async fn take_up_orphans(&self) -> Result<(), SpoolError> {
        self.end_withdrawn().await?;
        let orphans = self.spool.orphans(&self.settings.node).await?;
        if orphans.is_empty() {
            return Ok(());
        }
        let (now, wall) = (self.now(), self.clock.wall());
        let mut done = Vec::with_capacity(orphans.len());
        let chance = self.chance();
        for orphan in orphans {
            let outcome = Outcome::in_doubt(Cause::local("the process ended during the attempt"));
            let window = Window::new(orphan.accepted, orphan.expires, now);
            let schedule = self.schedule(&orphan.meta.stream);
            let next = Progression::of(&orphan.state, &outcome, Fate::Delivered, window, schedule, chance);
            let event = |kind| self.event(orphan.mail, Some(&orphan.address), &orphan.meta, wall, kind);
            let repeat = orphan.state.repeat();
            let mut events = vec![event(EventKind::Attempted { number: orphan.state.attempts, repeat })];
            let settled = match next {
                Progression::End(ending) => {
                    events.push(event(EventKind::Ended { ending: ending.clone() }));
                    Settled::Ended(ending)
                }
                Progression::Retry(next) => {
                    events.push(event(EventKind::InDoubt { outcome: outcome.clone(), next }));
                    Settled::Retry { outcome, next }
                }
                _ => continue,
            };
            let mut settlement = Settlement::new(orphan.mail, orphan.recipient, Some(orphan.state.attempts), settled);
            settlement.events = events;
            done.push(settlement);
        }
        self.spool.settle(done).await
    }
}
