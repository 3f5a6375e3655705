//! The values of an aggregate report, each to its place.

use std::net::IpAddr;

use posthaste_types::Timestamp;

use super::place::Leaf;
use super::state::State;
use crate::problem::ProblemKind;
use crate::text::clean;
use crate::words::Word;

impl State<'_, '_> {
    pub(super) fn assign(&mut self, leaf: Leaf) {
        self.found.any = true;
        let value = std::mem::take(&mut self.value);
        self.assign_value(leaf, &value);
        self.value = value;
    }

    fn assign_value(&mut self, leaf: Leaf, value: &str) {
        match leaf {
            Leaf::Version
            | Leaf::OrgName
            | Leaf::Email
            | Leaf::Contact
            | Leaf::ReportId
            | Leaf::Begin
            | Leaf::End
            | Leaf::Error
            | Leaf::Generator => self.assign_metadata(leaf, value),
            Leaf::Domain
            | Leaf::VersionPublished
            | Leaf::Discovery
            | Leaf::P
            | Leaf::Sp
            | Leaf::Np
            | Leaf::Adkim
            | Leaf::Aspf
            | Leaf::Pct
            | Leaf::Fo
            | Leaf::Testing => self.assign_policy(leaf, value),
            _ => self.assign_record(leaf, value),
        }
    }

    fn assign_metadata(&mut self, leaf: Leaf, value: &str) {
        match leaf {
            Leaf::Version => self.report.version = self.optional(value, "version"),
            Leaf::OrgName => self.report.metadata.org_name = self.line(value, "org_name"),
            Leaf::Email => self.report.metadata.email = self.line(value, "email"),
            Leaf::Contact => {
                self.report.metadata.extra_contact_info = self.optional(value, "extra_contact_info");
            }
            Leaf::ReportId => self.report.metadata.report_id = self.line(value, "report_id"),
            Leaf::Begin => self.report.metadata.begin = self.time(value, "begin"),
            Leaf::End => self.report.metadata.end = self.time(value, "end"),
            Leaf::Error => {
                if let Some(error) = self.optional(value, "error") {
                    if self.budget.take_item() {
                        self.report.metadata.errors.push(error);
                    } else {
                        self.note_once(ProblemKind::Items, "error", self.leaf_at);
                    }
                }
            }
            _ => self.report.metadata.generator = self.optional(value, "generator"),
        }
    }

    fn assign_policy(&mut self, leaf: Leaf, value: &str) {
        match leaf {
            Leaf::Domain => self.report.policy.domain = self.line(value, "domain"),
            Leaf::VersionPublished => {
                self.report.policy.version_published = self.optional(value, "version_published");
            }
            Leaf::Discovery => self.report.policy.discovery_method = self.word(value, "discovery_method"),
            Leaf::P => self.report.policy.p = self.word(value, "p"),
            Leaf::Sp => self.report.policy.sp = self.word(value, "sp"),
            Leaf::Np => self.report.policy.np = self.word(value, "np"),
            Leaf::Adkim => self.report.policy.adkim = self.word(value, "adkim"),
            Leaf::Aspf => self.report.policy.aspf = self.word(value, "aspf"),
            Leaf::Pct => {
                let share = self.number(value, "pct").and_then(|share| u8::try_from(share).ok());
                if share.is_some_and(|share| share > 100) {
                    self.note(ProblemKind::Value, "pct", self.leaf_at);
                }
                self.report.policy.pct = share.filter(|share| *share <= 100);
            }
            Leaf::Fo => self.report.policy.fo = self.optional(value, "fo"),
            _ => self.report.policy.testing = self.word(value, "testing"),
        }
    }

    fn assign_record(&mut self, leaf: Leaf, value: &str) {
        match leaf {
            Leaf::SourceIp => self.record.source_ip = self.address(value),
            Leaf::Count => {
                self.record.count = self.number(value, "count").unwrap_or(0);
                self.found.count = true;
            }
            Leaf::Disposition => self.record.disposition = self.word(value, "disposition"),
            Leaf::AlignedDkim => self.record.dkim = self.word(value, "dkim"),
            Leaf::AlignedSpf => self.record.spf = self.word(value, "spf"),
            Leaf::EnvelopeTo => self.record.envelope_to = Some(self.line(value, "envelope_to")),
            Leaf::EnvelopeFrom => self.record.envelope_from = Some(self.line(value, "envelope_from")),
            Leaf::HeaderFrom => self.record.header_from = self.line(value, "header_from"),
            Leaf::ReasonKind | Leaf::ReasonComment => self.assign_reason(leaf, value),
            Leaf::SpfDomain | Leaf::SpfScope | Leaf::SpfResult | Leaf::SpfHuman => self.assign_spf(leaf, value),
            _ => self.assign_dkim(leaf, value),
        }
    }

    fn assign_reason(&mut self, leaf: Leaf, value: &str) {
        let Some(mut reason) = self.record.reasons.pop() else { return };
        match leaf {
            Leaf::ReasonKind => reason.kind = self.word(value, "type"),
            _ => reason.comment = self.optional(value, "comment"),
        }
        self.record.reasons.push(reason);
    }

    fn assign_dkim(&mut self, leaf: Leaf, value: &str) {
        let Some(mut dkim) = self.record.dkim_results.pop() else { return };
        match leaf {
            Leaf::DkimDomain => dkim.domain = self.line(value, "domain"),
            Leaf::DkimSelector => dkim.selector = self.optional(value, "selector"),
            Leaf::DkimResult => dkim.result = self.word(value, "result"),
            _ => dkim.human_result = self.optional(value, "human_result"),
        }
        self.record.dkim_results.push(dkim);
    }

    fn assign_spf(&mut self, leaf: Leaf, value: &str) {
        let Some(mut spf) = self.record.spf_results.pop() else { return };
        match leaf {
            Leaf::SpfDomain => spf.domain = self.line(value, "domain"),
            Leaf::SpfScope => spf.scope = self.word(value, "scope"),
            Leaf::SpfResult => spf.result = self.word(value, "result"),
            _ => spf.human_result = self.optional(value, "human_result"),
        }
        self.record.spf_results.push(spf);
    }

    fn line(&mut self, value: &str, what: &'static str) -> String {
        let (line, problem) = clean(value, self.limits().text);
        if problem.is_some() || self.too_long {
            self.note(ProblemKind::TooLong, what, self.leaf_at);
        }
        line
    }

    /// Of an empty element nothing is kept.
    fn optional(&mut self, value: &str, what: &'static str) -> Option<String> {
        Some(self.line(value, what)).filter(|line| !line.is_empty())
    }

    fn word<T: Word>(&mut self, value: &str, what: &'static str) -> Option<T> {
        let value = value.trim();
        if let Some(word) = T::of_word(value) {
            return Some(word);
        }
        if value.is_empty() {
            return None;
        }
        let word = (value.len() <= LONGEST_WORD).then(|| T::of_word(&value.to_ascii_lowercase())).flatten();
        let kind = if word.is_some() { ProblemKind::Case } else { ProblemKind::Value };
        self.note(kind, what, self.leaf_at);
        word
    }

    fn number(&mut self, value: &str, what: &'static str) -> Option<u64> {
        let number = value.trim().parse().ok();
        if number.is_none() {
            self.note(ProblemKind::Value, what, self.leaf_at);
        }
        number
    }

    /// Seconds since 1970; some write a fraction, or a date of RFC 3339.
    fn time(&mut self, value: &str, what: &'static str) -> Option<Timestamp> {
        let value = value.trim();
        let whole = value.split_once('.').map_or(value, |(whole, _)| whole);
        let time = match whole.parse() {
            Ok(seconds) => Some(Timestamp::from_unix_secs(seconds)),
            Err(_) => value.parse::<Timestamp>().ok().map(Timestamp::to_whole_seconds),
        };
        if time.is_none() {
            self.note(ProblemKind::Value, what, self.leaf_at);
        }
        time
    }

    fn address(&mut self, value: &str) -> Option<IpAddr> {
        let address = parse_address(value);
        if address.is_none() {
            self.note(ProblemKind::Value, "source_ip", self.leaf_at);
        }
        address
    }
}

/// An address, in brackets or not, an IPv4 address in IPv6 form as itself. Some write the host's name behind it.
pub(crate) fn parse_address(value: &str) -> Option<IpAddr> {
    let value = value.split_whitespace().next()?.trim_start_matches('[').trim_end_matches(']');
    let tagged = value.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("IPv6:"));
    let value = if tagged { value.get(5..)? } else { value };
    value.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// No word of the standards is as long.
const LONGEST_WORD: usize = 40;
