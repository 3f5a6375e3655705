//! Records of the form `v=...; name=value; ...`.

use std::fmt;

use posthaste_types::{ParseError, ParseErrorKind};

/// A field of a record: its name, its value and the offset of the value.
pub(crate) struct Field<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: &'a str,
    pub(crate) at: usize,
}

/// The fields behind the version, which must be the first and stand as it is, case counting.
///
/// An empty field is only allowed behind the last delimiter.
pub(crate) fn fields<'a>(
    record: &'a [u8],
    version: &'static str,
    what: &'static str,
    max: usize,
) -> Result<Vec<Field<'a>>, ParseError> {
    if record.len() > max {
        return Err(ParseError::new(what, ParseErrorKind::TooLong { limit: max }, max));
    }
    let text = std::str::from_utf8(record).ok().filter(|text| text.is_ascii());
    let Some(text) = text else {
        let at = record.iter().position(|octet| !octet.is_ascii()).unwrap_or_default();
        return Err(syntax(what, "an octet that is not ASCII", at));
    };
    let rest = text.strip_prefix(version).ok_or_else(|| syntax(what, "another version", 0))?;
    let Some(delimiter) = rest.find(';').filter(|at| rest.get(..*at).is_some_and(is_blank)) else {
        return Err(syntax(what, "no `;` behind the version", version.len()));
    };
    let start = version.len() + delimiter + 1;
    let mut fields = Vec::new();
    let mut at = start;
    let mut pieces = text.get(start..).unwrap_or_default().split(';').peekable();
    while let Some(piece) = pieces.next() {
        let is_last = pieces.peek().is_none();
        if !(is_last && is_blank(piece)) {
            fields.push(field(piece, at, what)?);
        }
        at += piece.len() + 1;
    }
    Ok(fields)
}

/// The same, read loosely: what has no `=` is left out, and values may be empty.
pub(crate) fn loose<'a>(
    record: &'a [u8],
    version: &'static str,
    what: &'static str,
    max: usize,
) -> Result<Vec<Field<'a>>, ParseError> {
    let pairs = pairs(record, what, max)?;
    let is_version = |first: &Field<'_>| version.split_once('=') == Some((first.name, first.value));
    match pairs.first() {
        Some(first) if is_version(first) => Ok(pairs),
        _ => Err(syntax(what, "another version", 0)),
    }
}

/// `name=value` pairs between semicolons, values perhaps empty; an empty piece and one without `=` are left out.
pub(crate) fn pairs<'a>(record: &'a [u8], what: &'static str, max: usize) -> Result<Vec<Field<'a>>, ParseError> {
    if record.len() > max {
        return Err(ParseError::new(what, ParseErrorKind::TooLong { limit: max }, max));
    }
    if let Some(at) = record.iter().position(|octet| !octet.is_ascii() || (octet.is_ascii_control() && *octet != b'\t'))
    {
        return Err(syntax(what, "an octet that is not printable ASCII", at));
    }
    let text = std::str::from_utf8(record).unwrap_or_default();
    let (mut fields, mut at) = (Vec::new(), 0);
    for piece in text.split(';') {
        if let Some((name, value)) = piece.split_once('=') {
            if fields.len() == MAX_PAIRS {
                return Err(ParseError::new(what, ParseErrorKind::TooMany { limit: MAX_PAIRS }, at));
            }
            let lead = value.len() - value.trim_start_matches(WSP).len();
            let value_at = at + name.len() + 1 + lead;
            fields.push(Field { name: name.trim_matches(WSP), value: value.trim_matches(WSP), at: value_at });
        }
        at += piece.len() + 1;
    }
    Ok(fields)
}

fn field<'a>(piece: &'a str, at: usize, what: &'static str) -> Result<Field<'a>, ParseError> {
    let lead = piece.len() - piece.trim_start_matches(WSP).len();
    let (name, value) = piece.split_once('=').ok_or_else(|| syntax(what, "no `=` in a field", at + lead))?;
    let (name, value_at) = (name.trim_start_matches(WSP), at + name.len() + 1);
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')) {
        return Err(syntax(what, "a field without a name", at + lead));
    }
    let value = value.trim_end_matches(WSP);
    if value.is_empty() {
        return Err(syntax(what, "a field without a value", value_at));
    }
    Ok(Field { name, value, at: value_at })
}

/// A URI without its %-escapes (RFC 3986 §2.1): records escape `,`, `;` and `!` in theirs.
pub(crate) fn percent_decoded(text: &str) -> Option<String> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        if octet == b'%' {
            let digit = |octet: u8| char::from(octet).to_digit(16);
            let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
            octets.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            octets.push(octet);
        }
    }
    String::from_utf8(octets).ok()
}

/// A `mailto` URI: what a record or a URI cannot hold is %-escaped (RFC 3986 §2.1).
pub(crate) fn write_mailto(f: &mut fmt::Formatter<'_>, address: &str) -> fmt::Result {
    f.write_str("mailto:")?;
    address.bytes().try_for_each(|octet| match octet {
        octet if octet.is_ascii_alphanumeric() || b"@-._~+=$&'*".contains(&octet) => {
            write!(f, "{}", char::from(octet))
        }
        octet => write!(f, "%{octet:02X}"),
    })
}

fn is_blank(text: &str) -> bool {
    text.trim_matches(WSP).is_empty()
}

pub(crate) fn syntax(what: &'static str, why: &'static str, at: usize) -> ParseError {
    ParseError::new(what, ParseErrorKind::Syntax(why), at)
}

/// More tags than any record of ours has.
const MAX_PAIRS: usize = 50;
pub(crate) const WSP: [char; 2] = [' ', '\t'];
