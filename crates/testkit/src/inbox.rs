//! Everybody's inbox, as a test sees it.

use std::sync::Arc;
use std::time::Duration;

use posthaste_engine::{Ingested, Mailer, Via};
use posthaste_message::{Limits, read};
use posthaste_transport::{Answer, Memory, Received};
use posthaste_types::{Address, Reply};

use crate::VirtualClock;

/// What was delivered in memory, and what the recipients are told to do with it.
///
/// Its methods panic with a sentence where an assertion of a test would: on an address that is none, on no mail
/// where one is expected.
#[derive(Clone, Debug)]
pub struct TestInbox {
    mailer: Mailer,
    memory: Arc<Memory>,
    clock: VirtualClock,
}

impl TestInbox {
    pub(crate) fn new(mailer: Mailer, memory: Arc<Memory>, clock: VirtualClock) -> Self {
        Self { mailer, memory, clock }
    }

    /// Refuses all mail to this address with a reply: `550 5.1.1 no such user`.
    pub fn refuse(&self, to: &str, reply: &str) {
        self.memory.plan(&address(to), [Answer::Reply(self::reply(reply))]);
    }

    /// Defers the next `times` attempts to this address with a reply: `451 4.7.1 greylisted`.
    pub fn defer(&self, to: &str, reply: &str, times: usize) {
        self.memory.plan(&address(to), vec![Answer::Reply(self::reply(reply)); times]);
    }

    /// Never answers the next attempt to this address.
    pub fn hang(&self, to: &str) {
        self.memory.plan(&address(to), [Answer::Hang]);
    }

    /// Takes the next message to this address and loses the answer.
    pub fn lose_answer(&self, to: &str) {
        self.memory.plan(&address(to), [Answer::CutBehind]);
    }

    /// Breaks the connection of the next attempt to this address before the message.
    pub fn cut(&self, to: &str) {
        self.memory.plan(&address(to), [Answer::CutBefore]);
    }

    /// Says that our credential is wrong at the next attempt to this address.
    pub fn refuse_credential(&self, to: &str) {
        self.memory.plan(&address(to), [Answer::WrongCredential]);
    }

    /// Everything that was delivered, oldest first.
    pub fn all(&self) -> Vec<ReadMail> {
        self.memory.received().into_iter().map(ReadMail).collect()
    }

    /// What was delivered to this address, oldest first.
    pub fn all_to(&self, to: &str) -> Vec<ReadMail> {
        let to = address(to);
        self.all().into_iter().filter(|mail| mail.0.to.contains(&to)).collect()
    }

    /// The one mail that was delivered to this address.
    ///
    /// # Panics
    /// If there is none, or more than one.
    pub fn one_to(&self, to: &str) -> ReadMail {
        let mut all = self.all_to(to);
        assert!(all.len() == 1, "{} mails were delivered to {to}, not one", all.len());
        all.remove(0)
    }

    /// # Panics
    /// If anything was delivered.
    pub fn assert_empty(&self) {
        let all = self.all();
        assert!(all.is_empty(), "{} mails were delivered, first to {:?}", all.len(), all[0].0.to);
    }

    /// Lets everything run that is due now.
    pub async fn settle(&self) {
        self.clock.settle().await;
    }

    /// Lets so much time pass; whatever becomes due runs at its moment.
    pub async fn advance(&self, by: Duration) {
        self.clock.advance(by).await;
    }

    /// The clock.
    pub fn clock(&self) -> &VirtualClock {
        &self.clock
    }

    /// Sends a delivery report (RFC 3464) back for the one mail that was delivered to this address.
    ///
    /// # Panics
    /// If there is none or more than one, or the report cannot be taken in.
    pub async fn bounce_later(&self, to: &str, reply: &str) -> Ingested {
        let mail = self.one_to(to);
        let report = crate::report::delivery_report(&mail.0.from, &address(to), &self::reply(reply), &mail.0.content);
        self.ingest(&report, &mail).await
    }

    /// Sends a complaint (RFC 5965) back for the one mail that was delivered to this address.
    ///
    /// # Panics
    /// If there is none or more than one, or the report cannot be taken in.
    pub async fn complain(&self, to: &str) -> Ingested {
        let mail = self.one_to(to);
        let report = crate::report::complaint(&mail.0.from, &address(to), &mail.0.content);
        self.ingest(&report, &mail).await
    }

    async fn ingest(&self, report: &[u8], mail: &ReadMail) -> Ingested {
        let mut via = Via::default();
        via.recipient = mail.0.from.address().cloned();
        match self.mailer.ingest(report, via).await {
            Ok(ingested) => ingested,
            Err(error) => panic!("{error}"),
        }
    }
}

/// A mail that was delivered, as its recipient reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadMail(Received);

impl ReadMail {
    /// What the transport was given.
    pub fn received(&self) -> &Received {
        &self.0
    }

    /// The octets.
    pub fn octets(&self) -> Vec<u8> {
        self.0.content.to_vec()
    }

    /// The subject, decoded; empty if there is none.
    pub fn subject(&self) -> String {
        self.read(|mail| mail.subject()).unwrap_or_default()
    }

    /// The plain text; empty if there is none.
    pub fn text(&self) -> String {
        self.read(|mail| mail.text()).unwrap_or_default()
    }

    /// The HTML; empty if there is none.
    pub fn html(&self) -> String {
        self.read(|mail| mail.html()).unwrap_or_default()
    }

    /// A header field, decoded.
    pub fn header(&self, name: &str) -> Option<String> {
        self.read(|mail| mail.header(name).map(|header| header.text()))
    }

    /// The octets of the attachment of that name.
    pub fn attachment(&self, filename: &str) -> Option<Vec<u8>> {
        self.read(|mail| {
            let mut all = mail.attachments();
            let found = all.find(|part| part.filename().as_deref() == Some(filename));
            found.map(|part| part.decoded().into_owned())
        })
    }

    /// The first number of exactly so many digits in the text: the code of a login mail.
    ///
    /// # Panics
    /// If there is none.
    pub fn code(&self, digits: usize) -> String {
        let text = self.text();
        let mut numbers = text.split(|c: char| !c.is_ascii_digit());
        match numbers.find(|number| number.len() == digits) {
            Some(number) => number.to_owned(),
            None => panic!("no number of {digits} digits in: {text}"),
        }
    }

    /// The first link in the text or the HTML that holds `part`.
    ///
    /// # Panics
    /// If there is none.
    pub fn link(&self, part: &str) -> String {
        let both = format!("{}\n{}", self.text(), self.html());
        let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>');
        let mut links = both.split(ends).filter(|word| word.starts_with("http://") || word.starts_with("https://"));
        match links.find(|link| link.contains(part)) {
            Some(link) => link.to_owned(),
            None => panic!("no link with {part} in: {both}"),
        }
    }

    fn read<T>(&self, look: impl FnOnce(&posthaste_message::ReadMessage<'_>) -> T) -> T {
        let octets = self.octets();
        match read(&octets, &Limits::default()) {
            Ok(mail) => look(&mail),
            Err(error) => panic!("the delivered mail cannot be read: {error}"),
        }
    }
}

fn address(text: &str) -> Address {
    Address::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn reply(text: &str) -> Reply {
    Reply::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}
