//! What the tests of this crate share: text in every script, and messages made of it.
#![allow(dead_code, reason = "each test uses its part of it")]

use posthaste_message::{Attachment, Message, Stamp};
use posthaste_types::{Address, Mailbox, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;

pub(crate) fn stamp() -> Stamp {
    Stamp::new(Timestamp::from_unix_secs(1_795_000_000), "4711@news.example.com".parse().unwrap())
}

/// A character that one line may hold, of one of many scripts.
pub(crate) fn character() -> impl Strategy<Value = char> {
    let ranges: Vec<(u32, u32)> = vec![
        (0x20, 0x7e), // ASCII, three times as likely as another script
        (0x20, 0x7e),
        (0x20, 0x7e),
        (0xa1, 0x24f),      // Latin
        (0x300, 0x36f),     // combining marks
        (0x370, 0x3ff),     // Greek
        (0x400, 0x4ff),     // Cyrillic
        (0x531, 0x58f),     // Armenian
        (0x590, 0x5ff),     // Hebrew
        (0x600, 0x6ff),     // Arabic
        (0x900, 0x97f),     // Devanagari
        (0xe01, 0xe5b),     // Thai
        (0x10a0, 0x10ff),   // Georgian
        (0x1200, 0x137f),   // Ethiopic
        (0x200b, 0x200f),   // joiners and directions
        (0x3041, 0x30ff),   // kana
        (0x4e00, 0x9fff),   // Han
        (0xac00, 0xd7a3),   // Hangul
        (0x1f300, 0x1faff), // pictures
        (0x20000, 0x2a6df), // rare Han
    ];
    proptest::sample::select(ranges).prop_flat_map(|(low, high)| {
        (low..=high).prop_map(|code| char::from_u32(code).filter(|c| !c.is_control()).unwrap_or('x'))
    })
}

/// One line of every script and length, among them what looks like syntax.
pub(crate) fn line(max: usize) -> impl Strategy<Value = String> {
    prop_oneof![
        6 => vec(character(), 0..max).prop_map(String::from_iter),
        2 => vec(proptest::char::range(' ', '~'), 0..max).prop_map(String::from_iter),
        1 => proptest::sample::select(TRICKY).prop_map(str::to_owned),
        1 => (proptest::sample::select(TRICKY), vec(character(), 0..20)).prop_map(|(a, b)| a.to_owned() + &String::from_iter(b)),
    ]
}

/// Several lines, with every kind of line end.
pub(crate) fn text(max: usize) -> impl Strategy<Value = String> {
    let end =
        proptest::sample::select(vec!["\n", "\r\n", "\r", "\n\n", " \n", "\t\n", "\n.\n", "\nFrom ", "\n--=_1\n"]);
    vec((line(max), end), 0..12).prop_map(|lines| lines.into_iter().map(|(line, end)| line + end).collect())
}

pub(crate) fn mailbox() -> impl Strategy<Value = Mailbox> {
    let address = proptest::sample::select(vec![
        "bob@example.org",
        "\"b o b\"@example.org",
        "a.very.long.local.part.that.goes.on.and.on.until.the.limit@a-rather-long-domain-name.example.org",
        "o'brien+tag@xn--bcher-kva.example",
    ]);
    (line(60), address).prop_map(|(name, address)| {
        let address: Address = address.parse().unwrap();
        Mailbox::new(&name, address).unwrap()
    })
}

pub(crate) fn filename() -> impl Strategy<Value = String> {
    line(120).prop_filter("a file has a name", |name| !name.is_empty() && name.len() <= 1000)
}

/// What goes into a message and must come out of it.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) from: Mailbox,
    pub(crate) to: Vec<Mailbox>,
    pub(crate) subject: String,
    pub(crate) text: Option<String>,
    pub(crate) html: Option<String>,
    pub(crate) files: Vec<(String, Vec<u8>)>,
}

pub(crate) fn case() -> impl Strategy<Value = Case> {
    let files = vec((filename(), vec(any::<u8>(), 0..300)), 0..3);
    let texts = (proptest::option::of(text(100)), proptest::option::of(text(100)));
    (mailbox(), vec(mailbox(), 1..4), line(200), texts, files)
        .prop_map(|(from, to, subject, (text, html), files)| Case { from, to, subject, text, html, files })
}

impl Case {
    pub(crate) fn compose(&self) -> Message {
        let mut builder = Message::builder().from(&self.from).subject(&self.subject);
        for to in &self.to {
            builder = builder.to(to);
        }
        if let Some(text) = &self.text {
            builder = builder.text(text);
        }
        if let Some(html) = &self.html {
            builder = builder.html(html);
        }
        for (name, octets) in &self.files {
            builder = builder.attach(Attachment::new(name, "application/octet-stream", octets.clone()));
        }
        builder.build().unwrap()
    }
}

/// Line ends as LF, none at the end: a body that is the whole message gains one.
pub(crate) fn lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.strip_suffix('\n').unwrap_or(&text).to_owned()
}

/// What readers may take for syntax.
const TRICKY: &[&str] = &[
    "",
    " ",
    "  two  spaces  ",
    " leading",
    "trailing ",
    "=?utf-8?Q?not_encoded?=",
    "=?utf-8?B?bm90?= =?utf-8?B?ZW5jb2RlZA==?=",
    "a =? b",
    "=?",
    "Re: [list] \"quoted\" (comment) <angle> a@b; c, d: e\\f",
    "\\",
    "\"",
    "(",
    "undisclosed recipients:;",
    "a_b=c?d",
    "x=\"y\"; z*=utf-8''w",
    "100%25",
    "..",
    "Straße",
    "日本語 日本語",
    "👩‍👩‍👧‍👦 family",
    "ae\u{301}",
    "\u{feff}bom",
    "\u{202e}right to left",
];
