//! What all parts of a running Mailer share.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use posthaste_bounce::Rules;
use posthaste_queue::{MailMeta, Schedule, Spool};
use posthaste_sign::Sign;
use posthaste_suppression::SuppressionStore;
use posthaste_token::ReturnPaths;
use posthaste_transport::{Source, TlsPolicy, Transport};
use posthaste_types::{Address, Clock, Event, EventKind, MailId, Random, StreamName, Timestamp};
use tokio::sync::{Notify, Semaphore, broadcast, watch};

use crate::dispatch::Dispatch;
use crate::settings::{Audience, Settings, StreamPolicy};
use crate::steady::Steady;
use crate::traces::Traces;
use crate::waiters::Waiters;

/// What all parts of a running Mailer share.
pub(crate) struct Engine {
    pub(crate) spool: Arc<dyn Spool>,
    pub(crate) suppressions: Arc<dyn SuppressionStore>,
    /// Whether the suppression list is the spool's own, so that `begin` has asked it already.
    pub(crate) list: ListPlace,
    pub(crate) signer: Option<Arc<dyn Sign>>,
    /// Rules in place of the built-in ones.
    pub(crate) rules: Option<Arc<Rules>>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) return_paths: Option<ReturnPaths>,
    pub(crate) streams: HashMap<StreamName, StreamPolicy>,
    /// The schedules of streams that have their own.
    pub(crate) schedules: HashMap<StreamName, Schedule>,
    pub(crate) audience: Audience,
    pub(crate) source: Option<Source>,
    pub(crate) tls_policy: TlsPolicy,
    pub(crate) traces: Traces,
    pub(crate) settings: Settings,
    pub(crate) stopping: AtomicBool,
    /// How long attempts under way are let go on when the Mailer stops.
    pub(crate) grace: Mutex<Duration>,
    /// Turns true when attempts under way must be dropped.
    pub(crate) grace_over: watch::Sender<bool>,
    pub(crate) admitting: Semaphore,
    /// Gone when there will be no more news.
    pub(crate) live: Mutex<Option<broadcast::Sender<Arc<Event>>>>,
    pub(crate) waiters: Waiters,
    /// Rings whenever events were committed.
    pub(crate) event_bell: Arc<Notify>,
    pub(crate) dispatch: Mutex<Dispatch>,
    pub(crate) wake: Notify,
    pub(crate) steady: Mutex<Steady>,
}

/// Where the suppression list is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListPlace {
    /// Beside the spool: asked once more before each attempt.
    Apart,
    /// In the spool: asked by `begin` in its transaction.
    InSpool,
}

/// Its name alone: who is mailed, and by which settings, stays out of logs.
impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("node", &self.settings.node).finish_non_exhaustive()
    }
}

impl Engine {
    /// The time that schedules run on.
    pub(crate) fn now(&self) -> Timestamp {
        self.steady.lock().unwrap_or_else(PoisonError::into_inner).now(&*self.clock)
    }

    pub(crate) fn dispatch(&self) -> MutexGuard<'_, Dispatch> {
        self.dispatch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The schedule of a stream.
    pub(crate) fn schedule(&self, stream: &StreamName) -> &Schedule {
        self.schedules.get(stream).unwrap_or(&self.settings.schedule)
    }

    /// Whether an address is a return path of ours, token and all.
    pub(crate) fn is_return_path(&self, address: &Address) -> bool {
        let read = self.return_paths.as_ref().map(|paths| paths.read(address, self.clock.wall()));
        !matches!(read, None | Some(Ok(None)))
    }

    /// A random number, for jitter.
    pub(crate) fn chance(&self) -> u32 {
        let mut bytes = [0; 4];
        self.random.fill(&mut bytes);
        u32::from_be_bytes(bytes)
    }

    /// An event about a mail, and one of its recipients.
    pub(crate) fn event(
        &self,
        mail: MailId,
        recipient: Option<&Address>,
        meta: &MailMeta,
        at: Timestamp,
        kind: EventKind,
    ) -> Event {
        let mut event = Event::new(at, kind);
        event.mail = Some(mail);
        event.recipient = recipient.cloned();
        event.stream = meta.stream.clone();
        event.list = meta.list.clone();
        event.campaign = meta.campaign.clone();
        event.tenant = meta.tenant.clone();
        event.tags = meta.tags.clone();
        event
    }

    /// Tells live readers and waiters what was committed.
    pub(crate) fn publish(&self, events: Vec<Event>) {
        for event in events {
            if let Some(mail) = event.mail {
                self.waiters.wake(mail);
            }
            if let Some(live) = &*self.live() {
                // Nobody listening is no error.
                let _ = live.send(Arc::new(event));
            }
        }
        self.event_bell.notify_waiters();
    }

    pub(crate) fn live(&self) -> MutexGuard<'_, Option<broadcast::Sender<Arc<Event>>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a bell, but not for ever: what the spool does by itself (it sets damaged mail apart) rings none.
    pub(crate) async fn or_in_a_while(&self, bell: impl Future<Output = ()>) {
        let until = self.clock.tick().saturating_add(A_WHILE);
        tokio::select! {
            biased;
            () = bell => {}
            () = self.clock.sleep_until(until) => {}
        }
    }

    /// Wakes everybody who waits for news: there will be none.
    pub(crate) fn no_more_news(&self) {
        drop(self.live().take());
        self.waiters.wake_all();
        self.event_bell.notify_waiters();
    }
}

/// How long something may be in the spool before the engine looks for it unasked.
pub(crate) const A_WHILE: Duration = Duration::from_secs(60);
