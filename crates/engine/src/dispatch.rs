//! Which recipients are tried now: the loop between the spool, the scheduler and the attempts.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use posthaste_queue::{Batch, BatchId, Due, DueCursor, Offered, Scheduler, SiteKey};
use posthaste_transport::{Route, TransportError};
use posthaste_types::{Domain, MailId, Timestamp};
use tokio::task::JoinSet;

use crate::cancel::{Cancelling, Finished, Swept};
use crate::in_flight::InFlight;
use crate::inner::Engine;

/// The state of the loop. All under one lock, held for a few operations at a time and never over a wait.
#[derive(Debug)]
pub(crate) struct Dispatch {
    pub(crate) scheduler: Scheduler,
    routes: HashMap<Domain, Arc<Routing>>,
    /// The routes of the sites that batches are made for.
    site_routes: HashMap<SiteKey, Arc<Routing>>,
    /// Recipients whose route is being asked for.
    awaiting: HashMap<Domain, Vec<Due>>,
    asking: Vec<Domain>,
    awaiting_count: usize,
    cursor: Option<DueCursor>,
    /// Whether the spool is to be read on, as soon as there is room.
    more: bool,
    /// Whether something that is due found no room in memory.
    overflowed: bool,
    /// When the spool is to be looked at next.
    next: Option<Timestamp>,
    pub(crate) in_flight: HashMap<BatchId, InFlight>,
    /// How often the suppression list was added to, as far as this process did it.
    pub(crate) list_changes: u64,
    /// Mails that are being withdrawn.
    pub(crate) cancelled: HashMap<MailId, Cancelling>,
}

/// A route, or why there is none to be had.
#[derive(Debug)]
pub(crate) struct Routing {
    pub(crate) route: Result<Route, TransportError>,
}

impl Dispatch {
    pub(crate) fn new(scheduler: Scheduler) -> Self {
        Self {
            scheduler,
            routes: HashMap::new(),
            site_routes: HashMap::new(),
            awaiting: HashMap::new(),
            asking: Vec::new(),
            awaiting_count: 0,
            cursor: None,
            more: true,
            overflowed: false,
            next: None,
            in_flight: HashMap::new(),
            list_changes: 0,
            cancelled: HashMap::new(),
        }
    }

    /// Looks at the spool again at `at`.
    pub(crate) fn look_at(&mut self, at: Timestamp) {
        self.next = Some(self.next.map_or(at, |next| next.min(at)));
    }

    /// Looks at the spool again from its beginning, at once.
    pub(crate) fn look_again(&mut self) {
        (self.cursor, self.more) = (None, true);
    }

    /// Gives up reading for now: the spool is looked at again at `at`, from its beginning.
    fn rest_until(&mut self, at: Timestamp) {
        (self.cursor, self.more) = (None, false);
        self.look_at(at);
    }

    /// Looks at the spool again for what found no room: soon if little is left in memory, else in a second, so
    /// that a slow site with a long backlog costs a scan a second and not one after each attempt.
    fn look_for_overflow(&mut self, now: Timestamp) {
        if !self.overflowed {
            return;
        }
        if self.scheduler.ready() <= LOW {
            self.overflowed = false;
            self.more = true;
        } else {
            self.look_at(now.saturating_add(Duration::from_secs(1)));
        }
    }

    fn room(&self) -> usize {
        self.scheduler.room().saturating_sub(self.awaiting_count)
    }

    /// Takes a recipient that is due; asks for its route first if that is not known.
    fn place(&mut self, due: Due, tick: posthaste_types::Tick) {
        if self.passes_by(due.mail) {
            return;
        }
        match self.routes.get(&due.domain) {
            Some(routing) if is_fresh(routing, tick) => {
                let site = site_of(routing, &due.domain);
                self.overflowed |= self.scheduler.offer(due, site) == Offered::Full;
            }
            _ if self.room() == 0 => self.overflowed = true,
            _ => {
                let waiting = self.awaiting.entry(due.domain.clone()).or_default();
                if waiting.is_empty() {
                    self.asking.push(due.domain.clone());
                }
                if !waiting.iter().any(|known| known.mail == due.mail && known.recipient == due.recipient) {
                    waiting.push(due);
                    self.awaiting_count += 1;
                }
            }
        }
    }

    fn routed(&mut self, domain: &Domain, routing: Routing) {
        let routing = Arc::new(routing);
        let waiting = self.awaiting.remove(domain).unwrap_or_default();
        self.awaiting_count -= waiting.len();
        for due in waiting {
            self.overflowed |= self.scheduler.offer(due, site_of(&routing, domain)) == Offered::Full;
        }
        if self.routes.len().max(self.site_routes.len()) >= MAX_ROUTES {
            self.routes.clear();
            self.site_routes.clear();
        }
        self.site_routes.insert(site_of(&routing, domain), routing.clone());
        self.routes.insert(domain.clone(), routing);
    }

    /// Removes what waits in memory of a mail.
    pub(crate) fn forget(&mut self, mail: MailId) {
        self.scheduler.withdraw(mail);
        for waiting in self.awaiting.values_mut() {
            let before = waiting.len();
            waiting.retain(|due| due.mail != mail);
            self.awaiting_count -= before - waiting.len();
        }
    }

    /// The route of a site, as it was when its recipients were taken in.
    pub(crate) fn routing(&self, site: &SiteKey) -> Option<Arc<Routing>> {
        self.site_routes.get(site).cloned()
    }
}

fn is_fresh(routing: &Routing, tick: posthaste_types::Tick) -> bool {
    match &routing.route {
        Ok(route) => {
            route.until().is_none_or(|until| tick < until) && (route.outcome().is_none() || route.until().is_some())
        }
        Err(_) => false,
    }
}

fn site_of(routing: &Routing, domain: &Domain) -> SiteKey {
    match &routing.route {
        Ok(route) => SiteKey::new(route.site().as_str()),
        Err(_) => SiteKey::new(domain.as_str()),
    }
}

impl Engine {
    /// Hands new recipients to the scheduler, without a look at the spool.
    pub(crate) fn dispatch_new(&self, due: Vec<Due>) {
        let (now, tick) = (self.now(), self.clock.tick());
        {
            let mut dispatch = self.dispatch();
            for due in due {
                if due.at > now {
                    dispatch.look_at(due.at);
                } else {
                    dispatch.place(due, tick);
                }
            }
        }
        self.wake.notify_one();
    }
}

/// Runs until the Mailer stops; ends when the last attempt has been settled or its grace is over.
pub(crate) async fn run(engine: Arc<Engine>) -> Drained {
    let mut work = JoinSet::new();
    while !engine.stopping.load(Ordering::Acquire) {
        if let Err(_error) = refill(&engine).await {
            // The spool does not read: look again in a while; what is in memory goes on.
            let at = engine.now().saturating_add(SPOOL_WAIT);
            engine.dispatch().rest_until(at);
        }
        start_what_may(&engine, &mut work);
        while work.try_join_next().is_some() {}
        let wait = {
            let now = engine.now();
            let mut dispatch = engine.dispatch();
            dispatch.look_for_overflow(now);
            let steady = engine.steady.lock().unwrap_or_else(PoisonError::into_inner);
            let more = dispatch.more && dispatch.room() > 0;
            let wait = if more { Duration::ZERO } else { dispatch.next.map_or(IDLE, |next| steady.until(next)) };
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

/// What became of the attempts that were under way when the Mailer stopped.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Drained {
    /// They ended within the grace.
    pub(crate) finished: usize,
    /// They were dropped behind it.
    pub(crate) dropped: usize,
}

/// Reads what is due from the spool, a page at a time, while there is room.
async fn refill(engine: &Arc<Engine>) -> Result<(), posthaste_queue::SpoolError> {
    loop {
        let now = engine.now();
        let (cursor, limit) = {
            let mut dispatch = engine.dispatch();
            if dispatch.next.is_some_and(|next| next <= now) {
                dispatch.next = None;
                dispatch.overflowed = false;
                dispatch.more = true;
            }
            if !dispatch.more || dispatch.room() == 0 {
                return Ok(());
            }
            (dispatch.cursor.take(), dispatch.room().min(PAGE))
        };
        let page = engine.spool.due(now, cursor, limit).await?;
        let tick = engine.clock.tick();
        let full = page.len() == limit;
        {
            let mut dispatch = engine.dispatch();
            dispatch.more = full;
            dispatch.cursor = if full { page.last().map(Due::cursor) } else { None };
            for due in page {
                dispatch.place(due, tick);
            }
        }
        if !full && let Some(next) = engine.spool.next_due(now).await? {
            engine.dispatch().look_at(next);
        }
    }
}

/// Starts every attempt that the limits allow, and asks for the routes that are missing.
fn start_what_may(engine: &Arc<Engine>, work: &mut JoinSet<()>) {
    let asking = std::mem::take(&mut engine.dispatch().asking);
    for domain in asking {
        let engine = engine.clone();
        work.spawn(async move {
            let route = engine.route(&domain).await;
            engine.dispatch().routed(&domain, Routing { route });
            engine.wake.notify_one();
        });
    }
    loop {
        let tick = engine.clock.tick();
        let Some(batch) = engine.dispatch().scheduler.next(tick) else { return };
        let engine = engine.clone();
        work.spawn(async move { attempt(engine, batch).await });
    }
}

async fn attempt(engine: Arc<Engine>, batch: Batch) {
    let lease_until = engine.lease_until(engine.now());
    let mut place = Place { engine: engine.clone(), id: batch.id, mail: batch.mail, abandoned: Some(lease_until) };
    engine.try_batch(&batch).await;
    if !place.finish(Swept::No) {
        engine.sweep(&batch).await;
        place.finish(Swept::Yes);
    }
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

/// Lets attempts under way end, for as long as the grace lasts; then drops them.
async fn drain(engine: &Arc<Engine>, mut work: JoinSet<()>) -> Drained {
    // What has not begun does not begin.
    engine.dispatch().in_flight.values_mut().for_each(InFlight::withdraw);
    let mut drained = Drained::default();
    let until = engine.clock.tick().saturating_add(*engine.grace.lock().unwrap_or_else(PoisonError::into_inner));
    loop {
        tokio::select! {
            biased;
            ended = work.join_next() => match ended {
                Some(_) => drained.finished += 1,
                None => return drained,
            },
            () = engine.clock.sleep_until(until) => break,
        }
    }
    engine.grace_over.send_replace(true);
    // Each attempt now drops its transport and settles what it came to.
    while work.join_next().await.is_some() {
        drained.dropped += 1;
    }
    drained
}

/// Routes kept in memory; beyond it all are asked for again.
const MAX_ROUTES: usize = 100_000;
/// With no more recipients than this in memory, what found no room is read at once.
const LOW: usize = 500;
/// Recipients read from the spool at once.
const PAGE: usize = 500;
/// How long to wait for a spool that fails.
pub(crate) const SPOOL_WAIT: Duration = Duration::from_secs(5);
/// How long the loop sleeps if nothing waits: until it is woken, in effect.
const IDLE: Duration = Duration::from_secs(60);
