//! Lists of mailboxes with display names, as people and programs really write them.

use crate::phrase;
use crate::syntax::{Syntax, check};

/// One mailbox of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListedMailbox<'a> {
    /// The display name, without quotes; else the last comment. Encoded words (RFC 2047) are left as they are.
    pub name: Option<String>,
    /// The group that it stands in (RFC 5322 §3.4).
    pub group: Option<String>,
    /// The address. What is none has the category [`Invalid`](crate::Category::Invalid): nothing of a list is lost.
    pub syntax: Syntax<'a>,
    /// The text that it was read from.
    pub text: &'a str,
    /// Where that begins, in octets.
    pub at: usize,
}

/// Reads a list of mailboxes, one after the other: [`ListedMailbox`].
///
/// Separated by commas, and outside the standard by semicolons and line ends. Names, quoted or not, comments and groups
/// are read (RFC 5322 §3.4). An unquoted comma in a name (`Doe, J. <j@example.org>`) is taken for part of it. Takes time
/// in proportion to the text, and no memory but for one name and one group.
///
/// ```
/// use posthaste_hygiene::mailboxes;
///
/// let list = r#""Doe, J." <j@example.org>, Team: ada@example.org, bob@example.org (Bob);"#;
/// let read: Vec<_> = mailboxes(list).collect();
/// assert_eq!(read[0].name.as_deref(), Some("Doe, J."));
/// assert_eq!(read[1].group.as_deref(), Some("Team"));
/// assert_eq!(read[2].syntax.address(), Some("bob@example.org"));
/// assert_eq!(read[2].name.as_deref(), Some("Bob"));
/// ```
pub fn mailboxes(list: &str) -> Mailboxes<'_> {
    Mailboxes { text: list, pos: 0, group: None, quotes: Paired::Maybe, comments: Paired::Maybe }
}

/// See [`mailboxes`].
#[derive(Debug, Clone)]
pub struct Mailboxes<'a> {
    text: &'a str,
    pos: usize,
    group: Option<String>,
    quotes: Paired,
    comments: Paired,
}

/// Whether marks that open still find one that closes: an open end is searched for once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Paired {
    Maybe,
    No,
}

impl<'a> Iterator for Mailboxes<'a> {
    type Item = ListedMailbox<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.pos < self.text.len() {
            let start = self.pos;
            let (end, stop) = self.stop();
            let piece = self.text.get(start..end).unwrap_or_default();
            self.pos = end.saturating_add(1);
            if stop == Some(b':') {
                self.group = Some(phrase::name(piece).unwrap_or_default());
                continue;
            }
            let group = self.group.clone();
            if stop == Some(b';') {
                self.group = None;
            }
            let text = piece.trim();
            if !text.is_empty() {
                let at = start.saturating_add(piece.len().saturating_sub(piece.trim_start().len()));
                return Some(read(text, at, group));
            }
        }
        None
    }
}

impl Mailboxes<'_> {
    /// Where the piece at the place ends, and with which octet.
    fn stop(&mut self) -> (usize, Option<u8>) {
        let octets = self.text.as_bytes();
        let (mut at, mut marks) = (self.pos, Marks::default());
        while let Some(octet) = octets.get(at).copied() {
            match octet {
                b'"' => at = self.pair(at, phrase::end_of_quoted, Mark::Quote),
                b'(' => at = self.pair(at, phrase::end_of_comment, Mark::Comment),
                b'<' => marks.angle = true,
                b'>' => marks.angle = false,
                b'[' => marks.literal = true,
                b']' => marks.literal = false,
                b'@' => marks.at = true,
                b':' if !marks.angle && !marks.literal && !marks.at => return (at, Some(octet)),
                b',' if !marks.at && !marks.angle && self.group.is_none() && self.is_within_name(at) => {}
                b',' if marks.angle && !marks.at => {}
                b',' | b';' => return (at, Some(octet)),
                b'\n' if !matches!(octets.get(at + 1), Some(b' ' | b'\t')) => return (at, Some(octet)),
                _ => {}
            }
            at = at.saturating_add(1);
        }
        (octets.len(), None)
    }

    /// The last octet of what opens here; the place itself if nothing closes it.
    fn pair(&mut self, at: usize, end: fn(&[u8]) -> Option<usize>, mark: Mark) -> usize {
        let paired = match mark {
            Mark::Quote => &mut self.quotes,
            Mark::Comment => &mut self.comments,
        };
        if *paired == Paired::No {
            return at;
        }
        match self.text.as_bytes().get(at..).and_then(end) {
            Some(length) => at.saturating_add(length).saturating_sub(1),
            None => {
                *paired = Paired::No;
                at
            }
        }
    }

    /// QUIRK: `Doe, J. <j@example.org>`: the comma of a name, which should have been quoted (RFC 5322 §3.2.5).
    fn is_within_name(&self, at: usize) -> bool {
        let rest = self.text.as_bytes().get(at.saturating_add(1)..).unwrap_or_default();
        let next = rest.iter().find(|octet| matches!(octet, b',' | b';' | b'<' | b'@' | b'"' | b'(' | b':' | b'\n'));
        let named = self.text.get(self.pos..at).is_some_and(|piece| piece.contains(char::is_alphanumeric));
        named && next == Some(&b'<')
    }
}

#[derive(Default)]
struct Marks {
    angle: bool,
    literal: bool,
    at: bool,
}

enum Mark {
    Quote,
    Comment,
}

fn read(text: &str, at: usize, group: Option<String>) -> ListedMailbox<'_> {
    match phrase::split_angle(text) {
        Some((name, address)) => {
            // RFC 5322 §4.4: a route before the address is read and not kept.
            let address = match address.strip_prefix('@').and_then(|_| address.split_once(':')) {
                Some((_, address)) => address,
                None => address,
            };
            ListedMailbox { name: phrase::name(name), group, syntax: check(address.trim()), text, at }
        }
        None => ListedMailbox { name: phrase::comment(text), group, syntax: check(text), text, at },
    }
}
