//! Words that are written in the program.

/// A word of the field, such as a method or a result, that stands in the program: it is checked when that is compiled.
///
/// ```
/// use posthaste_auth::results::{MethodResult, Word};
///
/// const DKIM: Word = Word::from_static("dkim");
/// assert_eq!(MethodResult::of(DKIM, const { Word::from_static("pass") }).method(), "dkim");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word(&'static str);

impl Word {
    /// Takes a word of letters, digits, hyphens and underscores.
    ///
    /// # Panics
    /// If it is none; in a `const`, that does not compile.
    pub const fn from_static(word: &'static str) -> Self {
        assert!(!word.is_empty() && word.len() <= super::MAX_WORD, "a word is empty or too long");
        let mut rest = word.as_bytes();
        while let [octet, behind @ ..] = rest {
            assert!(octet.is_ascii_alphanumeric() || matches!(*octet, b'-' | b'_'), "not a word");
            rest = behind;
        }
        Self(word)
    }

    /// The word.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}
