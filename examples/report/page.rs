//! The summary for people.

use std::fmt::Display;
use std::io::{IsTerminal, Result, Write};
use std::sync::LazyLock;

use posthaste::Timestamp;
use posthaste::report::{DomainSummary, Finding, Reading, Sender, Severity, Standing, Summary};

/// What could not be read, by file.
pub(crate) fn trouble(name: &str, reading: &Reading) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> =
        reading.problems.iter().map(|problem| (name.to_owned(), problem.to_string())).collect();
    for document in &reading.documents {
        let inner = document.name.as_ref().map_or(name.to_owned(), |inner| format!("{name} ({inner})"));
        let problems = &document.problems;
        all.extend(problems.iter().take(MOST).map(|problem| (inner.clone(), problem.to_string())));
        let more = problems.iter().len().saturating_sub(MOST) + problems.omitted();
        if more > 0 {
            all.push((inner, format!("and {more} more")));
        }
    }
    all
}

pub(crate) fn summary(
    out: &mut impl Write,
    files: usize,
    summary: &Summary,
    trouble: &[(String, String)],
) -> Result<()> {
    let twice = if summary.duplicates() > 0 { format!(", {} came twice", summary.duplicates()) } else { String::new() };
    let plural = |count: u64, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    writeln!(out, "{} in {}{twice}", plural(summary.reports(), "report"), plural(files as u64, "file"))?;
    for one in summary.domains() {
        domain(out, one)?;
    }
    let findings = summary.findings();
    if !findings.is_empty() {
        writeln!(out, "\n{}", paint(STRONG, "What to do"))?;
    } else if summary.reports() > 0 {
        writeln!(out, "\n{}", paint(GOOD, "Nothing to fix."))?;
    }
    for (number, finding) in findings.iter().enumerate() {
        self::finding(out, number + 1, finding)?;
    }
    if !trouble.is_empty() {
        writeln!(out, "\n{}", paint(STRONG, "What could not be read"))?;
    }
    let mut last = None;
    for (name, what) in trouble {
        if last != Some(name) {
            let name: String = name.chars().filter(|c| !c.is_control()).collect();
            writeln!(out, "  {name}")?;
        }
        last = Some(name);
        writeln!(out, "    {what}")?;
    }
    Ok(())
}

fn domain(out: &mut impl Write, domain: &DomainSummary) -> Result<()> {
    writeln!(out, "\n{}", paint(STRONG, &domain.name))?;
    let counts = &domain.counts;
    if counts.messages > 0 {
        fact(out, "time", period(domain.period))?;
        if let Some(policy) = &domain.policy {
            let word = |tag: &str, value: Option<&dyn Display>| value.map(|it| format!("{tag}={it}"));
            let p = policy.p.as_ref().map(|it| it as &dyn Display);
            let sp = policy.sp.as_ref().map(|it| it as &dyn Display);
            let np = policy.np.as_ref().map(|it| it as &dyn Display);
            let words: Vec<String> = [word("p", p), word("sp", sp), word("np", np)].into_iter().flatten().collect();
            fact(out, "policy", words.join(" "))?;
        }
        let rate = counts.pass_rate();
        let ink = if rate >= 0.98 { GOOD } else { BAD };
        let share = paint(ink, &format!("{:.1} %", (rate * 1000.0).floor() / 10.0));
        fact(out, "messages", format!("{}, {share} pass DMARC", counts.messages))?;
        if domain.unjudged > 0 {
            fact(
                out,
                "unknown",
                format!("{} more messages, whose result could not be read in a damaged report", domain.unjudged),
            )?;
        }
        if counts.quarantined + counts.rejected > 0 {
            fact(out, "stopped", format!("{} refused, {} to spam", counts.rejected, counts.quarantined))?;
        }
        let reporters: Vec<String> =
            domain.reporters.top().iter().take(MOST).map(|(name, count)| format!("{name} ({count})")).collect();
        fact(out, "reported by", reporters.join(", "))?;
        senders(out, domain)?;
    }
    let tls = &domain.tls;
    if tls.successful + tls.failed > 0 {
        fact(
            out,
            "TLS",
            format!("{} sessions, {} failed, {}", tls.successful + tls.failed, tls.failed, period(tls.period)),
        )?;
    }
    let failures = &domain.failures;
    if failures.incidents > 0 {
        let kinds: Vec<String> = failures.kinds.top().iter().map(|(kind, count)| format!("{kind} ({count})")).collect();
        fact(out, "failures", format!("{} told of one by one: {}", failures.incidents, kinds.join(", ")))?;
    }
    Ok(())
}

fn senders(out: &mut impl Write, domain: &DomainSummary) -> Result<()> {
    let all = domain.senders();
    let shown: Vec<&&Sender> = all.iter().take(MOST_SENDERS).collect();
    let width = shown.iter().map(|sender| sender.name.to_string().chars().count()).max().unwrap_or(0).max(6);
    let head =
        format!("{:width$} {:>9} {:>9} {:>9} {:>9}  {:16} from", "sender", "messages", "pass", "DKIM", "SPF", "is");
    writeln!(out, "\n  {}", paint(FAINT, &head))?;
    for sender in shown {
        let counts = &sender.counts;
        let (ink, word) = match sender.standing() {
            Standing::Passes => (GOOD, "fine"),
            Standing::NotAligned => (WAIT, "not aligned"),
            Standing::Broken => (BAD, "DKIM broken"),
            Standing::Mixed => (WAIT, "partly failing"),
            _ => (BAD, "unauthenticated"),
        };
        let top = sender.addresses.top();
        let mut from: Vec<String> = top.iter().take(2).map(|(address, _)| address.to_string()).collect();
        if top.len() > 2 || sender.addresses.rest() > 0 {
            from.push("...".to_owned());
        }
        writeln!(
            out,
            "  {:width$} {:>9} {:>9} {:>9} {:>9}  {} {}",
            sender.name.to_string(),
            counts.messages,
            counts.passing,
            counts.dkim,
            counts.spf,
            paint(ink, &format!("{word:16}")),
            from.join(", "),
        )?;
    }
    let (more, rest) = (all.len().saturating_sub(MOST_SENDERS), domain.rest.messages);
    if more > 0 || rest > 0 {
        writeln!(out, "  {more} more senders, and {rest} messages of others that were not kept by name")?;
    }
    writeln!(out)
}

fn finding(out: &mut impl Write, number: usize, finding: &Finding) -> Result<()> {
    let ink = match finding.severity {
        Severity::Problem => BAD,
        Severity::Warning => WAIT,
        _ => FAINT,
    };
    writeln!(out, "\n  {number}. {} {}", paint(ink, &finding.severity.to_string()), finding.domain)?;
    wrapped(out, "     ", &finding.what)?;
    wrapped(out, "     -> ", &finding.fix)?;
    for evidence in &finding.evidence {
        writeln!(out, "        {}", paint(FAINT, evidence))?;
    }
    Ok(())
}

fn wrapped(out: &mut impl Write, indent: &str, text: &str) -> Result<()> {
    let mut line = indent.to_owned();
    for word in text.split(' ') {
        if line.chars().count() + word.chars().count() > 100 {
            writeln!(out, "{}", line.trim_end())?;
            line = " ".repeat(indent.len());
        }
        line.push_str(word);
        line.push(' ');
    }
    writeln!(out, "{}", line.trim_end())
}

fn fact(out: &mut impl Write, name: &str, text: impl Display) -> Result<()> {
    writeln!(out, "  {name:12} {text}")
}

/// The days, in UTC.
fn period(period: Option<(Timestamp, Timestamp)>) -> String {
    let Some((begin, end)) = period else { return "not told".to_owned() };
    let day = |time: Timestamp| time.to_string().chars().take(10).collect::<String>();
    if day(begin) == day(end) { day(begin) } else { format!("{} to {}", day(begin), day(end)) }
}

/// The text in this ink, on a terminal.
fn paint(ink: u8, text: &str) -> String {
    static COLOURS: LazyLock<bool> =
        LazyLock::new(|| std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none());
    if *COLOURS { format!("\x1b[{ink}m{text}\x1b[0m") } else { text.to_owned() }
}

const STRONG: u8 = 1;
const FAINT: u8 = 2;
const BAD: u8 = 31;
const GOOD: u8 = 32;
const WAIT: u8 = 33;

/// How much of one kind is shown.
const MOST: usize = 5;
const MOST_SENDERS: usize = 20;
