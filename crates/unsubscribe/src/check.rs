//! Whether a signed message offers one click as RFC 8058 demands.

use posthaste_message::{Header, ReadMessage};

/// What a message lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Flaw {
    /// Not one List-Unsubscribe field (RFC 2369 §3: at most one).
    #[error("not exactly one List-Unsubscribe")]
    Field,
    /// Not one `https:` URI in it (RFC 8058 §3.1).
    #[error("List-Unsubscribe has not exactly one https URI")]
    Https,
    /// Not one List-Unsubscribe-Post field with the value `List-Unsubscribe=One-Click` (RFC 8058 §3.1).
    #[error("not exactly one List-Unsubscribe-Post: List-Unsubscribe=One-Click")]
    Post,
    /// No DKIM signature names both fields in `h=` (RFC 8058 §4).
    #[error("no DKIM signature covers both fields")]
    Uncovered,
}

/// Looks at the header of a message as it leaves, signatures included; nothing is found if all is well. That a
/// signature verifies is not looked at.
pub fn check(message: &ReadMessage<'_>) -> Vec<Flaw> {
    let fields = |name: &'static str| message.headers().filter(move |field| field.is(name));
    let only = |name: &'static str| {
        let mut found = fields(name);
        found.next().filter(|_| found.next().is_none()).map(|field| field.unfolded())
    };
    let list = only("List-Unsubscribe");
    let https = list.as_ref().map_or(1, |value| count_https(value));
    let post = only("List-Unsubscribe-Post").is_some_and(|value| value == "List-Unsubscribe=One-Click");
    let covered = fields("DKIM-Signature").any(|signature| covers(&signature));
    let flaws =
        [(list.is_none(), Flaw::Field), (https != 1, Flaw::Https), (!post, Flaw::Post), (!covered, Flaw::Uncovered)];
    flaws.into_iter().filter_map(|(there, flaw)| there.then_some(flaw)).collect()
}

fn count_https(value: &str) -> usize {
    value
        .split('<')
        .skip(1)
        .filter(|uri| uri.trim_start().get(..8).is_some_and(|it| it.eq_ignore_ascii_case("https://")))
        .count()
}

/// RFC 6376 §3.5: `h=`, names between colons, white space anywhere between them.
fn covers(signature: &Header<'_>) -> bool {
    let value = signature.unfolded();
    let tag = value.split(';').find_map(|tag| tag.split_once('=').filter(|(name, _)| name.trim() == "h"));
    let names: Vec<&str> = tag.map(|(_, names)| names.split(':').map(str::trim).collect()).unwrap_or_default();
    let listed = |name: &str| names.iter().any(|it| it.eq_ignore_ascii_case(name));
    listed("List-Unsubscribe") && listed("List-Unsubscribe-Post")
}
