//! A mail that is composed, checked, signed and keyed, but not accepted yet.

use std::time::Duration;

use posthaste_queue::MailMeta;
use posthaste_types::{
    CampaignName, Content, Envelope, ListName, Mail, MailId, MessageId, OnceKey, ParseError, ParseErrorKind,
    StreamName, Tags, TenantName, Timestamp,
};
use serde::{Deserialize, Serialize};

/// A mail that is composed, checked, signed and keyed, to be accepted later: written into the application's own
/// transaction as [`to_bytes`](Self::to_bytes), and handed to
/// [`send_prepared`](crate::Mailer::send_prepared) when that has committed.
///
/// It may be handed over any number of times: it is accepted once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    pub(crate) mail: Mail,
    pub(crate) meta: MailMeta,
    pub(crate) once: Option<OnceKey>,
    pub(crate) fingerprint: [u8; 32],
    pub(crate) send_at: Option<Timestamp>,
    pub(crate) expire: Duration,
}

impl Prepared {
    /// The identity under which it will be accepted.
    pub fn id(&self) -> MailId {
        self.mail.id()
    }

    /// Its Message-ID.
    pub fn message_id(&self) -> Option<&MessageId> {
        self.mail.message_id()
    }

    /// The application's key. Without one it is accepted once by its [`id`](Self::id).
    pub fn key(&self) -> Option<&OnceKey> {
        self.once.as_ref()
    }

    /// The mail.
    pub fn mail(&self) -> &Mail {
        &self.mail
    }

    /// The mail in octets: versioned, and checked again when it is read.
    pub fn to_bytes(&self) -> Vec<u8> {
        let head = Head {
            id: self.mail.id(),
            message_id: self.mail.message_id().cloned(),
            envelope: self.mail.envelope().clone(),
            stream: self.meta.stream.clone(),
            list: self.meta.list.clone(),
            campaign: self.meta.campaign.clone(),
            tenant: self.meta.tenant.clone(),
            tags: self.meta.tags.clone(),
            priority: self.meta.priority,
            once: self.once.clone(),
            fingerprint: self.fingerprint,
            send_at: self.send_at,
            expire: self.expire,
        };
        // Every part serialises: none is a map with keys that are no strings.
        let head = serde_json::to_vec(&head).unwrap_or_default();
        let mut bytes = Vec::with_capacity(MAGIC.len() + 4 + head.len() + self.mail.content().len());
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&u32::try_from(head.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(&head);
        self.mail.content().chunks().for_each(|chunk| bytes.extend_from_slice(chunk));
        bytes
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`ParseError`] if it is something else, of a newer version, or damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ParseError> {
        let wrong = |why, at| ParseError::new("prepared mail", ParseErrorKind::Syntax(why), at);
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| wrong("no prepared mail of version 1", 0))?;
        let (len, rest) = rest.split_first_chunk::<4>().ok_or_else(|| wrong("cut short", bytes.len()))?;
        let len = usize::try_from(u32::from_be_bytes(*len)).unwrap_or(usize::MAX);
        let (head, content) = rest.split_at_checked(len).ok_or_else(|| wrong("cut short", bytes.len()))?;
        let head: Head = serde_json::from_slice(head).map_err(|_| wrong("damaged head", MAGIC.len() + 4))?;
        let start = bytes.len() - content.len();
        let content =
            Content::from_canonical(content.to_vec()).map_err(|e| wrong("damaged content", start + e.at()))?;
        let mut meta = MailMeta::default();
        meta.stream = head.stream;
        meta.list = head.list;
        meta.campaign = head.campaign;
        meta.tenant = head.tenant;
        meta.tags = head.tags;
        meta.priority = head.priority;
        let mail = Mail::new(head.id, head.envelope, content).with_message_id(head.message_id);
        let Head { once, fingerprint, send_at, expire, .. } = head;
        Ok(Self { mail, meta, once, fingerprint, send_at, expire })
    }
}

/// The head of the octets, as JSON.
#[derive(Serialize, Deserialize)]
struct Head {
    id: MailId,
    message_id: Option<MessageId>,
    envelope: Envelope,
    stream: StreamName,
    list: Option<ListName>,
    campaign: Option<CampaignName>,
    tenant: Option<TenantName>,
    tags: Tags,
    priority: i8,
    once: Option<OnceKey>,
    fingerprint: [u8; 32],
    send_at: Option<Timestamp>,
    expire: Duration,
}

const MAGIC: &[u8] = b"posthaste prepared 1\n";
