//! What the tests share: a DNS of a few TXT records, random messages, fixed keys.

#![allow(dead_code, reason = "each test uses a part")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::OnceLock;
use std::time::Duration;

use posthaste_dkim::{Dkim, DkimKey, DkimRecord, DkimResult, KeyKind, check};
use posthaste_dns::{DnsErrorKind, MemoryZone, RecordData};
use posthaste_types::{Content, DnsName, Tick, Timestamp};

pub(crate) const AT: Timestamp = Timestamp::from_unix_secs(1_790_000_000);
pub(crate) const BY: Tick = Tick::from_start(Duration::from_secs(5));

/// A zone of TXT records, put together in one expression.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dns(pub(crate) MemoryZone);

impl Dns {
    pub(crate) fn with(self, name: &str, texts: &[&str]) -> Self {
        let name = DnsName::parse(name).unwrap();
        for text in texts {
            self.0.insert(name.clone(), Duration::from_secs(60), RecordData::Txt(text.as_bytes().to_vec()));
        }
        self
    }

    pub(crate) fn failing(self, name: &str, kind: DnsErrorKind) -> Self {
        self.0.fail(&DnsName::parse(name).unwrap(), kind);
        self
    }

    /// The records as lines of a zone file.
    pub(crate) fn of(records: &[DkimRecord]) -> Self {
        let dns = Self::default();
        records.iter().for_each(|record| dns.0.add(&record.to_string()).unwrap());
        dns
    }
}

/// One RSA key for all tests of a process.
pub(crate) fn rsa() -> DkimKey {
    static KEY: OnceLock<DkimKey> = OnceLock::new();
    KEY.get_or_init(|| DkimKey::generate(KeyKind::Rsa2048).unwrap()).clone()
}

pub(crate) fn ed25519() -> DkimKey {
    DkimKey::from_ed25519_seed(&[7; 32]).unwrap()
}

/// Signs for news.example.com with both kinds of keys.
pub(crate) fn both() -> Dkim {
    Dkim::new("news.example.com".parse().unwrap())
        .key("rsa".parse().unwrap(), rsa())
        .key("ed".parse().unwrap(), ed25519())
}

pub(crate) fn content(text: &str) -> Content {
    Content::from_canonical(text.into()).unwrap()
}

pub(crate) fn signed(signer: &Dkim, content: &Content) -> Content {
    content.with_headers(&signer.sign_content(content, AT).unwrap())
}

pub(crate) async fn results(signer: &Dkim, content: &Content) -> Vec<DkimResult> {
    check(content, &Dns::of(&signer.records().unwrap()).0, AT, BY).await
}

/// Whether both signatures of [`both`] pass.
pub(crate) async fn passes(signer: &Dkim, content: &Content) -> bool {
    let results = results(signer, content).await;
    let passed = results.iter().filter(|result| result.is_pass()).count();
    assert!(passed == 0 || passed == results.len(), "the keys disagree: {results:?}");
    passed > 0
}

pub(crate) const MESSAGE: &str = "From: Ada <ada@news.example.com>\r\n\
    To: bob@example.org\r\n\
    Cc: carol@example.org\r\n\
    Subject: Your order\r\n\
    Date: Tue, 24 Nov 2026 09:41:44 +0000\r\n\
    Message-ID: <1@news.example.com>\r\n\
    Reply-To: shop@news.example.com\r\n\
    MIME-Version: 1.0\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\
    Content-Transfer-Encoding: 7bit\r\n\
    In-Reply-To: <0@example.org>\r\n\
    References: <0@example.org>\r\n\
    Sender: shop@news.example.com\r\n\
    List-Unsubscribe: <https://news.example.com/u/1>\r\n\
    List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\
    List-Id: <weekly.news.example.com>\r\n\
    List-Help: <mailto:help@news.example.com>\r\n\
    Feedback-ID: 1:2:3:news\r\n\
    CFBL-Address: fbl@news.example.com; report=arf\r\n\
    CFBL-Feedback-ID: 111:222\r\n\
    X-Mailer: posthaste\r\n\
    \r\n\
    It is on its way.\r\n";

/// Random canonical messages: odd white space, folding, repeated and missing fields, empty lines, 8-bit text.
pub(crate) struct Messages(u64);

impl Messages {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % n
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn words(&mut self, most: usize, glue: &[&str]) -> String {
        let mut text = String::new();
        for _ in 0..=self.below(most) {
            text.push_str(self.one(&[
                "a",
                "order",
                "Grüße",
                "=?utf-8?q?x?=",
                "<x@y.example>",
                "\"q: ;\"",
                "b=1;",
                ":",
                "日本",
            ]));
            text.push_str(self.one(glue));
        }
        text
    }

    fn value(&mut self) -> String {
        let text = self.words(8, &[" ", "  ", "\t", "\r\n ", " \r\n\t ", "", ","]);
        // No folded line of white space alone (RFC 5322 §3.2.2).
        let text = text.trim_end_matches([' ', '\t', '\r', '\n']);
        format!("{}{text}{}", self.one(&[" ", "", "  ", "\t"]), self.one(&["", " ", "\t "]))
    }

    fn body(&mut self) -> String {
        let mut body = String::new();
        for _ in 0..self.below(14) {
            let line = self.words(6, &[" ", "  ", "\t", "", " \t "]);
            body.push_str(match self.below(5) {
                0 | 1 => "",
                2 => self.one(&[" ", "\t", "   ", " \t"]),
                _ => &line,
            });
            body.push_str("\r\n");
        }
        if self.below(12) == 0 {
            body.push_str(&"x".repeat(998));
            body.push_str("\r\n");
        }
        body.push_str(self.one(&["", "\r\n", "\r\n\r\n\r\n", " \r\n\t\r\n"]));
        body
    }

    /// The next message, cut into segments at random line ends.
    pub(crate) fn next(&mut self) -> Content {
        let names = [
            "To",
            "Cc",
            "subject",
            "Date",
            "MESSAGE-ID",
            "Reply-To",
            "X-Mailer",
            "Received",
            "Content-Type",
            "List-Id",
            "list-help",
            "List-Unsubscribe",
            "Feedback-ID",
            "References",
            "Sender",
            "MIME-Version",
            "Return-Path",
        ];
        let mut fields: Vec<String> =
            (0..self.below(18)).map(|_| format!("{}:{}\r\n", self.one(&names), self.value())).collect();
        let at = self.below(fields.len() + 1);
        let name = self.one(&["From", "from", "FROM"]);
        fields.insert(at, format!("{name}: Ada <ada@news.example.com>\r\n"));
        let mut text = fields.concat();
        if self.below(20) > 0 {
            text.push_str("\r\n");
            text.push_str(&self.body());
        }
        self.cut(&text)
    }

    fn cut(&mut self, text: &str) -> Content {
        let mut parts = vec![String::new()];
        for line in text.split_inclusive('\n') {
            if self.below(6) == 0 && !parts.last().unwrap().is_empty() {
                parts.push(String::new());
            }
            parts.last_mut().unwrap().push_str(line);
        }
        Content::concat(&parts.iter().map(|part| content(part)).collect::<Vec<_>>()).unwrap()
    }
}
