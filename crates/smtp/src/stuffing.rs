//! Transparency on the way out (RFC 5321 §4.5.2).

use memchr::memmem::Finder;
use posthaste_types::Content;

/// Writes content into bounded buffers, a dot in front of each line that begins with one.
///
/// Content is canonical, so a line begins exactly behind each LF and at each segment's start; runs
/// between such dots are copied whole.
#[derive(Debug)]
pub(crate) struct BodyWriter {
    content: Content,
    segment: usize,
    offset: usize,
    /// The octet at `offset` begins a line.
    at_line_start: bool,
}

/// Octets of a content as they are: those from `start` to `end` of one of its segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) segment: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Run {
    pub(crate) fn len(&self) -> usize {
        self.end - self.start
    }
}

impl BodyWriter {
    pub(crate) fn new(content: Content) -> Self {
        Self { content, segment: 0, offset: 0, at_line_start: true }
    }

    /// Appends octets until about `room` were appended or nothing is left; at most one more than `room`.
    pub(crate) fn fill(&mut self, out: &mut Vec<u8>, room: usize) -> usize {
        let before = out.len();
        let line_dot = Finder::new(b"\n.");
        while out.len() - before < room {
            let Some(rest) = self.content.chunks().nth(self.segment).map(|chunk| chunk.get(self.offset..)) else {
                break;
            };
            let rest = rest.unwrap_or_default();
            if rest.is_empty() {
                (self.segment, self.offset, self.at_line_start) = (self.segment + 1, 0, true);
                continue;
            }
            if self.at_line_start && rest.first() == Some(&b'.') {
                out.push(b'.');
            }
            let room = room.saturating_sub(out.len() - before).max(1);
            let window = rest.get(..room).unwrap_or(rest);
            let run = line_dot.find(window).map_or(window, |at| window.get(..=at).unwrap_or(window));
            out.extend_from_slice(run);
            self.offset += run.len();
            self.at_line_start = run.ends_with(b"\n");
        }
        out.len() - before
    }

    /// The next octets up to a line that needs a dot, if they are at least `least`; at most `most`. Not to be copied,
    /// but for a dot in front of them, which is appended.
    pub(crate) fn run(&mut self, out: &mut Vec<u8>, least: usize, most: usize) -> Option<Run> {
        let chunk = self.content.chunks().nth(self.segment)?;
        let rest = chunk.get(self.offset..).unwrap_or_default();
        let window = rest.get(..most).unwrap_or(rest);
        let run = Finder::new(b"\n.").find(window).map_or(window, |at| window.get(..=at).unwrap_or(window));
        if run.len() < least {
            return None;
        }
        if self.at_line_start && run.first() == Some(&b'.') {
            out.push(b'.');
        }
        let found = Run { segment: self.segment, start: self.offset, end: self.offset + run.len() };
        self.at_line_start = run.ends_with(b"\n");
        (self.segment, self.offset) =
            if found.end == chunk.len() { (self.segment + 1, 0) } else { (self.segment, found.end) };
        Some(found)
    }

    /// Whether all is written.
    pub(crate) fn is_done(&self) -> bool {
        let mut rest = self.content.chunks().skip(self.segment);
        rest.next().is_none_or(|chunk| chunk.len() == self.offset) && rest.next().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use posthaste_types::HeaderField;

    fn write(content: &Content, room: usize) -> Vec<u8> {
        let mut writer = BodyWriter::new(content.clone());
        let mut all = Vec::new();
        while !writer.is_done() {
            let mut piece = Vec::new();
            let n = writer.fill(&mut piece, room);
            assert!(n > 0 && n <= room + 1, "{n} of {room}");
            all.extend(piece);
        }
        assert_eq!(writer.fill(&mut all, room), 0);
        all
    }

    /// The same by runs, where they are long enough, and copies, where not.
    fn write_runs(content: &Content, least: usize, most: usize) -> Vec<u8> {
        let mut writer = BodyWriter::new(content.clone());
        let mut all = Vec::new();
        while !writer.is_done() {
            let before = all.len();
            if let Some(run) = writer.run(&mut all, least, most) {
                assert!((least..=most).contains(&run.len()) && all.len() - before <= 1);
                all.extend_from_slice(&content.chunks().nth(run.segment).unwrap()[run.start..run.end]);
            } else {
                assert!(writer.fill(&mut all, 3) > 0);
            }
        }
        assert_eq!(writer.run(&mut all, 1, most), None);
        all
    }

    #[test]
    fn rfc5321_4_5_2_every_room() {
        let table: &[(&[u8], &[u8])] = &[
            (b".\r\n", b"..\r\n"),
            (b"..\r\n", b"...\r\n"),
            (b"a.\r\n.b\r\n", b"a.\r\n..b\r\n"),
            (b"\r\n\r\n.\r\n.\r\nx\r\n", b"\r\n\r\n..\r\n..\r\nx\r\n"),
            (b"a\r\n.\r\n", b"a\r\n..\r\n"),
        ];
        for (plain, stuffed) in table {
            let content = Content::from_canonical(plain.to_vec()).unwrap();
            for room in 1..plain.len() + 3 {
                assert_eq!(write(&content, room), *stuffed, "{plain:?} in {room}");
                for least in 1..=room {
                    assert_eq!(write_runs(&content, least, room), *stuffed, "{plain:?} in {least} to {room}");
                }
            }
        }
    }

    #[test]
    fn segments_begin_lines() {
        let body = Content::from_canonical(b".dot\r\n".to_vec()).unwrap();
        let content = body.with_headers(&[HeaderField::parse("X: y\r\n").unwrap()]);
        for room in 1..20 {
            assert_eq!(write(&content, room), b"X: y\r\n..dot\r\n");
            assert_eq!(write_runs(&content, room.min(3), room), b"X: y\r\n..dot\r\n");
        }
    }
}
