//! What is to be written: octets of our own, and between them content that is not copied.

use std::io::IoSlice;
use std::ops::Range;

use posthaste_types::Content;
use zeroize::Zeroize as _;

/// What is to be written, and how much of it was.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    own: Vec<u8>,
    runs: Vec<Run>,
    /// Where the runs are.
    content: Option<Content>,
    /// Of all that is to be written.
    len: usize,
    written: usize,
}

/// A run of content, and in front of which of our own octets it goes.
#[derive(Debug)]
struct Run {
    before: usize,
    segment: usize,
    octets: Range<usize>,
}

impl Outbox {
    /// Our own octets, to add some; [`count_own`](Self::count_own) is to follow.
    pub(crate) fn own(&mut self) -> &mut Vec<u8> {
        &mut self.own
    }

    /// Takes note of what was added; says what that is.
    pub(crate) fn count_own(&mut self, before: usize) -> &[u8] {
        let added = self.own.get(before..).unwrap_or_default();
        self.len += added.len();
        added
    }

    /// Adds a run of a content; all runs are of the same one.
    pub(crate) fn push_run(&mut self, content: &Content, segment: usize, octets: Range<usize>) {
        self.content.get_or_insert_with(|| content.clone());
        self.len += octets.len();
        self.runs.push(Run { before: self.own.len(), segment, octets });
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// How much is not written.
    pub(crate) fn left(&self) -> usize {
        self.len.saturating_sub(self.written)
    }

    pub(crate) fn advance(&mut self, written: usize) {
        self.written += written;
    }

    /// What is not written, as much as there is room for; the number of slices that were filled.
    pub(crate) fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let mut skip = self.written;
        let rest = self.pieces().filter_map(|piece| {
            let rest = piece.get(skip..).unwrap_or_default();
            skip = skip.saturating_sub(piece.len());
            (!rest.is_empty()).then_some(rest)
        });
        let mut count = 0;
        for (slice, piece) in slices.iter_mut().zip(rest) {
            *slice = IoSlice::new(piece);
            count += 1;
        }
        count
    }

    fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let mut from = 0;
        let with_runs = self.runs.iter().flat_map(move |run| {
            let own = self.own.get(from..run.before).unwrap_or_default();
            from = run.before;
            let segment = self.content.as_ref().and_then(|content| content.chunks().nth(run.segment));
            [own, segment.and_then(|segment| segment.get(run.octets.clone())).unwrap_or_default()]
        });
        let behind = self.runs.last().map_or(0, |run| run.before);
        with_runs.chain([self.own.get(behind..).unwrap_or_default()])
    }

    /// Forgets what was written.
    pub(crate) fn clear(&mut self) {
        self.own.clear();
        self.runs.clear();
        self.content = None;
        (self.len, self.written) = (0, 0);
    }

    /// The same, and nothing of it stays in memory.
    pub(crate) fn wipe(&mut self) {
        self.own.zeroize();
        self.clear();
    }

    /// Gives back what a large mail took.
    pub(crate) fn shrink(&mut self) {
        self.clear();
        self.own.shrink_to(IDLE_BUFFER);
        self.runs.shrink_to(IDLE_RUNS);
    }
}

/// What an idle connection may keep.
const IDLE_BUFFER: usize = 8 * 1024;
const IDLE_RUNS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn rest(outbox: &Outbox, room: usize) -> Vec<u8> {
        let mut slices = vec![IoSlice::new(&[]); room];
        let count = outbox.slices(&mut slices);
        slices[..count].iter().flat_map(|slice| slice.iter().copied()).collect()
    }

    #[test]
    fn what_is_left_wherever_the_last_write_ended() {
        let content = Content::from_canonical(b"0123456789abcdef\r\n".to_vec()).unwrap();
        let mut outbox = Outbox::default();
        let add = |outbox: &mut Outbox, octets: &[u8]| {
            let before = outbox.own().len();
            outbox.own().extend_from_slice(octets);
            assert_eq!(outbox.count_own(before), octets);
        };
        add(&mut outbox, b"DATA");
        outbox.push_run(&content, 0, 0..10);
        outbox.push_run(&content, 0, 10..16);
        add(&mut outbox, b".");
        outbox.push_run(&content, 0, 16..18);
        add(&mut outbox, b"MAIL");
        let whole = b"DATA0123456789abcdef.\r\nMAIL";
        assert_eq!(outbox.len(), whole.len());
        for written in 0..=whole.len() {
            assert_eq!(rest(&outbox, 8), whole[written..], "{written}");
            assert!(whole[written..].starts_with(&rest(&outbox, 1)));
            assert_eq!(outbox.left(), whole.len() - written);
            outbox.advance(1);
        }
        outbox.clear();
        assert_eq!((outbox.len(), outbox.left(), rest(&outbox, 8)), (0, 0, Vec::new()));
    }
}
