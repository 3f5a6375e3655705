//! A message split into its header fields and its body.

use std::borrow::Cow;

/// The header of a message in one piece, and its body in the pieces in which it came.
pub(crate) struct Split<'a> {
    pub(crate) head: Cow<'a, [u8]>,
    pub(crate) body: Vec<&'a [u8]>,
}

impl<'a> Split<'a> {
    /// Splits at the first empty line (RFC 5322 §2.1), wherever the pieces end; without one, all is header. The header is
    /// borrowed if it stands in one piece. `None` if it is longer than `limit` octets.
    pub(crate) fn of(chunks: impl IntoIterator<Item = &'a [u8]>, limit: usize) -> Option<Self> {
        let mut head = Head { octets: Cow::Borrowed(&[]), limit };
        let mut body = Vec::new();
        let (mut starts_line, mut return_waits) = (true, false);
        let mut chunks = chunks.into_iter().filter(|chunk| !chunk.is_empty());
        for chunk in chunks.by_ref() {
            if return_waits {
                if let Some(rest) = chunk.strip_prefix(b"\n") {
                    return_waits = false;
                    body.push(rest);
                    break;
                }
                head.push(b"\r")?;
                starts_line = false;
            }
            if let Some((from, to)) = empty_line(chunk, starts_line) {
                return_waits = false;
                head.push(&chunk[..from])?;
                body.push(&chunk[to..]);
                break;
            }
            // Whether a CR at the start of a line belongs to an empty one is seen in the next piece.
            return_waits = chunk.ends_with(b"\n\r") || starts_line && chunk == b"\r";
            head.push(&chunk[..chunk.len() - usize::from(return_waits)])?;
            starts_line = chunk.ends_with(b"\n");
        }
        if return_waits {
            head.push(b"\r")?;
        }
        body.extend(chunks);
        Some(Self { head: head.octets, body })
    }
}

/// A header that grows.
struct Head<'a> {
    octets: Cow<'a, [u8]>,
    limit: usize,
}

impl<'a> Head<'a> {
    fn push(&mut self, more: &'a [u8]) -> Option<()> {
        if self.octets.len() + more.len() > self.limit {
            return None;
        } else if self.octets.is_empty() {
            self.octets = Cow::Borrowed(more);
        } else if !more.is_empty() {
            self.octets.to_mut().extend_from_slice(more);
        }
        Some(())
    }
}

/// Where the first empty line begins and ends: one at the start, if a line starts there, or one behind a line end. Bare
/// LF counts, so that what is only checked need not be canonical.
fn empty_line(chunk: &[u8], starts_line: bool) -> Option<(usize, usize)> {
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', chunk) {
        if (start > 0 || starts_line) && matches!(&chunk[start..end], b"" | b"\r") {
            return Some((start, end + 1));
        }
        start = end + 1;
    }
    None
}

/// One header field as it stands in the message.
#[derive(Clone, Copy)]
pub(crate) struct Field<'a> {
    /// The offset of its first octet in the header.
    pub(crate) at: usize,
    /// The name, without white space behind it.
    pub(crate) name: &'a [u8],
    /// What stands before the colon, as it is; white space before the colon included (obsolete, RFC 5322 §4.5).
    pub(crate) raw_name: &'a [u8],
    /// What stands behind the colon, its last line end included.
    pub(crate) value: &'a [u8],
}

impl Field<'_> {
    /// Whether the name is this one, without regard to case.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// The fields of a header, first to last; `Err` is the offset of a line that is no field.
pub(crate) fn fields(head: &[u8]) -> impl Iterator<Item = Result<Field<'_>, usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = head.get(at..).filter(|rest| !rest.is_empty())?;
        let end = memchr::memchr_iter(b'\n', rest)
            .map(|line_end| line_end + 1)
            .find(|next| !matches!(rest.get(*next), Some(b' ' | b'\t')))
            .unwrap_or(rest.len());
        let start = at;
        at += end;
        let field = &rest[..end];
        let colon = memchr::memchr(b':', field);
        let named = colon.and_then(|colon| {
            let raw_name = &field[..colon];
            Some(Field { at: start, name: name(raw_name)?, raw_name, value: &field[colon + 1..] })
        });
        Some(named.ok_or(start))
    })
}

/// RFC 5322 §2.2, without the obsolete white space before the colon.
fn name(raw: &[u8]) -> Option<&[u8]> {
    let name = raw.trim_ascii_end();
    let is_name = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
    (is_name && raw[name.len()..].iter().all(|octet| matches!(octet, b' ' | b'\t'))).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(chunks: &[&'static str]) -> (String, Vec<&'static [u8]>) {
        let split = Split::of(chunks.iter().map(|chunk| chunk.as_bytes()), 100).unwrap();
        (String::from_utf8(split.head.into_owned()).unwrap(), split.body)
    }

    #[test]
    fn the_first_empty_line_ends_the_header_wherever_the_pieces_end() {
        let cases: [(&[&str], &str, &str); 8] = [
            (&["A: 1\r\n\r\nhi\r\n"], "A: 1\r\n", "hi\r\n"),
            (&["A: 1\r\n", "\r\nhi\r\n"], "A: 1\r\n", "hi\r\n"),
            (&["A: 1\r\n", "B: 2\r\n\r\n", "hi\r\n", "ho\r\n"], "A: 1\r\nB: 2\r\n", "hi\r\nho\r\n"),
            (&["A: 1\r\n", "\r\n"], "A: 1\r\n", ""),
            (&["A: 1\r\n"], "A: 1\r\n", ""),
            (&["\r\n", "hi\r\n"], "", "hi\r\n"),
            (&["\r\n\r\nhi\r\n"], "", "\r\nhi\r\n"),
            (&["A: 1\n\nhi\n\n"], "A: 1\n", "hi\n\n"),
        ];
        for (chunks, head, body) in cases {
            let (found, rest) = split(chunks);
            assert_eq!((found.as_str(), rest.concat()), (head, body.into()), "{chunks:?}");
        }
    }

    #[test]
    fn pieces_of_any_length_are_split_alike() {
        for text in
            ["A: 1\r\nB: 2\r\n\r\nhi\r\n\r\nho\r\n", "A: 1\n\nhi\n\n", "\r\nhi\r\n", "A: 1\r\n\rB: 2\r\n\r", "\r"]
        {
            let whole = Split::of([text.as_bytes()], 100).unwrap();
            for length in 1..text.len() {
                let cut = Split::of(text.as_bytes().chunks(length), 100).unwrap();
                assert_eq!((&cut.head, cut.body.concat()), (&whole.head, whole.body.concat()), "{text:?} by {length}");
            }
        }
    }

    #[test]
    fn a_header_in_one_piece_is_not_copied_and_a_long_one_is_refused() {
        let text = b"A: 1\r\n\r\nhi\r\n";
        assert!(matches!(Split::of([&text[..]], 6).unwrap().head, Cow::Borrowed(_)));
        assert!(Split::of([&text[..]], 5).is_none());
        assert!(Split::of([&b"A: 1\r\n"[..], b"B: 2\r\n", b"\r\n"], 11).is_none());
    }

    #[test]
    fn fields_are_told_from_lines_that_are_none() {
        let head = b"A: 1\r\n\t2\r\nSubject : x\r\nno field\r\nB:\r\n \r\n: x\r\nC D: 1\r\n";
        let found: Vec<_> = fields(head)
            .map(|field| field.map(|field| (String::from_utf8_lossy(field.name).into_owned(), field.value)))
            .collect();
        let expected: [Result<(String, &[u8]), usize>; 6] = [
            Ok(("A".into(), b" 1\r\n\t2\r\n")),
            Ok(("Subject".into(), b" x\r\n")),
            Err(23),
            Ok(("B".into(), b"\r\n \r\n")),
            Err(40),
            Err(45),
        ];
        assert_eq!(found, expected);
    }
}
