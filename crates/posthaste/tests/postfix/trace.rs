//! The fields that hops put in front of a message.

use posthaste::message::{Limits, read};

use crate::instance::Postfix;

/// The one trace field of Postfix (RFC 5321 §4.4). Asserts that behind it `arrived` is `sent`, octet by octet.
pub(crate) fn prepended(what: &str, arrived: &[u8], sent: &[u8]) -> String {
    let Some(trace) = arrived.strip_suffix(sent) else {
        panic!("{what}: changed on the way: {}", difference(arrived, sent));
    };
    let end = [trace, b"\r\n"].concat();
    let trace = read(&end, &Limits::default()).unwrap();
    let fields: Vec<_> = trace.headers().collect();
    let [field] = &*fields else { panic!("{what}: {} fields in front", fields.len()) };
    assert!(field.is("Received") && field.text().contains(Postfix::NAME), "{what}: {}", field.text());
    assert_eq!(trace.defects(), [], "{what}");
    field.text()
}

/// Where the two begin to differ, counted from the end, and what stands there.
fn difference(arrived: &[u8], sent: &[u8]) -> String {
    let same = arrived.iter().rev().zip(sent.iter().rev()).take_while(|(one, other)| one == other).count();
    let around = |octets: &[u8]| {
        let at = octets.len().saturating_sub(same);
        let shown = octets.get(at.saturating_sub(80)..(at + 40).min(octets.len())).unwrap_or_default();
        shown.escape_ascii().to_string()
    };
    format!("{same} octets before the end\nsent    {}\narrived {}", around(sent), around(arrived))
}
