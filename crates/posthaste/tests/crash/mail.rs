//! The mails of the run: each is known by its number, and the same whenever it is made.

use posthaste::{Address, Message};

/// How many there are.
pub(crate) const TOTAL: usize = 1_000;

/// The once key of a mail.
pub(crate) fn key(number: usize) -> String {
    format!("k/{number}")
}

/// Who gets it: one recipient, of every seventh two.
pub(crate) fn recipients(number: usize) -> Vec<String> {
    let mut to = vec![format!("n{number}@example.org")];
    if number.is_multiple_of(7) {
        to.push(format!("n{number}.second@example.org"));
    }
    to
}

/// The recipients of all mails.
pub(crate) fn all_recipients() -> impl Iterator<Item = String> {
    (0..TOTAL).flat_map(recipients)
}

/// Whether the receiver defers this recipient the first time: one of a mail of every eleventh.
pub(crate) fn is_greylisted(to: &Address) -> bool {
    number_of(to.as_str()).is_some_and(|number| number % 11 == 3)
}

fn number_of(to: &str) -> Option<usize> {
    to.strip_prefix('n')?.split(['.', '@']).next()?.parse().ok()
}

/// The mail.
pub(crate) fn message(number: usize) -> Message {
    let mut builder = Message::builder()
        .from("Ada <ada@news.example.com>")
        .subject(&format!("Number {number}"))
        .text(format!("This is number {number}.\n").repeat(1 + number % 90));
    for to in recipients(number) {
        builder = builder.to(to.as_str());
    }
    builder.build().unwrap()
}
