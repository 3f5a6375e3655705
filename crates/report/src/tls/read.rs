//! TLS reports out of JSON.

use posthaste_types::Timestamp;

use super::{TlsFailure, TlsPolicyReport, TlsReport, TlsResultType, policy_type};
use crate::aggregate::parse_address;
use crate::json::{Fault, Kind, Token, Tokens};
use crate::limits::Budget;
use crate::problem::{ProblemKind, Problems};
use crate::text::clean;

/// Reads the text of a document; `None` if nothing of a report is in it.
pub(crate) fn read_document(text: &str, budget: &mut Budget<'_>) -> (Option<TlsReport>, Problems) {
    let mut tokens = Tokens::new(text, budget.limits.depth);
    let mut state = State { report: TlsReport::default(), problems: Problems::default(), budget, found: 0, at: 0 };
    let mut stack: Vec<Place> = Vec::new();
    let mut name = String::new();
    loop {
        let (token, at) = match tokens.next() {
            Ok(Some(token)) => token,
            Ok(None) => break,
            Err((fault, at)) => {
                state.fault(fault, at);
                break;
            }
        };
        state.at = at;
        let place = stack.last().copied();
        match token {
            Token::Begin(kind) => {
                let next = place.map_or(Place::Report, |place| place.child(&name, kind));
                state.begin(next);
                stack.push(next);
                name.clear();
            }
            Token::End(_) => {
                stack.pop();
            }
            Token::Name(member) => {
                name.clear();
                name.push_str(member.get(..member.floor_char_boundary(LONGEST_NAME)).unwrap_or_default());
                name.make_ascii_lowercase();
            }
            Token::Text(value) => state.assign(place, &name, &value),
            Token::Bare("null") => {}
            Token::Bare(value) => state.assign(place, &name, value),
        }
    }
    state.end(text.len())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Report,
    DateRange,
    Policies,
    PolicyReport,
    Policy,
    PolicyStrings,
    MxHosts,
    Summary,
    Failures,
    Failure,
    Unknown,
}

impl Place {
    fn child(self, name: &str, kind: Kind) -> Self {
        match (self, name, kind) {
            (Self::Report, "date-range", Kind::Object) => Self::DateRange,
            (Self::Report, "policies", Kind::Array) => Self::Policies,
            // One policy alone, not in a list.
            (Self::Report, "policies", Kind::Object) | (Self::Policies, _, Kind::Object) => Self::PolicyReport,
            (Self::PolicyReport, "policy", Kind::Object) => Self::Policy,
            (Self::PolicyReport, "summary", Kind::Object) => Self::Summary,
            (Self::PolicyReport, "failure-details", Kind::Array) => Self::Failures,
            (Self::PolicyReport, "failure-details", Kind::Object) | (Self::Failures, _, Kind::Object) => Self::Failure,
            (Self::Policy, "policy-string", Kind::Array) => Self::PolicyStrings,
            (Self::Policy, "mx-host" | "mx-host-pattern", Kind::Array) => Self::MxHosts,
            _ => Self::Unknown,
        }
    }
}

struct State<'b, 'l> {
    report: TlsReport,
    problems: Problems,
    budget: &'b mut Budget<'l>,
    /// How many members of a report were found.
    found: usize,
    at: usize,
}

impl State<'_, '_> {
    fn begin(&mut self, place: Place) {
        match place {
            Place::PolicyReport => {
                self.found = self.found.saturating_add(1);
                if self.budget.take_item() {
                    self.report.policies.push(TlsPolicyReport::default());
                } else {
                    self.note_once(ProblemKind::Items, "policies");
                }
            }
            Place::Failure => {
                if !self.budget.take_record() {
                    self.note_once(ProblemKind::Records, "failure-details");
                } else if let Some(policy) = self.report.policies.last_mut() {
                    policy.failures.push(TlsFailure::default());
                }
            }
            _ => {}
        }
    }

    fn assign(&mut self, place: Option<Place>, name: &str, value: &str) {
        match place {
            Some(Place::Report) => self.assign_report(name, value),
            Some(Place::DateRange) => match name {
                "start-datetime" => self.report.start = self.time(value, "start-datetime"),
                "end-datetime" => self.report.end = self.time(value, "end-datetime"),
                _ => {}
            },
            Some(Place::Policy | Place::PolicyStrings | Place::MxHosts) => self.assign_policy(place, name, value),
            Some(Place::Summary) => self.assign_summary(name, value),
            Some(Place::Failure) => self.assign_failure(name, value),
            _ => {}
        }
    }

    fn assign_report(&mut self, name: &str, value: &str) {
        match name {
            "organization-name" => self.report.organization_name = self.line(value, "organization-name"),
            "contact-info" => self.report.contact_info = self.line(value, "contact-info"),
            "report-id" => self.report.report_id = self.line(value, "report-id"),
            _ => return,
        }
        self.found = self.found.saturating_add(1);
    }

    fn assign_policy(&mut self, place: Option<Place>, name: &str, value: &str) {
        let line = self.line(value, "policy");
        let at_list = match (place, name) {
            (Some(Place::PolicyStrings), _) | (_, "policy-string") => Some(true),
            (Some(Place::MxHosts), _) | (_, "mx-host" | "mx-host-pattern") => Some(false),
            _ => None,
        };
        if at_list.is_some() && !self.budget.take_item() {
            return self.note_once(ProblemKind::Items, "policy");
        }
        let Some(policy) = self.report.policies.last_mut() else { return };
        match (at_list, name) {
            (Some(true), _) => policy.policy_strings.push(line),
            (Some(false), _) => policy.mx_hosts.push(line),
            (None, "policy-domain") => policy.policy_domain = line,
            (None, "policy-type") => {
                policy.policy_type = policy_type(&line.to_ascii_lowercase());
                if policy.policy_type.is_none() {
                    self.note(ProblemKind::Value, "policy-type");
                }
            }
            _ => {}
        }
    }

    fn assign_summary(&mut self, name: &str, value: &str) {
        let count = match name {
            "total-successful-session-count" | "total-failure-session-count" => self.count(value, "summary"),
            _ => return,
        };
        let Some(policy) = self.report.policies.last_mut() else { return };
        match name {
            "total-successful-session-count" => policy.successful = count,
            _ => policy.failed = count,
        }
    }

    fn assign_failure(&mut self, name: &str, value: &str) {
        let Some(mut failure) = self.report.policies.last_mut().and_then(|policy| policy.failures.pop()) else {
            return;
        };
        match name {
            "result-type" => {
                let word = self.line(value, "result-type").to_ascii_lowercase();
                let result = TlsResultType::of_word(&word);
                if matches!(result, TlsResultType::Other(_)) {
                    self.note(ProblemKind::Value, "result-type");
                }
                failure.result_type = Some(result);
            }
            "sending-mta-ip" => failure.sending_mta_ip = self.address(value, "sending-mta-ip"),
            "receiving-ip" => failure.receiving_ip = self.address(value, "receiving-ip"),
            "receiving-mx-hostname" => failure.receiving_mx_hostname = self.optional(value, "receiving-mx-hostname"),
            "receiving-mx-helo" => failure.receiving_mx_helo = self.optional(value, "receiving-mx-helo"),
            "failed-session-count" => failure.failed_sessions = self.count(value, "failed-session-count"),
            "additional-information" => failure.additional_information = self.optional(value, "additional-information"),
            // The first name is that of drafts and of the standard's own example.
            "failure-error-code" | "failure-reason-code" => {
                failure.failure_reason_code = self.optional(value, "failure-reason-code");
            }
            _ => {}
        }
        if let Some(policy) = self.report.policies.last_mut() {
            policy.failures.push(failure);
        }
    }

    fn line(&mut self, value: &str, what: &'static str) -> String {
        let (line, problem) = clean(value, self.budget.limits.text);
        if let Some(kind) = problem {
            self.note(kind, what);
        }
        line
    }

    fn optional(&mut self, value: &str, what: &'static str) -> Option<String> {
        Some(self.line(value, what)).filter(|line| !line.is_empty())
    }

    fn address(&mut self, value: &str, what: &'static str) -> Option<std::net::IpAddr> {
        let address = parse_address(value);
        if address.is_none() && !value.trim().is_empty() {
            self.note(ProblemKind::Value, what);
        }
        address
    }

    fn time(&mut self, value: &str, what: &'static str) -> Option<Timestamp> {
        let value = value.trim();
        let time = value.parse::<Timestamp>().ok().or_else(|| value.parse().ok().map(Timestamp::from_unix_secs));
        if time.is_none() {
            self.note(ProblemKind::Value, what);
        }
        time.map(Timestamp::to_whole_seconds)
    }

    fn count(&mut self, value: &str, what: &'static str) -> u64 {
        let value = value.trim();
        let whole = value.split_once('.').map_or(value, |(whole, _)| whole);
        whole.parse().unwrap_or_else(|_| {
            self.note(ProblemKind::Value, what);
            0
        })
    }

    fn fault(&mut self, fault: Fault, at: usize) {
        self.at = at;
        let kind = match fault {
            Fault::Depth => ProblemKind::Depth,
            Fault::Syntax => ProblemKind::Syntax,
            Fault::Truncated => ProblemKind::Truncated,
        };
        self.note(kind, "json");
    }

    fn note(&mut self, kind: ProblemKind, what: &'static str) {
        self.problems.note(self.budget.limits.problems, kind, what, self.at);
    }

    fn note_once(&mut self, kind: ProblemKind, what: &'static str) {
        self.problems.note_once(kind, what, self.at);
    }

    fn end(mut self, at: usize) -> (Option<TlsReport>, Problems) {
        if self.found == 0 {
            self.note(ProblemKind::NotAReport, "json");
            return (None, self.problems);
        }
        self.at = at;
        let report = &self.report;
        let missing = [
            (report.organization_name.is_empty(), "organization-name"),
            (report.report_id.is_empty(), "report-id"),
            (report.start.is_none(), "start-datetime"),
            (report.end.is_none(), "end-datetime"),
            (report.policies.is_empty(), "policies"),
            (report.policies.iter().any(|policy| policy.policy_domain.is_empty()), "policy-domain"),
        ];
        for (missing, what) in missing {
            if missing {
                self.note(ProblemKind::Missing, what);
            }
        }
        (Some(self.report), self.problems)
    }
}

/// No member of a report has a longer name.
const LONGEST_NAME: usize = 64;
