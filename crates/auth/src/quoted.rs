//! Text within a header field.

/// A quoted string (RFC 5322 §3.2.4) of at most `most` characters of `value`: what is not printable ASCII becomes a
/// question mark, so that nothing of it ends the field or the string.
pub(crate) fn quoted_string(value: &str, most: usize) -> String {
    let mut text = String::from("\"");
    for c in value.chars().take(most) {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            ' '..='~' => text.push(c),
            _ => text.push('?'),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_the_string_but_its_end() {
        for (value, most, quoted) in [
            ("", 5, r#""""#),
            (r#"a"b\c"#, 9, r#""a\"b\\c""#),
            ("a\r\nBcc: b\tc\u{7f}é", 20, r#""a??Bcc: b?c??""#),
            ("123456", 5, r#""12345""#),
        ] {
            assert_eq!(quoted_string(value, most), quoted, "{value:?}");
        }
    }
}
