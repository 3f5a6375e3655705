//! What can be said of a mail when it is sent.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use posthaste_message::{Message, Raw};
use posthaste_queue::MailMeta;
use posthaste_transport::TraceSink;
use posthaste_types::{CampaignName, ListName, OnceKey, ParseError, StreamName, TenantName, Timestamp};
use sha2::{Digest, Sha256};

use crate::error::SendError;
use crate::mailer::Mailer;
use crate::prepared::Prepared;
use crate::receipt::Receipt;

/// What is sent: a composed message, or octets that the application made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Submission {
    /// A composed message.
    Message(Box<Message>),
    /// Octets with their envelope.
    Raw(Box<Raw>),
}

impl From<Message> for Submission {
    fn from(message: Message) -> Self {
        Self::Message(Box::new(message))
    }
}

impl From<&Message> for Submission {
    fn from(message: &Message) -> Self {
        Self::Message(Box::new(message.clone()))
    }
}

impl From<Raw> for Submission {
    fn from(raw: Raw) -> Self {
        Self::Raw(Box::new(raw))
    }
}

/// What was said of a mail; the first thing that was said wrongly is kept until the end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) meta: MailMeta,
    pub(crate) priority: Option<i8>,
    pub(crate) once: Option<OnceKey>,
    pub(crate) send_at: Option<Timestamp>,
    pub(crate) expire_after: Option<Duration>,
    pub(crate) wait: Wait,
    pub(crate) wrong: Option<ParseError>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Wait {
    #[default]
    ForRoom,
    Never,
}

impl Options {
    /// The fingerprint of what the caller gave, options included. Times are not: they are often counted from now, and a
    /// repetition comes later. What says nothing leaves the message's own.
    pub(crate) fn fingerprint(&self, of_message: [u8; 32]) -> [u8; 32] {
        let Self { meta, priority, once: _, send_at: _, expire_after: _, wait: _, wrong: _ } = self;
        // A tenant has keys of his own.
        let MailMeta { stream, list, campaign, tags, .. } = meta;
        if (stream, priority) == (&StreamName::DEFAULT, &None)
            && (list.is_none() && campaign.is_none() && tags.is_empty())
        {
            return of_message;
        }
        // Every part serialises: none is a map with keys that are no strings.
        let options = serde_json::to_vec(&(stream, list, campaign, tags, priority)).unwrap_or_default();
        Sha256::new_with_prefix(of_message).chain_update(options).finalize().into()
    }

    fn name<T, E: Into<ParseError>>(&mut self, name: Result<T, E>) -> Option<T> {
        match name {
            Ok(name) => Some(name),
            Err(error) => {
                self.wrong.get_or_insert(error.into());
                None
            }
        }
    }
}

macro_rules! options {
    () => {
        /// The stream, which must be declared when the Mailer is built; `default` otherwise.
        pub fn stream<N>(mut self, name: N) -> Self
        where
            N: TryInto<StreamName>,
            N::Error: Into<ParseError>,
        {
            if let Some(name) = self.options.name(name.try_into()) {
                self.options.meta.stream = name;
            }
            self
        }

        /// The list that this mail is for: what an unsubscribe leaves.
        pub fn list<N>(mut self, name: N) -> Self
        where
            N: TryInto<ListName>,
            N::Error: Into<ParseError>,
        {
            self.options.meta.list = self.options.name(name.try_into());
            self
        }

        /// The campaign that this mail belongs to.
        pub fn campaign<N>(mut self, name: N) -> Self
        where
            N: TryInto<CampaignName>,
            N::Error: Into<ParseError>,
        {
            self.options.meta.campaign = self.options.name(name.try_into());
            self
        }

        /// The tenant that this mail is sent for; keys are his own.
        pub fn tenant<N>(mut self, name: N) -> Self
        where
            N: TryInto<TenantName>,
            N::Error: Into<ParseError>,
        {
            self.options.meta.tenant = self.options.name(name.try_into());
            self
        }

        /// The application's key: the same key is accepted once, whatever happens to the call. `type/id` reads
        /// well: `receipt/4711`. The same key with another content, stream, list, campaign, tag or priority is an error;
        /// times may differ, those of the first call count.
        pub fn once<K>(mut self, key: K) -> Self
        where
            K: TryInto<OnceKey>,
            K::Error: Into<ParseError>,
        {
            self.options.once = self.options.name(key.try_into());
            self
        }

        /// Hangs a pair on the mail, that stands in each of its events. At most ten.
        pub fn tag(mut self, key: &str, value: impl std::fmt::Display) -> Self {
            let inserted = self.options.meta.tags.insert(key, &value.to_string());
            self.options.name(inserted);
            self
        }

        /// Not before this time.
        pub fn send_at(mut self, at: Timestamp) -> Self {
            self.options.send_at = Some(at);
            self
        }

        /// Given up so long after it was due; the stream's own time otherwise.
        pub fn expire_after(mut self, time: Duration) -> Self {
            self.options.expire_after = Some(time);
            self
        }

        /// Higher goes first; the stream's own priority otherwise.
        pub fn priority(mut self, priority: i8) -> Self {
            self.options.priority = Some(priority);
            self
        }
    };
}

/// A send under way: say more about it, then await it.
///
/// # Cancel safety
/// Dropped before it is ready, the mail is accepted or not; repeat it with the same
/// [`once`](Sending::once) key to know. Without a key, use [`Mailer::prepare`] first.
#[derive(Debug)]
#[must_use = "nothing is sent until this is awaited"]
pub struct Sending<'a> {
    mailer: &'a Mailer,
    submission: Submission,
    options: Options,
    trace: Option<Arc<dyn TraceSink>>,
}

impl<'a> Sending<'a> {
    pub(crate) fn new(mailer: &'a Mailer, submission: Submission) -> Self {
        Self { mailer, submission, options: Options::default(), trace: None }
    }

    options!();

    /// Writes the dialogue of each attempt for this mail to `sink`, without secrets and content, as long as this
    /// process runs: see [`Mailer::trace`].
    pub fn trace(mut self, sink: Arc<dyn TraceSink>) -> Self {
        self.trace = Some(sink);
        self
    }

    /// If too many sends wait for the disk, [`Full`](crate::SendErrorKind::Full) instead of a wait.
    pub fn without_waiting(mut self) -> Self {
        self.options.wait = Wait::Never;
        self
    }
}

impl<'a> IntoFuture for Sending<'a> {
    type Output = Result<Receipt, SendError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { mailer, submission, options, trace } = self;
        Box::pin(async move {
            let wait = options.wait;
            let prepared = mailer.engine().prepare(submission, options).await?;
            let Some(sink) = trace else { return mailer.admit_one(prepared, wait).await };
            // Before it is accepted: the first attempt may begin at once.
            let id = prepared.id();
            mailer.trace(id, sink.clone());
            let result = mailer.admit_one(prepared, wait).await;
            match &result {
                Ok(receipt) if receipt.id() == id => {}
                Ok(receipt) => {
                    mailer.untrace(id);
                    mailer.trace(receipt.id(), sink);
                }
                Err(_) => drop(mailer.untrace(id)),
            }
            result
        })
    }
}

/// A preparation under way: say more about the mail, then await it.
///
/// # Cancel safety
/// Dropped: nothing has happened.
#[derive(Debug)]
#[must_use = "nothing is prepared until this is awaited"]
pub struct Preparing<'a> {
    mailer: &'a Mailer,
    submission: Submission,
    options: Options,
}

impl<'a> Preparing<'a> {
    pub(crate) fn new(mailer: &'a Mailer, submission: Submission) -> Self {
        Self { mailer, submission, options: Options::default() }
    }

    options!();
}

impl<'a> IntoFuture for Preparing<'a> {
    type Output = Result<Prepared, SendError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { mailer, submission, options } = self;
        Box::pin(async move { mailer.engine().prepare(submission, options).await })
    }
}

/// One mail of [`Mailer::send_all`]: what is sent, and what is said about it.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent until this is handed over"]
pub struct Outgoing {
    submission: Submission,
    options: Options,
}

impl Outgoing {
    /// A mail of which nothing is said yet.
    pub fn new(submission: impl Into<Submission>) -> Self {
        Self { submission: submission.into(), options: Options::default() }
    }

    options!();

    pub(crate) fn into_parts(self) -> (Submission, Options) {
        (self.submission, self.options)
    }
}

impl<S: Into<Submission>> From<S> for Outgoing {
    fn from(submission: S) -> Self {
        Self::new(submission)
    }
}
