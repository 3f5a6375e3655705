//! What `build()` checks beyond the single fields.

use super::body::{Body, Parts};
use super::given::Given;
use super::limits::ComposeLimits;
use super::problem::{Problem, ProblemKind};

/// Counts and sizes, before anything is encoded: a part over the limit costs no memory.
pub(super) fn limits(
    limits: &ComposeLimits,
    given: &Given,
    parts: &Parts,
    body: Option<&Body>,
    problems: &mut Vec<Problem>,
) {
    let mut too_many = |field: &str, count: usize, limit: usize| {
        if count > limit {
            problems.push(Problem::new(field, ProblemKind::TooMany { limit }, 0));
        }
    };
    too_many("recipients", given.to.len() + given.cc.len() + given.bcc.len(), limits.recipients);
    too_many("header", given.headers.len(), limits.header_fields);
    too_many("attachments", parts.attachments.len() + parts.inline.len(), limits.attachments);
    let kind = ProblemKind::TooLong { limit: limits.message };
    let texts = [&parts.text, &parts.html].into_iter().flatten().map(String::len).sum::<usize>();
    let mut total = body.map_or(0, |body| body.content().len()).saturating_add(texts);
    let attachments = parts.attachments.iter().enumerate().map(|(i, part)| (format!("attachment[{i}]"), part));
    let inline = parts.inline.iter().enumerate().map(|(i, (_, part))| (format!("inline[{i}]"), part));
    for (field, part) in attachments.chain(inline) {
        if part.encoded_len() > limits.message {
            problems.push(Problem::new(field, kind.clone(), limits.message));
        }
        total = total.saturating_add(part.encoded_len());
    }
    if total > limits.message {
        problems.push(Problem::new("message", kind, limits.message));
    }
}

/// What must stand there, and what cannot stand beside something else.
pub(super) fn presence(given: &Given, parts: &Parts, body: Option<&Body>, problems: &mut Vec<Problem>) {
    let is_told = |field: &str| problems.iter().any(|problem| problem.field().starts_with(field));
    let mut found = Vec::new();
    if given.from.is_none() && !is_told("from") {
        found.push(Problem::new("from", ProblemKind::Empty, 0));
    }
    let recipients = given.to.len() + given.cc.len() + given.bcc.len();
    if recipients == 0 && !["to[", "cc[", "bcc["].iter().any(|field| is_told(field)) {
        found.push(Problem::new("recipients", ProblemKind::Empty, 0));
    }
    if !parts.inline.is_empty() && parts.html.is_none() && !is_told("html") {
        found.push(Problem::new("inline", ProblemKind::Syntax("inline parts need HTML that shows them"), 0));
    }
    let has_parts = parts.text.is_some() || parts.html.is_some() || !parts.attachments.is_empty();
    if body.is_some() && has_parts {
        found.push(Problem::new("body", ProblemKind::Syntax("given beside text, HTML or attachments"), 0));
    }
    problems.extend(found);
}
