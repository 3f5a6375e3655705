//! The dialogue of each attempt, kept or told.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use posthaste_transport::{
    Attempt, AttemptKey, Capabilities, Direction, Outcomes, Route, TraceSink, Transport, TransportError,
};
use posthaste_types::{Domain, MailId, Text};

/// Collects what was said with the next hop, attempt by attempt.
///
/// When an attempt ends, also when it is dropped, its [`Dialogue`] goes into [`Dialogues`] or to a callback. What the
/// transport inside says through [`Attempt::trace`] is collected, and goes on to the attempt's own sink where it has
/// one. Transports leave secrets out; addresses are in, return paths as they are sent: under a Mailer with their tokens,
/// which the Mailer's own traces leave out.
///
/// # Limits
/// [`MAX_LINES`](Self::MAX_LINES) lines an attempt; what follows is counted. A line is cut at the length of a [`Text`].
///
/// # Stacking
/// Right: directly around what talks to one hop, so that each try has a dialogue of its own.
/// ```
/// # use std::sync::Arc;
/// # use posthaste_layers::{Dialogues, Retry, Trace};
/// # use posthaste_transport::Memory;
/// # let clock = Arc::new(posthaste_testkit::VirtualClock::new());
/// # let relay = Memory::relay();
/// let dialogues = Dialogues::new(1000);
/// let transport = Retry::new(Trace::new(relay, dialogues.sink()), clock);
/// // ... and later, for people:
/// for dialogue in dialogues.list() {
///     println!("{}\n{dialogue}", dialogue.mail);
/// }
/// ```
/// Wrong: around a [`Failover`](crate::Failover) or a [`RouteBy`](crate::RouteBy). The lines of several hops are one
/// dialogue then, and nobody can tell who said what.
pub struct Trace<T> {
    inner: T,
    tell: Arc<Tell>,
}

type Tell = dyn Fn(Dialogue) + Send + Sync;

impl<T: Transport> Trace<T> {
    /// The most lines of one dialogue.
    pub const MAX_LINES: usize = MAX_LINES;

    /// Tells each dialogue to `tell`, which is short and waits for nothing.
    pub fn new(inner: T, tell: impl Fn(Dialogue) + Send + Sync + 'static) -> Self {
        Self { inner, tell: Arc::new(tell) }
    }

    /// The transport inside.
    pub fn inner(&self) -> &T {
        &self.inner
    }
}

impl<T: fmt::Debug> fmt::Debug for Trace<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace").field("inner", &self.inner).finish_non_exhaustive()
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: Transport> Transport for Trace<T> {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn deliver(&self, attempt: &Attempt) -> Result<Outcomes, TransportError> {
        let collector = Arc::new(Collector { next: attempt.trace().cloned(), lines: Mutex::default() });
        let ending = Ending { layer: &*self.tell, attempt, collector: collector.clone() };
        let result = self.inner.deliver(&attempt.traced(collector)).await;
        drop(ending);
        result
    }

    async fn route(&self, to: &Domain) -> Result<Route, TransportError> {
        self.inner.route(to).await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

/// What was said in one attempt. `Display` writes it line by line, `>` for what was sent, `<` for what was received and
/// `-` for notes.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dialogue {
    /// The mail.
    pub mail: MailId,
    /// The attempt's key: the mail, its recipients, and how often it was answered.
    pub key: AttemptKey,
    /// The lines.
    pub lines: Vec<(Direction, Text)>,
    /// How many lines were said behind these.
    pub left_out: usize,
}

impl fmt::Display for Dialogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (direction, line) in &self.lines {
            writeln!(f, "{} {line}", direction.sign())?;
        }
        if self.left_out > 0 {
            writeln!(f, "- and {} lines more", self.left_out)?;
        }
        Ok(())
    }
}

/// Without the lines: they hold addresses.
impl fmt::Debug for Dialogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mail, key, lines, left_out } = self;
        let mut debug = f.debug_struct("Dialogue");
        debug.field("mail", mail).field("key", key).field("lines", &lines.len()).field("left_out", left_out).finish()
    }
}

/// The last dialogues, oldest first. A handle: clones are the same.
#[derive(Clone, Debug)]
pub struct Dialogues {
    limit: usize,
    kept: Arc<Mutex<VecDeque<Dialogue>>>,
}

impl Dialogues {
    /// Keeps the last `limit` dialogues.
    pub fn new(limit: usize) -> Self {
        Self { limit, kept: Arc::default() }
    }

    /// What a [`Trace`] tells them to.
    pub fn sink(&self) -> impl Fn(Dialogue) + Send + Sync + 'static {
        let these = self.clone();
        move |dialogue| these.push(dialogue)
    }

    /// All that are kept.
    pub fn list(&self) -> Vec<Dialogue> {
        self.kept().iter().cloned().collect()
    }

    /// Those of one mail.
    pub fn of(&self, mail: MailId) -> Vec<Dialogue> {
        self.kept().iter().filter(|dialogue| dialogue.mail == mail).cloned().collect()
    }

    fn push(&self, dialogue: Dialogue) {
        let mut kept = self.kept();
        kept.push_back(dialogue);
        while kept.len() > self.limit {
            kept.pop_front();
        }
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<Dialogue>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct Collector {
    next: Option<Arc<dyn TraceSink>>,
    lines: Mutex<(Vec<(Direction, Text)>, usize)>,
}

impl TraceSink for Collector {
    fn line(&self, direction: Direction, line: &str) {
        if let Some(next) = &self.next {
            next.line(direction, line);
        }
        let (lines, left_out) = &mut *self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() < MAX_LINES {
            lines.push((direction, Text::lossy(line)));
        } else {
            *left_out = left_out.saturating_add(1);
        }
    }
}

/// Tells the dialogue however the attempt ends.
struct Ending<'a> {
    layer: &'a Tell,
    attempt: &'a Attempt,
    collector: Arc<Collector>,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        let (mail, key) = (self.attempt.mail().id(), self.attempt.key().clone());
        let mut collected = self.collector.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let (lines, left_out) = std::mem::take(&mut *collected);
        drop(collected);
        (self.layer)(Dialogue { mail, key, lines, left_out });
    }
}

/// A dialogue with a hundred recipients has two hundred lines.
const MAX_LINES: usize = 1000;
