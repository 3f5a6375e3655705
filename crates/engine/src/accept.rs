//! From what the application gives to a mail in the spool.

use std::collections::HashSet;
use std::sync::atomic::Ordering;

use posthaste_message::Stamp;
use posthaste_queue::{Admission, MailMeta, NewMail};
use posthaste_suppression::{Ask, Entry, Verdict, decide};
use posthaste_types::{
    Address, Content, Ending, Envelope, EventKind, Evidence, EvidenceSource, Fate, Mail, MailId, MessageId,
    ReversePath, Timestamp,
};

use crate::dispatch::SPOOL_WAIT;
use crate::error::{SendError, SendErrorKind};
use crate::inner::Engine;
use crate::prepared::Prepared;
use crate::sending::{Options, Submission};
use crate::settings::{StreamPolicy, WayOut};

/// A mail before it has an identity.
struct Draft {
    envelope: Envelope,
    content: Content,
    message_id: Option<MessageId>,
    fingerprint: [u8; 32],
}

impl Engine {
    /// Composes, checks, signs and keys a mail. Nothing is stored.
    pub(crate) async fn prepare(&self, submission: Submission, mut options: Options) -> Result<Prepared, SendError> {
        if self.stopping.load(Ordering::Acquire) {
            return Err(SendError::new(SendErrorKind::Stopped, "the Mailer stops"));
        }
        if let Some(wrong) = options.wrong.take() {
            return Err(wrong.into());
        }
        let wall = self.clock.wall();
        let draft = self.draft(submission, wall)?;
        let fingerprint = options.fingerprint(draft.fingerprint);
        let Options { mut meta, priority, once, send_at, expire_after, .. } = options;
        let policy = self.policy(&meta)?;
        meta.priority = priority.unwrap_or(policy.priority);
        let id = MailId::new(wall, &*self.random);
        check_way_out(&policy, &draft.content)?;
        let content = match &self.signer {
            Some(signer) => draft.content.with_headers(&signer.sign(&draft.content, wall).await?),
            None => draft.content,
        };
        if content.len() > self.settings.max_size {
            let limit = self.settings.max_size;
            let text = format!("content: {} octets, the limit is {limit}", content.len());
            return Err(SendError::new(SendErrorKind::TooLarge { limit }, text));
        }
        // Its age counts from when the mail may leave: a report comes back behind that.
        let envelope = self.with_return_path(id, draft.envelope, send_at.map_or(wall, |at| at.max(wall)));
        let expire = expire_after.or(policy.expire).unwrap_or(self.settings.schedule.expire);
        let mail = Mail::new(id, envelope, content).with_message_id(draft.message_id);
        Ok(Prepared { mail, meta, once, fingerprint, send_at, expire })
    }

    fn policy(&self, meta: &MailMeta) -> Result<StreamPolicy, SendError> {
        self.streams.get(&meta.stream).cloned().ok_or_else(|| {
            let text = format!("stream: no stream {} was declared", meta.stream);
            SendError::new(SendErrorKind::UnknownStream, text)
        })
    }

    fn draft(&self, submission: Submission, wall: Timestamp) -> Result<Draft, SendError> {
        match submission {
            Submission::Message(message) => {
                self.check_recipients(message.recipients().count())?;
                let from = message.from().address();
                let made = || MessageId::new(wall, &*self.random, from.domain());
                let message_id = message.message_id().cloned().unwrap_or_else(made);
                let content = message.render(&Stamp::new(message.date().unwrap_or(wall), message_id.clone()))?;
                let envelope = message.envelope(ReversePath::Address(from.clone()))?;
                Ok(Draft { envelope, content, message_id: Some(message_id), fingerprint: message.fingerprint() })
            }
            Submission::Raw(raw) => {
                self.check_recipients(raw.envelope().to().len())?;
                Ok(Draft {
                    envelope: raw.envelope().clone(),
                    content: raw.content().clone(),
                    message_id: raw.message_id().cloned(),
                    fingerprint: raw.fingerprint(),
                })
            }
        }
    }

    fn check_recipients(&self, count: usize) -> Result<(), SendError> {
        let limit = self.settings.max_recipients;
        if count <= limit {
            return Ok(());
        }
        let text = format!("recipients: {count}, the limit is {limit}");
        Err(SendError::new(SendErrorKind::TooManyRecipients { limit }, text))
    }

    /// The reverse path that carries the token, the same on every attempt: for one recipient if there is one,
    /// for the whole mail if there are several, so that they can share a transaction.
    fn with_return_path(&self, id: MailId, envelope: Envelope, at: Timestamp) -> Envelope {
        match (&self.return_paths, envelope.from()) {
            (Some(paths), ReversePath::Address(_)) => {
                let recipient = if envelope.to().len() == 1 { 0 } else { WHOLE_MAIL };
                envelope.with_from(paths.address(id, recipient, at))
            }
            _ => envelope,
        }
    }

    /// Takes prepared mails into the spool, in one commit; one result each, in order.
    pub(crate) async fn admit(
        &self,
        prepared: Vec<Prepared>,
    ) -> Result<Vec<Result<MailAdmitted, SendError>>, SendError> {
        let wall = self.clock.wall();
        let now = self.now();
        let asks: Vec<Ask> = prepared
            .iter()
            .flat_map(|one| addresses(one).map(|to| one.meta.ask(to, wall)).collect::<Vec<_>>())
            .collect();
        // If the list does not answer, accepting is safe: it is asked again before each attempt.
        let mut found = self.listed(&asks).await.unwrap_or_default().into_iter();
        let mut mails = Vec::with_capacity(prepared.len());
        let mut live = Vec::with_capacity(prepared.len());
        for one in prepared {
            let entries = found.by_ref().take(one.mail.envelope().to().len()).collect();
            let mail = self.new_mail(one, entries, wall, now);
            live.push((mail.events.clone(), waiting(&mail)));
            mails.push(mail);
        }
        // Dropped from here on, they may be accepted and nobody is there to dispatch them.
        let unseen = Unseen(self);
        let admissions = self.spool.admit(mails).await?;
        std::mem::forget(unseen);
        let mut results = Vec::with_capacity(admissions.len());
        for (admission, (events, due)) in admissions.into_iter().zip(live) {
            results.push(match admission {
                Admission::Accepted(id) => {
                    self.publish(events);
                    self.dispatch_new(due);
                    Ok(MailAdmitted { id, replay: Replay::No })
                }
                Admission::Replay(id) => Ok(MailAdmitted { id, replay: Replay::Yes }),
                Admission::KeyReused(mail) => {
                    let text = format!("once key: it was used for mail {mail}, which is another");
                    Err(SendError::new(SendErrorKind::KeyReused { mail }, text))
                }
                _ => Err(SendError::new(SendErrorKind::Storage, "the spool gave an answer that is not known")),
            });
        }
        Ok(results)
    }

    fn new_mail(&self, prepared: Prepared, entries: Vec<Vec<Entry>>, wall: Timestamp, now: Timestamp) -> NewMail {
        let Prepared { mail, meta, once, fingerprint, send_at, expire } = prepared;
        let due = send_at.map_or(now, |at| at.max(now));
        let accepted = EventKind::Accepted {
            recipients: u32::try_from(mail.envelope().to().len()).unwrap_or(u32::MAX),
            message_id: mail.message_id().cloned(),
            size: mail.content().len() as u64,
        };
        let mut events = vec![self.event(mail.id(), None, &meta, wall, accepted)];
        let mut ended = Vec::new();
        for (place, (to, entries)) in mail.envelope().to().iter().zip(entries).enumerate() {
            let Verdict::Suppressed(entry) = decide(&meta.ask(&to.address, wall), &entries) else { continue };
            let ending = suppressed(&entry, now, now, 0);
            let kind = EventKind::Ended { ending: ending.clone() };
            events.push(self.event(mail.id(), Some(&to.address), &meta, wall, kind));
            ended.push((u32::try_from(place).unwrap_or(u32::MAX), ending));
        }
        let mut new = NewMail::new(mail, now, due.saturating_add(expire));
        new.meta = meta;
        // Without a key of the application the spool knows a repetition by the mail's id.
        new.once = once.map(|once| (once, fingerprint));
        new.due = due;
        new.ended = ended;
        new.events = events;
        new
    }
}

/// Mails that may be in the spool, and that the scheduler does not know: it is to look for them.
struct Unseen<'a>(&'a Engine);

impl Drop for Unseen<'_> {
    fn drop(&mut self) {
        let soon = self.0.now().saturating_add(SPOOL_WAIT);
        self.0.dispatch().look_at(soon);
        self.0.wake.notify_one();
    }
}

/// What became of one prepared mail.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MailAdmitted {
    pub(crate) id: MailId,
    pub(crate) replay: Replay,
}

/// Whether the key was known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replay {
    Yes,
    No,
}

/// The ending of a recipient that an entry forbids.
pub(crate) fn suppressed(entry: &Entry, accepted: Timestamp, now: Timestamp, attempts: u32) -> Ending {
    let mut ending = Ending::new(Fate::Suppressed, now, now.since(accepted), attempts);
    ending.class = Some(posthaste_types::BounceClass::Suppressed);
    ending.evidence = vec![Evidence::new(EvidenceSource::Entry, format!("{}, {}: {entry}", entry.what, entry.scope))];
    ending.evidence.extend(entry.evidence.iter().cloned());
    ending
}

fn addresses(prepared: &Prepared) -> impl Iterator<Item = &Address> {
    prepared.mail.envelope().to().iter().map(|to| &to.address)
}

/// The recipients of a new mail that wait, for the scheduler.
fn waiting(new: &NewMail) -> Vec<posthaste_queue::Due> {
    let ended: HashSet<u32> = new.ended.iter().map(|(place, _)| *place).collect();
    let due = |(place, to): (u32, &posthaste_types::Recipient)| {
        let domain = to.address.domain().clone();
        let mut due = posthaste_queue::Due::new(new.mail.id(), place, domain, new.due, new.expires);
        due.priority = new.meta.priority;
        due
    };
    let places = (0u32..).zip(new.mail.envelope().to());
    places.filter(|(place, _)| !ended.contains(place)).map(due).collect()
}

fn check_way_out(policy: &StreamPolicy, content: &Content) -> Result<(), SendError> {
    if policy.way_out == WayOut::Optional {
        return Ok(());
    }
    let octets = content.to_bytes();
    for name in ["List-Unsubscribe", "List-Unsubscribe-Post"] {
        let names = octets.split(|b| *b == b'\n').take_while(|line| !line.is_empty() && *line != b"\r");
        let field = |line: &[u8]| {
            line.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name.as_bytes()))
                && line.get(name.len()) == Some(&b':')
        };
        if !names.into_iter().any(field) {
            let text = format!("header {name}: missing, and a bulk stream needs it (RFC 8058)");
            return Err(SendError::new(SendErrorKind::NoWayOut, text));
        }
    }
    Ok(())
}

/// In a token, the place of a recipient that stands for all of them.
pub(crate) const WHOLE_MAIL: u32 = u32::MAX;
