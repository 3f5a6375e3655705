//! Reads the field (RFC 8601 §2.2).

use posthaste_types::{ParseError, ParseErrorKind, Text};

use super::{AuthservId, MethodResult, Property, Results, WHAT, is_word, word};
use crate::tags::syntax;

pub(super) fn results(value: &str) -> Result<Results, ParseError> {
    if value.len() > Results::MAX {
        return Err(ParseError::new(WHAT, ParseErrorKind::TooLong { limit: Results::MAX }, Results::MAX));
    }
    let mut cursor = Cursor { text: value, at: 0 };
    let authserv_id = head(&mut cursor)?;
    let mut results = Vec::new();
    loop {
        cursor.skip()?;
        let begin = cursor.at;
        match cursor.peek() {
            None => break,
            Some(';') => {
                cursor.bump();
                continue;
            }
            Some(_) => {}
        }
        if results.len() == Results::MAX_RESULTS {
            return Err(ParseError::new(WHAT, ParseErrorKind::TooMany { limit: Results::MAX_RESULTS }, begin));
        }
        results.extend(result(&mut cursor)?);
    }
    Ok(Results { authserv_id, results })
}

/// The id and its version, unless a result stands in its place.
///
/// QUIRK: Exchange Online leaves the id out (test `what_real_hosts_write`).
fn head(cursor: &mut Cursor<'_>) -> Result<Option<AuthservId>, ParseError> {
    cursor.skip()?;
    let begin = cursor.at;
    let id = cursor.value(|c| !matches!(c, '='))?;
    cursor.skip()?;
    if cursor.peek() == Some('=') {
        cursor.at = begin;
        return Ok(None);
    }
    cursor.take(|c| c.is_ascii_digit());
    cursor.skip()?;
    if !matches!(cursor.peek(), None | Some(';')) {
        return Err(syntax(WHAT, "no `;` behind the authserv-id", cursor.at));
    }
    AuthservId::parse(&id).map(Some).map_err(|error| error.within(begin))
}

/// One `resinfo`; nothing for `none`.
fn result(cursor: &mut Cursor<'_>) -> Result<Option<MethodResult>, ParseError> {
    let begin = cursor.at;
    let method = cursor.take(is_word);
    cursor.skip()?;
    if cursor.peek() == Some('/') {
        cursor.bump();
        cursor.skip()?;
        cursor.take(|c| c.is_ascii_digit());
        cursor.skip()?;
    }
    if method.eq_ignore_ascii_case("none") && matches!(cursor.peek(), None | Some(';')) {
        return Ok(None);
    }
    cursor.expect('=')?;
    cursor.skip()?;
    let method = word(method).map_err(|error| error.within(begin))?;
    let at = cursor.at;
    let result = word(cursor.take(is_word)).map_err(|error| error.within(at))?;
    let mut read = MethodResult { method, result, reason: None, properties: Vec::new() };
    loop {
        cursor.skip()?;
        if matches!(cursor.peek(), None | Some(';')) {
            return Ok(Some(read));
        }
        part(cursor, &mut read)?;
    }
}

/// `reason=value`, or `ptype.property=value`.
fn part(cursor: &mut Cursor<'_>, read: &mut MethodResult) -> Result<(), ParseError> {
    let begin = cursor.at;
    let first = cursor.take(is_word);
    cursor.skip()?;
    let name = match cursor.peek() {
        Some('.') => {
            cursor.bump();
            cursor.skip()?;
            // A name may hold dots: `policy.dmarc.p`.
            Some(cursor.take(|c| is_word(c) || c == '.'))
        }
        _ => None,
    };
    cursor.skip()?;
    cursor.expect('=')?;
    cursor.skip()?;
    let value = Text::lossy(cursor.value(|_| true)?);
    let Some(name) = name else {
        // QUIRK: `action=none` and its like stand without a type (Exchange Online); only `reason` has a meaning.
        if first.eq_ignore_ascii_case("reason") {
            read.reason = Some(value);
        }
        return match first.is_empty() {
            true => Err(syntax(WHAT, "a property without a name", begin)),
            false => Ok(()),
        };
    };
    if read.properties.len() == Results::MAX_PROPERTIES {
        return Err(ParseError::new(WHAT, ParseErrorKind::TooMany { limit: Results::MAX_PROPERTIES }, begin));
    }
    let ptype = word(first).map_err(|error| error.within(begin))?;
    if name.is_empty() {
        return Err(syntax(WHAT, "a property without a name", begin));
    }
    read.properties.push(Property { ptype, name: name.into(), value });
    Ok(())
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn take(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let len = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.at += len;
        rest.get(..len).unwrap_or_default()
    }

    fn expect(&mut self, wanted: char) -> Result<(), ParseError> {
        match self.peek() {
            Some(c) if c == wanted => {
                self.bump();
                Ok(())
            }
            _ => Err(syntax(WHAT, "no `=` where one must stand", self.at)),
        }
    }

    /// White space, folds and comments, which may be nested (RFC 5322 §3.2.2).
    fn skip(&mut self) -> Result<(), ParseError> {
        let mut depth = 0_usize;
        let mut begin = self.at;
        while let Some(c) = self.peek() {
            match c {
                ' ' | '\t' | '\r' | '\n' => {}
                '(' => {
                    begin = if depth == 0 { self.at } else { begin };
                    depth += 1;
                }
                ')' if depth > 0 => depth -= 1,
                '\\' if depth > 0 => {
                    self.bump();
                }
                _ if depth > 0 => {}
                _ => return Ok(()),
            }
            self.bump();
        }
        if depth > 0 { Err(syntax(WHAT, "a comment without an end", begin)) } else { Ok(()) }
    }

    /// A quoted string without its quotes, or what goes on to white space, `;` or a comment.
    fn value(&mut self, wanted: impl Fn(char) -> bool) -> Result<String, ParseError> {
        let begin = self.at;
        let mut value = String::new();
        // `"local part"@example.com` is a value too.
        while let Some(c) = self.peek() {
            match c {
                '"' => self.quoted(&mut value)?,
                ' ' | '\t' | '\r' | '\n' | ';' | '(' => break,
                c if wanted(c) => {
                    value.push(c);
                    self.bump();
                }
                _ => break,
            }
        }
        if value.is_empty() && self.at == begin {
            return Err(syntax(WHAT, "nothing where a value must stand", begin));
        }
        Ok(value)
    }

    fn quoted(&mut self, value: &mut String) -> Result<(), ParseError> {
        let begin = self.at;
        self.bump();
        while let Some(c) = self.bump() {
            match c {
                '"' => return Ok(()),
                '\\' => value.extend(self.bump()),
                '\r' | '\n' => {}
                c => value.push(c),
            }
        }
        Err(syntax(WHAT, "a quoted string without an end", begin))
    }
}
