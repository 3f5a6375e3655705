//! The body of a message: text, HTML, inline parts and attachments as MIME parts.

use std::fmt;
use std::sync::Arc;

use posthaste_types::{Content, MessageId};
use sha2::{Digest, Sha256};

use super::attachment::Attachment;
use super::mime;
use super::problem::Problem;

/// An encoded body, shared by every message that is built with it.
///
/// The parts are those of RFC 2046 and 2387: `multipart/mixed` for attachments, within it
/// `multipart/alternative` for text and HTML, within that `multipart/related` for HTML and its inline
/// parts; each only where it is needed.
///
/// Boundaries are made from a digest of the content and begin with `=_`, which neither quoted-printable nor
/// base64 can hold (RFC 2045 §6.7): equal bodies are equal octets, and no boundary stands inside a part.
///
/// A campaign whose text is the same for all takes one body:
///
/// ```
/// use posthaste_message::Message;
///
/// let first = Message::builder().from("ada@example.com").to("bob@example.org").text("News").build()?;
/// let second = Message::builder().from("ada@example.com").to("eve@example.org").body(first.body()).build()?;
/// assert!(first.body().content().is_same_memory(second.body().content()));
/// # Ok::<(), posthaste_message::ComposeError>(())
/// ```
#[derive(Clone)]
pub struct Body(Arc<Inner>);

struct Inner {
    head: String,
    content: Content,
    parts: Parts,
    digest: [u8; 32],
}

/// What the caller gave.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parts {
    pub(crate) text: Option<String>,
    pub(crate) html: Option<String>,
    pub(crate) inline: Vec<(MessageId, Attachment)>,
    pub(crate) attachments: Vec<Attachment>,
}

impl Body {
    /// The encoded octets behind the header's empty line. To be stored once for all that share it.
    pub fn content(&self) -> &Content {
        &self.0.content
    }

    /// The text as it was given, line ends as CRLF.
    pub fn text(&self) -> Option<&str> {
        self.0.parts.text.as_deref()
    }

    /// The HTML as it was given, line ends as CRLF.
    pub fn html(&self) -> Option<&str> {
        self.0.parts.html.as_deref()
    }

    /// The attachments.
    pub fn attachments(&self) -> &[Attachment] {
        &self.0.parts.attachments
    }

    /// The inline parts, each with its Content-ID.
    pub fn inline(&self) -> impl ExactSizeIterator<Item = (&MessageId, &Attachment)> {
        self.0.parts.inline.iter().map(|(id, part)| (id, part))
    }

    /// The digest of what the caller gave.
    pub(crate) fn digest(&self) -> &[u8; 32] {
        &self.0.digest
    }

    /// MIME-Version, Content-Type and Content-Transfer-Encoding.
    pub(crate) fn head(&self) -> &str {
        &self.0.head
    }

    /// Encodes the parts, whose fields and sizes have been checked.
    pub(crate) fn encode(mut parts: Parts) -> Result<Self, Problem> {
        parts.text = parts.text.map(|text| canonical(&text));
        parts.html = parts.html.map(|html| canonical(&html));
        let digest = parts.digest();
        let (head, content) = mime::encode(&parts, &digest)?;
        Ok(Self(Arc::new(Inner { head, content, parts, digest })))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({:?})", self.0.content)
    }
}

impl Parts {
    /// Text and HTML, and each part's digest, with their lengths.
    fn digest(&self) -> [u8; 32] {
        let Self { text, html, inline, attachments } = self;
        let mut hash = Sha256::new();
        hash.update(b"posthaste body 1");
        for text in [text, html] {
            hash.update(text.as_ref().map_or(u64::MAX, |text| text.len() as u64).to_be_bytes());
            hash.update(text.as_deref().unwrap_or_default());
        }
        hash.update((inline.len() as u64).to_be_bytes());
        for (id, part) in inline {
            hash.update((id.as_str().len() as u64).to_be_bytes());
            hash.update(id.as_str());
            hash.update(part.digest());
        }
        attachments.iter().for_each(|part| hash.update(part.digest()));
        hash.finalize().into()
    }
}

/// CR, LF and CRLF become CRLF.
fn canonical(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n")
}
