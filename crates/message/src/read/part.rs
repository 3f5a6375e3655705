//! One part of a message that was read.

use std::borrow::Cow;
use std::fmt;

use posthaste_types::{MessageId, Timestamp};

use super::decode;
use super::header::{Header, ReadAddress};
use super::media::{MediaType, TransferEncoding};
use super::message::ReadMessage;
use super::scan::Node;

/// A part: the message itself, a part of a multipart, or an embedded message.
#[derive(Clone, Copy)]
pub struct Part<'m, 'x> {
    pub(super) message: &'m ReadMessage<'x>,
    pub(super) index: usize,
    pub(super) node: &'m Node,
}

impl<'m, 'x> Part<'m, 'x> {
    /// The content type; `text/plain` where none is given (RFC 2045 §5.2).
    pub fn content_type(&self) -> &'m MediaType {
        &self.node.media
    }

    /// The disposition (RFC 2183): `inline`, `attachment`, or another word.
    pub fn disposition(&self) -> Option<MediaType> {
        self.header("Content-Disposition")?.media_type()
    }

    /// The transfer encoding.
    pub fn transfer_encoding(&self) -> TransferEncoding {
        self.node.encoding
    }

    /// The file name, decoded: of the disposition, or else of the content type.
    pub fn filename(&self) -> Option<String> {
        let of_disposition = self.disposition().and_then(|it| it.parameter("filename").map(str::to_owned));
        of_disposition.or_else(|| self.node.media.parameter("name").map(str::to_owned))
    }

    /// The Content-ID.
    pub fn content_id(&self) -> Option<String> {
        let text = self.header("Content-ID")?.unfolded();
        Some(text.trim_start_matches('<').trim_end_matches('>').to_owned())
    }

    /// The header fields, first to last.
    pub fn headers(&self) -> impl Iterator<Item = Header<'x>> + use<'m, 'x> {
        let raw = self.message.raw;
        self.node.fields.iter().filter_map(move |field| {
            let octets = raw.get(field.start..field.end)?;
            let name = std::str::from_utf8(raw.get(field.start..field.name_end)?).ok()?;
            let value = raw.get(field.value..field.end)?;
            let value = value.strip_suffix(b"\n").unwrap_or(value);
            let value = value.strip_suffix(b"\r").unwrap_or(value);
            Some(Header { name, raw: octets, value, at: field.start })
        })
    }

    /// The first field of a name, without regard to case.
    pub fn header(&self, name: &str) -> Option<Header<'x>> {
        self.headers().find(|header| header.is(name))
    }

    /// The header as it stands, its empty line included.
    pub fn raw_header(&self) -> &'x [u8] {
        self.message.raw.get(self.node.header.clone()).unwrap_or_default()
    }

    /// The body as it stands: encoded, with all its parts if it has any.
    pub fn raw_body(&self) -> &'x [u8] {
        self.message.raw.get(self.node.body.clone()).unwrap_or_default()
    }

    /// Header and body as they stand. Of an embedded message, the whole message.
    pub fn raw(&self) -> &'x [u8] {
        self.message.raw.get(self.node.header.start..self.node.body.end).unwrap_or_default()
    }

    /// The offset of the header in the message that was read.
    pub fn at(&self) -> usize {
        self.node.header.start
    }

    /// The offset of the body in the message that was read.
    pub fn body_at(&self) -> usize {
        self.node.body.start
    }

    /// The body without its transfer encoding; as it stands for a multipart and an embedded message.
    pub fn decoded(&self) -> Cow<'x, [u8]> {
        if self.is_multipart() || self.node.is_message {
            return Cow::Borrowed(self.raw_body());
        }
        decode::transfer(self.node.encoding, self.raw_body())
    }

    /// The decoded body as text, in its charset; what cannot be read becomes U+FFFD.
    pub fn body_text(&self) -> String {
        decode::charset(self.node.media.parameter("charset"), &self.decoded())
    }

    /// Whether it consists of parts.
    pub fn is_multipart(&self) -> bool {
        self.node.media.kind() == "multipart"
    }

    /// The message that this part holds (`message/rfc822` and `message/global`, not encoded). One that is
    /// encoded against the rule of RFC 2046 §5.2.1 can be read from [`decoded`](Self::decoded).
    pub fn embedded(&self) -> Option<Part<'m, 'x>> {
        let child = self.node.is_message.then(|| self.node.children.first())??;
        self.message.part(*child)
    }

    /// The parts of a multipart, or the embedded message.
    pub fn children(&self) -> impl Iterator<Item = Part<'m, 'x>> + use<'m, 'x> {
        let message = self.message;
        self.node.children.iter().filter_map(move |child| message.part(*child))
    }

    /// The multipart or the part with a message in which this one stands.
    pub fn parent(&self) -> Option<Part<'m, 'x>> {
        self.message.part(self.node.parent?)
    }

    /// This part and all within it, as they stand, embedded messages included.
    pub fn descendants(&self) -> impl Iterator<Item = Part<'m, 'x>> + use<'m, 'x> {
        // Parts are numbered as they stand, so those within follow without a gap.
        let (message, first, depth) = (self.message, self.index, self.node.depth);
        let rest = (first + 1..).map_while(move |index| message.part(index)).take_while(move |p| p.node.depth > depth);
        std::iter::once(*self).chain(rest)
    }

    /// How deep it stands: 0 for the message itself.
    pub fn depth(&self) -> usize {
        self.node.depth
    }

    /// The mailboxes of every field of a name.
    pub fn addresses(&self, name: &str) -> Vec<ReadAddress> {
        self.headers().filter(|header| header.is(name)).flat_map(|header| header.addresses()).collect()
    }

    /// From.
    pub fn from(&self) -> Vec<ReadAddress> {
        self.addresses("From")
    }

    /// The subject, decoded.
    pub fn subject(&self) -> Option<String> {
        self.header("Subject").map(|header| header.text())
    }

    /// Message-ID.
    pub fn message_id(&self) -> Option<MessageId> {
        self.header("Message-ID")?.message_ids().into_iter().next()
    }

    /// In-Reply-To.
    pub fn in_reply_to(&self) -> Vec<MessageId> {
        self.header("In-Reply-To").map(|header| header.message_ids()).unwrap_or_default()
    }

    /// References, oldest first.
    pub fn references(&self) -> Vec<MessageId> {
        self.header("References").map(|header| header.message_ids()).unwrap_or_default()
    }

    /// Date.
    pub fn date(&self) -> Option<Timestamp> {
        self.header("Date")?.date()
    }

    /// Whether a person reads it in the message rather than as a file.
    pub(super) fn is_read(&self) -> bool {
        self.node.media.kind() == "text"
            && self.disposition().is_none_or(|it| it.kind() != "attachment" && it.parameter("filename").is_none())
    }
}

impl fmt::Debug for Part<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let media = &self.node.media;
        write!(f, "Part({}/{}, {} octets at {})", media.kind(), media.subtype(), self.raw().len(), self.at())
    }
}
