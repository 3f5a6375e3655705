//! One line of text, and tags.

use std::fmt;
use std::sync::Arc;

use crate::error::{ParseError, ParseErrorKind, is_control};
use crate::macros::validated_string;

/// One line of text for people and logs: no line ends, no controls, at most 1,000 octets.
///
/// Foreign text (a server's words, a library's error) enters by [`Text::lossy`], which replaces what a
/// line cannot hold by U+FFFD and cuts what is too long; so nothing read from outside can forge a line
/// of a log or of a protocol. Cloning is cheap.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Arc<str>);

impl Text {
    /// The longest text, in octets.
    pub const MAX: usize = 1000;

    /// Takes a text as it is.
    ///
    /// # Errors
    /// [`ParseError`] if it holds a control or is longer than [`Text::MAX`].
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if let Some((at, c)) = crate::error::first_control(text) {
            return Err(ParseError::new("text", ParseErrorKind::Forbidden(c), at));
        }
        if text.len() > Self::MAX {
            return Err(ParseError::new("text", ParseErrorKind::TooLong { limit: Self::MAX }, Self::MAX));
        }
        Ok(Self(text.into()))
    }

    /// Takes whatever text is given: line ends and tabs become spaces, other controls U+FFFD, and what
    /// is too long is cut.
    pub fn lossy(text: impl fmt::Display) -> Self {
        let text = text.to_string();
        let text = text.trim();
        if text.len() <= Self::MAX && text.bytes().all(|b| (b' '..=b'~').contains(&b)) {
            return Self(text.into());
        }
        let mut line = String::new();
        for c in text.chars() {
            let c = match c {
                '\r' | '\n' | '\t' | '\u{2028}' | '\u{2029}' => ' ',
                c if is_control(c) => char::REPLACEMENT_CHARACTER,
                c => c,
            };
            if line.len() + c.len_utf8() > Self::MAX {
                break;
            }
            line.push(c);
        }
        Self(line.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

validated_string!(Text);

/// What the application hangs on its mail and finds again in every event: at most ten pairs, key and
/// value at most 256 octets each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "Vec<(Text, Text)>", into = "Vec<(Text, Text)>")
)]
pub struct Tags(Vec<(Text, Text)>);

impl Tags {
    /// The most pairs.
    pub const MAX: usize = 10;
    /// The longest key or value, in octets.
    pub const MAX_LEN: usize = 256;

    /// No tags.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a pair, or replaces the value of a key that is there.
    ///
    /// # Errors
    /// [`ParseError`] if a control stands in it, it is too long, the key is empty, or there are ten.
    pub fn insert(&mut self, key: &str, value: &str) -> Result<(), ParseError> {
        let key = Self::checked(key, "tag key")?;
        let value = Self::checked(value, "tag value")?;
        if key.is_empty() {
            return Err(ParseError::new("tag key", ParseErrorKind::Empty, 0));
        }
        if let Some(pair) = self.0.iter_mut().find(|pair| pair.0 == key) {
            pair.1 = value;
        } else if self.0.len() == Self::MAX {
            return Err(ParseError::new("tags", ParseErrorKind::TooMany { limit: Self::MAX }, 0));
        } else {
            self.0.push((key, value));
        }
        Ok(())
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|pair| pair.0.as_str() == key).map(|pair| pair.1.as_str())
    }

    /// The pairs, in the order in which they were first inserted.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn checked(text: &str, what: &'static str) -> Result<Text, ParseError> {
        if text.len() > Self::MAX_LEN {
            return Err(ParseError::new(what, ParseErrorKind::TooLong { limit: Self::MAX_LEN }, Self::MAX_LEN));
        }
        Text::parse(text).map_err(|error| ParseError::new(what, error.kind().clone(), error.at()))
    }
}

impl TryFrom<Vec<(Text, Text)>> for Tags {
    type Error = ParseError;

    fn try_from(pairs: Vec<(Text, Text)>) -> Result<Self, ParseError> {
        let mut tags = Self::new();
        for (key, value) in pairs {
            tags.insert(key.as_str(), value.as_str())?;
        }
        Ok(tags)
    }
}

impl From<Tags> for Vec<(Text, Text)> {
    fn from(tags: Tags) -> Self {
        tags.0
    }
}
