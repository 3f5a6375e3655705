//! The verdict for people.

use std::io::{Result, Write};

use posthaste::auth::dmarc;
use posthaste::dkim::{DkimOutcome, DkimResult, SpfCheck};

use crate::Checked;

pub(crate) fn write(out: &mut impl Write, checked: &Checked) -> Result<()> {
    let (arrival, verdict) = (&checked.arrival, &checked.verdict);
    let path = arrival.mail_from().trim_matches(['<', '>']);
    writeln!(out, "From {}, EHLO {}, MAIL FROM <{}>", arrival.ip(), plain(arrival.helo()), plain(path))?;
    writeln!(out, "\niprev\n  {}", verdict.iprev)?;
    spf(out, "HELO", &verdict.helo)?;
    spf(out, "MAIL FROM", &verdict.mail_from)?;

    writeln!(out, "\nDKIM")?;
    for result in &verdict.dkim {
        dkim(out, result)?;
    }
    writeln!(out, "\nARC\n  {}", verdict.arc)?;
    match verdict.arc.oldest_pass {
        Some(0) => writeln!(out, "  nobody changed the message on its way")?,
        Some(oldest) => writeln!(out, "  nobody changed the message since instance {oldest}")?,
        None => {}
    }

    writeln!(out, "\nDMARC\n  {}", verdict.dmarc_in_words())?;
    if let Ok(outcome) = &verdict.dmarc {
        dmarc(out, outcome)?;
    }

    writeln!(out, "\nFields of the receiver")?;
    if checked.stripped > 0 {
        writeln!(out, "  {} that the message brought are forged and taken out", checked.stripped)?;
    }
    for field in &checked.fields {
        for line in field.as_str().lines() {
            writeln!(out, "  {line}")?;
        }
    }
    Ok(())
}

fn spf(out: &mut impl Write, what: &str, check: &SpfCheck) -> Result<()> {
    let domain = check.query.domain().map_or("no domain", |domain| domain.as_str());
    writeln!(out, "\nSPF of {what}: {domain}\n  {}", check.outcome)?;
    if let Some(explanation) = &check.outcome.explanation {
        writeln!(out, "  the domain says: \"{explanation}\"")?;
    }
    for step in &check.outcome.trace {
        writeln!(out, "    {step}")?;
    }
    let (lookups, void) = (check.outcome.lookups, check.outcome.void_lookups);
    writeln!(out, "  {lookups} of 10 lookups, {void} of 2 void ones")
}

fn dkim(out: &mut impl Write, result: &DkimResult) -> Result<()> {
    writeln!(out, "  {result}")?;
    for note in &result.notes {
        writeln!(out, "    {note}")?;
    }
    if result.outcome == DkimOutcome::None {
        return Ok(());
    }
    if !result.headers.is_empty() {
        let mut names = result.headers.clone();
        names.dedup();
        writeln!(out, "    signed: {}", plain(&names.join(", ")))?;
    }
    match (result.signed_at, result.expires) {
        (Some(at), Some(expires)) => writeln!(out, "    signed at {at}, expires at {expires}"),
        (Some(at), None) => writeln!(out, "    signed at {at}"),
        (None, Some(expires)) => writeln!(out, "    expires at {expires}"),
        (None, None) => Ok(()),
    }
}

fn dmarc(out: &mut impl Write, outcome: &dmarc::Outcome) -> Result<()> {
    match &outcome.applied {
        Some(applied) => {
            let tag = applied.tag.as_str();
            writeln!(out, "  policy: {tag}={} of {}: {}", applied.policy, applied.domain, applied.record)?;
        }
        None => writeln!(out, "  policy: none was found from {} upwards", outcome.author)?,
    }
    if let Some(organization) = &outcome.organizational_domain {
        writeln!(out, "  organisational domain: {organization}")?;
    }
    for identifier in &outcome.identifiers {
        writeln!(out, "  {identifier}")?;
    }
    writeln!(out, "  the domain asks to do: {}", outcome.disposition.as_str())
}

/// What strangers wrote, without what would move the cursor.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}
