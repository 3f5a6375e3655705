//! One check under way.

use std::fmt;
use std::sync::Arc;

use posthaste_auth::records::Severity;
use posthaste_dns::{DnsError, Resolve};
use posthaste_fetch::Fetch;
use posthaste_reputation::DnsLists;
use posthaste_types::{Clock, Text, Tick, Timestamp};

use crate::audit::{Check, Standing};
use crate::code::Code;
use crate::doctor::Settings;
use crate::finding::{Finding, Mend};
use crate::probe::Probe;
use crate::sending::SendingDomain;
use crate::topic::Topic;
use crate::witness::Witness;

/// What all checks of one audit share.
pub(crate) struct Room<'a> {
    pub(crate) dns: Arc<dyn Resolve>,
    pub(crate) fetch: Option<&'a dyn Fetch>,
    pub(crate) probe: Option<&'a dyn Probe>,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) lists: &'a DnsLists,
    pub(crate) settings: &'a Settings,
    pub(crate) sending: &'a SendingDomain,
    pub(crate) at: Timestamp,
    pub(crate) by: Tick,
}

/// One check under way: what it has seen so far.
pub(crate) struct Exam<'a> {
    pub(crate) room: &'a Room<'a>,
    pub(crate) dns: Witness,
    report: Report,
}

/// What came of one check.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) check: Check,
    /// How it stands with demands, by their words; of lists by `list:` and the id.
    pub(crate) learned: Vec<(String, Standing)>,
    /// The length of the shortest RSA key that signs.
    pub(crate) bits: Option<u32>,
}

impl<'a> Exam<'a> {
    pub(crate) fn new(room: &'a Room<'a>, topic: Topic, about: impl fmt::Display) -> Self {
        Self { room, dns: Witness::new(Arc::clone(&room.dns)), report: Report::new(topic, about) }
    }

    pub(crate) fn fact(&mut self, fact: impl fmt::Display) {
        self.report.check.facts.push(Text::lossy(fact));
    }

    /// A finding about the whole of this check.
    pub(crate) fn finding(&self, severity: Severity, code: Code, what: impl fmt::Display) -> Finding {
        let Check { topic, about, .. } = &self.report.check;
        Finding::new(severity, *topic, code, about, what)
    }

    pub(crate) fn find(&mut self, finding: Finding) {
        self.report.check.findings.push(finding);
    }

    /// What is no error after all, for something else makes up for it.
    pub(crate) fn soften(&mut self, code: Code) {
        let findings = self.report.check.findings.iter_mut();
        findings.filter(|finding| finding.code == code).for_each(|finding| finding.severity = Severity::Warning);
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.report.check.worst() == Some(Severity::Error)
    }

    /// Whether there are errors beside these.
    pub(crate) fn has_errors_but(&self, codes: &[Code]) -> bool {
        let mut findings = self.report.check.findings.iter();
        findings.any(|finding| finding.severity == Severity::Error && !codes.contains(&finding.code))
    }

    pub(crate) fn learn(&mut self, key: impl Into<String>, standing: Standing) {
        self.report.learned.push((key.into(), standing));
    }

    pub(crate) fn shortest(&mut self, bits: u32) {
        self.report.bits = Some(self.report.bits.map_or(bits, |known| known.min(bits)));
    }

    /// Ends the check. If a question had no answer, that is found too: nothing that rests on it is fine.
    pub(crate) fn finish(self) -> Report {
        self.finish_but(|_| false)
    }

    /// The same, without the failures that were told already.
    pub(crate) fn finish_but(mut self, told: impl Fn(&DnsError) -> bool) -> Report {
        let failures: Vec<DnsError> = self.dns.failures().into_iter().filter(|error| !told(error)).collect();
        if !failures.is_empty() {
            let questions = if failures.len() == 1 { "a question" } else { "questions" };
            let what = format!("The DNS did not answer {questions}, so this is not known.");
            let finding = self.finding(Severity::Unknown, Code::NotKnown, what).seen_all(&failures);
            self.find(finding.mend(Mend::step(AGAIN)));
        }
        self.report
    }
}

impl Report {
    pub(crate) fn new(topic: Topic, about: impl fmt::Display) -> Self {
        let check = Check { topic, about: Text::lossy(about), facts: Vec::new(), findings: Vec::new() };
        Self { check, learned: Vec::new(), bits: None }
    }

    /// Of a check that did not end in time; nothing is known of what it would have told.
    pub(crate) fn late(topic: Topic, about: &Text, keys: &[&str]) -> Self {
        let mut report = Self::new(topic, about);
        let what = "The check did not end in time, so this is not known.";
        let finding = Finding::new(Severity::Unknown, topic, Code::NotKnown, about, what);
        report.check.findings.push(finding.mend(Mend::step(AGAIN)));
        report.learned = keys.iter().map(|key| ((*key).to_owned(), Standing::Unknown)).collect();
        report
    }
}

const AGAIN: &str =
    "Run this again. If it stays so, see whether your resolver and the name servers of these names answer.";
