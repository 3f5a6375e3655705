//! All patterns of all rows together: one pass over the text finds every row that may apply.

use std::collections::HashMap;

use super::error::{RulesError, RulesErrorKind};
use super::heads::{Found, Heads};
use super::pattern::Pattern;
use super::providers::{Providers, TableId};
use super::replies::ReplyRows;

/// The heads of all patterns.
#[derive(Debug)]
pub(crate) struct Matcher {
    heads: Heads,
    /// By the number of the head: the patterns that begin with it.
    by_head: Vec<Vec<(Target, Pattern)>>,
}

/// What a pattern belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The row of everybody at this place.
    Phrase(usize),
    /// The mark of the provider at this place.
    Provider(usize),
    /// The row of a provider at this place.
    Row(usize),
}

/// A pattern that holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hit {
    pub(crate) target: Target,
    pub(crate) weight: usize,
    pub(crate) is_code: bool,
}

impl Matcher {
    pub(super) fn new(replies: &ReplyRows, providers: &Providers) -> Result<Self, RulesError> {
        let target = |at| match replies.row(at) {
            Some(row) if row.table == TableId::GENERIC => Target::Phrase(at),
            _ => Target::Row(at),
        };
        let rows = replies.patterns().map(|(at, pattern)| (target(at), pattern));
        let marks = providers.marks().map(|(at, pattern)| (Target::Provider(at), pattern));
        let mut heads: Vec<&str> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        let mut by_head: Vec<Vec<(Target, Pattern)>> = Vec::new();
        for (target, pattern) in rows.chain(marks) {
            let place = *places.entry(&pattern.head).or_insert_with(|| {
                heads.push(&pattern.head);
                by_head.push(Vec::new());
                heads.len() - 1
            });
            if let Some(candidates) = by_head.get_mut(place) {
                candidates.push((target, pattern.clone()));
            }
        }
        let heads = Heads::new(&heads).ok_or(RulesError::new("replies.toml", 0, RulesErrorKind::TooManyPatterns))?;
        Ok(Self { heads, by_head })
    }

    /// Calls `visit` with each pattern whose head stands in the first octets of `text`; what it asks for
    /// behind its head is the visitor's to ask, if it wants the pattern at all.
    pub(crate) fn scan(&self, text: &str, mut visit: impl FnMut(Candidate<'_>)) {
        let text = text.as_bytes();
        let text = text.get(..MAX_TEXT).unwrap_or(text);
        let mut count = 0;
        self.heads.scan(text, |found| {
            let begins = self.by_head.get(found.number).map_or(&[][..], Vec::as_slice);
            for (target, pattern) in begins {
                visit(Candidate { target: *target, pattern, text, found: &found });
            }
            count += 1;
            count < MAX_HEADS
        });
    }
}

/// A pattern whose head was found.
#[derive(Debug)]
pub(crate) struct Candidate<'a> {
    pub(crate) target: Target,
    pattern: &'a Pattern,
    text: &'a [u8],
    found: &'a Found<'a>,
}

impl Candidate<'_> {
    /// Whether the rest of the pattern may hold, by the words of the text.
    pub(crate) fn may_hold(&self) -> bool {
        self.pattern.may_hold(self.found.later)
    }

    /// The hit, if the rest of the pattern holds too.
    pub(crate) fn hit(&self) -> Option<Hit> {
        let Self { target, pattern, text, found } = self;
        let hit = Hit { target: *target, weight: pattern.weight, is_code: pattern.is_code };
        let holds = pattern.may_hold(found.later) && pattern.holds(text, found.begin, found.end);
        holds.then_some(hit)
    }
}

/// The most text of one answer that is looked at, in octets. A reply of 128 lines of 512 octets has more;
/// what decides stands at its beginning.
const MAX_TEXT: usize = 4 * 1024;
/// The most heads of one answer that are looked at.
const MAX_HEADS: usize = 500;
