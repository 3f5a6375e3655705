//! The parts of a message, found without recursion and within limits (RFC 2045, RFC 2046).

use memchr::memmem::Finder;

use super::decode::{base64, quoted_printable};
use super::fields::{Fields, split_header};
use super::limits::{Limits, ReadError, ReadErrorKind};

/// One part that is no multipart, or the message itself.
#[derive(Clone, Debug)]
pub(crate) struct Part<'a> {
    pub(crate) fields: Fields<'a>,
    pub(crate) body: &'a [u8],
    /// Type and subtype, in lower case.
    pub(crate) media: String,
    /// The charset parameter.
    charset: Option<String>,
    encoding: Encoding,
    /// Where it begins in the message.
    pub(crate) at: usize,
}

#[derive(Clone, Copy, Debug)]
enum Encoding {
    Base64,
    Identity,
    QuotedPrintable,
}

/// A message taken apart: the first part is the message itself, the others its leaves.
#[derive(Clone, Debug)]
pub(crate) struct Parts<'a> {
    pub(crate) message: Part<'a>,
    pub(crate) leaves: Vec<Part<'a>>,
}

/// Takes a message apart. Messages within the message are leaves: a bounce that somebody forwards is none.
pub(crate) fn parts<'a>(raw: &'a [u8], limits: &Limits) -> Result<Parts<'a>, ReadError> {
    if raw.len() > limits.size {
        return Err(ReadError::new(ReadErrorKind::Size, limits.size, limits.size));
    }
    let (message, boundary) = part(raw, 0, limits)?;
    let Some(boundary) = boundary else {
        return Ok(Parts { leaves: vec![message.clone()], message });
    };
    let mut leaves = Vec::new();
    // Multiparts that are still to be split: body, its place, boundary, depth.
    let body_at = raw.len() - message.body.len();
    let mut open = vec![(message.body, body_at, boundary, 1)];
    let mut count = 1;
    while let Some((body, at, boundary, depth)) = open.pop() {
        let mut inner = Vec::new();
        for (child, child_at) in split(body, &boundary) {
            count += 1;
            if count > limits.parts {
                return Err(ReadError::new(ReadErrorKind::Parts, limits.parts, at + child_at));
            }
            let (part, boundary) = part(child, at + child_at, limits)?;
            let Some(boundary) = boundary else {
                leaves.push(part);
                continue;
            };
            if depth >= limits.depth {
                return Err(ReadError::new(ReadErrorKind::Depth, limits.depth, at + child_at));
            }
            let body_at = at + child_at + (child.len() - part.body.len());
            inner.push((part.body, body_at, boundary, depth + 1));
        }
        open.extend(inner.into_iter().rev());
    }
    leaves.sort_by_key(|part| part.at);
    Ok(Parts { message, leaves })
}

/// One part, and the boundary of its own parts if it is a multipart with one that occurs.
fn part<'a>(text: &'a [u8], at: usize, limits: &Limits) -> Result<(Part<'a>, Option<Vec<u8>>), ReadError> {
    let (header, body, _) = split_header(text);
    if header.len() > limits.header {
        return Err(ReadError::new(ReadErrorKind::Header, limits.header, at));
    }
    let fields = Fields(header);
    let (mut content_type, mut encoding) = (None, None);
    for field in fields.iter() {
        if content_type.is_none() && field.is("Content-Type") {
            content_type = Some(super::fields::unfold(field.value));
        } else if encoding.is_none() && field.is("Content-Transfer-Encoding") {
            encoding = Some(super::fields::unfold(field.value));
        }
    }
    let (content_type, encoding) = (content_type.unwrap_or_default(), encoding.unwrap_or_default());
    // QUIRK: `text/plain charset=...` without a semicolon.
    let media = content_type.split([';', ' ', '\t']).find(|word| !word.is_empty()).unwrap_or_default();
    let media = media.to_ascii_lowercase();
    let charset =
        parameter(&content_type, "charset").or_else(|| parameter(&content_type.replacen(' ', ";", 1), "charset"));
    let encoding = match encoding.split_whitespace().next() {
        Some(name) if name.eq_ignore_ascii_case("base64") => Encoding::Base64,
        Some(name) if name.eq_ignore_ascii_case("quoted-printable") => Encoding::QuotedPrintable,
        _ => Encoding::Identity,
    };
    let boundary = if media.starts_with("multipart/") { parameter(&content_type, "boundary") } else { None };
    let boundary =
        boundary.map(String::into_bytes).filter(|boundary| next_delimiter(body, 0, &Finder::new(boundary)).is_some());
    Ok((Part { fields, body, media, charset, encoding, at }, boundary))
}

impl Part<'_> {
    /// Whether it is a text for people, or may be one.
    pub(crate) fn is_text(&self) -> bool {
        let media = self.media.as_str();
        let is_text =
            media.is_empty() || !media.contains('/') || media.starts_with("text/") || media.starts_with("multipart/");
        is_text && media != "text/rfc822-headers" && !self.body.trim_ascii().is_empty()
    }

    /// The body as text; at most `most` octets.
    pub(crate) fn text(&self, most: usize) -> std::borrow::Cow<'_, str> {
        match self.decoded(most) {
            std::borrow::Cow::Borrowed(octets) => super::charset::decode(octets, self.charset.as_deref()),
            std::borrow::Cow::Owned(octets) => {
                super::charset::decode(&octets, self.charset.as_deref()).into_owned().into()
            }
        }
    }

    /// The body, decoded; at most `most` octets.
    pub(crate) fn decoded(&self, most: usize) -> std::borrow::Cow<'_, [u8]> {
        match self.encoding {
            Encoding::Base64 => base64(self.body, most).into(),
            Encoding::QuotedPrintable => quoted_printable(self.body, most).into(),
            Encoding::Identity => self.body.get(..most).unwrap_or(self.body).into(),
        }
    }
}

/// The value of a parameter of a structured field (RFC 2045 §5.1).
pub(crate) fn parameter(value: &str, name: &str) -> Option<String> {
    let mut rest = value.split_once(';')?.1;
    loop {
        let (key, behind) = rest.split_once('=')?;
        let key = key.trim_matches(|c: char| c == ';' || c.is_whitespace());
        let behind = behind.trim_start();
        let (found, next) = match behind.strip_prefix('"') {
            Some(quoted) => {
                let end = quoted.find('"').unwrap_or(quoted.len());
                (&quoted[..end], quoted.get(end + 1..).unwrap_or_default())
            }
            None => {
                let end = behind.find([';', ' ', '\t']).unwrap_or(behind.len());
                (&behind[..end], &behind[end..])
            }
        };
        if key.eq_ignore_ascii_case(name) {
            return Some(found.trim_end().to_owned()).filter(|found| !found.is_empty());
        }
        rest = next;
    }
}

/// The parts between the delimiters, and where each begins. A missing last delimiter is the end.
fn split<'a>(body: &'a [u8], boundary: &[u8]) -> impl Iterator<Item = (&'a [u8], usize)> {
    let boundary = Finder::new(boundary).into_owned();
    let mut begin = next_delimiter(body, 0, &boundary).filter(|delimiter| !delimiter.is_last).map(|d| d.behind);
    std::iter::from_fn(move || {
        let from = begin?;
        let next = next_delimiter(body, from, &boundary);
        begin = next.as_ref().filter(|delimiter| !delimiter.is_last).map(|delimiter| delimiter.behind);
        let end = next.map_or(body.len(), |delimiter| delimiter.at);
        Some((body.get(from..end).unwrap_or_default(), from))
    })
}

struct Delimiter {
    /// Where its line begins, less the line end before it, which is part of it (RFC 2046 §5.1.1).
    at: usize,
    behind: usize,
    is_last: bool,
}

/// The first line at or behind `from` that is `--boundary`.
fn next_delimiter(body: &[u8], from: usize, boundary: &Finder<'_>) -> Option<Delimiter> {
    let mut search = from;
    loop {
        let rest = body.get(search..)?;
        let found = boundary.find(rest).map(|at| search + at);
        crate::work::count(found.unwrap_or(body.len()) - search);
        let found = found?;
        search = found + boundary.needle().len();
        let Some(line) = found.checked_sub(2) else { continue };
        let begins = line == from || line.checked_sub(1).and_then(|at| body.get(at)) == Some(&b'\n');
        if body.get(line..found) != Some(b"--") || !begins {
            continue;
        }
        let behind = super::fields::line_end(body, search);
        let tail = body.get(search..behind).unwrap_or_default();
        let is_last = tail.starts_with(b"--");
        if !is_last && !tail.trim_ascii().is_empty() {
            continue; // A longer boundary that begins with this one.
        }
        let at = match body.get(..line) {
            Some([.., b'\r', b'\n']) => line - 2,
            Some([.., b'\n']) => line - 1,
            _ => line,
        };
        return Some(Delimiter { at: at.max(from), behind, is_last });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bodies(raw: &str) -> Vec<(String, String)> {
        let parts = parts(raw.as_bytes(), &Limits::default()).unwrap();
        let text = |part: &Part<'_>| String::from_utf8_lossy(part.body).into_owned();
        parts.leaves.iter().map(|part| (part.media.clone(), text(part))).collect()
    }

    #[test]
    fn leaves_come_in_the_order_of_the_message() {
        let raw = "Content-Type: multipart/mixed; boundary=\"a b\"\n\npreamble\n--a b\n\none\n--a b\n\
                   Content-Type: multipart/alternative; boundary=a\n\n--a\nContent-Type: text/html\n\ntwo\n--a--\n--a b\n\n\
                   three\n--a b--\nepilogue";
        let found = bodies(raw);
        assert_eq!(found.iter().map(|(_, body)| body.as_str()).collect::<Vec<_>>(), ["one", "two", "three"]);
        assert_eq!(found[1].0, "text/html");
    }

    #[test]
    fn what_lacks_its_end_ends_with_the_message() {
        assert_eq!(
            bodies("Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\none\r\n"),
            [("".into(), "one\r\n".into())]
        );
        assert_eq!(bodies("Content-Type: multipart/mixed; boundary=x\n\nno part\n")[0].1, "no part\n");
        assert_eq!(bodies("Content-Type: multipart/mixed; boundary=x\n\n--x--\n"), []);
    }

    #[test]
    fn the_words_of_a_boundary_in_a_text_are_no_delimiter() {
        for preamble in ["x\n", "ax\n", " --x\n", "x--x\n"] {
            let raw = format!("Content-Type: multipart/mixed; boundary=x\n\n{preamble}--x\n\none x\n--x--\n");
            assert_eq!(bodies(&raw), [("".into(), "one x".into())], "{preamble:?}");
        }
    }

    #[test]
    fn limits_say_where() {
        let nested = |depth: usize| {
            let mut raw = String::new();
            for level in 0..depth {
                raw += &format!("Content-Type: multipart/mixed; boundary=b{level}x\n\n--b{level}x\n");
            }
            raw
        };
        let limits = Limits { depth: 3, parts: 4, header: 60, size: 300, ..Limits::default() };
        let kind =
            |raw: &str| parts(raw.as_bytes(), &limits).map(|parts| parts.leaves.len()).map_err(|e| (e.kind(), e.at()));
        assert_eq!(kind(&nested(3)), Ok(1));
        assert!(matches!(kind(&nested(4)), Err((ReadErrorKind::Depth, at)) if at > 100));
        let flat = "Content-Type: multipart/mixed; boundary=x\n\n".to_owned() + &"--x\n\n".repeat(4);
        assert!(matches!(kind(&flat), Err((ReadErrorKind::Parts, _))));
        assert_eq!(kind(&"a: b\n".repeat(20)), Err((ReadErrorKind::Header, 0)));
        assert_eq!(kind(&"a".repeat(301)), Err((ReadErrorKind::Size, 300)));
    }

    #[test]
    fn parameters_are_found_quoted_or_not() {
        let value = "multipart/report; report-type=delivery-status; boundary=\"a;b=c\" ; charset = utf-8";
        assert_eq!(parameter(value, "boundary").as_deref(), Some("a;b=c"));
        assert_eq!(parameter(value, "REPORT-TYPE").as_deref(), Some("delivery-status"));
        assert_eq!(parameter(value, "charset").as_deref(), Some("utf-8"));
        assert_eq!(parameter(value, "other"), None);
        assert_eq!(parameter("text/plain", "boundary"), None);
    }
}
