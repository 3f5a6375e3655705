//! The message that a report is about.

use posthaste_message::{Part, ReadMessage};
use posthaste_types::{ReversePath, Text};

use crate::limits::Limits;
use crate::report::Original;

/// The first embedded message, or header of one, that stands behind `behind`.
pub(super) fn embedded(message: &ReadMessage<'_>, behind: Option<usize>, limits: &Limits) -> Option<Original> {
    let behind = behind.unwrap_or(0);
    message.own_parts().filter(|part| part.at() >= behind).find_map(|part| of_part(&part, limits))
}

fn of_part(part: &Part<'_, '_>, limits: &Limits) -> Option<Original> {
    match part.embedded() {
        Some(original) => parse(original.raw(), limits),
        // Headers alone; some write `rfc822-header`, and some encode what must not be encoded.
        None if part.content_type().subtype().contains("rfc822") => parse(&part.decoded(), limits),
        None => None,
    }
}

/// Reads the header of a message; nothing if it has no field.
pub(crate) fn parse(octets: &[u8], limits: &Limits) -> Option<Original> {
    let octets = header_of(octets.trim_ascii_start(), limits.original);
    let read = posthaste_message::read(octets, &limits.mail).ok()?;
    let fields: Vec<(Text, Text)> = read
        .headers()
        .take(limits.fields)
        .map(|field| (Text::lossy(field.name()), Text::lossy(field.unfolded())))
        .collect();
    if fields.is_empty() {
        return None;
    }
    let line = |name: &str| read.header(name).map(|field| Text::lossy(field.unfolded()));
    let decoded = |name: &str| read.header(name).map(|field| Text::lossy(field.text()));
    let mut original = Original {
        return_path: read.header("Return-Path").and_then(|it| ReversePath::parse(super::bare(&it.unfolded())).ok()),
        message_id: read.message_id(),
        from: read.from().iter().find_map(|it| it.to_address()),
        to: read.to().iter().take(limits.fields).filter_map(|it| it.to_address()).collect(),
        subject: decoded("Subject"),
        date: read.date(),
        feedback_id: line("Feedback-ID"),
        cfbl_feedback_id: line("CFBL-Feedback-ID"),
        list_unsubscribe: line("List-Unsubscribe"),
        fields,
    };
    // RFC 9477 §3.2: it may have been folded within.
    original.cfbl_feedback_id =
        original.cfbl_feedback_id.map(|id| Text::lossy(id.as_str().split_ascii_whitespace().collect::<String>()));
    Some(original)
}

/// The header without the body, and no more than `most` octets of it, to the end of a line.
fn header_of(octets: &[u8], most: usize) -> &[u8] {
    let end = [&b"\r\n\r\n"[..], b"\n\n"]
        .iter()
        .filter_map(|empty| octets.windows(empty.len()).take(most.saturating_add(1)).position(|it| it == *empty))
        .min();
    match end {
        Some(end) => octets.get(..end.saturating_add(2)).unwrap_or(octets),
        None if octets.len() <= most => octets,
        None => {
            let cut = octets.get(..most).unwrap_or(octets);
            let line = cut.iter().rposition(|octet| *octet == b'\n').map_or(0, |at| at.saturating_add(1));
            cut.get(..line).unwrap_or_default()
        }
    }
}
