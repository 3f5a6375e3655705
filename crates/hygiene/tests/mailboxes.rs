//! RFC 5322 §3.4, and lists as people write them.

use posthaste_hygiene::{Category, mailboxes};

type Row<'a> = (Option<&'a str>, Option<&'a str>, &'a str);

fn assert_list(list: &str, expected: &[Row<'_>]) {
    let read: Vec<_> = mailboxes(list).collect();
    let rows: Vec<Row<'_>> = read
        .iter()
        .map(|one| (one.name.as_deref(), one.group.as_deref(), one.syntax.address().unwrap_or("-")))
        .collect();
    assert_eq!(rows, expected, "{list:?}");
    for one in &read {
        assert_eq!(list.get(one.at..one.at + one.text.len()), Some(one.text), "{list:?}");
    }
}

#[test]
fn names_comments_and_groups() {
    assert_list("", &[]);
    assert_list("a@x.example, b@y.example", &[(None, None, "a@x.example"), (None, None, "b@y.example")]);
    assert_list(r#""Doe, J." <j@x.example>"#, &[(Some("Doe, J."), None, "j@x.example")]);
    assert_list(r#""A \"B\" C" <j@x.example>"#, &[(Some("A \"B\" C"), None, "j@x.example")]);
    assert_list("j@x.example (Jo (the) Doe)", &[(Some("Jo (the) Doe"), None, "j@x.example")]);
    assert_list(
        "All: a@x.example, Bo <b@x.example>; c@x.example",
        &[(None, Some("All"), "a@x.example"), (Some("Bo"), Some("All"), "b@x.example"), (None, None, "c@x.example")],
    );
    assert_list("Nobody:;", &[]);
    assert_list("Jo <@relay.example:j@x.example>", &[(Some("Jo"), None, "j@x.example")]);
    assert_list("\"a,b\"@x.example", &[(None, None, "\"a,b\"@x.example")]);
    assert_list("j@[IPv6:2001:db8::1]", &[(None, None, "j@[IPv6:2001:db8::1]")]);
}

#[test]
fn what_people_write() {
    assert_list(
        "Doe, J. <j@x.example>; Roe <r@x.example>",
        &[(Some("Doe, J."), None, "j@x.example"), (Some("Roe"), None, "r@x.example")],
    );
    assert_list(
        "a@x.example\nb@x.example\r\nc@x.example",
        &[(None, None, "a@x.example"), (None, None, "b@x.example"), (None, None, "c@x.example")],
    );
    assert_list("\"Doe <j@x.example>, b@x.example", &[(Some("Doe"), None, "j@x.example"), (None, None, "b@x.example")]);
    assert_list(
        "a@x.example, nonsense, b@x.example",
        &[(None, None, "a@x.example"), (None, None, "-"), (None, None, "b@x.example")],
    );
}

#[test]
fn hostile_lists_end() {
    for pattern in ["\"\\", "(", "<", "a,", "a:", ";", "\\\"(", "[", "a@,<"] {
        let list = pattern.repeat(100_000);
        let valid = mailboxes(&list).filter(|one| one.syntax.category() != Category::Invalid).count();
        assert_eq!(valid, 0, "{pattern}");
    }
}
