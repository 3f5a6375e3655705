//! The domains of a From field.

use posthaste_types::Domain;

/// The domains of all mailboxes of a From field's value, in order (RFC 5322 §3.4, groups included). Comments
/// and quoted strings may hold anything; what has no domain, or an address literal for one, is passed over. Octets that
/// are no UTF-8 hide nothing but the mailbox in whose domain they stand.
pub(crate) fn domains(value: &[u8]) -> Vec<Domain> {
    mailboxes(&plain(&String::from_utf8_lossy(value)).text).filter_map(domain).collect()
}

/// The same of a field that others wrote; `None` if readers may see another mailbox in it than the grammar gives: an
/// address with two `@`, brackets or quotes without an end, an address behind the brackets, a domain that is none.
pub(crate) fn unambiguous(value: &[u8]) -> Option<Vec<Domain>> {
    let plain = plain(&String::from_utf8_lossy(value));
    if plain.is_open {
        return None;
    }
    let mut found = Vec::new();
    for mailbox in mailboxes(&plain.text).filter(|mailbox| mailbox.contains(['@', '<', '>'])) {
        let address = match mailbox.split_once('<') {
            Some((_, rest)) => rest.strip_suffix('>').filter(|address| !address.contains(['<', '>']))?,
            None => mailbox,
        };
        // The obsolete route (RFC 5322 §4.4).
        let route = address.starts_with('@').then(|| address.rsplit_once(':')).flatten();
        let Some((_, name)) = route.map_or(address, |(_, address)| address).split_once('@') else { continue };
        if !(name.starts_with('[') && name.ends_with(']')) {
            found.push(Domain::parse(name).ok()?);
        }
    }
    Some(found)
}

struct Plain {
    text: String,
    /// A comment or quoted string has no end.
    is_open: bool,
}

/// The text without comments, white space and what is in quotes: only structure is left.
fn plain(text: &str) -> Plain {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    let mut comments = 0_usize;
    let mut quoted = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' if quoted || comments > 0 => drop(chars.next()),
            '"' if comments == 0 => quoted = !quoted,
            _ if quoted => {}
            '(' => comments += 1,
            ')' => comments = comments.saturating_sub(1),
            _ if comments > 0 || c.is_ascii_whitespace() => {}
            _ => out.push(c),
        }
    }
    Plain { text: out, is_open: quoted || comments > 0 }
}

/// The mailboxes of a list: commas, and the colon and semicolon of a group, part them; not so inside angle
/// brackets, where the obsolete route has commas of its own.
fn mailboxes(plain: &str) -> impl Iterator<Item = &str> {
    let mut angle = false;
    plain.split(move |c| {
        match c {
            '<' => angle = true,
            '>' => angle = false,
            _ => {}
        }
        !angle && matches!(c, ',' | ';' | ':')
    })
}

fn domain(mailbox: &str) -> Option<Domain> {
    let address = match mailbox.split_once('<') {
        Some((_, rest)) => rest.split_once('>')?.0,
        None => mailbox,
    };
    Domain::parse(address.rsplit_once('@')?.1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_of_from() {
        let cases: [(&str, &[&str]); 16] = [
            (" ada@example.com\r\n", &["example.com"]),
            (" Ada <ada@Example.COM>\r\n", &["example.com"]),
            (" \"Ada, <eve@evil.example>\" <ada@example.com>\r\n", &["example.com"]),
            (" \"a\\\"b <eve@evil.example>\" <ada@example.com>\r\n", &["example.com"]),
            (" Ada (<eve@evil.example> \\) (nested, x@y.example)) <ada@example.com>\r\n", &["example.com"]),
            (" =?utf-8?q?Ada?=\r\n\t<ada@\r\n example.com>\r\n", &["example.com"]),
            (" ada@a.example, Bob <bob@b.example>\r\n", &["a.example", "b.example"]),
            (" team: ada@a.example, bob@b.example;\r\n", &["a.example", "b.example"]),
            (" <@relay.example,@b.example:ada@a.example>\r\n", &["a.example"]),
            (" \"a@b\"@example.com\r\n", &["example.com"]),
            (" ada@bücher.example\r\n", &["xn--bcher-kva.example"]),
            (" ada@[192.0.2.1]\r\n", &[]),
            (" undisclosed:;\r\n", &[]),
            (" Ada\r\n", &[]),
            (" <ada@example.com\r\n", &[]),
            ("\r\n", &[]),
        ];
        for (value, expected) in cases {
            let found: Vec<String> = domains(value.as_bytes()).iter().map(ToString::to_string).collect();
            assert_eq!(found, expected, "{value:?}");
        }
        assert!(domains(b" ada@\xff.example\r\n").is_empty());
        assert_eq!(domains(b" J\xf6rg <ada@example.com>\r\n").len(), 1, "what is no UTF-8 hides no address");
    }

    #[test]
    fn what_readers_may_see_otherwise_is_told() {
        for (value, expected) in [
            (" ada@example.com <ada@a.example>, \"x@y\" <b@b.example>\r\n", "a.example b.example"),
            (" <@relay.example,@b.example:ada@a.example>\r\n", "a.example"),
            (" team: ada@a.example, \"a@b\"@b.example;\r\n", "a.example b.example"),
            (" undisclosed:;, Ada <ada@[192.0.2.1]>, Bob <bob>, <>\r\n", ""),
        ] {
            let found: Vec<String> = unambiguous(value.as_bytes()).unwrap().iter().map(ToString::to_string).collect();
            assert_eq!(found.join(" "), expected, "{value:?}");
        }
        for value in [
            " <ceo@bank.example, eve@evil.example>",
            " <ceo@bank.example\0@evil.example>",
            " ceo@bank.example eve@evil.example",
            " <eve@evil.example>, <ceo@bank.example",
            " <eve@evil.example> ceo@bank.example",
            " <eve@evil.example> <ceo@bank.example>",
            " eve@evil.example, \"x <ceo@bank.example>",
            " eve@evil.example, (x <ceo@bank.example>",
            " eve@evil.example, ceo@bank..example",
        ] {
            assert_eq!(unambiguous(value.as_bytes()), None, "{value:?}");
        }
    }
}
