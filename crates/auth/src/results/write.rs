//! Writes the field (RFC 8601 §2.2).

use posthaste_types::{HeaderField, ParseError};

use super::{MethodResult, Results, WHAT};
use crate::quoted::quoted_string;
use crate::tags::syntax;

pub(super) fn field(results: &Results) -> Result<HeaderField, ParseError> {
    let id = results.authserv_id().ok_or_else(|| syntax(WHAT, "no authserv-id", 0))?;
    let mut text = format!("Authentication-Results: {};", quoted(id.as_str()));
    if results.results().is_empty() {
        text.push_str(" none");
    }
    for (index, result) in results.results().iter().enumerate() {
        if index > 0 {
            text.push(';');
        }
        text.push_str("\r\n ");
        one(&mut text, result);
    }
    HeaderField::parse(&text)
}

fn one(text: &mut String, result: &MethodResult) {
    let mut line = format!("{}={}", result.method(), result.result());
    let reason = result.reason_text().map(|reason| format!("reason={}", quoted(reason)));
    let properties =
        result.properties().iter().map(|one| format!("{}.{}={}", one.ptype(), one.name(), quoted(one.value())));
    for part in reason.into_iter().chain(properties) {
        let fold = if line.len() + part.len() > FOLD { "\r\n  " } else { " " };
        text.push_str(&line);
        text.push_str(fold);
        line = part;
    }
    text.push_str(&line);
}

/// A token, or `local@domain` of tokens, as it is; all else as a quoted string of at most [`MAX_VALUE`] characters.
pub(super) fn quoted(value: &str) -> String {
    // RFC 2045 §5.1: printable ASCII without tspecials.
    let is_token = |c: char| c.is_ascii_graphic() && !r#"()<>@,;:\"/[]?="#.contains(c);
    let plain = match value.split_once('@') {
        Some((local, domain)) => local.chars().all(is_token) && !domain.is_empty() && domain.chars().all(is_token),
        None => !value.is_empty() && value.chars().all(is_token),
    };
    if plain && value.len() <= MAX_VALUE {
        return value.to_owned();
    }
    quoted_string(value, MAX_VALUE)
}

/// RFC 5322 §2.1.1, with room for the indent.
const FOLD: usize = 75;
/// Twice this, quoted, stays below the 998 octets of a line (RFC 5322 §2.1.1).
const MAX_VALUE: usize = 400;
