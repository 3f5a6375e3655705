//! The `match` column: literals, gaps and numbers.

use super::heads::Words;

/// One alternative: a head that the automaton finds, and what must follow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// In lower case.
    pub(crate) head: String,
    tail: Tail,
    word: Word,
    /// Whether the head has no space and no `@`: such a one may stand within an address, where it says nothing.
    is_one_word: bool,
    /// How much text it asks for, in octets: more is more certain.
    pub(crate) weight: usize,
    /// Whether it is a provider's own code (`[TSS04]`, `OU-001`) and not a phrase.
    pub(crate) is_code: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Tail {
    Nothing,
    /// Pieces that follow in this order, each within [`GAP`] octets and at the beginning of a word.
    Pieces(Vec<String>),
    /// A number within these bounds: the last digits, as many as the bounds have, of the word that follows.
    Number {
        low: u32,
        high: u32,
        digits: usize,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Word {
    Whole,
    Part,
}

impl Pattern {
    /// Reads one alternative; `None` if it is empty or written wrongly.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let lower = text.trim().to_ascii_lowercase();
        let (head, tail) = match lower.split_once('{') {
            Some((head, range)) => (head.to_owned(), Tail::number(range.strip_suffix('}')?)?),
            None => {
                let mut pieces = lower.split('*').map(|piece| piece.trim().to_owned());
                let head = pieces.next()?;
                let rest: Vec<String> = pieces.collect();
                if rest.iter().any(String::is_empty) {
                    return None;
                }
                (head, if rest.is_empty() { Tail::Nothing } else { Tail::Pieces(rest) })
            }
        };
        if head.len() < MIN_HEAD {
            return None;
        }
        let short = head.len() <= 4 && head.bytes().all(|b| b.is_ascii_alphabetic()) && tail == Tail::Nothing;
        let is_code = head.starts_with('[')
            || matches!(tail, Tail::Number { .. })
            || (!head.contains(' ') && head.bytes().any(|b| b.is_ascii_digit()) && !head.contains('.'));
        let word = if short { Word::Whole } else { Word::Part };
        let is_one_word = !head.contains([' ', '@']);
        Some(Self { weight: lower.len(), head, tail, word, is_one_word, is_code })
    }

    /// Whether the pattern may stand there, by the words behind its head.
    pub(crate) fn may_hold(&self, later: &Words) -> bool {
        match &self.tail {
            Tail::Pieces(pieces) => pieces.iter().all(|piece| later.may_hold(piece.as_bytes())),
            Tail::Nothing | Tail::Number { .. } => true,
        }
    }

    /// Whether the whole pattern stands in `text`, whose octets `start..end` are the head.
    pub(crate) fn holds(&self, text: &[u8], start: usize, end: usize) -> bool {
        if self.word == Word::Whole && !is_whole(text, start, end) {
            return false;
        }
        if self.is_one_word && is_within_address(text, start, end) {
            return false;
        }
        let rest = text.get(end..).unwrap_or_default();
        match &self.tail {
            Tail::Nothing => true,
            Tail::Pieces(pieces) => follow(rest, pieces),
            Tail::Number { low, high, digits } => number(rest, *digits).is_some_and(|n| (*low..=*high).contains(&n)),
        }
    }
}

impl Tail {
    fn number(range: &str) -> Option<Self> {
        let (low, high) = range.split_once('-').unwrap_or((range, range));
        let fine = low.len() == high.len() && low.len() <= 9;
        let (low_number, high_number) = (low.parse().ok()?, high.parse().ok()?);
        fine.then_some(Self::Number { low: low_number, high: high_number, digits: low.len() })
    }
}

fn is_whole(text: &[u8], start: usize, end: usize) -> bool {
    let before = start.checked_sub(1).and_then(|at| text.get(at));
    let is_end = |b: Option<&u8>| b.is_none_or(|b| !b.is_ascii_alphanumeric());
    is_end(before) && is_end(text.get(end))
}

/// Whether the word around `start..end` is an address.
fn is_within_address(text: &[u8], start: usize, end: usize) -> bool {
    let is_edge = |octet: &&u8| octet.is_ascii_whitespace() || b"<>()[]\"',;".contains(octet);
    let word = |octet: &&u8| !is_edge(octet);
    let before = text.get(..start).unwrap_or_default().iter().rev().take(MAX_ADDRESS).take_while(word);
    let behind = text.get(end..).unwrap_or_default().iter().take(MAX_ADDRESS).take_while(word);
    before.chain(behind).any(|octet| *octet == b'@')
}

fn follow(mut rest: &[u8], pieces: &[String]) -> bool {
    pieces.iter().all(|piece| {
        let window = rest.get(..GAP + piece.len()).unwrap_or(rest);
        crate::work::count(window.len());
        let end = find(window, piece.as_bytes());
        rest = end.and_then(|end| rest.get(end..)).unwrap_or_default();
        end.is_some()
    })
}

/// Where `piece`, in lower case, first ends in `text`, in any case.
fn find(text: &[u8], piece: &[u8]) -> Option<usize> {
    let first = *piece.first()?;
    let mut begins = memchr::memchr2_iter(first, first.to_ascii_uppercase(), text);
    begins.find_map(|at| {
        let end = at + piece.len();
        let is_within = |octet: &u8| octet.is_ascii_alphanumeric();
        if first.is_ascii_alphanumeric() && at.checked_sub(1).and_then(|at| text.get(at)).is_some_and(is_within) {
            return None;
        }
        text.get(at..end)?.eq_ignore_ascii_case(piece).then_some(end)
    })
}

/// The last `digits` digits of the last run of digits in the word at the beginning of `rest`.
fn number(rest: &[u8], digits: usize) -> Option<u32> {
    let is_word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    let length = rest.iter().take(MAX_WORD).take_while(|b| is_word(b)).count();
    let word = rest.get(..length)?;
    let run = word.split(|b| !b.is_ascii_digit()).rfind(|run| run.len() >= digits)?;
    let last = run.get(run.len() - digits..)?;
    Some(last.iter().fold(0, |n: u32, digit| n.wrapping_mul(10).wrapping_add(u32::from(digit - b'0'))))
}

/// The widest gap of a `*`, in octets: an address fits.
const GAP: usize = 80;
/// How far an address is looked for, in octets on each side.
const MAX_ADDRESS: usize = 64;
/// The longest word that is looked at for a number.
const MAX_WORD: usize = 24;
/// A shorter head would match everywhere.
const MIN_HEAD: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(pattern: &str, text: &str) -> bool {
        let pattern = Pattern::parse(pattern).unwrap();
        let lower = text.to_ascii_lowercase();
        lower.match_indices(&pattern.head).any(|(at, head)| pattern.holds(text.as_bytes(), at, at + head.len()))
    }

    #[test]
    fn short_alphabetic_heads_match_whole_words() {
        assert!(holds("PTR", "no PTR, sorry"));
        assert!(!holds("PTR", "https://www.example.org/sptrx"));
        assert!(holds("blocked", "unblocked"), "longer ones match anywhere");
    }

    #[test]
    fn gaps_reach_over_an_address() {
        assert!(holds("user * does not exist", "User <bob@example.org>, it seems, DOES NOT EXIST here"));
        assert!(!holds("user * does not exist", &format!("user {} does not exist", "x".repeat(90))));
        assert!(holds("quota * mailbox * full", "quota of mailbox bob: full"));
        assert!(!holds("quota * mailbox * full", "quota full mailbox"));
    }

    #[test]
    fn numbers_compare_by_their_last_digits() {
        for (text, found) in [
            ("AUP#1310", true),
            ("aup#I-1310 please", true),
            ("AUP#In-1319.", true),
            ("AUP#1320", false),
            ("AUP#", false),
            ("AUP#131", false),
        ] {
            assert_eq!(holds("AUP#{1310-1319}", text), found, "{text}");
        }
        assert!(holds("LPN{426}", "blocked. LPN007_426 (in reply)"));
        assert!(!holds("LPN{426}", "LPN426_007"));
    }

    #[test]
    fn codes_are_told_from_phrases() {
        for (text, is_code) in
            [("[TSS04]", true), ("OU-001", true), ("AUP#{1000}", true), ("mailbox full", false), ("PTR", false)]
        {
            assert_eq!(Pattern::parse(text).unwrap().is_code, is_code, "{text}");
        }
    }

    #[test]
    fn what_is_written_wrongly_is_refused() {
        for bad in ["", "a", "user *", "* user", "AUP#{", "AUP#{x}", "AUP#{1-22}", "x{1}"] {
            assert_eq!(Pattern::parse(bad), None, "{bad}");
        }
    }
}
