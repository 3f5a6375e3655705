//! The page for people: what to do first, then what was looked at, then how it stands with providers.

use std::fmt::{self, Display, Formatter};

use posthaste_auth::records::Severity;
use posthaste_provider::Scope;

use super::wrap::wrapped;
use crate::audit::{Audit, Check, ProviderVerdict, Standing};
use crate::finding::{Concern, Finding, Mend};

/// Whether a page is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "with colours or without")]
pub enum Ink {
    /// With the colours of a terminal (ECMA-48 SGR).
    Colour,
    /// Text alone.
    #[default]
    Plain,
}

/// The page for people, as `Display`.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    audit: &'a Audit,
    ink: Ink,
}

impl<'a> Page<'a> {
    pub(crate) fn new(audit: &'a Audit, ink: Ink) -> Self {
        Self { audit, ink }
    }

    fn paint(&self, ink: u8, text: &str) -> String {
        match self.ink {
            Ink::Colour => format!("\x1b[{ink}m{text}\x1b[0m"),
            Ink::Plain => text.to_owned(),
        }
    }

    fn head(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Audit { sending, at, took, .. } = self.audit;
        writeln!(f, "{}", self.paint(BOLD, sending.domain().as_str()))?;
        let day = at.to_whole_seconds();
        writeln!(f, "Looked at {day}, for {}.{} s.", took.as_secs(), took.subsec_millis() / 100)?;
        let counts: Vec<String> = SEVERITIES.iter().filter_map(|severity| self.counted(*severity)).collect();
        match counts.as_slice() {
            [] => writeln!(f, "{}", self.paint(GREEN, "Nothing to mend.")),
            counts => writeln!(f, "Found: {}.", counts.join(", ")),
        }
    }

    fn counted(&self, severity: Severity) -> Option<String> {
        let count = self.audit.count(severity);
        let word = match (severity, count) {
            (_, 0) => return None,
            (Severity::Unknown, _) => "unknown".to_owned(),
            (_, 1) => severity.to_string(),
            _ => format!("{severity}s"),
        };
        Some(self.paint(colour(severity), &format!("{count} {word}")))
    }

    fn finding(&self, f: &mut Formatter<'_>, number: usize, finding: &Finding) -> fmt::Result {
        let word = finding.severity.to_string().to_uppercase();
        let head = format!("{number:>2}. {} {}", self.paint(colour(finding.severity), &word), finding.topic);
        writeln!(f, "\n{head}  {}", self.paint(FAINT, &format!("[{}]", finding.code)))?;
        wrapped(f, "    ", finding.what.as_str())?;
        for line in &finding.evidence {
            wrapped(f, "    seen   ", &self.paint(FAINT, line.as_str()))?;
        }
        for line in concerns(&finding.cares) {
            wrapped(f, "    cares  ", &line)?;
        }
        let mut before = "";
        for mend in &finding.mend {
            self.mend(f, mend, before)?;
            before = if let Mend::Step(step) = mend { step.as_str() } else { "" };
        }
        Ok(())
    }

    /// Records stand on a line of their own, whole, so that they can be copied. A step that ends in a colon is their head.
    fn mend(&self, f: &mut Formatter<'_>, mend: &Mend, before: &str) -> fmt::Result {
        let (word, record) = match mend {
            Mend::Step(step) => return wrapped(f, "    mend   ", step.as_str()),
            Mend::Publish(record) => ("Publish:", record),
            Mend::Remove(record) => ("Take away:", record),
            Mend::Replace(record) => ("Put in the place of what is there:", record),
        };
        if !before.ends_with(':') {
            writeln!(f, "    mend   {word}")?;
        }
        writeln!(f, "{}", self.paint(BOLD, record))
    }

    fn check(&self, f: &mut Formatter<'_>, check: &Check) -> fmt::Result {
        let (ink, word) = match check.worst() {
            None => (GREEN, "fine"),
            Some(severity) => (colour(severity), word(severity)),
        };
        let head = format!("  {} {}", self.paint(ink, &format!("{word:8}")), check.topic);
        writeln!(f, "{head}: {}", check.about)?;
        for fact in &check.facts {
            wrapped(f, "             ", fact.as_str())?;
        }
        Ok(())
    }

    fn provider(&self, f: &mut Formatter<'_>, verdict: &ProviderVerdict) -> fmt::Result {
        let taken = match verdict.scope {
            Some(Scope::All) => "you are no bulk sender".to_owned(),
            Some(_) => "you are a bulk sender".to_owned(),
            None => format!("bulk senders: {}", verdict.bulk),
        };
        wrapped(f, "  ", &format!("{} ({taken})", self.paint(BOLD, verdict.name.as_str())))?;
        for (standing, ink) in
            [(Standing::Broken, RED), (Standing::Unknown, YELLOW), (Standing::Met, GREEN), (Standing::NotSeen, FAINT)]
        {
            let rules = verdict.rules.iter().filter(|rule| rule.standing == standing);
            let list: Vec<String> = rules
                .map(|rule| match (rule.scope, verdict.scope) {
                    (Scope::Bulk, None) => format!("{} (bulk)", rule.demand),
                    _ => rule.demand.to_string(),
                })
                .collect();
            if !list.is_empty() {
                let word = self.paint(ink, &format!("{:9}", short(standing)));
                let blank = " ".repeat(14);
                let mut text = String::new();
                wrapped(&mut text, &blank, &list.join("; "))?;
                write!(f, "    {word} {}", text.trim_start())?;
            }
        }
        Ok(())
    }
}

impl Display for Page<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.head(f)?;
        let findings = self.audit.findings();
        if !findings.is_empty() {
            writeln!(f, "\n{}", self.paint(BOLD, "WHAT TO DO, the most important first"))?;
        }
        for (at, finding) in findings.iter().enumerate() {
            self.finding(f, at + 1, finding)?;
        }
        writeln!(f, "\n{}", self.paint(BOLD, "WHAT WAS LOOKED AT"))?;
        self.audit.checks.iter().try_for_each(|check| self.check(f, check))?;
        writeln!(f, "\n{}", self.paint(BOLD, "WHAT PROVIDERS DEMAND"))?;
        self.audit.providers.iter().try_for_each(|verdict| self.provider(f, verdict))
    }
}

/// What each provider demands, and answers else, a line each.
fn concerns(cares: &[Concern]) -> Vec<String> {
    let mut lines: Vec<(&str, Vec<String>)> = Vec::new();
    for concern in cares {
        let name = concern.name.as_str();
        let text = match concern.scope {
            Scope::All => concern.outcome(),
            _ => format!("of {} {}", concern.scope, concern.outcome()),
        };
        match lines.iter_mut().find(|(known, _)| *known == name) {
            Some((_, texts)) => texts.push(text),
            None => lines.push((name, vec![text])),
        }
    }
    lines.iter().map(|(name, texts)| format!("{name} demands {}", texts.join("; "))).collect()
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Unknown => "unknown",
        Severity::Error => "error",
    }
}

fn short(standing: Standing) -> &'static str {
    match standing {
        Standing::Met => "met",
        Standing::NotSeen => "not seen",
        Standing::Unknown => "unknown",
        Standing::Broken => "not met",
    }
}

fn colour(severity: Severity) -> u8 {
    match severity {
        Severity::Note => CYAN,
        Severity::Warning => YELLOW,
        Severity::Unknown => MAGENTA,
        Severity::Error => RED,
    }
}

const SEVERITIES: [Severity; 4] = [Severity::Error, Severity::Unknown, Severity::Warning, Severity::Note];

const BOLD: u8 = 1;
const FAINT: u8 = 2;
const RED: u8 = 31;
const GREEN: u8 = 32;
const YELLOW: u8 = 33;
const MAGENTA: u8 = 35;
const CYAN: u8 = 36;
