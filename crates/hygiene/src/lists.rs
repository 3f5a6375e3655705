//! The lists behind a judgement.

use crate::set::{WordSet, words};

/// What a judgement looks up. Every list is data: replace one to bring it up to date, without a new build.
///
/// The built-in ones stand in `data/` of this crate, each with its source, date and licence in its first lines.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Lists {
    /// Domains of throw-away addresses, and whatever is below them. Built in: disposable-email-domains (CC0-1.0).
    pub disposable: WordSet,
    /// Domains of free mailbox providers. Built in: freemail (ISC).
    pub free: WordSet,
    /// Domains that are known to be right: never taken for a typo. Empty at first.
    pub known: WordSet,
    /// Local parts of roles that may be mailed with care, such as `sales`. Built in: role-based-email-addresses (MIT).
    pub roles: WordSet,
    /// Local parts of roles that no bulk mail should reach, such as `abuse` (RFC 2142). Same source.
    pub roles_never: WordSet,
}

impl Lists {
    /// The lists of this build. Takes about a millisecond: make it once.
    pub fn builtin() -> Self {
        let (roles, roles_never) = parse_roles(ROLES);
        Self {
            disposable: WordSet::parse(DISPOSABLE),
            free: WordSet::parse(FREE),
            known: WordSet::default(),
            roles,
            roles_never,
        }
    }

    /// Replaces both lists of roles: `local part,care` or `local part,never` a line.
    #[must_use]
    pub fn with_roles(mut self, list: &str) -> Self {
        (self.roles, self.roles_never) = parse_roles(list);
        self
    }
}

impl Default for Lists {
    fn default() -> Self {
        Self::builtin()
    }
}

fn parse_roles(list: &str) -> (WordSet, WordSet) {
    let of = |never: bool| {
        WordSet::from_words(words(list).filter(move |(_, policy)| (*policy == "never") == never).map(|(word, _)| word))
    };
    (of(false), of(true))
}

const DISPOSABLE: &str = include_str!("../data/disposable.txt");
const FREE: &str = include_str!("../data/free.txt");
const ROLES: &str = include_str!("../data/roles.csv");
