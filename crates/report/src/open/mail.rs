//! Reports in mails.

use posthaste_message::{Limit, Part, ReadMessage};

use super::{Form, Opener, file_name, form_of, looks_like_report};
use crate::failure;
use crate::problem::ProblemKind;
use crate::reading::Report;

impl Opener<'_> {
    pub(super) fn open_mail(&mut self, octets: &[u8], name: Option<&str>, level: usize) {
        let mut limits = posthaste_message::Limits::default();
        limits.size = octets.len();
        limits.parts = self.budget.limits.entries.saturating_mul(4);
        let message = match posthaste_message::read(octets, &limits) {
            Ok(message) => message,
            Err(error) => {
                let kind = match error.limit() {
                    Limit::Depth(_) => ProblemKind::Depth,
                    Limit::Parts(_) | Limit::Fields(_) => ProblemKind::Entries,
                    _ => ProblemKind::TooLong,
                };
                return self.note(kind, "mail", error.at());
            }
        };
        let before = self.reading.documents.len();
        self.open_failure(&message, name, octets.len());
        if self.reading.documents.len() == before {
            for part in message.parts() {
                self.open_part(&part, level);
            }
        }
        if self.reading.documents.len() == before && !self.reading.problems.has(ProblemKind::OtherFeedback) {
            self.keep(name, octets.len(), None, ProblemKind::NotAReport);
        }
    }

    fn open_failure(&mut self, message: &ReadMessage<'_>, name: Option<&str>, size: usize) {
        match failure::read_message(message, &self.budget) {
            failure::Found::Report(report, problems) => {
                self.push(name, size, Some(Report::Failure(report)), problems);
            }
            failure::Found::Other(at) => self.note(ProblemKind::OtherFeedback, "feedback-type", at),
            failure::Found::Nothing => {}
        }
    }

    fn open_part(&mut self, part: &Part<'_, '_>, level: usize) {
        if part.is_multipart() || part.embedded().is_some() || part.raw_body().is_empty() {
            return;
        }
        let name = part.filename().map(|name| file_name(&name));
        let octets = part.decoded();
        let media = part.content_type();
        let ends = |ends: &[&str]| {
            let name = name.as_deref().unwrap_or_default().to_ascii_lowercase();
            ends.iter().any(|end| name.ends_with(end) || media.subtype().ends_with(end.trim_start_matches('.')))
        };
        let wanted = match form_of(&octets) {
            Form::Gzip | Form::Zip => true,
            Form::Xml => ends(&[".xml"]) || looks_like_report(&octets),
            Form::Json => ends(&[".json"]) || media.subtype().contains("tlsrpt"),
            Form::Mail => media.kind() == "message" && level < self.budget.limits.nesting,
            Form::Empty | Form::Unknown => {
                ends(&[".xml", ".gz", ".zip", ".json", "gzip"]) || looks_like_report(&octets)
            }
        };
        if wanted {
            let before = self.reading.problems.iter().len();
            self.open(&octets, name.as_deref(), level.saturating_add(1));
            debug_assert!(self.reading.problems.iter().len() >= before, "problems are only added");
        }
    }
}
