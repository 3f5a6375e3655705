//! The fields of a delivery status notification (RFC 3464 §2.1).

use std::borrow::Cow;

use super::fields::{Field, Fields, is_blank, line, line_end, unfold};
use crate::report::{Defect, ReportedAction};

/// The fields of one recipient, or those of the message.
pub(crate) type Group<'a> = Vec<Field<'a>>;

/// A delivery status: fields of the message, fields of each recipient.
#[derive(Debug, Default)]
pub(crate) struct Status<'a> {
    pub(crate) message: Group<'a>,
    pub(crate) recipients: Vec<Group<'a>>,
    pub(crate) defects: Vec<Defect>,
}

impl<'a> Status<'a> {
    /// Reads the groups. Tolerated: fields of a recipient in the first group, recipients without an empty
    /// line between them, empty lines within a recipient. It stops
    /// behind `most` recipients.
    pub(crate) fn parse(text: &'a [u8], most: usize) -> Self {
        let mut status = Self::default();
        let mut at = 0;
        while at < text.len() && status.recipients.len() <= most {
            let begin = at;
            while at < text.len() && !is_blank(line(text, at)) {
                at = line_end(text, at);
            }
            if at > begin {
                status.take(Fields(text.get(begin..at).unwrap_or_default()));
            }
            at = line_end(text, at);
        }
        status
    }

    fn take(&mut self, fields: Fields<'a>) {
        let mut is_first = true;
        let mut of_recipient = false;
        // An Original-Recipient behind a complete recipient: it belongs to the next one, if one follows.
        let mut held: Option<Field<'a>> = None;
        for field in fields.iter() {
            let names_one = is_one_of(field, RECIPIENT);
            of_recipient |= names_one || is_one_of(field, OF_RECIPIENT);
            if !of_recipient || is_one_of(field, OF_MESSAGE) {
                if self.message.len() < MAX_GROUP {
                    self.message.push(field);
                }
                continue;
            }
            let again = field.is("original-recipient") && self.last_has(b"final-recipient") && self.last_has(b"status");
            if !is_first && again {
                held = Some(field);
                continue;
            }
            if self.opens(field, names_one, is_first) {
                if !is_first {
                    self.defect(Defect::Grouping);
                }
                self.recipients.push(Group::new());
            }
            is_first = false;
            self.push_to_last(held.take());
            self.push_to_last(Some(field));
        }
        self.push_to_last(held);
    }

    /// Whether this field belongs to a recipient of its own, and not to the last one.
    fn opens(&self, field: Field<'_>, names_one: bool, is_first: bool) -> bool {
        if self.recipients.is_empty() {
            return true;
        }
        let repeats = (names_one || is_first) && self.last_has(field.name);
        repeats || (names_one && is_first && self.last_has(b"final-recipient"))
    }

    fn last_has(&self, name: &[u8]) -> bool {
        self.recipients.last().is_some_and(|last| last.iter().any(|field| field.name.eq_ignore_ascii_case(name)))
    }

    fn push_to_last(&mut self, field: Option<Field<'a>>) {
        if let Some(last) = self.recipients.last_mut().filter(|last| last.len() < MAX_GROUP) {
            last.extend(field);
        }
    }

    fn defect(&mut self, defect: Defect) {
        if !self.defects.contains(&defect) {
            self.defects.push(defect);
        }
    }
}

/// The first value of this name, unfolded.
pub(crate) fn get<'a>(group: &Group<'a>, name: &str) -> Option<Cow<'a, str>> {
    raw(group, name).map(unfold)
}

/// The first value of this name, as it stands.
pub(crate) fn raw<'a>(group: &Group<'a>, name: &str) -> Option<&'a [u8]> {
    group.iter().find(|field| field.is(name)).map(|field| field.value)
}

fn is_one_of(field: Field<'_>, names: &[&str]) -> bool {
    names.iter().any(|name| field.is(name))
}

/// The Action field. QUIRK: words in front of or behind it, other words of the same sense.
pub(crate) fn action(value: &str) -> Option<ReportedAction> {
    let value = value.trim().to_ascii_lowercase();
    let is = |word: &str| value.starts_with(word);
    Some(match () {
        () if is("fail") || is("error") || is("undeliver") => ReportedAction::Failed,
        () if is("delay") || is("deferred") => ReportedAction::Delayed,
        () if is("deliver") => ReportedAction::Delivered,
        () if is("relay") => ReportedAction::Relayed,
        () if is("expand") => ReportedAction::Expanded,
        () => return None,
    })
}

/// The value behind its type: `rfc822; bob@example.org`, `dns; mx.example.org`.
pub(crate) fn untyped(value: &str) -> &str {
    match value.split_once(';') {
        Some((kind, rest)) if !kind.contains(['@', ' ', '<']) || kind.trim().len() <= 8 => rest.trim(),
        _ => value.trim(),
    }
}

/// The address of a Final-Recipient or Original-Recipient field, without type, brackets and comment.
pub(crate) fn address(value: &str) -> String {
    let is_utf8 = value.trim_start().get(..5).is_some_and(|kind| kind.eq_ignore_ascii_case("utf-8"));
    let value = untyped(value);
    let inner = match (value.find('<'), value.rfind('>')) {
        (Some(open), Some(close)) if open < close => &value[open + 1..close],
        _ => value.trim_matches(['<', '>']),
    };
    // QUIRK: a comment behind the address, `bob@example.org (bob)`.
    let inner = inner.trim().split([' ', '\t']).next().unwrap_or_default();
    if is_utf8 { unescape(inner) } else { inner.to_owned() }
}

/// Reads the `\x{e9}` of a utf-8-addr-xtext (RFC 6533 §3).
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once("\\x{") {
        plain.push_str(before);
        let end = escape.find('}').unwrap_or(escape.len());
        match u32::from_str_radix(&escape[..end], 16).ok().and_then(char::from_u32) {
            Some(c) => plain.push(c),
            None => plain.push(char::REPLACEMENT_CHARACTER),
        }
        rest = escape.get(end + 1..).unwrap_or_default();
    }
    plain + rest
}

/// The most fields of one group that are kept.
const MAX_GROUP: usize = 100;
/// The fields that name a recipient.
const RECIPIENT: &[&str] = &["final-recipient", "original-recipient", "x-actual-recipient"];
/// The fields of the message (RFC 3464 §2.2).
const OF_MESSAGE: &[&str] =
    &["reporting-mta", "original-envelope-id", "dsn-gateway", "received-from-mta", "arrival-date"];
/// The other fields of a recipient (RFC 3464 §2.3).
const OF_RECIPIENT: &[&str] =
    &["action", "status", "remote-mta", "diagnostic-code", "last-attempt-date", "final-log-id", "will-retry-until"];

#[cfg(test)]
mod tests {
    use super::*;

    fn finals(text: &str) -> Vec<(String, Option<String>)> {
        let status = Status::parse(text.as_bytes(), 99);
        let value = |group: &Group<'_>, name: &str| get(group, name).map(Cow::into_owned);
        status
            .recipients
            .iter()
            .map(|g| (value(g, "final-recipient").unwrap_or_default(), value(g, "status")))
            .collect()
    }

    #[test]
    fn groups_and_what_passes_for_them() {
        let usual = "Reporting-MTA: dns; a\n\nFinal-Recipient: rfc822; b@c\nStatus: 5.1.1\n\n\nOriginal-Recipient: rfc822;x@c\n\
                     Final-Recipient: rfc822; d@c\nStatus: 4.2.2\n";
        let both = vec![
            ("rfc822; b@c".to_owned(), Some("5.1.1".to_owned())),
            ("rfc822; d@c".to_owned(), Some("4.2.2".to_owned())),
        ];
        assert_eq!(finals(usual), both);
        assert_eq!(finals(&usual.replace("\n\n", "\n")), both, "no empty lines at all");
        assert_eq!(finals(&usual.replace('\n', "\r\n")), both);
        let torn = "Final-Recipient: rfc822; b@c\n\nStatus: 5.1.1\n\nFinal-Recipient: rfc822; d@c\n\nStatus: 4.2.2\n";
        assert_eq!(finals(torn), both, "empty lines within a recipient");
        assert_eq!(finals("Original-Recipient: rfc822;x@c\n\nFinal-Recipient: rfc822; d@c\n").len(), 1);
        assert_eq!(finals(""), []);
    }

    #[test]
    fn addresses_are_freed_of_types_brackets_and_comments() {
        for (value, found) in [
            ("rfc822; bob@example.org", "bob@example.org"),
            ("RFC822;<bob@example.org>", "bob@example.org"),
            ("bob@example.org", "bob@example.org"),
            ("rfc822; bob@example.org (Bob)", "bob@example.org"),
            ("utf-8; b\\x{f6}b@example.org", "böb@example.org"),
            ("rfc822; \"Bob\" <bob@example.org>", "bob@example.org"),
        ] {
            assert_eq!(address(value), found, "{value}");
        }
    }

    #[test]
    fn actions_are_read_tolerantly() {
        assert_eq!(action("Failed (no mailbox)"), Some(ReportedAction::Failed));
        assert_eq!(action("failure"), Some(ReportedAction::Failed));
        assert_eq!(action("delayed"), Some(ReportedAction::Delayed));
        assert_eq!(action("5.1.1"), None);
    }
}
