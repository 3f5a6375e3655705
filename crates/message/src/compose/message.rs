//! The composed message.

use std::fmt;
use std::sync::{Arc, OnceLock};

use posthaste_types::{
    Address, Content, Envelope, HeaderField, HeaderValue, Mailbox, MessageId, ParseError, ReversePath, Timestamp,
};

use super::body::Body;
use super::builder::MessageBuilder;
use super::fields;
use super::given::Given;
use super::limits::ComposeLimits;
use super::problem::{ComposeError, Problem, ProblemKind};

/// A message, composed and checked; it does not change any more. Cloning shares it.
///
/// It has no Date and no Message-ID of its own unless they were given: the system that accepts it has a
/// clock and a random source, and gives them in a [`Stamp`].
#[derive(Clone)]
pub struct Message(Arc<Inner>);

struct Inner {
    from: Mailbox,
    given: Given,
    head: String,
    body: Body,
    limits: ComposeLimits,
    fingerprint: OnceLock<[u8; 32]>,
}

/// What the accepting system adds where the caller gave none: the moment and the identity.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stamp {
    /// The Date, unless the message has one.
    pub date: Timestamp,
    /// The Message-ID, unless the message has one.
    pub message_id: MessageId,
}

impl Stamp {
    /// A moment and an identity.
    pub fn new(date: Timestamp, message_id: MessageId) -> Self {
        Self { date, message_id }
    }
}

/// A message as a person would see it, for a look before it is sent.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Preview {
    /// The HTML.
    pub html: Option<String>,
    /// The text.
    pub text: Option<String>,
    /// The header fields that the caller gave, decoded, Bcc included.
    pub headers: Vec<(String, String)>,
}

impl fmt::Debug for Preview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Preview({} headers)", self.headers.len())
    }
}

impl Message {
    /// Begins a message.
    pub fn builder() -> MessageBuilder {
        MessageBuilder::default()
    }

    pub(super) fn new(given: Given, body: Body, limits: ComposeLimits) -> Result<Self, ComposeError> {
        let mut problems = Vec::new();
        let Some(from) = given.from.clone() else {
            return Err(ComposeError::new(vec![Problem::new("from", ProblemKind::Empty, 0)]));
        };
        let fields = given.fields(&mut problems);
        problems.extend(fields::repeated(&fields));
        let mut head: String = fields.iter().map(HeaderField::as_str).collect();
        head.push_str(body.head());
        if head.len() > limits.header {
            problems.push(Problem::new("header", ProblemKind::TooLong { limit: limits.header }, limits.header));
        }
        if head.len().saturating_add(body.content().len()) > limits.message {
            problems.push(Problem::new("message", ProblemKind::TooLong { limit: limits.message }, limits.message));
        }
        if !problems.is_empty() {
            return Err(ComposeError::new(problems));
        }
        Ok(Self(Arc::new(Inner { from, given, head, body, limits, fingerprint: OnceLock::new() })))
    }

    /// Who writes.
    pub fn from(&self) -> &Mailbox {
        &self.0.from
    }

    /// Who sends, if it is not who writes.
    pub fn sender(&self) -> Option<&Mailbox> {
        self.0.given.sender.as_ref()
    }

    /// The recipients that everybody sees.
    pub fn to(&self) -> &[Mailbox] {
        &self.0.given.to
    }

    /// The recipients of a copy that everybody sees.
    pub fn cc(&self) -> &[Mailbox] {
        &self.0.given.cc
    }

    /// The recipients whom the others do not see.
    pub fn bcc(&self) -> &[Mailbox] {
        &self.0.given.bcc
    }

    /// The addresses of To, Cc and Bcc, in that order; at least one.
    pub fn recipients(&self) -> impl Iterator<Item = &Address> {
        let Given { to, cc, bcc, .. } = &self.0.given;
        to.iter().chain(cc).chain(bcc).map(Mailbox::address)
    }

    /// The envelope from `from` to all [`recipients`](Self::recipients), none twice.
    ///
    /// # Errors
    /// Never for a message that was built: it has a recipient.
    pub fn envelope(&self, from: impl Into<ReversePath>) -> Result<Envelope, ParseError> {
        Envelope::new(from, self.recipients())
    }

    /// The subject; empty if none was given.
    pub fn subject(&self) -> &str {
        self.0.given.subject.as_ref().map(HeaderValue::as_str).unwrap_or_default()
    }

    /// The Date that the caller gave.
    pub fn date(&self) -> Option<Timestamp> {
        self.0.given.date
    }

    /// The Message-ID that the caller gave.
    pub fn message_id(&self) -> Option<&MessageId> {
        self.0.given.message_id.as_ref()
    }

    /// The encoded body, to be shared with another message.
    pub fn body(&self) -> &Body {
        &self.0.body
    }

    /// Whether a header field holds UTF-8, because an address in it does: every hop must then speak SMTPUTF8
    /// (RFC 6531). The envelope may need it besides.
    pub fn needs_smtputf8(&self) -> bool {
        !self.0.head.is_ascii()
    }

    /// The octets to sign, store and send. Equal messages and stamps give equal octets; the body is shared,
    /// not copied.
    ///
    /// # Errors
    /// [`ComposeError`] if the stamp's Message-ID is not ASCII, or takes the message over its limit.
    pub fn render(&self, stamp: &Stamp) -> Result<Content, ComposeError> {
        let Inner { given, head, body, limits, .. } = &*self.0;
        let date = given.date.unwrap_or(stamp.date);
        let id = given.message_id.as_ref().unwrap_or(&stamp.message_id);
        let refuse = |field: &str, error: &ParseError| ComposeError::new(vec![Problem::parse(field, error)]);
        let id = fields::message_ids("Message-ID", std::slice::from_ref(id)).map_err(|e| refuse("message_id", &e))?;
        let octets = format!("Date: {}\r\n{}{head}\r\n", date.to_rfc5322(), id.as_str()).into_bytes();
        if octets.len().saturating_add(body.content().len()) > limits.message {
            let kind = ProblemKind::TooLong { limit: limits.message };
            return Err(ComposeError::new(vec![Problem::new("message", kind, limits.message)]));
        }
        let not_canonical = |at| {
            let kind = ProblemKind::Syntax("the encoded header is not canonical");
            ComposeError::new(vec![Problem::new("header", kind, at)])
        };
        let head = Content::from_canonical(octets).map_err(|error| not_canonical(error.at()))?;
        Content::concat(&[head, body.content().clone()]).map_err(|error| not_canonical(error.at()))
    }

    /// The octets in one piece, for a file.
    ///
    /// # Errors
    /// As [`render`](Self::render).
    pub fn to_eml(&self, stamp: &Stamp) -> Result<Vec<u8>, ComposeError> {
        self.render(stamp).map(|content| content.to_vec())
    }

    /// A digest of what the caller gave, Bcc included; without Date, Message-ID, boundaries and signatures that others
    /// make. The same in every process, so that a repeated send can be told from another one under the same key.
    pub fn fingerprint(&self) -> [u8; 32] {
        *self.0.fingerprint.get_or_init(|| self.0.given.fingerprint(self.0.body.digest()))
    }

    /// The message as a person would see it.
    pub fn preview(&self) -> Preview {
        let text = |text: Option<&str>| text.map(str::to_owned);
        let headers = self.0.given.pairs();
        Preview { html: text(self.0.body.html()), text: text(self.0.body.text()), headers }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let recipients = self.recipients().count();
        write!(f, "Message({} recipients, {} octets)", recipients, self.0.head.len() + self.0.body.content().len())
    }
}
