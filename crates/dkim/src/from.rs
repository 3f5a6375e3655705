//! The domains of a From field.

use posthaste_types::Domain;

/// The domains of all mailboxes of a From field's value, in order (RFC 5322 §3.4, groups included). Comments
/// and quoted strings may hold anything; what has no domain, or an address literal for one, is passed over.
pub(crate) fn domains(value: &[u8]) -> Vec<Domain> {
    let Ok(text) = std::str::from_utf8(value) else { return Vec::new() };
    mailboxes(&plain(text)).filter_map(domain).collect()
}

/// The text without comments, white space and what is in quotes: only structure is left.
fn plain(text: &str) -> String {
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
    out
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
    }
}
