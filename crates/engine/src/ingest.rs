//! What came back, and what follows from it.

use posthaste_bounce::{Limits, Reading, RecipientReport, ReportKind};
use posthaste_queue::{Query, Tracked, TrackedRecipient};
use posthaste_suppression::{Entry, Put};
use posthaste_types::{
    Address, BounceClass, Event, EventKind, Evidence, EvidenceSource, Fate, MailId, MessageId, Text,
};

use crate::accept::WHOLE_MAIL;
use crate::error::{FeedbackError, FeedbackErrorKind};
use crate::inner::Engine;
use crate::judge::consequence;
use crate::settings::Audience;

/// How something came back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Via {
    /// The envelope recipient that it was addressed to: where it carries a token of ours, that is the proof.
    pub recipient: Option<Address>,
}

impl Via {
    /// By SMTP, addressed to this recipient.
    pub fn recipient(address: Address) -> Self {
        Self { recipient: Some(address) }
    }

    /// From a mailbox, a pipe or a webhook: the envelope is not known.
    pub fn mailbox() -> Self {
        Self::default()
    }
}

/// What became of something that came back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ingested {
    /// What it said about each recipient of a mail of ours.
    pub reports: Vec<IngestedReport>,
    /// Why nothing was done, if it is no report of ours: no report at all, no mail that is known, no proof.
    pub unmatched: Option<Text>,
}

/// What it said about one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IngestedReport {
    /// The mail.
    pub mail: MailId,
    /// The recipient, as the mail was sent to it.
    pub recipient: Address,
    /// What kind of report.
    pub kind: ReportKind,
    /// The class.
    pub class: BounceClass,
    /// The entry that it put on the suppression list.
    pub suppressed: Option<Entry>,
}

/// What of ours a report belongs to, and how that is known.
struct Proof {
    /// The mail; several, where the application gave them one Message-ID.
    mails: Vec<Tracked>,
    /// The place of the recipient, where the token names one.
    place: Option<usize>,
    evidence: Evidence,
}

impl Engine {
    pub(crate) async fn ingest(&self, raw: &[u8], via: Via) -> Result<Ingested, FeedbackError> {
        let reading = self
            .rules()
            .read(raw, &Limits::default())
            .map_err(|error| FeedbackError::caused(FeedbackErrorKind::Limit, error))?;
        if reading.recipients().is_empty() {
            return Ok(Ingested { reports: Vec::new(), unmatched: Some(Text::lossy("it is no report")) });
        }
        let proof = match self.prove(&reading, &via).await? {
            Ok(proof) => proof,
            Err(why) => return self.unmatched(why).await,
        };
        let mut reports: Vec<IngestedReport> = Vec::new();
        let mut why = "it names no recipient of the mail that it is about";
        for report in reading.recipients() {
            let Some((mail, recipient)) = find_recipient(&proof, report) else { continue };
            if !self.was_mailed(recipient) {
                why = "the audience kept the mail from its recipient: a stand-in's report";
                continue;
            }
            let same = |told: &IngestedReport| {
                (told.mail, &told.recipient, told.kind) == (mail.id, &recipient.address, report.kind)
            };
            if !reports.iter().any(same) {
                reports.push(self.take_in(mail, &recipient.address, report, &proof.evidence).await?);
            }
        }
        if reports.is_empty() {
            return self.unmatched(Text::lossy(why)).await;
        }
        Ok(Ingested { reports, unmatched: None })
    }

    /// Whether the recipient itself got the mail, as far as is known: what a stand-in's server reports never touches
    /// the recipient.
    fn was_mailed(&self, recipient: &TrackedRecipient) -> bool {
        match &recipient.ending {
            Some(ending) => ending.fate != Fate::Withheld,
            None => !matches!(self.audience, Audience::Redirect(_)),
        }
    }

    async fn unmatched(&self, why: Text) -> Result<Ingested, FeedbackError> {
        let event = Event::new(self.clock.wall(), EventKind::Unmatched { why: why.clone() });
        self.spool.record(vec![event.clone()]).await?;
        self.publish(vec![event]);
        Ok(Ingested { reports: Vec::new(), unmatched: Some(why) })
    }

    /// Which mail of ours a report is about: by the token in the return path that it came to, or by the Message-ID
    /// of the message that it returns. A token that is not genuine is no proof, and nothing else counts beside it.
    async fn prove(&self, reading: &Reading, via: &Via) -> Result<Result<Proof, Text>, FeedbackError> {
        let now = self.clock.wall();
        for address in via.recipient.iter().chain(reading.return_paths()) {
            let Some(paths) = &self.return_paths else { break };
            match paths.read(address, now) {
                Ok(None) => {}
                Err(error) => return Ok(Err(Text::lossy(format!("the return path {address}: {error}")))),
                Ok(Some(token)) => {
                    let Some(tracked) = self.tracked(token.mail).await? else {
                        return Ok(Err(Text::lossy(format!("no mail {} is known any more", token.mail))));
                    };
                    let place = usize::try_from(token.recipient).ok().filter(|_| token.recipient != WHOLE_MAIL);
                    let evidence = Evidence::new(EvidenceSource::Header, format!("return path {address}"));
                    return Ok(Ok(Proof { mails: vec![tracked], place, evidence }));
                }
            }
        }
        let Some(message_id) = reading.original().message_id() else {
            return Ok(Err(Text::lossy("it carries neither a return path of ours nor a Message-ID")));
        };
        let mails = self.with_message_id(message_id, reading).await?;
        if mails.is_empty() {
            return Ok(Err(Text::lossy(format!("no mail with Message-ID {message_id} is known"))));
        }
        let evidence = Evidence::new(EvidenceSource::Header, format!("Message-ID {message_id}"));
        Ok(Ok(Proof { mails, place: None, evidence }))
    }

    /// The mails with this Message-ID. An application may give it to many, each to somebody else: then those alone
    /// whose recipients the report names.
    async fn with_message_id(&self, id: &MessageId, reading: &Reading) -> Result<Vec<Tracked>, FeedbackError> {
        let mut query = Query::message_id(id.clone());
        query.limit = 2;
        let found = self.spool.find(&query).await?;
        if found.len() < 2 {
            return Ok(found);
        }
        let mut mails: Vec<Tracked> = Vec::new();
        for to in reading.recipients().iter().flat_map(named) {
            query.to = Some(to.clone());
            for new in self.spool.find(&query).await? {
                if mails.iter().all(|mail| mail.id != new.id) {
                    mails.push(new);
                }
            }
        }
        // Two that it does not name: no one can be taken for the only one.
        Ok(if mails.is_empty() { found } else { mails })
    }

    async fn take_in(
        &self,
        tracked: &Tracked,
        to: &Address,
        report: &RecipientReport,
        proof: &Evidence,
    ) -> Result<IngestedReport, FeedbackError> {
        let wall = self.clock.wall();
        let mut evidence = report.evidence();
        evidence.push(proof.clone());
        let event = |kind| self.event(tracked.id, Some(to), &tracked.meta, wall, kind);
        let mut events = Vec::new();
        match report.kind {
            ReportKind::Complaint => events.push(event(EventKind::Complained { evidence: evidence.clone() })),
            ReportKind::Bounce => {
                events.push(event(EventKind::Returned { class: report.class(), evidence: evidence.clone() }));
            }
            _ => {}
        }
        let acts = matches!(report.kind, ReportKind::Bounce | ReportKind::Complaint);
        let entry = acts.then(|| consequence(to, &report.verdict, None, wall)).flatten();
        if let Some(entry) = &entry {
            let mut entry = entry.clone();
            entry.evidence = evidence.clone();
            if self.suppressions.put(entry.clone()).await? == Put::Added {
                events.push(event(EventKind::SuppressionAdded { class: report.class(), evidence }));
            }
            self.withdraw_suppressed(&entry.what);
        }
        self.spool.record(events.clone()).await?;
        self.publish(events);
        let (kind, class) = (report.kind, report.class());
        Ok(IngestedReport { mail: tracked.id, recipient: to.clone(), kind, class, suppressed: entry })
    }
}

/// The recipient that a report names, and its mail: the one of the token, the one of that address, or the only one.
fn find_recipient<'a>(proof: &'a Proof, report: &RecipientReport) -> Option<(&'a Tracked, &'a TrackedRecipient)> {
    let mut all = proof.mails.iter().flat_map(|mail| mail.recipients.iter().map(move |recipient| (mail, recipient)));
    if let Some(found) = proof.place.and_then(|place| all.clone().nth(place)) {
        return Some(found);
    }
    let by_name = |name: &Address| all.clone().find(|(_, to)| to.address.normalized() == name.normalized());
    if let Some(found) = named(report).find_map(by_name) {
        return Some(found);
    }
    match (all.next(), all.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}

/// The addresses by which a report names a recipient: as it was sent to first.
fn named(report: &RecipientReport) -> impl Iterator<Item = &Address> {
    [report.original.as_ref(), Some(&report.address)].into_iter().flatten().filter_map(|reported| reported.address())
}
