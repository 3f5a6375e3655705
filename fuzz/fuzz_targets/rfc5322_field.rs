//! A header field is one field: the reader of messages, which shares no code with it, finds one more and no more.

#![no_main]

use libfuzzer_sys::fuzz_target;
use posthaste_message::{Limits, read};
use posthaste_types::{Content, HeaderField};

fuzz_target!(|text: &str| {
    let Ok(field) = HeaderField::parse(text) else { return };
    assert_eq!(HeaderField::parse(field.as_str()).as_ref(), Ok(&field));
    let content = Content::from_canonical(b"From: ada@example.com\r\n\r\nbody\r\n".to_vec()).expect("canonical");
    let content = content.with_headers(std::slice::from_ref(&field));
    let octets = content.to_vec();
    assert_eq!(Content::from_canonical(octets.clone()).as_ref(), Ok(&content));
    let message = read(&octets, &Limits::default()).expect("small");
    let names: Vec<&str> = message.headers().map(|header| header.name()).collect();
    assert_eq!(names, [field.name(), "From"]);
    assert_eq!(message.headers().next().expect("the field").raw(), field.as_str().as_bytes());
    assert_eq!(message.root().raw_body(), b"body\r\n");
});
