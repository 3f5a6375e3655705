//! Which header fields a caller may give, and how each is written.

use posthaste_types::{HeaderField, HeaderName, HeaderValue, MessageId, ParseError, ParseErrorKind};

use super::problem::{Problem, ProblemKind};
use crate::encode::Folder;

/// How [`MessageBuilder::header`](super::MessageBuilder::header) treats a field.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum FieldKind {
    /// Refused: the text says why.
    Reserved(&'static str),
    /// Tokens by a grammar: ASCII, folded at spaces, never encoded (RFC 2047 §5).
    Structured,
    /// Free text: encoded where it must be.
    Text,
}

pub(crate) fn field_kind(name: &HeaderName) -> FieldKind {
    let lower = name.as_str().to_ascii_lowercase();
    match lower.as_str() {
        "from" | "sender" | "reply-to" | "to" | "cc" | "bcc" | "subject" | "date" | "message-id" | "in-reply-to"
        | "references" => FieldKind::Reserved("it has a setter of its own"),
        "mime-version" => FieldKind::Reserved("it follows from the parts"),
        "received"
        | "return-path"
        | "dkim-signature"
        | "domainkey-signature"
        | "authentication-results"
        | "received-spf"
        | "delivered-to" => FieldKind::Reserved("the sending and receiving systems write it"),
        name if name.starts_with("content-") => FieldKind::Reserved("it follows from the parts"),
        name if name.starts_with("arc-") || name.starts_with("resent-") => {
            FieldKind::Reserved("the sending and receiving systems write it")
        }
        name if name.starts_with("list-") || STRUCTURED.contains(&name) => FieldKind::Structured,
        _ => FieldKind::Text,
    }
}

/// Fields that may stand once: ours, and those whose standard says so.
pub(crate) fn is_unique(name: &HeaderName) -> bool {
    let lower = name.as_str().to_ascii_lowercase();
    lower.starts_with("list-") || UNIQUE.contains(&lower.as_str())
}

/// A field of free text.
pub(crate) fn text(name: &str, value: &str) -> Result<HeaderField, ParseError> {
    let mut folder = Folder::new(name);
    folder.text(value);
    folder.finish()
}

/// A field of tokens, as they are; folded at spaces.
pub(crate) fn structured(name: &str, value: &str) -> Result<HeaderField, ParseError> {
    let offence = value.char_indices().find(|(_, c)| *c != ' ' && !c.is_ascii_graphic());
    if let Some((at, c)) = offence {
        return Err(ParseError::new("header value", ParseErrorKind::Forbidden(c), at));
    }
    let mut folder = Folder::new(name);
    value.trim().split(' ').filter(|token| !token.is_empty()).for_each(|token| folder.push(token));
    folder.finish()
}

/// Message identities (RFC 5322 §3.6.4).
pub(crate) fn message_ids(name: &str, ids: &[MessageId]) -> Result<HeaderField, ParseError> {
    let mut folder = Folder::new(name);
    for id in ids {
        check_ascii("message id", id.as_str())?;
        folder.push(&id.to_string());
    }
    folder.finish()
}

/// A URI between angle brackets (RFC 2369 §2): printable ASCII, of one of the schemes.
pub(crate) fn check_uri(uri: &str, schemes: &[&str]) -> Result<(), ParseError> {
    const WHAT: &str = "URI";
    let refuse = |kind, at| Err(ParseError::new(WHAT, kind, at));
    if uri.is_empty() {
        return refuse(ParseErrorKind::Empty, 0);
    }
    if let Some((at, c)) =
        uri.char_indices().find(|(_, c)| !c.is_ascii_graphic() || matches!(c, '<' | '>' | '"' | '\\'))
    {
        return refuse(ParseErrorKind::Forbidden(c), at);
    }
    if uri.len() > MAX_URI {
        return refuse(ParseErrorKind::TooLong { limit: MAX_URI }, MAX_URI);
    }
    let scheme = uri.split(':').next().unwrap_or_default();
    let rest = uri.get(scheme.len() + 1..).unwrap_or_default();
    let known = schemes.iter().any(|known| known.eq_ignore_ascii_case(scheme));
    match rest.strip_prefix("//") {
        Some(host) if known && !scheme.eq_ignore_ascii_case("mailto") && !host.is_empty() => Ok(()),
        None if known && scheme.eq_ignore_ascii_case("mailto") && rest.contains('@') => Ok(()),
        _ if schemes.len() == 1 => refuse(ParseErrorKind::Syntax("not an https URI (RFC 8058 §3.1)"), 0),
        _ => refuse(ParseErrorKind::Syntax("neither an http nor a mailto URI (RFC 2369 §2)"), 0),
    }
}

/// List-Id (RFC 2919 §3): an optional phrase, then `<label.namespace>`.
pub(crate) fn list_id(value: &HeaderValue) -> Result<HeaderField, ParseError> {
    const WHAT: &str = "list id";
    let text = value.as_str().trim();
    let (phrase, id) = match text.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
        Some((phrase, id)) => (phrase.trim().trim_matches('"'), id),
        None => ("", text),
    };
    let at = text.find(id).unwrap_or(0);
    let is_label = |label: &str| !label.is_empty() && label.bytes().all(crate::encode::is_atext);
    if !(id.contains('.') && id.split('.').all(is_label)) {
        return Err(ParseError::new(WHAT, ParseErrorKind::Syntax("not label.namespace (RFC 2919 §2)"), at));
    }
    if id.len() > MAX_LIST_ID {
        return Err(ParseError::new(WHAT, ParseErrorKind::TooLong { limit: MAX_LIST_ID }, at + MAX_LIST_ID));
    }
    let mut folder = Folder::new("List-Id");
    if !phrase.is_empty() {
        folder.phrase(phrase);
    }
    folder.push(&format!("<{id}>"));
    folder.finish()
}

/// Feedback-ID: `a:b:c:sender`, of which the last must stand there and the others may be left out.
pub(crate) fn feedback_id(value: &str) -> Result<HeaderField, ParseError> {
    const WHAT: &str = "feedback id";
    if let Some((at, c)) = value.char_indices().find(|(_, c)| !c.is_ascii_graphic()) {
        return Err(ParseError::new(WHAT, ParseErrorKind::Forbidden(c), at));
    }
    let fields = value.split(':').count();
    if value.rsplit(':').next().unwrap_or_default().is_empty() || fields > 4 {
        let kind = ParseErrorKind::Syntax("not up to four fields with colons between them, the last not empty");
        return Err(ParseError::new(WHAT, kind, value.len()));
    }
    structured("Feedback-ID", value)
}

pub(crate) fn check_ascii(what: &'static str, text: &str) -> Result<(), ParseError> {
    match text.char_indices().find(|(_, c)| !c.is_ascii_graphic()) {
        Some((at, c)) => Err(ParseError::new(what, ParseErrorKind::Forbidden(c), at)),
        None => Ok(()),
    }
}

/// The first field that may stand once and stands twice.
pub(crate) fn repeated(fields: &[HeaderField]) -> Vec<Problem> {
    let names: Vec<HeaderName> = fields.iter().filter_map(|field| HeaderName::parse(field.name()).ok()).collect();
    let twice = |(i, name): &(usize, &HeaderName)| is_unique(name) && names.iter().take(*i).any(|other| other == *name);
    let problem = |(_, name): (usize, &HeaderName)| Problem::new(name.as_str(), ProblemKind::Repeated, 0);
    names.iter().enumerate().filter(twice).map(problem).collect()
}

/// Structured fields beside List-*.
const STRUCTURED: &[&str] = &[
    "archived-at",
    "auto-submitted",
    "cfbl-address",
    "cfbl-feedback-id",
    "disposition-notification-to",
    "errors-to",
    "expires",
    "feedback-id",
    "importance",
    "precedence",
    "priority",
    "require-recipient-valid-since",
    "return-receipt-to",
    "sensitivity",
    "tls-required",
    "x-csa-complaints",
    "x-msmail-priority",
    "x-priority",
];
const UNIQUE: &[&str] =
    &["auto-submitted", "cfbl-address", "cfbl-feedback-id", "feedback-id", "precedence", "tls-required"];
/// So that it stands on one line with its brackets and comma.
const MAX_URI: usize = 900;
/// RFC 2919 §2.
const MAX_LIST_ID: usize = 255;
