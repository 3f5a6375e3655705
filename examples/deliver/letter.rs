//! The letter, from its templates.

use std::error::Error;

use posthaste::message::{Limits, read};
use posthaste::{Mailbox, Message};

use crate::links::Unsubscribe;

/// The letter for one reader: from the templates, with a way out of his own.
pub(crate) fn letter(to: &Mailbox, campaign: &str, links: &Unsubscribe<'_>) -> Result<Message, Box<dyn Error>> {
    let name = to.name().unwrap_or("reader");
    Ok(Message::builder()
        .from("The Lighthouse <letters@news.example.com>")
        .to(to)
        .subject(&format!("Your {campaign} letter, {name}"))
        .text(LETTER_TEXT.replace("{{name}}", name))
        .html(LETTER_HTML.replace("{{name}}", &escape(name)))
        .list_id("The Lighthouse <letters.news.example.com>")
        .one_click(&links.link(to.address())?)
        .build()?)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Whether the name in To stands in subject, text and HTML, in whatever script.
pub(crate) fn is_called_by_name(octets: &[u8]) -> bool {
    let Ok(letter) = read(octets, &Limits::default()) else { return false };
    let Some(name) = letter.to().into_iter().find_map(|to| to.name) else { return false };
    let stands_in = |text: Option<String>, name: &str| text.is_some_and(|text| text.contains(name));
    stands_in(letter.subject(), &name)
        && stands_in(letter.text(), &format!("Dear {name},"))
        && stands_in(letter.html(), &format!("Dear {},", escape(&name)))
}

const LETTER_TEXT: &str = include_str!("../data/letter.txt");
const LETTER_HTML: &str = include_str!("../data/letter.html");
