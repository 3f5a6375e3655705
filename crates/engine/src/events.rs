//! Following what happens.

use std::collections::VecDeque;
use std::sync::Arc;

use posthaste_types::{CampaignName, Event, EventId, EventKind, Fate, ListName, ProviderId, StreamName, TenantName};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Notify, broadcast};

use crate::error::{FeedbackError, FeedbackErrorKind};
use crate::inner::Engine;

/// Which events are wanted. Everything that is said must fit; nothing said takes all.
#[derive(Clone, Debug)]
#[must_use = "nothing is followed until this is opened"]
pub struct EventFilter<M> {
    engine: Arc<Engine>,
    mode: M,
    wanted: Wanted,
}

/// Events as they happen: a slow reader loses some, and is told how many.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Live;

/// Events from the spool: none is lost.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Durable {
    after: EventId,
}

#[derive(Clone, Debug, Default)]
struct Wanted {
    stream: Option<StreamName>,
    list: Option<ListName>,
    campaign: Option<CampaignName>,
    tenant: Option<TenantName>,
    provider: Option<ProviderId>,
    tag: Option<(String, String)>,
    part: Part,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    #[default]
    All,
    Finals,
    Problems,
}

impl EventFilter<Live> {
    pub(crate) fn live(engine: Arc<Engine>) -> Self {
        Self { engine, mode: Live, wanted: Wanted::default() }
    }

    /// Begins to follow: what happens from now on is seen.
    pub fn open(self) -> LiveEvents {
        let live = self.engine.live().as_ref().map(broadcast::Sender::subscribe);
        // Behind the end, a receiver whose sender is gone.
        let receiver = live.unwrap_or_else(|| broadcast::channel(1).1);
        LiveEvents { receiver, wanted: self.wanted }
    }
}

impl EventFilter<Durable> {
    pub(crate) fn durable(engine: Arc<Engine>, after: EventId) -> Self {
        Self { engine, mode: Durable { after }, wanted: Wanted::default() }
    }

    /// Begins to read.
    pub fn open(self) -> DurableEvents {
        let bell = self.engine.event_bell.clone();
        DurableEvents { engine: self.engine, bell, after: self.mode.after, wanted: self.wanted, page: VecDeque::new() }
    }
}

impl<M> EventFilter<M> {
    /// Of this stream.
    pub fn stream(mut self, name: StreamName) -> Self {
        self.wanted.stream = Some(name);
        self
    }

    /// Of this list.
    pub fn list(mut self, name: ListName) -> Self {
        self.wanted.list = Some(name);
        self
    }

    /// Of this campaign.
    pub fn campaign(mut self, name: CampaignName) -> Self {
        self.wanted.campaign = Some(name);
        self
    }

    /// Of this tenant.
    pub fn tenant(mut self, name: TenantName) -> Self {
        self.wanted.tenant = Some(name);
        self
    }

    /// Of mail that this provider receives.
    pub fn provider(mut self, id: ProviderId) -> Self {
        self.wanted.provider = Some(id);
        self
    }

    /// With this tag.
    pub fn tag(mut self, key: &str, value: &str) -> Self {
        self.wanted.tag = Some((key.to_owned(), value.to_owned()));
        self
    }

    /// The ends of recipients, and what came back behind them.
    pub fn finals(mut self) -> Self {
        self.wanted.part = Part::Finals;
        self
    }

    /// Everything that is not as it should be: deferrals, doubts, refusals, complaints, held routes, damage.
    pub fn problems(mut self) -> Self {
        self.wanted.part = Part::Problems;
        self
    }
}

impl Wanted {
    fn fits(&self, event: &Event) -> bool {
        fn same<T: PartialEq>(wanted: Option<&T>, seen: Option<&T>) -> bool {
            wanted.is_none_or(|wanted| seen == Some(wanted))
        }
        same(self.stream.as_ref(), Some(&event.stream))
            && same(self.list.as_ref(), event.list.as_ref())
            && same(self.campaign.as_ref(), event.campaign.as_ref())
            && same(self.tenant.as_ref(), event.tenant.as_ref())
            && same(self.provider.as_ref(), event.provider.as_ref())
            && self.tag.as_ref().is_none_or(|(key, value)| event.tags.get(key) == Some(value))
            && self.part.fits(&event.kind)
    }
}

impl Part {
    fn fits(self, kind: &EventKind) -> bool {
        let problem = match kind {
            EventKind::Accepted { .. } | EventKind::Attempted { .. } => false,
            EventKind::Ended { ending } => {
                !matches!(ending.fate, Fate::Delivered | Fate::Relayed | Fate::Cancelled | Fate::Withheld)
            }
            _ => true,
        };
        match self {
            Self::All => true,
            Self::Problems => problem,
            Self::Finals => {
                matches!(kind, EventKind::Ended { .. } | EventKind::Returned { .. } | EventKind::Complained { .. })
            }
        }
    }
}

/// Events as they happen.
#[derive(Debug)]
pub struct LiveEvents {
    receiver: broadcast::Receiver<Arc<Event>>,
    wanted: Wanted,
}

/// So many live events were lost, because they were not read in time. The spool has them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} events were lost: they were not read in time")]
pub struct Lagged(u64);

impl Lagged {
    /// How many.
    pub fn count(self) -> u64 {
        self.0
    }
}

impl LiveEvents {
    /// The next event; `None` when the Mailer has stopped, or its last handle is gone. Its id is [`EventId::START`]: the place in the log is the
    /// spool's business.
    ///
    /// # Errors
    /// [`Lagged`] if some were lost; the next call goes on behind them.
    ///
    /// # Cancel safety
    /// Dropped: no event is lost.
    pub async fn next(&mut self) -> Option<Result<Arc<Event>, Lagged>> {
        loop {
            match self.receiver.recv().await {
                Ok(event) if self.wanted.fits(&event) => return Some(Ok(event)),
                Ok(_) => {}
                Err(RecvError::Lagged(count)) => return Some(Err(Lagged(count))),
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

/// Events from the spool.
#[derive(Debug)]
pub struct DurableEvents {
    engine: Arc<Engine>,
    bell: Arc<Notify>,
    after: EventId,
    wanted: Wanted,
    page: VecDeque<Event>,
}

impl DurableEvents {
    /// The next event; waits for it if need be.
    ///
    /// # Errors
    /// [`FeedbackError`] if the spool does not answer, or there will be no more events: the Mailer has stopped, or its
    /// last handle is gone.
    ///
    /// # Cancel safety
    /// Dropped: no event is lost.
    pub async fn next(&mut self) -> Result<Event, FeedbackError> {
        loop {
            let bell = self.bell.clone();
            let rung = bell.notified();
            tokio::pin!(rung);
            rung.as_mut().enable();
            if let Some(event) = self.try_next().await? {
                return Ok(event);
            }
            if self.engine.live().is_none() {
                return Err(FeedbackError::new(FeedbackErrorKind::Stopped, "the Mailer is gone"));
            }
            self.engine.or_in_a_while(rung).await;
        }
    }

    /// The next event that is there already; `None` at the end of the log.
    ///
    /// # Errors
    /// [`FeedbackError`] if the spool does not answer.
    pub async fn try_next(&mut self) -> Result<Option<Event>, FeedbackError> {
        loop {
            while let Some(event) = self.page.pop_front() {
                self.after = event.id;
                if self.wanted.fits(&event) {
                    return Ok(Some(event));
                }
            }
            self.page = self.engine.spool.events(self.after, PAGE).await?.into();
            if self.page.is_empty() {
                return Ok(None);
            }
        }
    }

    /// The id of the last event that was read: where to go on after a restart.
    pub fn position(&self) -> EventId {
        self.after
    }
}

/// Events read from the spool at once.
const PAGE: usize = 256;
