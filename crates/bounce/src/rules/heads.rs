//! Many short texts found in one pass: each is looked for where a word begins, by its first octets.
//!
//! Per word that is a look into three tables of one kilobyte and, where something begins like it, some comparisons of
//! eight octets. A DFA of the same texts has megabytes, so that on real mail most of its looks miss the cache: measured
//! side by side it was slower, on reports by a third. The work is linear: per octet of the text at most the texts that
//! begin with the same octets are compared.

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
    /// The first eight octets, or all.
    key: u64,
    /// Which octets of the key count.
    mask: u64,
    /// The octets behind the first eight.
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
                key: eight(head.as_bytes(), 0),
                mask: u64::MAX >> (8 * 8_usize.saturating_sub(head.len())),
                rest: head.as_bytes().get(8..).unwrap_or_default().into(),
                number,
                length: head.len(),
            };
            let place = WIDTHS.iter().position(|width| head.len() >= *width)?;
            entries.get_mut(place)?.push(entry);
        }
        let [long, middle, short] = entries;
        Some(Self { tables: [Table::new(long, 0)?, Table::new(middle, 1)?, Table::new(short, 2)?] })
    }

    /// Calls `visit` with the number of each head that stands where a word of `text` begins, and where it begins and
    /// ends, until it says that it has enough.
    pub(crate) fn scan(&self, text: &[u8], mut visit: impl FnMut(usize, usize, usize) -> bool) {
        let mut before = Octet::Space;
        for (at, octet) in text.iter().enumerate() {
            let this = OCTETS[usize::from(*octet)];
            let begins = this == Octet::Sign || (this == Octet::Word && before != Octet::Word);
            before = this;
            if !begins {
                continue;
            }
            let word = lower(eight(text, at));
            for table in &self.tables {
                for entry in table.bucket(word) {
                    let holds = (word ^ entry.key) & entry.mask == 0 && entry.rest_holds(text, at);
                    if holds && !visit(entry.number, at, at + entry.length) {
                        return;
                    }
                }
            }
        }
    }
}

/// What an octet is for the beginnings of words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Octet {
    /// Begins something: a sign, or the first of a UTF-8 sequence.
    Sign,
    /// White space, or within a UTF-8 sequence: nothing begins here.
    Space,
    /// An ASCII letter or digit: begins a word, or goes on with it.
    Word,
}

const OCTETS: [Octet; 256] = {
    let mut octets = [Octet::Sign; 256];
    let mut octet = 0_u8;
    loop {
        if octet.is_ascii_alphanumeric() {
            octets[octet as usize] = Octet::Word;
        } else if matches!(octet, 0x80..=0xbf | b' ' | b'\t' | b'\r' | b'\n') {
            octets[octet as usize] = Octet::Space;
        }
        if octet == u8::MAX {
            break octets;
        }
        octet += 1;
    }
};

impl Table {
    /// `place` is that of the width in [`WIDTHS`].
    fn new(mut entries: Vec<Entry>, place: usize) -> Option<Self> {
        let mask = u64::MAX >> (64 - 8 * WIDTHS.get(place)?);
        entries.sort_by_key(|entry| (hash(entry.key & mask), entry.number));
        let mut buckets = vec![(0, 0); BUCKETS];
        let mut filled = [0; BUCKETS / 64];
        for (at, entry) in entries.iter().enumerate() {
            let place = hash(entry.key & mask);
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
            || text.get(at + 8..at + self.length).is_some_and(|behind| behind.eq_ignore_ascii_case(&self.rest))
    }
}

fn hash(word: u64) -> usize {
    (word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 51) as usize
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
        Heads::new(heads).unwrap().scan(text.as_bytes(), |number, begin, _| {
            all.push((number, begin));
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
