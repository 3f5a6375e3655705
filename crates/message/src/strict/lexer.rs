//! The tokens of RFC 5322 §3.2, without the obsolete ones, over an unfolded value.

use crate::encode::is_atext;

/// A place in a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// Takes `c` if it stands here.
    pub(super) fn eat(&mut self, c: char) -> bool {
        match self.rest.strip_prefix(c) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    pub(super) fn space(&mut self) -> bool {
        let rest = self.rest.trim_start_matches([' ', '\t']);
        let any = rest.len() < self.rest.len();
        self.rest = rest;
        any
    }

    /// CFWS: white space and comments, which may be nested. `None` if a comment is not closed.
    pub(super) fn cfws(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            self.space();
            match self.peek() {
                Some('(') => depth += 1,
                Some(')') if depth > 0 => depth -= 1,
                Some('\\') if depth > 0 => {
                    self.next();
                }
                Some(_) if depth > 0 => {}
                _ => return (depth == 0).then_some(()),
            }
            self.next()?;
        }
    }

    /// 1*atext.
    pub(super) fn atom(&mut self) -> Option<&'a str> {
        let is_atom = |c: char| if c.is_ascii() { u8::try_from(c).is_ok_and(is_atext) } else { true };
        self.take_while(is_atom)
    }

    /// dot-atom-text.
    pub(super) fn dot_atom(&mut self) -> Option<&'a str> {
        let start = self.rest;
        self.atom()?;
        while self.rest.starts_with('.') {
            self.next();
            self.atom()?;
        }
        start.get(..start.len() - self.rest.len())
    }

    /// A quoted string without the white space around it.
    pub(super) fn quoted_string(&mut self) -> Option<()> {
        if !self.eat('"') {
            return None;
        }
        loop {
            match self.next()? {
                '"' => return Some(()),
                '\\' => {
                    self.next()?;
                }
                _ => {}
            }
        }
    }

    /// A literal: `[`, dtext, `]`.
    pub(super) fn literal(&mut self) -> Option<()> {
        if !self.eat('[') {
            return None;
        }
        self.take_while(|c| !matches!(c, '[' | ']' | '\\' | ' ' | '\t'))?;
        self.eat(']').then_some(())
    }

    pub(super) fn digits(&mut self, counts: std::ops::RangeInclusive<usize>) -> Option<u32> {
        let text = self.take_while(|c| c.is_ascii_digit())?;
        counts.contains(&text.len()).then(|| text.parse().ok())?
    }

    pub(super) fn letters(&mut self) -> Option<&'a str> {
        self.take_while(|c| c.is_ascii_alphabetic())
    }

    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let next = chars.next();
        self.rest = chars.as_str();
        next
    }

    fn take_while(&mut self, is: impl Fn(char) -> bool) -> Option<&'a str> {
        let end = self.rest.find(|c| !is(c)).unwrap_or(self.rest.len());
        let (head, tail) = self.rest.split_at_checked(end).filter(|(head, _)| !head.is_empty())?;
        self.rest = tail;
        Some(head)
    }
}
