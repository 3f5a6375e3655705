//! The message that was read.

use std::fmt;

use posthaste_types::{MessageId, Timestamp};

use super::header::{Header, ReadAddress};
use super::limits::{Defect, Limits, ReadError};
use super::part::Part;
use super::scan::{Node, scan};

/// Reads a message: where its parts and fields stand. Nothing is decoded before it is asked for.
///
/// Whatever the octets are, there is a message in them: what violates the standards becomes a
/// [`Defect`].
///
/// ```
/// use posthaste_message::{Limits, read};
///
/// let message = read(b"From: ada@example.com\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\n\nHello", &Limits::default())?;
/// assert_eq!(message.subject().as_deref(), Some("Grüße"));
/// assert_eq!(message.from()[0].address, "ada@example.com");
/// # Ok::<(), posthaste_message::ReadError>(())
/// ```
///
/// # Errors
/// [`ReadError`] if a limit is passed; nothing else is an error.
pub fn read<'x>(octets: &'x [u8], limits: &Limits) -> Result<ReadMessage<'x>, ReadError> {
    let scan = scan(octets, limits)?;
    Ok(ReadMessage { raw: octets, nodes: scan.nodes, defects: scan.defects })
}

/// A message that was read, as a tree of [`Part`]s over its octets.
pub struct ReadMessage<'x> {
    pub(super) raw: &'x [u8],
    nodes: Vec<Node>,
    defects: Vec<Defect>,
}

impl<'x> ReadMessage<'x> {
    /// The message itself, as a part.
    pub fn root(&self) -> Part<'_, 'x> {
        Part { message: self, index: 0, node: &self.nodes[0] }
    }

    /// Every part as it stands, the message itself first, embedded messages included.
    pub fn parts(&self) -> impl Iterator<Item = Part<'_, 'x>> {
        self.nodes.iter().enumerate().map(|(index, node)| Part { message: self, index, node })
    }

    /// The parts of this message, without those within embedded messages.
    pub fn own_parts(&self) -> impl Iterator<Item = Part<'_, 'x>> {
        let mut within: Option<usize> = None;
        self.parts().filter(move |part| {
            if within.is_some_and(|depth| part.node.depth > depth) {
                return false;
            }
            within = part.node.is_message.then_some(part.node.depth);
            true
        })
    }

    /// The header fields, first to last.
    pub fn headers(&self) -> impl Iterator<Item = Header<'x>> {
        self.root().headers()
    }

    /// The first field of a name, without regard to case.
    pub fn header(&self, name: &str) -> Option<Header<'x>> {
        self.root().header(name)
    }

    /// From.
    pub fn from(&self) -> Vec<ReadAddress> {
        self.root().from()
    }

    /// To.
    pub fn to(&self) -> Vec<ReadAddress> {
        self.root().addresses("To")
    }

    /// Cc.
    pub fn cc(&self) -> Vec<ReadAddress> {
        self.root().addresses("Cc")
    }

    /// The subject, decoded.
    pub fn subject(&self) -> Option<String> {
        self.root().subject()
    }

    /// Message-ID.
    pub fn message_id(&self) -> Option<MessageId> {
        self.root().message_id()
    }

    /// In-Reply-To.
    pub fn in_reply_to(&self) -> Vec<MessageId> {
        self.root().in_reply_to()
    }

    /// References, oldest first.
    pub fn references(&self) -> Vec<MessageId> {
        self.root().references()
    }

    /// Date.
    pub fn date(&self) -> Option<Timestamp> {
        self.root().date()
    }

    /// The first plain text that is no attachment, decoded.
    pub fn text(&self) -> Option<String> {
        self.readable("plain")
    }

    /// The first HTML that is no attachment, decoded.
    pub fn html(&self) -> Option<String> {
        self.readable("html")
    }

    /// What a person gets as a file: every part that is neither a multipart nor shown as text, embedded
    /// messages as one part each, inline images included.
    pub fn attachments(&self) -> impl Iterator<Item = Part<'_, 'x>> {
        self.own_parts().filter(|part| !part.is_multipart() && !part.is_read())
    }

    /// What violates the standards, in order; the first 100.
    pub fn defects(&self) -> &[Defect] {
        &self.defects
    }

    /// The octets.
    pub fn raw(&self) -> &'x [u8] {
        self.raw
    }

    pub(super) fn part(&self, index: usize) -> Option<Part<'_, 'x>> {
        self.nodes.get(index).map(|node| Part { message: self, index, node })
    }

    fn readable(&self, subtype: &str) -> Option<String> {
        let part = self.own_parts().find(|part| part.is_read() && part.node.media.subtype() == subtype)?;
        Some(part.body_text())
    }
}

impl fmt::Debug for ReadMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReadMessage({} octets, {} parts, {} defects)", self.raw.len(), self.nodes.len(), self.defects.len())
    }
}
