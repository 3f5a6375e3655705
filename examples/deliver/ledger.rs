//! What happened to whom, kept from the events of the Mailer.

use std::collections::BTreeMap;
use std::time::Duration;

use posthaste::{Address, CampaignName, Ending, Event, EventKind, Evidence, EvidenceSource, Fate, Timestamp};

use crate::page::{Cell, Ink, paint, wrap};

/// One campaign: each recipient with all that is known of it.
pub(crate) struct Ledger {
    campaign: CampaignName,
    recipients: usize,
    voice: Voice,
    start: Timestamp,
    entries: BTreeMap<Address, Entry>,
    /// Reports that came in without proof.
    pub(crate) unmatched: usize,
}

#[derive(PartialEq, Eq)]
enum Voice {
    Aloud,
    Quiet,
}

/// One recipient.
#[derive(Default)]
pub(crate) struct Entry {
    pub(crate) ending: Option<Ending>,
    /// What it waited for on the way.
    pub(crate) deferrals: usize,
    /// What came back after it was delivered, and when.
    pub(crate) returned: Option<(&'static str, Timestamp, String)>,
}

impl Ledger {
    pub(crate) fn new(campaign: CampaignName, recipients: usize, start: Timestamp) -> Self {
        Self { campaign, recipients, voice: Voice::Aloud, start, entries: BTreeMap::new(), unmatched: 0 }
    }

    /// Writes down and says nothing.
    pub(crate) fn quietly(mut self) -> Self {
        self.voice = Voice::Quiet;
        self
    }

    pub(crate) fn entry(&self, address: &str) -> Option<&Entry> {
        self.entries.iter().find(|(to, _)| to.as_str() == address).map(|(_, entry)| entry)
    }

    pub(crate) fn ended(&self) -> usize {
        self.entries.values().filter(|entry| entry.ending.is_some()).count()
    }

    pub(crate) fn all_ended(&self) -> bool {
        self.ended() == self.recipients
    }

    pub(crate) fn returned(&self) -> usize {
        self.entries.values().filter(|entry| entry.returned.is_some()).count()
    }

    /// Writes an event down, and says it.
    pub(crate) fn note(&mut self, event: &Event) {
        if let EventKind::Unmatched { why } = &event.kind {
            self.unmatched += 1;
            self.say(event.at, "somebody", Ink::Wait, "no proof", why.as_str());
        }
        let Some(to) = event.recipient.clone().filter(|_| event.campaign.as_ref() == Some(&self.campaign)) else {
            return;
        };
        let entry = self.entries.entry(to.clone()).or_default();
        let (ink, what, why) = match &event.kind {
            EventKind::Deferred { outcome, .. } | EventKind::InDoubt { outcome, .. } => {
                entry.deferrals += 1;
                (Ink::Wait, "deferred", outcome.cause().to_string())
            }
            EventKind::Ended { ending } => {
                entry.ending = Some(ending.clone());
                (ink(ending.fate), ending.fate.as_str(), why(ending))
            }
            EventKind::Returned { evidence, .. } => {
                entry.returned = Some(("returned", event.at, deciding(evidence)));
                (Ink::Bad, "came back", deciding(evidence))
            }
            EventKind::Complained { evidence } => {
                entry.returned = Some(("complained", event.at, deciding(evidence)));
                (Ink::Bad, "complained", deciding(evidence))
            }
            EventKind::SuppressionAdded { class, .. } => (Ink::Wait, "suppressed", format!("from now on: {class}")),
            _ => return,
        };
        self.say(event.at, to.as_str(), ink, what, &why);
    }

    fn say(&self, at: Timestamp, who: &str, ink: Ink, what: &str, why: &str) {
        if self.voice == Voice::Quiet {
            return;
        }
        let ended = format!("{}/{}", self.ended(), self.recipients);
        let what = paint(ink, &format!("{what:10}"));
        let why = wrap(why, 64).join(&format!("\n{:55}", ""));
        println!("  {:>6}  {ended:>5}  {who:24}  {what}  {why}", seconds(at.since(self.start)));
    }

    /// The rows of a table: recipient, what happened, when, why.
    pub(crate) fn rows(&self) -> Vec<[Cell; 4]> {
        let row = |(to, entry): (&Address, &Entry)| {
            let (what, when, why) = match (&entry.ending, &entry.returned) {
                (Some(ending), Some((how, at, why))) => {
                    let what = Cell::new(Ink::Bad, format!("{}, {how}", ending.fate));
                    (what, at.since(self.start), why.clone())
                }
                (Some(ending), None) => {
                    let what = match ending.attempts {
                        0 | 1 => ending.fate.to_string(),
                        n => format!("{}, attempt {n}", ending.fate),
                    };
                    (Cell::new(ink(ending.fate), what), ending.at.since(self.start), self::why(ending))
                }
                (None, _) => (Cell::new(Ink::Wait, "waits"), Duration::ZERO, String::new()),
            };
            [to.into(), what, seconds(when).into(), why.into()]
        };
        self.entries.iter().map(row).collect()
    }
}

/// What decided an ending.
pub(crate) fn why(ending: &Ending) -> String {
    ending.why().map(|why| plain(&why.to_string())).unwrap_or_default()
}

/// The line of a report that decided: what the remote host said, else the first.
fn deciding(evidence: &[Evidence]) -> String {
    let line = evidence.iter().find(|one| one.source == EvidenceSource::ReportField).or(evidence.first());
    line.map(|one| plain(one.text.as_str())).unwrap_or_default()
}

/// What the remote host said, without the name of the field that tells it.
pub(crate) fn plain(evidence: &str) -> String {
    evidence.replace("Diagnostic-Code: smtp; ", "")
}

fn ink(fate: Fate) -> Ink {
    match fate {
        Fate::Delivered => Ink::Good,
        Fate::Suppressed => Ink::Faint,
        _ => Ink::Bad,
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
