//! Address lists (RFC 5322 §3.4) and message identities (§3.6.4), without the obsolete forms.

use super::lexer::Cursor;

/// Whether groups may stand in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Groups {
    Allowed,
    Forbidden,
}

/// How many mailboxes stand in a list; `None` if it is none.
pub(super) fn address_list(text: &str, groups: Groups) -> Option<usize> {
    let mut cursor = Cursor::new(text);
    let mut count = 0;
    loop {
        count += address(&mut cursor, groups)?;
        cursor.cfws()?;
        if cursor.is_at_end() {
            return Some(count);
        }
        if !cursor.eat(',') {
            return None;
        }
    }
}

/// Whether a text is one message identity or more.
pub(super) fn message_ids(text: &str) -> Option<usize> {
    let mut cursor = Cursor::new(text);
    let mut count = 0;
    cursor.cfws()?;
    while !cursor.is_at_end() {
        if !cursor.eat('<') {
            return None;
        }
        cursor.dot_atom()?;
        if !cursor.eat('@') {
            return None;
        }
        match cursor.peek() {
            Some('[') => cursor.literal()?,
            _ => cursor.dot_atom().map(|_| ())?,
        }
        if !cursor.eat('>') {
            return None;
        }
        count += 1;
        cursor.cfws()?;
    }
    (count > 0).then_some(count)
}

/// A mailbox counts 1, a group its mailboxes. Groups do not nest (RFC 5322 §3.4), so neither does this.
fn address(cursor: &mut Cursor<'_>, groups: Groups) -> Option<usize> {
    let start = *cursor;
    if let Some(()) = mailbox(cursor) {
        return Some(1);
    }
    *cursor = start;
    if groups == Groups::Forbidden {
        return None;
    }
    phrase(cursor)?;
    if !cursor.eat(':') {
        return None;
    }
    let mut count = 0;
    cursor.cfws()?;
    while !cursor.eat(';') {
        if count > 0 && !cursor.eat(',') {
            return None;
        }
        mailbox(cursor)?;
        count += 1;
        cursor.cfws()?;
    }
    Some(count)
}

fn mailbox(cursor: &mut Cursor<'_>) -> Option<()> {
    let start = *cursor;
    if addr_spec(cursor).is_some() {
        return Some(());
    }
    *cursor = start;
    cursor.cfws()?;
    if cursor.peek() != Some('<') {
        phrase(cursor)?;
    }
    if !cursor.eat('<') {
        return None;
    }
    addr_spec(cursor)?;
    cursor.eat('>').then_some(())
}

fn addr_spec(cursor: &mut Cursor<'_>) -> Option<()> {
    cursor.cfws()?;
    match cursor.peek() {
        Some('"') => cursor.quoted_string()?,
        _ => cursor.dot_atom().map(|_| ())?,
    }
    cursor.cfws()?;
    if !cursor.eat('@') {
        return None;
    }
    cursor.cfws()?;
    match cursor.peek() {
        Some('[') => cursor.literal()?,
        _ => cursor.dot_atom().map(|_| ())?,
    }
    cursor.cfws()
}

/// 1*word (RFC 5322 §3.2.5).
fn phrase(cursor: &mut Cursor<'_>) -> Option<()> {
    let mut words = 0;
    loop {
        cursor.cfws()?;
        match cursor.peek() {
            Some('"') => cursor.quoted_string()?,
            Some('<' | ':' | ',' | ';') | None => return (words > 0).then_some(()),
            Some(_) => cursor.atom().map(|_| ())?,
        }
        words += 1;
    }
}
