//! The header: syntax of every field, and the fields of RFC 5322 §3.6.

use std::borrow::Cow;

use super::address::{Groups, address_list, message_ids};
use super::date::is_date_time;
use super::rule::{Rule, Violation};
use crate::read::{Header, Part};

/// What every field of every part must keep.
pub(super) fn check_syntax(part: &Part<'_, '_>, found: &mut Vec<Violation>) {
    for header in part.headers() {
        let mut add = |rule| found.push(Violation::new(rule, header.name(), header.at()));
        // RFC 5322 §4.5: a space before the colon is obsolete.
        if header.raw().get(header.name().len()) != Some(&b':') {
            add(Rule::FieldSyntax);
        }
        // A field of white space alone needs no fold: RFC 5322 §3.2.2 forbids the folded lines.
        let mut folded = header.raw().split(|b| *b == b'\n').skip(1).filter(|line| !line.is_empty());
        if folded.any(|line| line.trim_ascii().is_empty()) {
            add(Rule::BlankFold);
        }
        let is_control = |b: &u8| b.is_ascii_control() && !matches!(b, b'\t' | b'\r' | b'\n');
        if header.value().iter().any(is_control) {
            add(Rule::Control);
        }
        if std::str::from_utf8(header.value()).is_err() {
            add(Rule::NotUtf8);
        }
    }
}

/// The fields of the message that is sent.
pub(super) fn check_message(root: &Part<'_, '_>, found: &mut Vec<Violation>) {
    for name in ["Date", "From"] {
        if root.header(name).is_none() {
            found.push(Violation::new(Rule::Missing, name, 0));
        }
    }
    for name in ONCE {
        let again = root.headers().filter(|header| header.is(name)).skip(1);
        found.extend(again.map(|header| Violation::new(Rule::Repeated, header.name(), header.at())));
    }
    for header in root.headers() {
        if let Some(rule) = broken_rule(&header) {
            found.push(Violation::new(rule, header.name(), header.at()));
        }
    }
    let from = root.header("From");
    let authors = from.and_then(|from| address_list(&value(&from), Groups::Allowed)).unwrap_or(0);
    if authors > 1 && root.header("Sender").is_none() {
        found.push(Violation::new(Rule::NoSender, "From", from.map_or(0, |from| from.at())));
    }
}

fn broken_rule(header: &Header<'_>) -> Option<Rule> {
    let name = header.name().to_ascii_lowercase();
    let text = value(header);
    let rule = |kept: bool, rule: Rule| (!kept).then_some(rule);
    match name.as_str() {
        "date" | "resent-date" => rule(is_date_time(&text), Rule::Date),
        // RFC 6854 §2.1: a group may stand in From and Sender.
        "from" | "reply-to" | "to" | "cc" | "resent-from" | "resent-to" | "resent-cc" => {
            rule(address_list(&text, Groups::Allowed).is_some(), Rule::Address)
        }
        "sender" | "resent-sender" => rule(address_list(&text, Groups::Forbidden) == Some(1), Rule::Address),
        "message-id" | "resent-message-id" => rule(message_ids(&text) == Some(1), Rule::MessageId),
        "in-reply-to" | "references" => rule(message_ids(&text).is_some(), Rule::MessageId),
        "bcc" | "resent-bcc" => Some(Rule::Bcc),
        "return-path" => Some(Rule::ReturnPath),
        "content-length" => Some(Rule::ContentLength),
        _ => None,
    }
}

/// The value on one line. What is not UTF-8 is told by [`check_syntax`].
fn value(header: &Header<'_>) -> String {
    let text: Cow<'_, str> = String::from_utf8_lossy(header.value());
    text.replace(['\r', '\n'], "")
}

/// RFC 5322 §3.6: at most once.
const ONCE: &[&str] =
    &["Date", "From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Message-ID", "In-Reply-To", "References", "Subject"];
