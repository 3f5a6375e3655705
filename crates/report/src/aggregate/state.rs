//! What the elements of an aggregate report mean: the report as far as it is read.

use super::place::{Leaf, Place};
use super::{Aggregate, DkimResult, Metadata, PolicyPublished, Reason, Record, Schema, SpfResult};
use crate::limits::{Budget, Limits};
use crate::problem::{ProblemKind, Problems};

/// The report so far, and the parts that are open.
pub(super) struct State<'b, 'l> {
    pub(super) report: Aggregate,
    pub(super) problems: Problems,
    pub(super) budget: &'b mut Budget<'l>,
    pub(super) record: Record,
    record_at: usize,
    pub(super) found: Found,
    pub(super) leaf: Option<Leaf>,
    pub(super) leaf_at: usize,
    pub(super) value: String,
    pub(super) too_long: bool,
}

/// What was found of the parts that a report must have.
#[derive(Default)]
pub(super) struct Found {
    feedback: bool,
    metadata: bool,
    policy: bool,
    pub(super) count: bool,
    pub(super) any: bool,
}

impl<'b, 'l> State<'b, 'l> {
    pub(super) fn new(budget: &'b mut Budget<'l>) -> Self {
        let mut report = Aggregate::new(Schema::Rfc7489, Metadata::default(), PolicyPublished::default());
        report.version = None;
        Self {
            report,
            problems: Problems::default(),
            budget,
            record: Record::default(),
            record_at: 0,
            found: Found::default(),
            leaf: None,
            leaf_at: 0,
            value: String::new(),
            too_long: false,
        }
    }

    pub(super) fn limits(&self) -> &'l Limits {
        self.budget.limits
    }

    pub(super) fn note(&mut self, kind: ProblemKind, what: &'static str, at: usize) {
        self.problems.note(self.budget.limits.problems, kind, what, at);
    }

    pub(super) fn note_once(&mut self, kind: ProblemKind, what: &'static str, at: usize) {
        self.problems.note_once(kind, what, at);
    }

    pub(super) fn open(&mut self, place: Place, at: usize) {
        match place {
            Place::Feedback => self.found.feedback = true,
            Place::Metadata if std::mem::replace(&mut self.found.metadata, true) => {
                self.note(ProblemKind::Repeated, "report_metadata", at);
            }
            Place::Policy if std::mem::replace(&mut self.found.policy, true) => {
                self.note(ProblemKind::Repeated, "policy_published", at);
            }
            Place::Record => {
                self.record = Record::default();
                self.found.count = false;
                self.record_at = at;
            }
            Place::Reason => self.push(at, "reason", |record| push(&mut record.reasons, Reason::default())),
            Place::Dkim => self.push(at, "dkim", |record| push(&mut record.dkim_results, DkimResult::default())),
            Place::Spf => self.push(at, "spf", |record| push(&mut record.spf_results, SpfResult::default())),
            Place::Leaf(leaf) => {
                self.leaf = Some(leaf);
                self.leaf_at = at;
                self.value.clear();
                self.too_long = false;
            }
            _ => self.leaf = None,
        }
    }

    fn push(&mut self, at: usize, what: &'static str, push: fn(&mut Record)) {
        if self.budget.take_item() {
            push(&mut self.record);
        } else {
            self.note_once(ProblemKind::Items, what, at);
        }
    }

    pub(super) fn text(&mut self, text: &str, at: usize) {
        if self.leaf.is_none() {
            return;
        }
        if self.value.is_empty() {
            self.leaf_at = at;
        }
        // Twice the limit: white space at the ends does not count.
        let room = self.limits().text.saturating_mul(2).saturating_sub(self.value.len());
        let kept = text.get(..text.floor_char_boundary(room)).unwrap_or_default();
        self.value.push_str(kept);
        self.too_long |= kept.len() < text.len();
    }

    pub(super) fn close(&mut self, place: Place, at: usize) {
        match place {
            // A leaf that was interrupted by another element has lost its value.
            Place::Leaf(leaf) if self.leaf.take() == Some(leaf) => self.assign(leaf),
            Place::Reason => self.close_reason(at),
            Place::Record => self.close_record(at),
            _ => {}
        }
    }

    fn close_reason(&mut self, at: usize) {
        if self.record.reasons.last().is_some_and(|reason| *reason == Reason::default()) {
            self.record.reasons.pop();
            self.note(ProblemKind::Empty, "reason", at);
        }
    }

    fn close_record(&mut self, at: usize) {
        let record = std::mem::take(&mut self.record);
        if record == Record::default() {
            self.note(ProblemKind::Empty, "record", at);
            return;
        }
        let missing = [
            (record.source_ip.is_none(), "source_ip"),
            (!self.found.count, "count"),
            (record.disposition.is_none(), "disposition"),
            (record.header_from.is_empty(), "header_from"),
            (record.dkim.is_none() && record.spf.is_none(), "policy_evaluated"),
        ];
        for (missing, what) in missing {
            if missing {
                self.note(ProblemKind::Missing, what, self.record_at);
            }
        }
        if self.budget.take_record() {
            self.report.records.push(record);
        } else {
            self.note_once(ProblemKind::Records, "record", at);
        }
    }

    /// The report, if there is one, and what it lacks.
    pub(super) fn end(mut self, at: usize) -> (Option<Aggregate>, Problems) {
        if !self.found.feedback && self.report.records.is_empty() || !self.found.any {
            self.note(ProblemKind::NotAReport, "feedback", 0);
            return (None, self.problems);
        }
        let Metadata { org_name, email, report_id, begin, end, .. } = &self.report.metadata;
        let policy = &self.report.policy;
        let missing = [
            (!self.found.feedback, "feedback"),
            (org_name.is_empty(), "org_name"),
            (email.is_empty(), "email"),
            (report_id.is_empty(), "report_id"),
            (begin.is_none(), "begin"),
            (end.is_none(), "end"),
            (policy.domain.is_empty(), "domain"),
            (policy.p.is_none(), "p"),
            (self.report.records.is_empty(), "record"),
        ];
        for (missing, what) in missing {
            if missing {
                self.note(ProblemKind::Missing, what, at);
            }
        }
        self.report.records.shrink_to_fit();
        (Some(self.report), self.problems)
    }
}

/// Most elements of a list stand alone.
fn push<T>(list: &mut Vec<T>, value: T) {
    if list.is_empty() {
        list.reserve_exact(1);
    }
    list.push(value);
}
