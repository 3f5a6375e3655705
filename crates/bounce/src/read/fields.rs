//! Header fields, those of reports included (RFC 5322 §2.2, RFC 3464 §2.1.2).

use std::borrow::Cow;

use super::decode::decode_words;

/// A block of fields as it stands: name, colon, value, folded.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

/// One field: its name, its value with its folds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) value: &'a [u8],
}

impl Field<'_> {
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

impl<'a> Fields<'a> {
    /// Each field. A line that is no field is passed over.
    pub(crate) fn iter(self) -> impl Iterator<Item = Field<'a>> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            while !rest.is_empty() {
                let field = take_field(&mut rest);
                if let Some(colon) = memchr::memchr(b':', field) {
                    let (name, value) = field.split_at(colon);
                    let name = name.trim_ascii_end();
                    if !name.is_empty() && name.iter().all(u8::is_ascii_graphic) {
                        return Some(Field { name, value: value.get(1..).unwrap_or_default() });
                    }
                }
            }
            None
        })
    }

    /// The value of the first field of this name, as it stands.
    pub(crate) fn raw(self, name: &str) -> Option<&'a [u8]> {
        self.iter().find(|field| field.is(name)).map(|field| field.value)
    }

    /// The value of the first field of this name, unfolded.
    pub(crate) fn find(self, name: &str) -> Option<Cow<'a, str>> {
        self.raw(name).map(unfold)
    }

    /// The values of all fields of this name, unfolded.
    pub(crate) fn all(self, name: &str) -> impl Iterator<Item = Cow<'a, str>> {
        self.iter().filter(move |field| field.is(name)).map(|field| unfold(field.value))
    }

    /// The value of the first field of this name, encoded words decoded (RFC 2047).
    pub(crate) fn text(self, name: &str) -> Option<String> {
        self.find(name).map(|value| decode_words(&value))
    }
}

/// One field with its continuation lines, taken from the front.
fn take_field<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let mut end = line_end(rest, 0);
    while matches!(rest.get(end), Some(b' ' | b'\t')) && !is_blank(line(rest, end)) {
        end = line_end(rest, end);
    }
    let (field, behind) = rest.split_at(end);
    *rest = behind;
    field
}

/// The place behind the line that begins at `from`.
pub(crate) fn line_end(text: &[u8], from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    let end = memchr::memchr(b'\n', rest).map_or(text.len(), |at| from + at + 1);
    crate::work::count(end - from.min(end));
    end
}

/// The line that begins at `from`, its end included.
pub(crate) fn line(text: &[u8], from: usize) -> &[u8] {
    text.get(from..line_end(text, from)).unwrap_or_default()
}

pub(crate) fn is_blank(line: &[u8]) -> bool {
    line.trim_ascii().is_empty()
}

/// Joins the lines of a value and trims it; octets that are not UTF-8 are read as [`decode`](super::charset::decode)
/// guesses.
pub(crate) fn unfold(value: &[u8]) -> Cow<'_, str> {
    let text = super::charset::decode(value.trim_ascii(), None);
    if memchr::memchr2(b'\r', b'\n', text.as_bytes()).is_none() {
        return text;
    }
    let mut joined = String::with_capacity(text.len());
    for line in text.split('\n') {
        let line = line.trim_ascii();
        if !joined.is_empty() && !line.is_empty() {
            joined.push(' ');
        }
        joined.push_str(line);
    }
    Cow::Owned(joined)
}

/// Splits a message or a part into its header and its body. `at` is where the body begins.
pub(crate) fn split_header(text: &[u8]) -> (&[u8], &[u8], usize) {
    let mut from = 0;
    // QUIRK: an mbox line before the header.
    if text.starts_with(b"From ") || text.starts_with(b">From ") {
        from = line_end(text, 0);
    }
    let mut at = from;
    while at < text.len() {
        let next = line_end(text, at);
        let this = text.get(at..next).unwrap_or_default();
        if matches!(this, b"\n" | b"\r\n") {
            let (header, body) = (text.get(from..at), text.get(next..));
            return (header.unwrap_or_default(), body.unwrap_or_default(), next);
        }
        at = next;
    }
    (text.get(from..).unwrap_or_default(), &[], text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_unfolded_and_found_in_any_case() {
        let fields = Fields(b"Subject: a\r\n b\r\nnot a field\r\nX-Empty:\r\nsubject : second\n");
        let names: Vec<&[u8]> = fields.iter().map(|field| field.name).collect();
        assert_eq!(names, [&b"Subject"[..], b"X-Empty", b"subject"]);
        assert_eq!(fields.find("SUBJECT").as_deref(), Some("a b"));
        assert_eq!(fields.find("x-empty").as_deref(), Some(""));
        assert_eq!(fields.all("subject").collect::<Vec<_>>(), ["a b", "second"]);
    }

    #[test]
    fn headers_end_at_the_first_empty_line() {
        assert_eq!(split_header(b"a: b\n\nc\n"), (&b"a: b\n"[..], &b"c\n"[..], 6));
        assert_eq!(split_header(b"From x\r\na: b\r\n\r\nc"), (&b"a: b\r\n"[..], &b"c"[..], 16));
        assert_eq!(split_header(b"a: b"), (&b"a: b"[..], &b""[..], 4));
        assert_eq!(split_header(b"\n\n"), (&b""[..], &b"\n"[..], 1));
    }
}
