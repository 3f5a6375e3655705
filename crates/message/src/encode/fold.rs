//! Folding: one field from tokens that cannot be broken (RFC 5322 §2.2.3).

use posthaste_types::{HeaderField, Mailbox, ParseError};

use super::words::{WordSet, encoded_words, reads_back};

/// Writes one field, token by token. A token goes to the next line where this one would pass 78 octets.
#[derive(Debug)]
pub(crate) struct Folder {
    text: String,
    column: usize,
}

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        Self { text: format!("{name}:"), column: name.len() + 1 }
    }

    /// A token, behind a space or a fold. The first never folds: a first line that holds the name alone is
    /// allowed, but QUIRK: some readers then see an empty field.
    pub(crate) fn push(&mut self, token: &str) {
        let first = self.text.ends_with(':') && !self.text.contains(' ');
        if !first && self.column + 1 + token.len() > LINE {
            self.text.push_str("\r\n");
            self.column = 0;
        }
        self.text.push(' ');
        self.text.push_str(token);
        self.column += 1 + token.len();
    }

    /// Text of an unstructured field: as it is where every reader gives it back so, else encoded words.
    pub(crate) fn text(&mut self, text: &str) {
        // Readers differ in what they make of several spaces at a fold.
        let one_line = self.column + 1 + text.len() <= LINE;
        if reads_back(text) && (one_line || !text.contains("  ")) && longest_word(text) <= MAX_TOKEN {
            if one_line && !text.is_empty() {
                return self.push(text);
            }
            return text.split(' ').filter(|word| !word.is_empty()).for_each(|word| self.push(word));
        }
        self.words(text, WordSet::Text);
    }

    /// A phrase (RFC 5322 §3.2.5): atoms, a quoted string, or encoded words.
    pub(crate) fn phrase(&mut self, phrase: &str) {
        let is_plain = reads_back(phrase) && !phrase.contains("  ") && phrase.len() <= MAX_PHRASE;
        if !is_plain {
            self.words(phrase, WordSet::Phrase);
        } else if phrase.split(' ').all(|word| !word.is_empty() && word.bytes().all(is_atext)) {
            phrase.split(' ').for_each(|word| self.push(word));
        } else {
            self.push(&quoted(phrase));
        }
    }

    /// Mailboxes, with commas between them (RFC 5322 §3.4).
    pub(crate) fn mailboxes(&mut self, mailboxes: &[Mailbox]) {
        for (i, mailbox) in mailboxes.iter().enumerate() {
            let comma = if i + 1 == mailboxes.len() { "" } else { "," };
            match mailbox.name() {
                None => self.push(&format!("{}{comma}", mailbox.address())),
                Some(name) => {
                    self.phrase(name);
                    self.push(&format!("<{}>{comma}", mailbox.address()));
                }
            }
        }
    }

    /// # Errors
    /// [`ParseError`] if a token is too long for one line: the caller has checked that none is.
    pub(crate) fn finish(self) -> Result<HeaderField, ParseError> {
        HeaderField::parse(&self.text)
    }

    fn words(&mut self, text: &str, set: WordSet) {
        for word in encoded_words(text, set, self.column + 1) {
            if word.on_new_line {
                self.text.push_str("\r\n");
                self.column = 0;
            }
            self.text.push(' ');
            self.text.push_str(&word.text);
            self.column += 1 + word.text.len();
        }
    }
}

/// A quoted string (RFC 5322 §3.2.4).
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// RFC 5322 §3.2.3.
pub(crate) fn is_atext(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b)
}

fn longest_word(text: &str) -> usize {
    text.split(' ').map(str::len).max().unwrap_or(0)
}

/// RFC 5322 §2.1.1: lines should be no longer.
pub(crate) const LINE: usize = 78;
/// A longer word of a text is encoded, so that no line passes 998 octets.
const MAX_TOKEN: usize = 900;
/// A longer phrase is encoded, so that it can fold.
const MAX_PHRASE: usize = 60;
