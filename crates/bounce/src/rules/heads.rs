//! Many short texts found in one pass: each is looked for where a word begins, by its first octets.
//!
//! Per word that is a look into three tables of one kilobyte and, where something begins like it, some comparisons of
//! eight octets. A DFA of the same texts has megabytes, so that on real mail most of its looks miss the cache: measured
//! side by side it was slower, on reports by a third. The work is linear: per octet of the text at most the texts that
//! begin with the same octets are compared.

use crate::work;

/// The texts, in lower case, by their first octets.
#[derive(Debug)]
pub(crate) struct Heads {
    /// By their first eight, four or two octets, as many as they have.
    tables: [Table; 3],
}

#[derive(Debug)]
struct Table {
    /// Which octets of a word are hashed.
    mask: u64,
    /// By the hash of the first octets: whether there are entries. It stays in the nearest cache.
    filled: [u64; BUCKETS / 64],
    /// By the same hash: which entries.
    buckets: Vec<(u16, u16)>,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    /// The first eight octets, or all, and which of them count.
    first: (u64, u64),
    /// The same of the next eight.
    second: (u64, u64),
    /// The octets behind these.
    rest: Box<[u8]>,
    number: usize,
    length: usize,
}

impl Heads {
    /// Takes the texts; the case of their ASCII letters does not matter. `None` if there are too many.
    pub(crate) fn new<T: AsRef<str>>(heads: &[T]) -> Option<Self> {
        let mut entries = [Vec::new(), Vec::new(), Vec::new()];
        for (number, head) in heads.iter().enumerate() {
            let head = head.as_ref().to_ascii_lowercase();
            let entry = Entry {
                first: (eight(head.as_bytes(), 0), mask(head.len())),
                second: (eight(head.as_bytes(), 8), mask(head.len().saturating_sub(8))),
                rest: head.as_bytes().get(16..).unwrap_or_default().into(),
                number,
                length: head.len(),
            };
            let place = WIDTHS.iter().position(|width| head.len() >= *width)?;
            entries.get_mut(place)?.push(entry);
        }
        let [long, middle, short] = entries;
        Some(Self { tables: [Table::new(long, 0)?, Table::new(middle, 1)?, Table::new(short, 2)?] })
    }

    /// Calls `visit` with each head that stands where a word of `text` begins, from the last to the first, until it says
    /// that it has enough.
    pub(crate) fn scan(&self, text: &[u8], mut visit: impl FnMut(Found<'_>) -> bool) {
        work::count(text.len());
        let mut later = Words::default();
        for (number, block) in text.chunks(BLOCK).enumerate().rev() {
            let begin = number * BLOCK;
            let before = begin.checked_sub(1).and_then(|at| text.get(at)).is_some_and(u8::is_ascii_alphanumeric);
            let mut begins = beginnings(block, before);
            while begins != 0 {
                let place = begins.ilog2();
                begins ^= 1 << place;
                let at = begin + place as usize;
                let word = lower(eight(text, at));
                let next = lower(eight(text, at + 8));
                for table in &self.tables {
                    for entry in table.bucket(word) {
                        work::count(1);
                        let (first, second) = (word ^ entry.first.0, next ^ entry.second.0);
                        let holds = first & entry.first.1 == 0 && second & entry.second.1 == 0;
                        let holds = holds && entry.rest_holds(text, at);
                        let found = Found { number: entry.number, begin: at, end: at + entry.length, later: &later };
                        if holds && !visit(found) {
                            return;
                        }
                    }
                }
                later.add(word);
            }
        }
    }
}

/// A head that was found.
#[derive(Debug)]
pub(crate) struct Found<'a> {
    pub(crate) number: usize,
    pub(crate) begin: usize,
    pub(crate) end: usize,
    /// The words behind its beginning.
    pub(crate) later: &'a Words,
}

/// Words by a hash of their first two octets: what is not among them was not there, what is may have been.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Words([u64; 8]);

impl Words {
    fn add(&mut self, word: u64) {
        let place = Self::place(word);
        self.0[place / 64] |= 1 << (place % 64);
    }

    /// Whether a word may be there that begins like this text, in lower case.
    pub(crate) fn may_hold(&self, text: &[u8]) -> bool {
        let place = Self::place(eight(text, 0));
        self.0[place / 64] >> (place % 64) & 1 == 1
    }

    fn place(word: u64) -> usize {
        ((word & 0xffff).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 55) as usize
    }
}

/// Where in a block something begins, a bit an octet: words, signs, and each character beyond ASCII. `in_word` says
/// whether the octet before the block is of a word.
fn beginnings(block: &[u8], in_word: bool) -> u64 {
    let (mut words, mut signs) = (0_u64, 0_u64);
    for (place, octet) in block.iter().enumerate() {
        let kind = OCTETS[usize::from(*octet)];
        words |= u64::from(kind & WORD) << place;
        signs |= u64::from(kind >> 1) << place;
    }
    signs | (words & !(words << 1 | u64::from(in_word)))
}

/// What an octet is: of a word, or a sign, which is also the first of a UTF-8 sequence. White space and the others of
/// a sequence are neither.
const OCTETS: [u8; 256] = {
    let mut octets = [SIGN; 256];
    let mut octet = 0_u8;
    loop {
        if octet.is_ascii_alphanumeric() {
            octets[octet as usize] = WORD;
        } else if matches!(octet, 0x80..=0xbf | b' ' | b'\t' | b'\r' | b'\n') {
            octets[octet as usize] = 0;
        }
        if octet == u8::MAX {
            break octets;
        }
        octet += 1;
    }
};
const WORD: u8 = 1;
const SIGN: u8 = 2;

impl Table {
    /// `place` is that of the width in [`WIDTHS`].
    fn new(mut entries: Vec<Entry>, place: usize) -> Option<Self> {
        let mask = u64::MAX >> (64 - 8 * WIDTHS.get(place)?);
        entries.sort_by_key(|entry| (hash(entry.first.0 & mask), entry.number));
        let mut buckets = vec![(0, 0); BUCKETS];
        let mut filled = [0; BUCKETS / 64];
        for (at, entry) in entries.iter().enumerate() {
            let place = hash(entry.first.0 & mask);
            let bucket: &mut (u16, u16) = buckets.get_mut(place)?;
            *filled.get_mut(place / 64)? |= 1_u64 << (place % 64);
            if bucket.1 == 0 {
                bucket.0 = u16::try_from(at).ok()?;
            }
            bucket.1 += 1;
        }
        Some(Self { mask, filled, buckets, entries })
    }

    fn bucket(&self, word: u64) -> &[Entry] {
        let place = hash(word & self.mask);
        if self.filled.get(place / 64).is_none_or(|bits| bits >> (place % 64) & 1 == 0) {
            return &[];
        }
        let (begin, count) = self.buckets.get(place).copied().unwrap_or_default();
        let begin = usize::from(begin);
        self.entries.get(begin..begin + usize::from(count)).unwrap_or_default()
    }
}

impl Entry {
    fn rest_holds(&self, text: &[u8], at: usize) -> bool {
        self.rest.is_empty()
            || text.get(at + 16..at + self.length).is_some_and(|behind| behind.eq_ignore_ascii_case(&self.rest))
    }
}

fn hash(word: u64) -> usize {
    (word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 51) as usize
}

/// Which of eight octets count, where so many are left.
fn mask(left: usize) -> u64 {
    u64::MAX.checked_shr(8 * u32::try_from(8_usize.saturating_sub(left)).unwrap_or(8)).unwrap_or(0)
}

/// Eight octets from `at` on; behind the end of the text they are zero.
fn eight(text: &[u8], at: usize) -> u64 {
    let rest = text.get(at..).unwrap_or_default();
    match rest.first_chunk::<8>() {
        Some(octets) => u64::from_le_bytes(*octets),
        None => rest.iter().rev().fold(0, |word, octet| word << 8 | u64::from(*octet)),
    }
}

/// Eight octets at once with their ASCII letters in lower case.
fn lower(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let low = word & (0x7f * ONES);
    let from_a = low + (0x80 - u64::from(b'A')) * ONES;
    let behind_z = low + (0x7f - u64::from(b'Z')) * ONES;
    let is_upper = !word & (from_a ^ behind_z) & (0x80 * ONES);
    word | is_upper >> 2
}

/// So many octets are looked at together.
const BLOCK: usize = 64;
/// How many buckets: the hash has 13 bits.
const BUCKETS: usize = 1 << 13;
/// By so many octets a text is found, by as many as it has.
const WIDTHS: [usize; 3] = [8, 4, 2];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(heads: &[&str], text: &str) -> Vec<(usize, usize)> {
        let mut all = Vec::new();
        Heads::new(heads).unwrap().scan(text.as_bytes(), |found| {
            all.push((found.number, found.begin));
            true
        });
        all.sort_unstable();
        all
    }

    #[test]
    fn words_are_found_where_they_begin() {
        let heads = ["mailbox", "mailbox full", "ptr", "[x", "box", "满"];
        assert_eq!(found(&heads, "The MAILBOX FULL [X]: ptr"), [(0, 4), (1, 4), (2, 22), (3, 17)]);
        assert_eq!(found(&heads, "邮箱已满"), [(5, 9)]);
        assert_eq!(found(&heads, "mailbo"), []);
        assert_eq!(found(&heads, "smailbox"), [], "not within a word");
    }

    proptest! {
        #[test]
        fn it_finds_what_a_search_finds(text in "[aAbB .é-]{0,40}", heads in proptest::collection::vec("[ab]{2,4}( [ab]{1,6})?", 1..6)) {
            let wanted: Vec<&str> = heads.iter().map(String::as_str).collect();
            let lower = text.to_ascii_lowercase();
            let mut slow = Vec::new();
            for (number, head) in wanted.iter().enumerate() {
                for at in (0..lower.len()).filter(|at| lower.as_bytes()[*at..].starts_with(head.as_bytes())) {
                    if at == 0 || !lower.as_bytes()[at - 1].is_ascii_alphanumeric() {
                        slow.push((number, at));
                    }
                }
            }
            slow.sort_unstable();
            prop_assert_eq!(found(&wanted, &text), slow);
        }
    }
}
