//! What a provider answers.

use std::fmt;

use posthaste_types::{EnhancedStatus, ParseError, ParseErrorKind, Text};

/// A reply by which a provider says that a demand is not met: its code, its enhanced code, words that stand in it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplyHint {
    /// The code of RFC 5321 §4.2: `550`.
    pub code: u16,
    /// The code of RFC 3463: `5.7.26`.
    pub enhanced: Option<EnhancedStatus>,
    /// Words that stand in it; may be empty.
    pub words: Text,
}

impl ReplyHint {
    /// Reads `550 5.7.26 words`.
    ///
    /// # Errors
    /// [`ParseError`] if it begins with no code from 400 to 599.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let (code, rest) = text.split_once(' ').unwrap_or((text, ""));
        let number = Some(code).filter(|code| code.len() == 3).and_then(|code| code.parse::<u16>().ok());
        let code = number.filter(|code| (400..600).contains(code));
        let code = code.ok_or_else(|| ParseError::new(WHAT, ParseErrorKind::Syntax("no code from 400 to 599"), 0))?;
        let first = rest.split(' ').next().unwrap_or_default();
        let enhanced = EnhancedStatus::parse(first).ok();
        let words = if enhanced.is_some() { rest.get(first.len()..).unwrap_or_default() } else { rest };
        Ok(Self { code, enhanced, words: Text::parse(words.trim()).map_err(|error| error.within(4))? })
    }

    /// Whether the provider asks to try again.
    pub const fn is_transient(&self) -> bool {
        self.code < 500
    }
}

impl fmt::Display for ReplyHint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        self.enhanced.iter().try_for_each(|enhanced| write!(f, " {enhanced}"))?;
        if self.words.is_empty() { Ok(()) } else { write!(f, " {}", self.words) }
    }
}

const WHAT: &str = "reply";
