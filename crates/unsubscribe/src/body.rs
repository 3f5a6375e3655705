//! The body of a POST (RFC 8058 §3.2).

use http::{HeaderMap, header};
use posthaste_message::{Limits, Part, read};

/// Whether a body asks to unsubscribe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    OneClick,
    Page,
    Nothing,
    /// Neither of the two media types of RFC 8058 §3.2.
    Unsupported,
}

pub(crate) fn asked(headers: &HeaderMap, body: &[u8]) -> Asked {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return verdict(&urlencoded(body)) };
    let text = String::from_utf8_lossy(value.as_bytes());
    let essence = text.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        verdict(&urlencoded(body))
    } else if essence.eq_ignore_ascii_case("multipart/form-data") {
        verdict(&form_data(value.as_bytes(), body))
    } else {
        Asked::Unsupported
    }
}

type Pairs = Vec<(String, String)>;

fn verdict(pairs: &Pairs) -> Asked {
    let has = |name: &str, value: &str| {
        pairs.iter().any(|(n, v)| n.trim().eq_ignore_ascii_case(name) && v.trim().eq_ignore_ascii_case(value))
    };
    match has("List-Unsubscribe", "One-Click") {
        true if has(VIA.0, VIA.1) => Asked::Page,
        true => Asked::OneClick,
        false => Asked::Nothing,
    }
}

fn urlencoded(body: &[u8]) -> Pairs {
    let pairs = body.split(|octet| *octet == b'&').map(|pair| {
        let mut halves = pair.splitn(2, |octet| *octet == b'=');
        let mut half = || percent_decode(halves.next().unwrap_or_default());
        (half(), half())
    });
    pairs.collect()
}

fn percent_decode(text: &[u8]) -> String {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        let digit = |at: usize| tail.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                octets.push(u8::try_from(high * 16 + low).unwrap_or_default());
                rest = tail.get(2..).unwrap_or_default();
            }
            (b'+', ..) => octets.push(b' '),
            _ => octets.push(*first),
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}

/// RFC 7578, read as the multipart of a message is, within narrow limits. A header value of HTTP holds no line end.
fn form_data(content_type: &[u8], body: &[u8]) -> Pairs {
    let octets = [b"MIME-Version: 1.0\r\nContent-Type: ", content_type, b"\r\n\r\n", body].concat();
    let mut limits = Limits::default();
    limits.parts = 16;
    limits.depth = 4;
    limits.fields = 16;
    let Ok(message) = read(&octets, &limits) else { return Vec::new() };
    let pair = |part: Part<'_, '_>| {
        let disposition = part.disposition().filter(|it| it.kind().eq_ignore_ascii_case("form-data"))?;
        let value = String::from_utf8_lossy(&part.decoded()).into_owned();
        Some((disposition.parameter("name")?.to_owned(), value))
    };
    let pairs: Pairs = message.root().children().filter_map(pair).collect();
    pairs
}

/// By what the form of the page differs from a mailbox provider's.
pub(crate) const VIA: (&str, &str) = ("via", "page");
