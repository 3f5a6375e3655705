//! Phrases, quoted strings and comments around an address (RFC 5322 §3.2).

/// How many octets the quoted string at the start takes; `None` if it is not closed.
pub(crate) fn end_of_quoted(text: &[u8]) -> Option<usize> {
    let (mut escaped, mut octets) = (false, text.iter().enumerate().skip(1));
    octets.find_map(|(at, octet)| match octet {
        _ if escaped => {
            escaped = false;
            None
        }
        b'\\' => {
            escaped = true;
            None
        }
        b'"' => Some(at.saturating_add(1)),
        _ => None,
    })
}

/// How many octets the comment at the start takes, nested ones with it; `None` if it is not closed.
pub(crate) fn end_of_comment(text: &[u8]) -> Option<usize> {
    let (mut escaped, mut depth) = (false, 0_usize);
    text.iter().enumerate().find_map(|(at, octet)| {
        let was_escaped = escaped;
        escaped = *octet == b'\\' && !was_escaped;
        match octet {
            b'(' if !was_escaped => depth = depth.saturating_add(1),
            b')' if !was_escaped => depth = depth.saturating_sub(1),
            _ => {}
        }
        (depth == 0).then_some(at.saturating_add(1))
    })
}

/// What stands before and within the last `<...>` that is outside quotes.
pub(crate) fn split_angle(text: &str) -> Option<(&str, &str)> {
    let octets = text.as_bytes();
    let (mut at, mut open) = (0_usize, None);
    while let Some(octet) = octets.get(at) {
        let skipped = match octet {
            b'"' => octets.get(at..).and_then(end_of_quoted),
            b'(' => octets.get(at..).and_then(end_of_comment),
            b'<' => {
                open = Some(at);
                None
            }
            _ => None,
        };
        // What is not closed has no end in the rest either: the address may still follow.
        if skipped.is_none() && matches!(octet, b'"' | b'(') {
            open = text.rfind('<');
            break;
        }
        at = at.saturating_add(skipped.unwrap_or(1));
    }
    let open = open?;
    let inside = text.get(open.saturating_add(1)..)?;
    let inside = inside.split_once('>').map_or(inside, |(inside, _)| inside);
    Some((text.get(..open)?, inside))
}

/// A display name: quotes and comments taken off, white space folded. `None` if nothing is left.
pub(crate) fn name(text: &str) -> Option<String> {
    let mut name = String::with_capacity(text.len());
    let (mut quoted, mut depth, mut chars) = (false, 0_usize, text.chars());
    while let Some(c) = chars.next() {
        match c {
            '\\' if quoted => name.extend(chars.next()),
            '\\' if depth > 0 => drop(chars.next()),
            '"' if depth == 0 => quoted = !quoted,
            '(' if !quoted => depth = depth.saturating_add(1),
            ')' if !quoted && depth > 0 => depth -= 1,
            _ if depth > 0 => {}
            _ => name.push(c),
        }
    }
    folded(&name)
}

/// The last comment of a text.
pub(crate) fn comment(text: &str) -> Option<String> {
    let octets = text.as_bytes();
    let (mut at, mut last) = (0_usize, None);
    while let Some(octet) = octets.get(at) {
        let length = match octet {
            b'"' => octets.get(at..).and_then(end_of_quoted),
            b'(' => octets.get(at..).and_then(end_of_comment),
            _ => Some(1),
        }?;
        if *octet == b'(' {
            last = text.get(at.saturating_add(1)..at.saturating_add(length).saturating_sub(1));
        }
        at = at.saturating_add(length);
    }
    folded(last?)
}

fn folded(text: &str) -> Option<String> {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    (!words.is_empty()).then(|| words.join(" "))
}
