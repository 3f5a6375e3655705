//! What to fix, and how.

use std::fmt;

use super::domain::DomainSummary;
use super::records::{of_errors, of_policy, of_tls};
use super::sender::{Counts, Sender, SenderName, Standing};

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// Good to know, or a step that can be taken now.
    Note,
    /// Something that should be looked at.
    Warning,
    /// Mail of the domain is lost, or nearly.
    Problem,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Problem => "problem",
        })
    }
}

/// The kinds of [`Finding`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FindingKind {
    /// Signatures of the domain do not hold.
    DkimBroken,
    /// Mail passes by SPF alone, and fails when it is forwarded.
    NoDkim,
    /// A service mails for the domain under its own name.
    NotAligned,
    /// The policy is `none` although nearly everything passes.
    PolicyCanBeEnforced,
    /// The policy is only tried, or holds for a part.
    PolicyIsPartial,
    /// Reporters met errors in the DMARC record.
    RecordErrors,
    /// Receivers refuse or quarantine mail that may be the domain's own.
    RefusedMail,
    /// TLS sessions failed.
    TlsFailures,
    /// TLS sessions were under no policy.
    TlsWithoutPolicy,
    /// Nothing passes: spoofing, or a sender that nobody has set up.
    Unauthenticated,
}

/// One thing to fix or to know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// How grave.
    pub severity: Severity,
    /// Which kind.
    pub kind: FindingKind,
    /// Whose.
    pub domain: String,
    /// How many messages, sessions or reports it concerns.
    pub messages: u64,
    /// What was seen, in a sentence.
    pub what: String,
    /// What to do, in a sentence.
    pub fix: String,
    /// What shows it: addresses, signatures, results.
    pub evidence: Vec<String>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {} {}", self.severity, self.domain, self.what, self.fix)
    }
}

pub(super) fn findings(domain: &DomainSummary) -> Vec<Finding> {
    let mut findings = Vec::new();
    for sender in domain.senders() {
        findings.extend(of_sender(domain, sender));
    }
    findings.extend(of_unauthenticated(domain));
    findings.extend(of_policy(domain));
    findings.extend(of_errors(domain));
    of_tls(domain, &mut findings);
    findings
}

pub(super) fn finding(domain: &DomainSummary, kind: FindingKind, severity: Severity, messages: u64) -> Finding {
    let (what, fix, evidence) = (String::new(), String::new(), Vec::new());
    Finding { severity, kind, domain: domain.name.clone(), messages, what, fix, evidence }
}

fn of_sender(domain: &DomainSummary, sender: &Sender) -> Option<Finding> {
    let counts = &sender.counts;
    let (name, failing) = (&sender.name, counts.failing());
    let lost = counts.rejected.saturating_add(counts.quarantined) > 0;
    let severity = if lost { Severity::Problem } else { Severity::Warning };
    let fates = fates(sender);
    let mut found = match sender.standing() {
        Standing::Passes if counts.dkim.saturating_mul(2) < counts.passing => {
            let mut found = finding(domain, FindingKind::NoDkim, Severity::Note, counts.passing);
            found.what = format!("{} from {name} pass by SPF alone.", messages(counts.passing));
            found.fix = format!("Sign this mail with DKIM, d={}: SPF fails when mail is forwarded.", domain.name);
            found
        }
        Standing::Broken => {
            let mut found = finding(domain, FindingKind::DkimBroken, severity, failing);
            found.what = format!(
                "{} from {name} carry DKIM signatures of the domain that do not hold{fates}.",
                messages(failing)
            );
            found.fix = "Compare the published key of the selector with the one that signs, and see whether something \
                         changes the mail after it is signed; a mailing list that does is no fault of yours."
                .to_owned();
            found
        }
        Standing::NotAligned | Standing::Mixed if matches!(name, SenderName::Service(_)) => {
            not_aligned(domain, sender, severity)
        }
        Standing::Mixed => {
            let mut found = finding(domain, FindingKind::RefusedMail, severity, failing);
            found.what = format!("{} from {name} fail beside {} that pass{fates}.", messages(failing), counts.passing);
            found.fix = "See which of the addresses does not sign, or is not in the SPF record.".to_owned();
            found
        }
        _ => return None,
    };
    found.evidence = evidence(sender);
    Some(found)
}

/// A service, or a forwarder: its mail is somebody's, but not the domain's.
fn not_aligned(domain: &DomainSummary, sender: &Sender, severity: Severity) -> Finding {
    let (name, failing) = (&sender.name, sender.counts.failing());
    let forwarder = sender.counts.forwarded.saturating_mul(2) >= failing;
    let severity = if forwarder { Severity::Note } else { severity };
    let mut found = finding(domain, FindingKind::NotAligned, severity, failing);
    let fates = fates(sender);
    found.what = format!("{} from {name} are authenticated, but not as {}{fates}.", messages(failing), domain.name);
    found.fix = if forwarder {
        "Receivers take it for forwarded mail or a mailing list: a DKIM signature of yours that survives is all that helps."
            .to_owned()
    } else {
        format!(
            "If {name} mails for you, set up DKIM with d={0} there (often called domain authentication), or a return path \
             below {0}. If not, it is a forwarder or somebody who uses your name.",
            domain.name
        )
    };
    found
}

/// All that nobody vouches for, together: mostly spoofing, and there is much of it.
fn of_unauthenticated(domain: &DomainSummary) -> Option<Finding> {
    let senders = domain.senders();
    let senders = senders.into_iter().filter(|sender| sender.standing() == Standing::Unauthenticated);
    let all: Vec<&Sender> = senders.collect();
    let total = all.iter().fold(0_u64, |sum, sender| sum.saturating_add(sender.counts.failing()));
    let passed_on = all.iter().fold(0_u64, |sum, sender| {
        let Counts { rejected, quarantined, .. } = sender.counts;
        sum.saturating_add(sender.counts.failing().saturating_sub(rejected.saturating_add(quarantined)))
    });
    if total == 0 {
        return None;
    }
    let severity = if passed_on > 0 { Severity::Warning } else { Severity::Note };
    let mut found = finding(domain, FindingKind::Unauthenticated, severity, total);
    let networks = all.len();
    found.what = format!(
        "{} from {networks} {} pass neither DKIM nor SPF; {passed_on} of them were not stopped.",
        messages(total),
        if networks == 1 { "network" } else { "networks" }
    );
    found.fix =
        "If one of the addresses is yours, put it into the SPF record and sign its mail. The others use your name \
                 without leave: p=quarantine or p=reject stops them."
            .to_owned();
    found.evidence = all
        .iter()
        .take(MOST_EVIDENCE)
        .map(|sender| {
            let addresses: Vec<String> =
                sender.addresses.top().iter().take(3).map(|(it, count)| format!("{it} ({count})")).collect();
            if addresses.is_empty() { sender.name.to_string() } else { addresses.join(", ") }
        })
        .collect();
    Some(found)
}

fn fates(sender: &Sender) -> String {
    let counts = &sender.counts;
    match (counts.rejected, counts.quarantined) {
        (0, 0) => String::new(),
        (rejected, 0) => format!("; {rejected} were refused"),
        (0, quarantined) => format!("; {quarantined} went to spam"),
        (rejected, quarantined) => format!("; {rejected} were refused, {quarantined} went to spam"),
    }
}

fn evidence(sender: &Sender) -> Vec<String> {
    let mut evidence: Vec<String> = Vec::new();
    for ((domain, selector, result), count) in sender.dkim.top().into_iter().take(MOST_EVIDENCE) {
        let selector = if selector.is_empty() { String::new() } else { format!(" s={selector}") };
        evidence.push(format!("DKIM d={domain}{selector}: {result} ({count})"));
    }
    for ((domain, result), count) in sender.spf.top().into_iter().take(MOST_EVIDENCE) {
        evidence.push(format!("SPF {domain}: {result} ({count})"));
    }
    let addresses: Vec<String> =
        sender.addresses.top().iter().take(MOST_EVIDENCE).map(|(it, count)| format!("{it} ({count})")).collect();
    if !addresses.is_empty() {
        evidence.push(format!("from {}", addresses.join(", ")));
    }
    evidence
}

fn messages(count: u64) -> String {
    format!("{count} {}", plural(count, "message", "messages"))
}

pub(super) fn plural(count: u64, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}

/// How much is shown of one thing.
pub(super) const MOST_EVIDENCE: usize = 5;
