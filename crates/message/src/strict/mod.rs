//! The strict check of octets that somebody else made.

mod address;
mod date;
mod fields;
mod lexer;
mod mime;
mod rule;

use posthaste_types::{Content, ContentErrorKind};

pub use rule::{Rule, StrictError, Violation};

use crate::read::{DefectKind, Limits, Part, read};

/// Checks whether octets may be sent as they are: whether they keep the standards so well that no hop has a
/// reason to change them. A signature made over them then still holds at the receiver.
///
/// The rules, each with its place in the standards, are those of [`Rule`]:
///
/// * Lines: CRLF alone ends them, at most 998 octets each, no NUL.
/// * Header: fields alone, up to an empty line; printable names; no space before a colon; no controls; no line of
///   white space alone; 8-bit only as UTF-8.
/// * One From and one Date; no other field of RFC 5322 §3.6 twice; Sender where From has several authors.
/// * Addresses, dates and message identities by the grammar of RFC 5322 §3, without its obsolete forms.
/// * No field that a delivery system or a mail store writes and hops take out: Bcc, Return-Path, Content-Length.
/// * MIME: MIME-Version with the other MIME fields, each once and by its grammar; boundaries by RFC 2046 §5.1.1 and
///   every multipart closed; a body of the kind that its transfer encoding claims.
///
/// ```
/// use posthaste_message::{Rule, check_strict};
///
/// let error = check_strict(b"From: Ada <ada@example.com>\r\nDate: yesterday\r\n\r\nHello\r\n").unwrap_err();
/// assert_eq!(error.violations()[0].rule(), Rule::Date);
/// assert_eq!(error.to_string(), "not a date-time in Date (RFC 5322 §3.3) at byte 29");
/// ```
///
/// # Limits
/// Those of [`Limits::default`].
///
/// # Errors
/// [`StrictError`] with every violation, in the order of the message.
pub fn check_strict(octets: &[u8]) -> Result<(), StrictError> {
    let mut found = Vec::new();
    check_lines(octets, &mut found);
    match read(octets, &Limits::default()) {
        Err(error) => found.push(Violation::new(Rule::Limit, "", error.at())),
        Ok(message) => {
            for defect in message.defects() {
                found.extend(of_defect(defect.kind).map(|rule| Violation::new(rule, "", defect.at)));
            }
            check_embedding(&message.root(), &mut found);
        }
    }
    found.sort_by_key(Violation::at);
    found.dedup();
    if found.is_empty() { Ok(()) } else { Err(StrictError::new(found)) }
}

fn check_embedding(root: &Part<'_, '_>, found: &mut Vec<Violation>) {
    fields::check_message(root, found);
    for part in root.descendants() {
        // An embedded message is quoted material: its lines and its MIME structure matter on the way, since hops
        // look into it (RFC 2046 §5.2.1); whether its fields are right is its author's business.
        let is_header_of_message = part.parent().is_none_or(|parent| parent.embedded().is_some());
        fields::check_syntax(&part, found);
        mime::check(&part, is_header_of_message, found);
    }
}

/// The first offence of each kind.
fn check_lines(octets: &[u8], found: &mut Vec<Violation>) {
    let Err(error) = Content::from_canonical(octets.to_vec()) else { return };
    let rule = match error.kind() {
        ContentErrorKind::LineTooLong => Rule::LineTooLong,
        ContentErrorKind::Nul => Rule::Nul,
        _ => Rule::LineEnd,
    };
    found.push(Violation::new(rule, "", error.at()));
}

fn of_defect(kind: DefectKind) -> Option<Rule> {
    match kind {
        DefectKind::BareLf => Some(Rule::LineEnd),
        DefectKind::NotClosed => Some(Rule::NotClosed),
        DefectKind::NotAField | DefectKind::StoreLine => Some(Rule::FieldSyntax),
        DefectKind::NoEmptyLine => Some(Rule::NoEmptyLine),
        DefectKind::NoBoundary => Some(Rule::Boundary),
        DefectKind::Repeated => Some(Rule::MimeFieldTwice),
    }
}
