//! What came back, and what follows from it.

use posthaste_bounce::{Limits, Reading, RecipientReport, ReportKind};
use posthaste_queue::{Query, Tracked, TrackedRecipient};
use posthaste_suppression::{Entry, Put};
use posthaste_types::{Address, BounceClass, Event, EventKind, Evidence, EvidenceSource, MailId, Text};

use crate::accept::WHOLE_MAIL;
use crate::error::{FeedbackError, FeedbackErrorKind};
use crate::inner::Engine;
use crate::judge::consequence;

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

/// A mail of ours that a report belongs to, and how that is known.
struct Proof {
    tracked: Tracked,
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
        let mut reports = Vec::new();
        for report in reading.recipients() {
            let Some(recipient) = find_recipient(&proof, report) else { continue };
            let address = recipient.address.clone();
            reports.push(self.take_in(&proof, &address, report).await?);
        }
        if reports.is_empty() {
            return self.unmatched(Text::lossy("it names no recipient of the mail that it is about")).await;
        }
        Ok(Ingested { reports, unmatched: None })
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
                    return Ok(Ok(Proof { tracked, place, evidence }));
                }
            }
        }
        let Some(message_id) = reading.original().message_id() else {
            return Ok(Err(Text::lossy("it carries neither a return path of ours nor a Message-ID")));
        };
        let found = self.spool.find(&Query::message_id(message_id.clone())).await?.pop();
        Ok(match found {
            Some(tracked) => {
                let evidence = Evidence::new(EvidenceSource::Header, format!("Message-ID {message_id}"));
                Ok(Proof { tracked, place: None, evidence })
            }
            None => Err(Text::lossy(format!("no mail with Message-ID {message_id} is known"))),
        })
    }

    async fn take_in(
        &self,
        proof: &Proof,
        to: &Address,
        report: &RecipientReport,
    ) -> Result<IngestedReport, FeedbackError> {
        let tracked = &proof.tracked;
        let wall = self.clock.wall();
        let mut evidence = report.evidence().to_vec();
        evidence.push(proof.evidence.clone());
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

/// The recipient of the mail that a report names: the one of the token, the one of that address, or the only one.
fn find_recipient<'a>(proof: &'a Proof, report: &RecipientReport) -> Option<&'a TrackedRecipient> {
    let recipients = &proof.tracked.recipients;
    if let Some(recipient) = proof.place.and_then(|place| recipients.get(place)) {
        return Some(recipient);
    }
    let named = [report.original.as_ref(), Some(&report.address)];
    let mut named = named.into_iter().flatten().filter_map(|reported| reported.address()).map(Address::normalized);
    if let Some(recipient) = named.find_map(|name| recipients.iter().find(|to| to.address.normalized() == name)) {
        return Some(recipient);
    }
    match recipients.as_slice() {
        [only] => Some(only),
        _ => None,
    }
}
