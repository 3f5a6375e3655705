//! Whose dialogues are written down.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use posthaste_queue::MailMeta;
use posthaste_transport::{Attempt, Direction, TraceSink};
use posthaste_types::{Address, CampaignName, ListName, MailId, Recipient, StreamName, Tags, TenantName};

use crate::lease::Lease;

/// A mail that an attempt is to be made for: what a rule of
/// [`MailerBuilder::trace`](crate::MailerBuilder::trace) decides by.
#[derive(Clone, Copy)]
pub struct Traceable<'a> {
    id: MailId,
    meta: &'a MailMeta,
    recipients: &'a [Recipient],
}

impl<'a> Traceable<'a> {
    /// The mail.
    pub fn id(&self) -> MailId {
        self.id
    }

    /// Its stream.
    pub fn stream(&self) -> &'a StreamName {
        &self.meta.stream
    }

    /// The list that it is for.
    pub fn list(&self) -> Option<&'a ListName> {
        self.meta.list.as_ref()
    }

    /// The campaign that it belongs to.
    pub fn campaign(&self) -> Option<&'a CampaignName> {
        self.meta.campaign.as_ref()
    }

    /// The tenant that it is sent for.
    pub fn tenant(&self) -> Option<&'a TenantName> {
        self.meta.tenant.as_ref()
    }

    /// What the application hung on it.
    pub fn tags(&self) -> &'a Tags {
        &self.meta.tags
    }

    /// The recipients of this attempt.
    pub fn recipients(&self) -> &'a [Recipient] {
        self.recipients
    }
}

/// Without the recipients.
impl fmt::Debug for Traceable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traceable").field("id", &self.id).field("stream", &self.meta.stream).finish_non_exhaustive()
    }
}

/// Decides whose dialogues are written down, and where.
pub(crate) type TraceRule = dyn Fn(&Traceable<'_>) -> Option<Arc<dyn TraceSink>> + Send + Sync;

/// Where dialogues are written.
#[derive(Default)]
pub(crate) struct Traces {
    rule: Option<Arc<TraceRule>>,
    /// Of mails that were asked for one by one.
    mails: Mutex<BTreeMap<MailId, Arc<dyn TraceSink>>>,
}

impl Traces {
    pub(crate) fn new(rule: Option<Arc<TraceRule>>) -> Self {
        Self { rule, mails: Mutex::default() }
    }

    /// From now on, the dialogues of a mail go there. Of too many, those of the oldest mail are let go.
    pub(crate) fn put(&self, mail: MailId, sink: Arc<dyn TraceSink>) {
        let mut mails = self.mails();
        mails.insert(mail, sink);
        while mails.len() > MAX_TRACED {
            mails.pop_first();
        }
    }

    pub(crate) fn remove(&self, mail: MailId) -> Option<Arc<dyn TraceSink>> {
        self.mails().remove(&mail)
    }

    /// Where the dialogue of an attempt goes: the application's word about this mail goes before the rule.
    pub(crate) fn sink(&self, lease: &Lease) -> Option<Arc<dyn TraceSink>> {
        let mail = &lease.granted.mail;
        let own = self.mails().get(&mail.id()).cloned();
        own.or_else(|| {
            let rule = self.rule.as_ref()?;
            rule(&Traceable { id: mail.id(), meta: &lease.granted.meta, recipients: mail.envelope().to() })
        })
    }

    fn mails(&self) -> MutexGuard<'_, BTreeMap<MailId, Arc<dyn TraceSink>>> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says in the dialogue whose it is: a sink may get those of several attempts.
pub(crate) fn head(attempt: &Attempt, number: u32) {
    if let Some(sink) = attempt.trace() {
        let to = attempt.recipients().len();
        sink.line(Direction::Note, &format!("mail {}, attempt {number}, recipients: {to}", attempt.mail().id()));
    }
}

/// A sink that is not told the token in a return path of ours: who has it could make up a report that counts, and
/// dialogues are shown around.
#[derive(Debug)]
pub(crate) struct WithoutToken {
    sink: Arc<dyn TraceSink>,
    path: Box<str>,
    shown: Box<str>,
}

impl WithoutToken {
    pub(crate) fn new(sink: Arc<dyn TraceSink>, path: &Address) -> Self {
        let prefix = path.local_part().split_once('+').map_or("", |(prefix, _)| prefix);
        let shown = format!("{prefix}+[token]@{}", path.domain()).into();
        Self { sink, path: path.as_str().into(), shown }
    }
}

impl TraceSink for WithoutToken {
    fn line(&self, direction: Direction, line: &str) {
        match line.contains(&*self.path) {
            true => self.sink.line(direction, &line.replace(&*self.path, &self.shown)),
            false => self.sink.line(direction, line),
        }
    }
}

/// Mails that are traced one by one, at the most.
pub(crate) const MAX_TRACED: usize = 1000;
