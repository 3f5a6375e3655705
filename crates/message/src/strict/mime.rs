//! MIME (RFC 2045, RFC 2046).

use super::rule::{Rule, Violation};
use crate::encode::is_token;
use crate::read::{Part, TransferEncoding};

/// Checks one part; `is_message` if its header is that of a message.
pub(super) fn check(part: &Part<'_, '_>, is_message: bool, found: &mut Vec<Violation>) {
    let mut add = |rule, name: &str, at| found.push(Violation::new(rule, name, at));
    if is_message {
        check_version(part, &mut add);
    }
    if let Some(header) = part.header("Content-Type")
        && !is_content_type(&header.unfolded())
    {
        add(Rule::ContentType, header.name(), header.at());
    }
    if let Some(boundary) = part.content_type().parameter("boundary").filter(|_| part.is_multipart())
        && !is_boundary(boundary)
    {
        add(Rule::Boundary, "Content-Type", part.at());
    }
    check_encoding(part, &mut add);
}

/// RFC 2045 §4.
fn check_version(part: &Part<'_, '_>, add: &mut impl FnMut(Rule, &str, usize)) {
    let versions: Vec<_> = part.headers().filter(|header| header.is("MIME-Version")).collect();
    versions.iter().skip(1).for_each(|header| add(Rule::MimeFieldTwice, header.name(), header.at()));
    match versions.first() {
        Some(version) => {
            if without_comments(&version.unfolded()) != "1.0" {
                add(Rule::MimeVersion, version.name(), version.at());
            }
        }
        None => {
            let is_mime = |name: &str| matches!(name, "content-type" | "content-transfer-encoding");
            if let Some(header) = part.headers().find(|header| is_mime(&header.name().to_ascii_lowercase())) {
                add(Rule::MimeVersion, header.name(), header.at());
            }
        }
    }
}

fn check_encoding(part: &Part<'_, '_>, add: &mut impl FnMut(Rule, &str, usize)) {
    let header = part.header("Content-Transfer-Encoding");
    let word = header.map(|header| without_comments(&header.unfolded()).to_ascii_lowercase());
    let (name, at) = header.map_or(("", part.at()), |header| (header.name(), header.at()));
    let known = ["7bit", "8bit", "quoted-printable", "base64"];
    if word.as_deref().is_some_and(|word| !known.contains(&word)) {
        add(Rule::TransferEncoding, name, at);
    }
    // RFC 6532 §3.5 allows message/global to be encoded.
    let is_composite = part.is_multipart() || part.content_type().is("message", "rfc822");
    let is_encoded = matches!(part.transfer_encoding(), TransferEncoding::Base64 | TransferEncoding::QuotedPrintable);
    if is_composite && is_encoded {
        add(Rule::EncodedMultipart, name, at);
    }
    // Within a multipart, each part says so itself; the multipart's own word covers what is around them.
    let claims_8bit = matches!(word.as_deref(), Some("8bit" | "binary"));
    if let Some(first) = part.raw_body().iter().position(|b| !b.is_ascii()).filter(|_| !claims_8bit) {
        add(Rule::EightBit, name, part.body_at() + first);
    }
}

/// RFC 2045 §5.1, comments included.
fn is_content_type(text: &str) -> bool {
    let text = without_comments(text);
    let mut rest = text.as_str();
    let Some((kind, tail)) = take_token(rest) else { return false };
    let Some(subtype) = tail.trim_start().strip_prefix('/').and_then(|tail| take_token(tail.trim_start())) else {
        return false;
    };
    rest = subtype.1.trim_start();
    let mut parameters = 0;
    while let Some(tail) = rest.strip_prefix(';') {
        let parameter = take_token(tail.trim_start()).and_then(|(_, tail)| tail.trim_start().strip_prefix('='));
        let Some(tail) = parameter.and_then(|tail| take_value(tail.trim_start())) else { return false };
        rest = tail.trim_start();
        parameters += 1;
    }
    rest.is_empty() && !kind.is_empty() && (parameters > 0 || !kind.eq_ignore_ascii_case("multipart"))
}

fn take_token(text: &str) -> Option<(&str, &str)> {
    let end = text.bytes().position(|b| !is_token(b)).unwrap_or(text.len());
    text.split_at_checked(end).filter(|(token, _)| !token.is_empty())
}

fn take_value(text: &str) -> Option<&str> {
    let Some(inner) = text.strip_prefix('"') else { return take_token(text).map(|(_, tail)| tail) };
    let mut chars = inner.chars();
    loop {
        match chars.next()? {
            '"' => return Some(chars.as_str()),
            '\\' => {
                chars.next()?;
            }
            _ => {}
        }
    }
}

/// RFC 2046 §5.1.1.
fn is_boundary(boundary: &str) -> bool {
    let is_bchar = |b: u8| b.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&b);
    (1..=70).contains(&boundary.len()) && !boundary.ends_with(' ') && boundary.bytes().all(is_bchar)
}

/// RFC 2045 §4 and §5.1 allow comments where RFC 822 did.
fn without_comments(text: &str) -> String {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    let mut plain = String::new();
    for c in text.chars() {
        let is_escaped = std::mem::take(&mut escaped);
        match c {
            _ if is_escaped => {}
            '\\' => escaped = true,
            '"' if depth == 0 => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted && depth > 0 => {
                depth -= 1;
                continue;
            }
            _ => {}
        }
        if depth == 0 {
            plain.push(c);
        }
    }
    plain.trim().to_owned()
}
