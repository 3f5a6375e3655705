//! A set of short texts in one block, for lists that come as files.

use std::fmt;

/// A set of words or domains, read from a list: one a line, `#` begins a comment line, the first field of a line with
/// commas counts.
///
/// Held as one text and four octets for each slot: some 30 octets an entry. Compared in lower case.
///
/// ```
/// use posthaste_hygiene::WordSet;
///
/// let set = WordSet::parse("# mine\nExample.com\n");
/// assert!(set.contains("example.com") && set.contains_domain("mail.example.com"));
/// assert_eq!(set.len(), 1);
/// ```
#[derive(Clone, Default)]
pub struct WordSet {
    text: String,
    /// Start and end in `text`; an empty slot has both the same. Half of the slots stay empty, so that a search ends.
    slots: Vec<(u32, u32)>,
    len: usize,
}

impl WordSet {
    /// Reads a list. Lines beyond 255 octets and whatever follows the first 4 GiB are passed over.
    pub fn parse(list: &str) -> Self {
        Self::from_words(words(list).map(|(word, _)| word))
    }

    pub(crate) fn from_words<'a>(words: impl Iterator<Item = &'a str>) -> Self {
        let mut text = String::new();
        let mut spans = Vec::new();
        for word in words {
            let start = u32::try_from(text.len());
            text.push_str(&word.to_lowercase());
            if let (Ok(start), Ok(end)) = (start, u32::try_from(text.len())) {
                spans.push((start, end));
            }
        }
        let size = spans.len().saturating_mul(2).next_power_of_two();
        let mut set = Self { text, slots: vec![(0, 0); size], len: 0 };
        for span in spans {
            set.put(span);
        }
        set
    }

    fn put(&mut self, span: (u32, u32)) {
        let Some(word) = slice(&self.text, span) else { return };
        if word.is_empty() || self.contains(word) {
            return;
        }
        let mut at = hash(word.as_bytes());
        loop {
            at &= self.slots.len().saturating_sub(1);
            match self.slots.get_mut(at) {
                Some(slot) if slot.0 == slot.1 => {
                    *slot = span;
                    self.len += 1;
                    return;
                }
                Some(_) => at = at.wrapping_add(1),
                None => return,
            }
        }
    }

    /// Whether it holds this word, which is in lower case.
    pub fn contains(&self, word: &str) -> bool {
        let mut at = hash(word.as_bytes());
        for _ in 0..self.slots.len() {
            at &= self.slots.len().saturating_sub(1);
            match self.slots.get(at) {
                Some(slot) if slot.0 != slot.1 => {
                    if slice(&self.text, *slot) == Some(word) {
                        return true;
                    }
                }
                _ => return false,
            }
            at = at.wrapping_add(1);
        }
        false
    }

    /// Whether it holds this domain, in lower case, or one above it that is not a top-level domain.
    pub fn contains_domain(&self, domain: &str) -> bool {
        let mut domain = domain;
        loop {
            if self.contains(domain) {
                return true;
            }
            match domain.split_once('.') {
                Some((_, rest)) if rest.contains('.') => domain = rest,
                _ => return false,
            }
        }
    }

    /// How many it holds.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl fmt::Debug for WordSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WordSet").field("len", &self.len).finish_non_exhaustive()
    }
}

/// Each word of a list, and what stands behind its first comma.
pub(crate) fn words(list: &str) -> impl Iterator<Item = (&str, &str)> {
    list.lines().map(str::trim).filter(|line| !line.starts_with('#') && line.len() <= 255).filter_map(|line| {
        let (word, rest) = line.split_once(',').unwrap_or((line, ""));
        (!word.trim().is_empty()).then_some((word.trim(), rest.trim()))
    })
}

fn slice(text: &str, (start, end): (u32, u32)) -> Option<&str> {
    text.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
}

/// FNV-1a. A hostile word cannot lengthen a search beyond the runs that the list itself makes.
fn hash(word: &[u8]) -> usize {
    let hash = word
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, octet| (hash ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01b3));
    usize::try_from((hash ^ (hash >> 32)) & 0xffff_ffff).unwrap_or_default()
}
