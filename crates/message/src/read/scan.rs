//! The one pass over a message: where its parts and fields stand. No recursion, no decoding.

use std::ops::Range;

use super::limits::{Defect, DefectKind, Limit, Limits, ReadError};
use super::media::{MediaType, MimeFields, TransferEncoding};

/// One part: a leaf, a multipart, or a part that holds a message.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) parent: Option<usize>,
    pub(crate) children: Vec<usize>,
    pub(crate) depth: usize,
    pub(crate) is_message: bool,
    /// The header with its empty line.
    pub(crate) header: Range<usize>,
    pub(crate) body: Range<usize>,
    pub(crate) fields: Vec<Field>,
    pub(crate) media: MediaType,
    pub(crate) encoding: TransferEncoding,
}

/// Where a field stands.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) start: usize,
    pub(crate) name_end: usize,
    pub(crate) value: usize,
    pub(crate) end: usize,
}

#[derive(Debug)]
pub(crate) struct Scan {
    pub(crate) nodes: Vec<Node>,
    pub(crate) defects: Vec<Defect>,
}

/// Walks the message line by line.
pub(crate) fn scan(raw: &[u8], limits: &Limits) -> Result<Scan, ReadError> {
    if raw.len() > limits.size {
        return Err(ReadError::new(Limit::Size(limits.size), limits.size));
    }
    let mut scanner = Scanner {
        raw,
        limits,
        nodes: Vec::new(),
        defects: Vec::new(),
        open: Vec::new(),
        current: 0,
        place: Place::Header,
        seen_bare_lf: false,
    };
    scanner.begin(None, 0)?;
    let mut start = 0;
    for line in raw.split_inclusive(|b| *b == b'\n') {
        let end = start + line.len();
        scanner.line(start, end)?;
        start = end;
    }
    scanner.finish()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Header,
    Body,
}

struct Scanner<'a> {
    raw: &'a [u8],
    limits: &'a Limits,
    nodes: Vec<Node>,
    defects: Vec<Defect>,
    /// The multiparts that are open, with their delimiters; the innermost last.
    open: Vec<(usize, Vec<u8>)>,
    current: usize,
    place: Place,
    seen_bare_lf: bool,
}

impl Scanner<'_> {
    fn line(&mut self, start: usize, end: usize) -> Result<(), ReadError> {
        let line = self.raw.get(start..end).unwrap_or_default();
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        if text.len() < line.len() && !text.ends_with(b"\r") && !self.seen_bare_lf {
            self.seen_bare_lf = true;
            self.note(DefectKind::BareLf, end - 1);
        }
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if text.starts_with(b"--")
            && let Some((level, is_last)) = self.delimiter(text)
        {
            return self.delimit(level, is_last, start, end);
        }
        match self.place {
            Place::Body => Ok(()),
            Place::Header => self.header_line(text, start, end),
        }
    }

    fn header_line(&mut self, text: &[u8], start: usize, end: usize) -> Result<(), ReadError> {
        let Some(node) = self.nodes.get_mut(self.current) else { return Ok(()) };
        if text.is_empty() {
            node.header.end = end;
            return self.begin_body(end);
        }
        if end - node.header.start > self.limits.header {
            return Err(ReadError::new(Limit::Header(self.limits.header), node.header.start + self.limits.header));
        }
        node.header.end = end;
        if text.starts_with(b" ") || text.starts_with(b"\t") {
            match node.fields.last_mut() {
                Some(field) => field.end = end,
                None => self.note(DefectKind::NotAField, start),
            }
            return Ok(());
        }
        if let Some(field) = field(text, start, end) {
            if node.fields.len() == self.limits.fields {
                return Err(ReadError::new(Limit::Fields(self.limits.fields), start));
            }
            node.fields.push(field);
            return Ok(());
        }
        let is_first = node.fields.is_empty();
        if is_first && (text.starts_with(b"From ") || text.starts_with(b">From ")) {
            self.note(DefectKind::StoreLine, start);
        } else if is_first {
            node.header.end = start;
            self.note(DefectKind::NoEmptyLine, start);
            return self.begin_body(start);
        } else {
            self.note(DefectKind::NotAField, start);
        }
        Ok(())
    }

    /// The header of the current part has ended: what is its body?
    fn begin_body(&mut self, at: usize) -> Result<(), ReadError> {
        self.place = Place::Body;
        let current = self.current;
        let in_digest = self.parent(current).is_some_and(|parent| parent.media.is("multipart", "digest"));
        let mime = MimeFields::of(self.raw, self.nodes.get(current).map_or(&[], |node| &node.fields));
        mime.repeated.iter().for_each(|at| self.note(DefectKind::Repeated, *at));
        let default = if in_digest { MediaType::message() } else { MediaType::plain() };
        let Some(node) = self.nodes.get_mut(current) else { return Ok(()) };
        node.body = at..self.raw.len();
        node.media = mime.media.unwrap_or(default);
        node.encoding = mime.encoding;
        if node.media.kind() == "multipart" {
            match node.media.parameter("boundary").map(|b| b.trim_end().as_bytes().to_vec()) {
                Some(boundary) if !boundary.is_empty() => self.open.push((current, boundary)),
                _ => self.note(DefectKind::NoBoundary, at),
            }
        } else if (node.media.is("message", "rfc822") || node.media.is("message", "global"))
            && node.encoding == TransferEncoding::Identity
        {
            node.is_message = true;
            return self.begin(Some(current), at);
        }
        Ok(())
    }

    /// Begins a part whose header stands at `at`.
    fn begin(&mut self, parent: Option<usize>, at: usize) -> Result<(), ReadError> {
        let depth = parent.and_then(|parent| self.nodes.get(parent)).map_or(0, |parent| parent.depth + 1);
        if depth > self.limits.depth {
            return Err(ReadError::new(Limit::Depth(self.limits.depth), at));
        }
        if self.nodes.len() == self.limits.parts {
            return Err(ReadError::new(Limit::Parts(self.limits.parts), at));
        }
        let index = self.nodes.len();
        if let Some(parent) = parent.and_then(|parent| self.nodes.get_mut(parent)) {
            parent.children.push(index);
        }
        let end = self.raw.len();
        self.nodes.push(Node {
            parent,
            children: Vec::new(),
            depth,
            is_message: false,
            header: at..at,
            body: end..end,
            fields: Vec::new(),
            media: MediaType::plain(),
            encoding: TransferEncoding::Identity,
        });
        self.current = index;
        self.place = Place::Header;
        Ok(())
    }

    /// Whether a line is a delimiter of an open multipart, the innermost first (RFC 2046 §5.1.1), and
    /// whether it is the last one.
    fn delimiter(&self, text: &[u8]) -> Option<(usize, bool)> {
        let text = text.get(2..)?.trim_ascii_end();
        let found = self.open.iter().rposition(|(_, boundary)| text == boundary.as_slice()).map(|i| (i, false));
        found.or_else(|| {
            let text = text.strip_suffix(b"--")?;
            self.open.iter().rposition(|(_, boundary)| text == boundary.as_slice()).map(|i| (i, true))
        })
    }

    fn delimit(&mut self, level: usize, is_last: bool, start: usize, end: usize) -> Result<(), ReadError> {
        let Some(&(multipart, _)) = self.open.get(level) else { return Ok(()) };
        self.close_below(Some(multipart), self.before_line_end(start));
        self.open.truncate(if is_last { level } else { level + 1 });
        self.current = multipart;
        self.place = Place::Body;
        if is_last { Ok(()) } else { self.begin(Some(multipart), end) }
    }

    /// Ends the current part and those that hold it, up to `outer`, which stays open.
    fn close_below(&mut self, outer: Option<usize>, at: usize) {
        if self.place == Place::Header {
            self.end_header(at);
        }
        let open_above = outer.and_then(|outer| self.open.iter().position(|(node, _)| *node == outer));
        let unclosed: Vec<usize> =
            self.open.iter().skip(open_above.map_or(0, |i| i + 1)).map(|(node, _)| *node).collect();
        for node in unclosed {
            let at = self.nodes.get(node).map_or(at, |node| node.body.start);
            self.note(DefectKind::NotClosed, at);
        }
        let mut next = Some(self.current);
        while let Some(index) = next.filter(|index| Some(*index) != outer) {
            let Some(node) = self.nodes.get_mut(index) else { return };
            // An empty line that the delimiter takes (RFC 2046 §5.1.1) is no more the header's.
            node.header = node.header.start.min(at)..node.header.end.min(at);
            node.body = node.body.start.min(at)..at;
            next = node.parent;
        }
    }

    /// A header that no empty line ends: its body is empty. Its last line end belongs to the delimiter.
    fn end_header(&mut self, at: usize) {
        let Some(node) = self.nodes.get_mut(self.current) else { return };
        node.header.end = node.header.end.min(at.max(node.header.start));
        if let Some(field) = node.fields.last_mut() {
            field.end = field.end.min(node.header.end).max(field.value);
        }
        node.body = node.header.end..node.header.end;
        let mime = MimeFields::of(self.raw, &node.fields);
        if let Some(media) = mime.media {
            node.media = media;
        }
        if !node.fields.is_empty() {
            self.note(DefectKind::NoEmptyLine, at);
        }
        self.place = Place::Body;
    }

    fn finish(mut self) -> Result<Scan, ReadError> {
        self.close_below(None, self.raw.len());
        Ok(Scan { nodes: self.nodes, defects: self.defects })
    }

    /// RFC 2046 §5.1.1: the line end before a delimiter belongs to the delimiter.
    fn before_line_end(&self, start: usize) -> usize {
        let before = self.raw.get(..start).unwrap_or_default();
        let before = before.strip_suffix(b"\n").unwrap_or(before);
        before.strip_suffix(b"\r").unwrap_or(before).len()
    }

    fn parent(&self, index: usize) -> Option<&Node> {
        self.nodes.get(self.nodes.get(index)?.parent?)
    }

    fn note(&mut self, kind: DefectKind, at: usize) {
        if self.defects.len() < MAX_DEFECTS {
            self.defects.push(Defect { kind, at });
        }
    }
}

/// RFC 5322 §2.2; QUIRK: spaces before the colon are seen (the obsolete form of §4.5).
fn field(text: &[u8], start: usize, end: usize) -> Option<Field> {
    let colon = text.iter().position(|b| *b == b':')?;
    let name = text.get(..colon)?.trim_ascii_end();
    let is_name = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
    is_name.then(|| Field { start, name_end: start + name.len(), value: start + colon + 1, end })
}

const MAX_DEFECTS: usize = 100;
