//! Puts values into macros (RFC 7208 §7.3).

use std::borrow::Cow;
use std::fmt::Write;
use std::net::IpAddr;

use posthaste_types::{DnsName, Timestamp};

use super::macro_string::{Escape, Letter, Macro, MacroString, Order, Piece};
use super::query::Query;

/// What the macros stand for.
pub(super) struct Values<'a> {
    pub(super) query: &'a Query,
    /// The domain whose record is evaluated.
    pub(super) domain: &'a DnsName,
    /// The validated name of the address, or "unknown".
    pub(super) validated: &'a str,
    pub(super) receiver: &'a str,
    pub(super) now: Timestamp,
}

/// The name that a `domain-spec` stands for.
///
/// `None` if no DNS question can be put for it: a label is empty or too long, or the local part is not ASCII (RFC 8616
/// §4), which matches nothing.
pub(super) fn to_name(spec: &MacroString, values: &Values<'_>) -> Option<DnsName> {
    let text = expand(spec, values, Room::Tail)?;
    let text = text.strip_suffix('.').unwrap_or(&text);
    let mut name = text;
    // §7.3: "the left side is truncated to fit, by removing successive domain labels".
    while name.len() > MAX_NAME {
        name = name.split_once('.')?.1;
    }
    DnsName::from_labels(name.split('.').map(str::as_bytes)).ok()
}

/// The explanation: printable ASCII, at most `max` octets (§6.2). `None` if the local part is not ASCII and asked for.
pub(super) fn to_text(text: &MacroString, values: &Values<'_>, max: usize) -> Option<String> {
    let text = expand(text, values, Room::Head(max))?;
    // A HELO or a local part comes from the client; RFC 5321 §4.2 wants replies of printable ASCII.
    Some(text.chars().map(|c| if (' '..='~').contains(&c) { c } else { '?' }).take(max).collect())
}

/// Which end of a text that grows too long is kept: macros must not blow up.
#[derive(Clone, Copy)]
enum Room {
    Head(usize),
    Tail,
}

fn expand(text: &MacroString, values: &Values<'_>, room: Room) -> Option<String> {
    let mut expanded = String::new();
    for piece in text.pieces() {
        match piece {
            Piece::Literal(literal) => expanded.push_str(literal),
            Piece::Expand(expand) => expanded.push_str(&value(expand, values)?),
        }
        match room {
            Room::Head(max) if expanded.len() >= max => break,
            Room::Tail if expanded.len() > 2 * KEPT => {
                let mut cut = expanded.len() - KEPT;
                while !expanded.is_char_boundary(cut) {
                    cut += 1;
                }
                expanded.drain(..cut);
            }
            _ => {}
        }
    }
    Some(expanded)
}

fn value(expand: &Macro, values: &Values<'_>) -> Option<String> {
    let query = values.query;
    let raw: Cow<'_, str> = match expand.letter {
        Letter::Sender | Letter::LocalPart if !query.local_part().is_ascii() => return None,
        Letter::Sender => format!("{}@{}", query.local_part(), query.sender_domain()).into(),
        Letter::LocalPart => query.local_part().into(),
        Letter::SenderDomain => query.sender_domain().into(),
        Letter::Domain => values.domain.as_str().into(),
        Letter::Ip => dotted(query.ip()).into(),
        Letter::Validated => values.validated.into(),
        Letter::Family => if query.ip().is_ipv4() { "in-addr" } else { "ip6" }.into(),
        Letter::Helo => query.helo_name().into(),
        Letter::ReadableIp => query.ip().to_string().into(),
        Letter::Receiver => values.receiver.into(),
        Letter::Time => values.now.as_unix_secs().to_string().into(),
    };
    let transformed = transform(expand, &raw);
    Some(match expand.escape {
        Escape::Plain => transformed,
        Escape::Url => url_escaped(&transformed),
    })
}

/// The dotted form: of IPv6, one nibble a label, upper case as in the examples of §7.4.
fn dotted(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => {
            let nibbles: Vec<String> =
                v6.octets().iter().flat_map(|octet| [octet >> 4, octet & 0xf]).map(|n| format!("{n:X}")).collect();
            nibbles.join(".")
        }
    }
}

fn transform(expand: &Macro, raw: &str) -> String {
    let is_delimiter = |c: char| if expand.delimiters.is_empty() { c == '.' } else { expand.delimiters.contains(c) };
    let mut parts: Vec<&str> = raw.split(is_delimiter).collect();
    if expand.order == Order::Reversed {
        parts.reverse();
    }
    let keep = expand.keep.unwrap_or(parts.len()).min(parts.len());
    parts.split_off(parts.len() - keep).join(".")
}

/// RFC 3986 §2.3: only unreserved characters stand as they are.
fn url_escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for octet in text.bytes() {
        match octet {
            b'-' | b'.' | b'_' | b'~' => escaped.push(octet.into()),
            octet if octet.is_ascii_alphanumeric() => escaped.push(octet.into()),
            octet => drop(write!(escaped, "%{octet:02X}")),
        }
    }
    escaped
}

/// §7.3, in octets.
const MAX_NAME: usize = 253;
/// How much of the right side is kept while a name grows: more than any name needs.
const KEPT: usize = 1024;
