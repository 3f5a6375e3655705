//! Octets that the application made itself.

use sha2::{Digest, Sha256};

use posthaste_types::{Content, ContentError, Envelope, Mailbox, MessageId, Repairs};

use crate::read::{Limits, ReadError, read};

/// A message that somebody else composed, with the envelope to send it in.
///
/// The octets become canonical (CRLF, a last line end) before anything is signed; what was changed is told
/// by [`repairs`](Self::repairs). Nothing else is changed: [`check_strict`](crate::check_strict) says
/// whether they keep the standards.
///
/// ```
/// use posthaste_message::Raw;
/// use posthaste_types::{Address, Envelope};
///
/// let envelope = Envelope::new("ada@example.com".parse::<Address>()?, ["bob@example.org".parse::<Address>()?])?;
/// let raw = Raw::new(envelope, b"From: Ada <ada@example.com>\nMessage-ID: <1@example.com>\n\nHello\n".to_vec())?;
/// assert_eq!(raw.repairs().bare_line_ends, 4);
/// assert_eq!(raw.message_id().map(|id| id.as_str()), Some("1@example.com"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raw {
    envelope: Envelope,
    content: Content,
    repairs: Repairs,
    from: Option<Mailbox>,
    message_id: Option<MessageId>,
}

impl Raw {
    /// Takes octets within the default [`Limits`].
    ///
    /// # Errors
    /// As [`with_limits`](Self::with_limits).
    pub fn new(envelope: Envelope, octets: impl Into<Vec<u8>>) -> Result<Self, RawError> {
        Self::with_limits(envelope, octets, &Limits::default())
    }

    /// Takes octets within limits.
    ///
    /// # Errors
    /// [`RawError::Limit`] if a limit is passed, [`RawError::Content`] for a NUL or a line longer than 998
    /// octets: no repair is harmless there.
    pub fn with_limits(envelope: Envelope, octets: impl Into<Vec<u8>>, limits: &Limits) -> Result<Self, RawError> {
        let octets = octets.into();
        let message = read(&octets, limits)?;
        let from = message.from().into_iter().find_map(|from| from.to_mailbox());
        let message_id = message.message_id();
        let (content, repairs) = Content::from_raw(octets)?;
        Ok(Self { envelope, content, repairs, from, message_id })
    }

    /// The envelope.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// The canonical octets.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// What was changed to make them canonical.
    pub fn repairs(&self) -> Repairs {
        self.repairs
    }

    /// The first mailbox in From, if one can be read.
    pub fn from(&self) -> Option<&Mailbox> {
        self.from.as_ref()
    }

    /// The Message-ID, if one can be read.
    pub fn message_id(&self) -> Option<&MessageId> {
        self.message_id.as_ref()
    }

    /// SHA-256 of what the caller gave: the paths of the envelope, and the canonical octets.
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.envelope.from().to_string());
        for to in self.envelope.to() {
            hash.update(b"\0");
            hash.update(to.address.as_str());
        }
        hash.update(b"\0\0");
        self.content.chunks().for_each(|chunk| hash.update(chunk));
        hash.finalize().into()
    }
}

/// Why octets cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RawError {
    /// They cannot be made canonical.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// They pass a limit.
    #[error(transparent)]
    Limit(#[from] ReadError),
}

impl RawError {
    /// Whether trying again may help. Never.
    pub fn is_transient(&self) -> bool {
        false
    }
}
