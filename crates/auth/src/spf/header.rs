//! The Received-SPF field (RFC 7208 §9.1).

use std::fmt::Write;

use posthaste_types::{DnsName, HeaderField, ParseError};

use super::outcome::{Outcome, Reason, Verdict};
use super::query::Query;
use crate::quoted::quoted_string;

/// The header field that tells later readers of the result.
///
/// Whatever the client said, it is one field: values that are no plain words are quoted, and what a quoted string
/// cannot hold becomes `?`.
///
/// # Errors
/// [`ParseError`] never happens with what this crate makes; it is passed on rather than hidden.
pub fn received_spf(query: &Query, outcome: &Outcome, receiver: &DnsName) -> Result<HeaderField, ParseError> {
    let mut field = format!("Received-SPF: {} ({}: {})", outcome.verdict, receiver, comment(&outcome.to_string()));
    let mut pair = |key: &str, value: &str| {
        let _ = write!(field, "\r\n {key}={};", quoted(value));
    };
    pair("client-ip", &query.ip().to_string());
    pair("envelope-from", &query.sender());
    pair("helo", query.helo_name());
    pair("receiver", receiver.as_str());
    pair("identity", query.identity().as_str());
    match &outcome.reason {
        Reason::Matched { directive, .. } => pair("mechanism", directive.as_str()),
        Reason::Default { .. } => pair("mechanism", "default"),
        reason if matches!(outcome.verdict, Verdict::TempError | Verdict::PermError) => {
            pair("problem", &reason.to_string());
        }
        _ => {}
    }
    HeaderField::parse(field.strip_suffix(';').unwrap_or(&field))
}

/// A dot-atom as it is, all else as a quoted string of at most [`MAX_VALUE`] octets.
fn quoted(value: &str) -> String {
    let is_atext = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    if value.len() <= MAX_VALUE
        && !value.is_empty()
        && value.split('.').all(|a| !a.is_empty() && a.chars().all(is_atext))
    {
        return value.to_owned();
    }
    quoted_string(value, MAX_VALUE)
}

/// What stands in a comment: parentheses would end it, a backslash would hide its end.
fn comment(text: &str) -> String {
    let plain = |c: char| if matches!(c, '(' | ')' | '\\') || !(' '..='~').contains(&c) { '?' } else { c };
    text.chars().map(plain).take(MAX_VALUE).collect()
}

/// Twice this, quoted, with its key, stays below the 998 octets of a line (RFC 5322 §2.1.1).
const MAX_VALUE: usize = 400;
