//! Which recipients are tried now: the loop between the spool, the scheduler and the attempts.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use posthaste_queue::{Batch, BatchId, Due, Offered, Scheduler, SiteKey};
use posthaste_types::{Domain, MailId, Tick, Timestamp};
use tokio::task::JoinSet;

use crate::cancel::{Cancelling, Finished, Swept};
use crate::drain::{Drained, Work, drain};
use crate::in_flight::InFlight;
use crate::inner::{A_WHILE, Engine};
use crate::reading::{Load, Page, Placed, Reading, Seen, Sooner};
use crate::routes::{Awaiting, Routes, Routing};

/// The state of the loop. All under one lock, held for a few operations at a time and never over a wait.
#[derive(Debug)]
pub(crate) struct Dispatch {
    pub(crate) scheduler: Scheduler,
    pub(crate) routes: Routes,
    reading: Reading,
    pub(crate) in_flight: HashMap<BatchId, InFlight>,
    /// How often the suppression list was added to, as far as this process did it.
    pub(crate) list_changes: u64,
    /// Mails that are being withdrawn.
    pub(crate) cancelled: HashMap<MailId, Cancelling>,
}

impl Dispatch {
    pub(crate) fn new(scheduler: Scheduler) -> Self {
        Self {
            scheduler,
            routes: Routes::default(),
            reading: Reading::new(),
            in_flight: HashMap::new(),
            list_changes: 0,
            cancelled: HashMap::new(),
        }
    }

    /// Looks at the spool again at `at`.
    pub(crate) fn look_at(&mut self, at: Timestamp) {
        self.reading.look_at(at);
    }

    /// Looks at the spool again from its beginning: something that is due was passed by.
    pub(crate) fn look_again(&mut self) {
        self.reading.miss();
    }

    fn load(&self) -> Load {
        let (config, awaiting) = (self.scheduler.config(), self.routes.awaiting());
        Load {
            held: self.scheduler.ready() + awaiting,
            room: self.scheduler.room().saturating_sub(awaiting),
            low: LOW.min(config.max_ready_per_site / 4).min(config.max_ready / 4),
        }
    }

    /// Takes a recipient that is due; asks for its route first if that is not known.
    fn place(&mut self, due: Due, tick: Tick) -> Offered {
        if self.passes_by(due.mail) {
            return Offered::Known;
        }
        if let Some(site) = self.routes.site(&due.domain, tick).cloned() {
            return self.offer(due, site);
        }
        let config = self.scheduler.config();
        // In a full memory one of each domain may ask, so that its route is known when there is room for it.
        let full = self.load().room == 0;
        let (all, each) = match full {
            true => (config.max_ready / RESERVE + 1, 1),
            false => (config.max_ready, config.max_ready_per_site),
        };
        match self.routes.wait(due, all, each) {
            Awaiting::Taken => Offered::Taken,
            Awaiting::Known => Offered::Known,
            Awaiting::Full => {
                self.reading.miss();
                Offered::Full
            }
        }
    }

    fn offer(&mut self, due: Due, site: SiteKey) -> Offered {
        let before = self.scheduler.ready();
        let offered = self.scheduler.offer(due, site);
        // Who is taken into a full memory has somebody else forgotten.
        if offered == Offered::Full || (offered == Offered::Taken && self.scheduler.ready() == before) {
            self.reading.miss();
        }
        offered
    }

    /// Takes in an answer of the transport, and who waited for it.
    pub(crate) fn routed(&mut self, domain: &Domain, routing: Routing) {
        let routing = Arc::new(routing);
        for due in self.routes.learn(domain, &routing) {
            self.offer(due, routing.site().clone());
        }
    }

    /// Removes what waits in memory of a mail.
    pub(crate) fn forget(&mut self, mail: MailId) {
        self.scheduler.withdraw(mail);
        self.routes.forget(mail);
    }
}

impl Engine {
    /// Hands new recipients to the scheduler, without a look at the spool.
    pub(crate) fn dispatch_new(&self, due: Vec<Due>) {
        let (now, tick) = (self.now(), self.clock.tick());
        // Whoever is to wait for long need not wake the loop.
        let mut wakes = false;
        {
            let mut dispatch = self.dispatch();
            for due in due {
                if due.at > now {
                    wakes |= dispatch.reading.look_at(due.at) == Sooner::Yes;
                } else {
                    dispatch.place(due, tick);
                    wakes = true;
                }
            }
        }
        if wakes {
            self.wake.notify_one();
        }
    }
}

/// Runs until the Mailer stops; ends when the last attempt has been settled or its grace is over.
pub(crate) async fn run(engine: Arc<Engine>) -> Drained {
    let mut work = JoinSet::new();
    while !engine.stopping.load(Ordering::Acquire) {
        read_page(&engine).await;
        start_what_may(&engine, &mut work);
        while work.try_join_next().is_some() {}
        let wait = {
            let now = engine.now();
            let dispatch = engine.dispatch();
            let wakes_at = dispatch.reading.wakes_at(now, dispatch.load());
            let steady = engine.steady.lock().unwrap_or_else(PoisonError::into_inner);
            let wait = wakes_at.map_or(A_WHILE, |at| steady.until(at));
            let tick = engine.clock.tick();
            let release = dispatch.scheduler.next_release().map_or(wait, |release| release.since(tick));
            wait.min(release)
        };
        let until = engine.clock.tick().saturating_add(wait);
        tokio::select! {
            biased;
            () = engine.wake.notified() => {}
            () = engine.clock.sleep_until(until) => {}
        }
    }
    drain(&engine, work).await
}

/// Reads a page of what is due from the spool, if it is time for one. One, so that what may start starts in between.
async fn read_page(engine: &Arc<Engine>) {
    let now = engine.now();
    let page = {
        let mut dispatch = engine.dispatch();
        let load = dispatch.load();
        dispatch.reading.page(now, load)
    };
    let Some(page) = page else { return };
    let again = now.saturating_add(SPOOL_WAIT);
    let Ok(rows) = engine.spool.due(page.until, page.behind, Page::SIZE).await else {
        // Looked at again in a while; what is in memory goes on.
        return engine.dispatch().reading.failed(again);
    };
    if place_all(engine, page, &rows) == Seen::All {
        match engine.spool.next_due(page.until).await {
            Ok(Some(next)) => engine.dispatch().look_at(next),
            Ok(None) => {}
            Err(_) => engine.dispatch().look_at(again),
        }
    }
}

fn place_all(engine: &Engine, page: Page, rows: &[Due]) -> Seen {
    let (now, tick) = (engine.now(), engine.clock.tick());
    let mut dispatch = engine.dispatch();
    let mut placed = Placed::default();
    for due in rows {
        match dispatch.place(due.clone(), tick) {
            Offered::Taken => placed.taken += 1,
            Offered::Full => placed.refused += 1,
            _ => {}
        }
    }
    let load = dispatch.load();
    dispatch.reading.read(page, rows, placed, now, load)
}

/// Starts every attempt that the limits allow, and asks for the routes that are missing.
fn start_what_may(engine: &Arc<Engine>, work: &mut JoinSet<Work>) {
    let unasked = engine.dispatch().routes.take_unasked();
    for domain in unasked {
        let engine = engine.clone();
        work.spawn(async move {
            let route = engine.route(&domain).await;
            let asked = engine.clock.tick();
            engine.dispatch().routed(&domain, Routing::new(&domain, route, asked));
            engine.wake.notify_one();
            Work::Route
        });
    }
    loop {
        let tick = engine.clock.tick();
        let Some(batch) = engine.dispatch().scheduler.next(tick) else { return };
        let engine = engine.clone();
        work.spawn(async move { attempt(engine, batch).await });
    }
}

async fn attempt(engine: Arc<Engine>, batch: Batch) -> Work {
    let lease_until = engine.lease_until(engine.now());
    let mut place = Place { engine: engine.clone(), id: batch.id, mail: batch.mail, abandoned: Some(lease_until) };
    engine.try_batch(&batch).await;
    if !place.finish(Swept::No) {
        engine.sweep(&batch).await;
        place.finish(Swept::Yes);
    }
    Work::Attempt
}

/// The place of a batch, freed even if a hook panics: a place lost is a place lost for good.
struct Place {
    engine: Arc<Engine>,
    id: BatchId,
    mail: MailId,
    /// When a lease that nobody settles has run out.
    abandoned: Option<Timestamp>,
}

impl Place {
    fn finish(&mut self, swept: Swept) -> bool {
        let finished = self.engine.dispatch().finish(self.id, self.mail, swept);
        let Finished::Yes(in_flight) = finished else { return false };
        if let Some(in_flight) = in_flight {
            in_flight.recorded();
        }
        self.abandoned = None;
        self.engine.wake.notify_one();
        true
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(lease_until) = self.abandoned {
            self.engine.dispatch().look_at(lease_until);
            self.finish(Swept::Yes);
        }
    }
}

/// With no more recipients than this in memory, it has run low.
const LOW: usize = 500;
/// Beyond a full memory, this part of it may wait for routes.
const RESERVE: usize = 16;
/// How long to wait for a spool that fails.
pub(crate) const SPOOL_WAIT: Duration = Duration::from_secs(5);
