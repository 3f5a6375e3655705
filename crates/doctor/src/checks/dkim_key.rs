//! One DKIM key.

use posthaste_auth::records::{DkimKeyKind, DkimKeyRecord, Explain, Problem, Severity, TxtRecord, lint_dkim_key};
use posthaste_types::Timestamp;

use super::dkim::Key;
use super::texts;
use crate::code::Code;
use crate::exam::Exam;
use crate::finding::{Finding, Mend};
use crate::topic::Topic;

/// Looks at a key; its kind, if receivers can use it.
pub(super) fn look(exam: &mut Exam<'_>, key: &Key) -> Option<DkimKeyKind> {
    if key.texts.len() > 1 {
        several(exam, key);
        return None;
    }
    let text = key.texts.first()?;
    let mut usable = true;
    for found in lint_dkim_key(&key.name, text) {
        let Some((code, what, mend)) = words(key, text, &found.problem) else { continue };
        // A guessed selector may be one that nobody signs with any more.
        let severity = match code {
            Code::DkimRevoked if key.given => Severity::Error,
            _ if key.given => found.severity,
            _ => found.severity.min(Severity::Warning),
        };
        usable &= !matches!(found.problem, Problem::Revoked) && found.severity != Severity::Error;
        let finding = Finding::new(severity, Topic::Dkim, code, &key.name, what);
        exam.find(finding.seen(texts::seen(&key.name, text)).mends(mend));
    }
    let record = DkimKeyRecord::parse(text).ok()?;
    tell(exam, key, &record);
    if !record.is_revoked() {
        age(exam, key);
    }
    usable.then_some(record.kind)
}

fn tell(exam: &mut Exam<'_>, key: &Key, record: &DkimKeyRecord) {
    let how = if key.given { "" } else { " (guessed)" };
    let via: String = key.chain.iter().map(|name| format!(", kept at {name}")).collect();
    exam.fact(format_args!("{}{how}: {}{via}", key.selector.name, record.in_words().join(", ")));
}

fn several(exam: &mut Exam<'_>, key: &Key) {
    let what = format!(
        "The selector {} has {} records; which one counts is left to chance.",
        key.selector.name,
        key.texts.len()
    );
    let finding = Finding::new(Severity::Error, Topic::Dkim, Code::DkimSeveral, &key.name, what);
    let seen = key.texts.iter().map(|text| texts::seen(&key.name, text));
    exam.find(
        finding.seen_all(seen).mend(Mend::step("Keep the record of the key that signs, and take the others away.")),
    );
}

fn words(key: &Key, text: &[u8], problem: &Problem) -> Option<(Code, String, Vec<Mend>)> {
    let selector = &key.selector.name;
    let renew = |why: &str| {
        vec![
            Mend::step(format_args!(
                "Make a key pair of RSA with 2048 bits under a new selector{why}, and publish it:"
            )),
            Mend::Publish(format!("{}. IN TXT \"v=DKIM1; k=rsa; p=<public key>\"", sibling(key))),
            Mend::step(MAKE),
            Mend::step(format_args!("Sign with it. Take {} away when no mail signed with it is under way.", key.name)),
        ]
    };
    Some(match problem {
        Problem::Syntax(error) => (
            Code::DkimSyntax,
            format!("The key of the selector {selector} cannot be read: {error}."),
            vec![
                Mend::Replace(format!("{}. IN TXT \"v=DKIM1; k=rsa; p=<public key>\"", key.name)),
                Mend::step("Write the public key of your signer, in base64 and on one line, for <public key>."),
            ],
        ),
        Problem::Revoked => (
            Code::DkimRevoked,
            format!("The key of the selector {selector} is taken back (`p=` is empty): signatures made with it fail."),
            vec![Mend::step(format_args!("Sign with another selector, or publish the key of {selector} again."))],
        ),
        Problem::ShortKey { bits } if *bits < 1024 => (
            Code::DkimShortKey,
            format!("The key of the selector {selector} has {bits} bits. Receivers take none under 1024 (RFC 8301)."),
            renew(""),
        ),
        Problem::ShortKey { bits } => (
            Code::DkimWeakKey,
            format!("The key of the selector {selector} has {bits} bits; 2048 are advised."),
            renew(""),
        ),
        Problem::Algorithm => (
            Code::DkimAlgorithm,
            format!("The key of the selector {selector} is of an algorithm that receivers do not take (RFC 8301)."),
            renew(""),
        ),
        Problem::Testing => {
            let record = DkimKeyRecord::parse(text).ok().map(|mut record| {
                record.flags.retain(|flag| flag != "y");
                Mend::replace(&TxtRecord::new(key.name.clone(), &record))
            });
            let what =
                format!("The selector {selector} says `t=y`, testing: receivers may treat the mail as unsigned.");
            (Code::DkimTesting, what, record.into_iter().collect())
        }
        // That a text is written in two strings needs no mend.
        Problem::Split { .. } => return None,
        other => (
            Code::DkimOther,
            format!("The key of the selector {selector}: {other}."),
            vec![Mend::step(format_args!("Correct the record at {}.", key.name))],
        ),
    })
}

/// How a key is made and written into its record.
pub(super) const MAKE: &str = "To make it: openssl genrsa -out dkim.pem 2048. Its public key, in base64 on one line: openssl \
    rsa -in dkim.pem -pubout -outform DER | base64 -w0. Strings of a record hold 255 octets: write the key in two.";

/// A name for the key that comes next.
fn sibling(key: &Key) -> String {
    let rest = key.name.as_str().strip_prefix(&key.selector.name).unwrap_or_default();
    format!("{}-next{rest}", key.selector.name)
}

/// The DNS does not say how old a key is: the caller may know, or the selector may be a date.
fn age(exam: &mut Exam<'_>, key: &Key) {
    let told = key.selector.made;
    let Some(made) = told.or_else(|| date_in(&key.selector.name)) else { return };
    let age = exam.room.at.since(made);
    let days = age.as_secs() / 86_400;
    let day: String = made.to_string().chars().take(10).collect();
    let source = if told.is_some() { "was made on" } else { "seems, by its name, to be of" };
    exam.fact(format_args!("{}: the key {source} {day}, {days} days ago", key.selector.name));
    if age < exam.room.settings.key_age {
        return;
    }
    let severity = if told.is_some() { Severity::Warning } else { Severity::Note };
    let what = format!(
        "The key of the selector {} {source} {day}. Who got hold of it could sign since then.",
        key.selector.name
    );
    let finding = Finding::new(severity, Topic::Dkim, Code::DkimOld, &key.name, what);
    let seen = format!("{days} days old");
    let mends = [
        Mend::step(
            "Make a new key under a new selector, and publish it. The old record stays while mail signed with it is under way:",
        ),
        Mend::Publish(format!("{}. IN TXT \"v=DKIM1; k=rsa; p=<public key>\"", sibling(key))),
    ];
    exam.find(finding.seen(seen).mends(mends));
}

/// `20230601`, `s202306`, `dkim-2023-06-01`.
fn date_in(selector: &str) -> Option<Timestamp> {
    let joined: String = selector.chars().filter(|c| *c != '-').collect();
    let digits = joined.split(|c: char| !c.is_ascii_digit()).find(|run| matches!(run.len(), 6 | 8))?;
    let (year, month) = (digits.get(..4)?, digits.get(4..6)?);
    let day = digits.get(6..8).unwrap_or("01");
    ("2000".."2100").contains(&year).then(|| format!("{year}-{month}-{day}T00:00:00Z").parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_in_selectors() {
        for (selector, day) in [
            ("20230601", Some("2023-06-01")),
            ("s202306", Some("2023-06-01")),
            ("dkim-2024-11-30", Some("2024-11-30")),
            ("s1", None),
            ("19990101", None),
            ("20231301", None),
            ("1234567", None),
            ("scph0122", None),
        ] {
            let found = date_in(selector).map(|made| made.to_string().chars().take(10).collect::<String>());
            assert_eq!(found.as_deref(), day, "{selector}");
        }
    }
}
