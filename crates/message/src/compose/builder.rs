//! The builder: setters that keep their errors.

use std::collections::BTreeMap;

use posthaste_types::{HeaderName, HeaderValue, MessageId, ParseError, Timestamp};

use super::attachment::Attachment;
use super::body::{Body, Parts};
use super::checks;
use super::fields;
use super::given::Given;
use super::input::{IntoMailbox, IntoMessageId};
use super::limits::ComposeLimits;
use super::message::Message;
use super::problem::{ComposeError, Problem, ProblemKind};

/// Composes a [`Message`]. Setters keep what is wrong until [`build`](Self::build), which tells all of it.
///
/// A setter that takes a mailbox takes `&str`, `String`, [`Mailbox`](posthaste_types::Mailbox), [`Address`](posthaste_types::Address)
/// and references to them. Setters for one value refuse a second one; `to`, `cc`, `bcc`, `reply_to`,
/// `references`, `list_unsubscribe`, `header`, `attach` and `inline` add.
#[derive(Clone, Debug, Default)]
#[must_use = "a message comes out of `build()`"]
pub struct MessageBuilder {
    limits: ComposeLimits,
    given: Given,
    parts: Parts,
    body: Option<Body>,
    /// How often each setter that adds was called: what it refused counts too.
    calls: BTreeMap<&'static str, usize>,
    problems: Vec<Problem>,
}

/// What stands in Auto-Submitted (RFC 3834 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AutoSubmitted {
    /// A program made it, and it answers no message.
    Generated,
    /// A program made it in answer to a message.
    Replied,
}

impl AutoSubmitted {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Generated => "auto-generated",
            Self::Replied => "auto-replied",
        }
    }
}

impl MessageBuilder {
    /// Other limits than the defaults.
    pub fn limits(mut self, limits: ComposeLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Who writes (RFC 5322 §3.6.2). Exactly one mailbox: large providers refuse several.
    pub fn from(mut self, mailbox: impl IntoMailbox) -> Self {
        let mailbox = self.kept("from", mailbox.into_mailbox());
        self.set("from", mailbox, |given| &mut given.from)
    }

    /// Who sends, where it is not who writes.
    pub fn sender(mut self, mailbox: impl IntoMailbox) -> Self {
        let mailbox = self.kept("sender", mailbox.into_mailbox());
        self.set("sender", mailbox, |given| &mut given.sender)
    }

    /// Adds a recipient. One mailbox: a list such as `a@example.org, b@example.org` is refused.
    pub fn to(mut self, mailbox: impl IntoMailbox) -> Self {
        let place = self.place("to");
        let mailbox = self.kept(place, mailbox.into_mailbox());
        self.given.to.extend(mailbox);
        self
    }

    /// Adds a recipient of a copy.
    pub fn cc(mut self, mailbox: impl IntoMailbox) -> Self {
        let place = self.place("cc");
        let mailbox = self.kept(place, mailbox.into_mailbox());
        self.given.cc.extend(mailbox);
        self
    }

    /// Adds a recipient whom the others do not see: in the envelope alone, never in the header.
    pub fn bcc(mut self, mailbox: impl IntoMailbox) -> Self {
        let place = self.place("bcc");
        let mailbox = self.kept(place, mailbox.into_mailbox());
        self.given.bcc.extend(mailbox);
        self
    }

    /// Adds whom to answer.
    pub fn reply_to(mut self, mailbox: impl IntoMailbox) -> Self {
        let place = self.place("reply_to");
        let mailbox = self.kept(place, mailbox.into_mailbox());
        self.given.reply_to.extend(mailbox);
        self
    }

    /// The subject: one line, of any script.
    pub fn subject(mut self, subject: &str) -> Self {
        let subject = self.value("subject", subject);
        self.set("subject", subject, |given| &mut given.subject)
    }

    /// The text. Any line ends; a text that is the whole body ends with one. No NUL.
    pub fn text(mut self, text: impl Into<String>) -> Self {
        let text = self.content("text", text.into());
        self.parts.text = text.or(self.parts.text.take());
        self
    }

    /// The HTML. Any line ends; no NUL. Inline parts are named in it as `cid:` and their Content-ID.
    pub fn html(mut self, html: impl Into<String>) -> Self {
        let html = self.content("html", html.into());
        self.parts.html = html.or(self.parts.html.take());
        self
    }

    /// Adds an attachment.
    pub fn attach(mut self, attachment: Attachment) -> Self {
        attachment.check(&format!("attachment[{}]", self.parts.attachments.len()), &mut self.problems);
        self.parts.attachments.push(attachment);
        self
    }

    /// Adds a part that the HTML shows, such as an image: `cid:logo@news.example.com` for the Content-ID
    /// `logo@news.example.com` (RFC 2392).
    pub fn inline(mut self, content_id: impl IntoMessageId, part: Attachment) -> Self {
        let field = self.place("inline");
        part.check(&field, &mut self.problems);
        let id = self.id(&format!("{field}.content_id"), content_id);
        self.parts.inline.extend(id.map(|id| (id, part)));
        self
    }

    /// Takes the encoded body of another message instead of text, HTML and parts: it is stored once.
    pub fn body(mut self, body: &Body) -> Self {
        if self.body.replace(body.clone()).is_some() {
            self.problems.push(Problem::new("body", ProblemKind::Repeated, 0));
        }
        self
    }

    /// Adds a header field. Free text is encoded where it must be; fields with a grammar (List-*,
    /// Feedback-ID, Precedence ...) are written as they are and must be ASCII. Fields that have a setter,
    /// and those that systems write (Received, DKIM-Signature ...), are refused.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let field = self.place("header");
        let name = HeaderName::parse(name);
        if let Err(error) = &name {
            self.problems.push(Problem::parse(format!("{field}.name"), error));
        }
        if let Some(fields::FieldKind::Reserved(why)) = name.as_ref().ok().map(fields::field_kind) {
            self.problems.push(Problem::new(format!("{field}.name"), ProblemKind::Reserved(why), 0));
        }
        let value = self.value(&format!("{field}.value"), value);
        self.given.headers.extend(name.ok().zip(value));
        self
    }

    /// The Date. Without one, the moment of acceptance.
    pub fn date(self, date: Timestamp) -> Self {
        self.set("date", Some(date), |given| &mut given.date)
    }

    /// The Message-ID. Without one, one that the sending system makes.
    pub fn message_id(mut self, id: impl IntoMessageId) -> Self {
        let id = self.id("message_id", id);
        self.set("message_id", id, |given| &mut given.message_id)
    }

    /// The message that this one answers.
    pub fn in_reply_to(mut self, id: impl IntoMessageId) -> Self {
        let id = self.id("in_reply_to", id);
        self.set("in_reply_to", id, |given| &mut given.in_reply_to)
    }

    /// Adds a message of the same thread, oldest first.
    pub fn references(mut self, id: impl IntoMessageId) -> Self {
        let place = self.place("references");
        let id = self.id(&place, id);
        self.given.references.extend(id);
        self
    }

    /// The list (RFC 2919): `weekly.news.example.com` or `Weekly news <weekly.news.example.com>`.
    pub fn list_id(mut self, list_id: &str) -> Self {
        let value = self.value("list_id", list_id);
        self.set("list_id", value, |given| &mut given.list_id)
    }

    /// Adds a way out (RFC 2369 §3.2): an `https:` or `mailto:` URI, the preferred one first.
    pub fn list_unsubscribe(mut self, uri: &str) -> Self {
        let field = self.place("list_unsubscribe");
        let uri = fields::check_uri(uri, &["https", "http", "mailto"]).map(|()| uri.to_owned());
        let uri = self.kept(field, uri);
        self.given.unsubscribe.extend(uri);
        self
    }

    /// One-click unsubscribe (RFC 8058): the `https:` URI to which a mailbox provider posts. Writes
    /// List-Unsubscribe, this URI first, and List-Unsubscribe-Post. The signature must cover both.
    pub fn one_click(mut self, https: &str) -> Self {
        let uri = self.kept("one_click", fields::check_uri(https, &["https"]).map(|()| https.to_owned()));
        self.set("one_click", uri, |given| &mut given.one_click)
    }

    /// Feedback-ID, by which Gmail groups complaints: up to four fields with colons between them, the last
    /// the sender's own and the same on all its mail.
    pub fn feedback_id(mut self, id: &str) -> Self {
        let id = self.kept("feedback_id", fields::feedback_id(id).map(|_| id.to_owned()));
        self.set("feedback_id", id, |given| &mut given.feedback_id)
    }

    /// Says that a program made this message, so that no program answers it (RFC 3834).
    pub fn auto_submitted(self, how: AutoSubmitted) -> Self {
        self.set("auto_submitted", Some(how), |given| &mut given.auto_submitted)
    }

    /// Checks all, encodes the body and gives the message.
    ///
    /// # Errors
    /// [`ComposeError`] with every bad field: each is named, with the offset of the offence or the limit.
    pub fn build(mut self) -> Result<Message, ComposeError> {
        checks::limits(&self.limits, &self.given, &self.parts, self.body.as_ref(), &mut self.problems);
        checks::presence(&self.given, &self.parts, self.body.as_ref(), &mut self.problems);
        if !self.problems.is_empty() {
            return Err(ComposeError::new(self.problems));
        }
        let body = match self.body {
            Some(body) => body,
            None => Body::encode(self.parts).map_err(|problem| ComposeError::new(vec![problem]))?,
        };
        Message::new(self.given, body, self.limits)
    }

    fn set<T>(mut self, field: &str, value: Option<T>, place: fn(&mut Given) -> &mut Option<T>) -> Self {
        if let Some(value) = value
            && place(&mut self.given).replace(value).is_some()
        {
            self.problems.push(Problem::new(field, ProblemKind::Repeated, 0));
        }
        self
    }

    /// The name of the next value of a setter that adds.
    fn place(&mut self, setter: &'static str) -> String {
        let calls = self.calls.entry(setter).or_default();
        *calls += 1;
        format!("{setter}[{}]", *calls - 1)
    }

    /// The value, or a problem more.
    fn kept<T>(&mut self, field: impl Into<Box<str>>, value: Result<T, ParseError>) -> Option<T> {
        value.map_err(|error| self.problems.push(Problem::parse(field, &error))).ok()
    }

    /// Reading an identity is tolerant (RFC 5322 §4.5.4); writing one is not.
    fn id(&mut self, field: &str, id: impl IntoMessageId) -> Option<MessageId> {
        let id = self.kept(field, id.into_message_id())?;
        let checked = fields::check_ascii("message id", id.as_str()).map(|()| id);
        self.kept(field, checked)
    }

    fn value(&mut self, field: &str, value: &str) -> Option<HeaderValue> {
        let limit = self.limits.header_value.min(HeaderValue::MAX);
        if value.len() > limit {
            self.problems.push(Problem::new(field, ProblemKind::TooLong { limit }, limit));
            return None;
        }
        self.kept(field, HeaderValue::parse(value))
    }

    fn content(&mut self, field: &str, text: String) -> Option<String> {
        let is_given = if field == "text" { self.parts.text.is_some() } else { self.parts.html.is_some() };
        if is_given {
            self.problems.push(Problem::new(field, ProblemKind::Repeated, 0));
        }
        match text.find('\0') {
            Some(at) => {
                self.problems.push(Problem::new(field, ProblemKind::Forbidden('\0'), at));
                None
            }
            None => Some(text),
        }
    }
}
