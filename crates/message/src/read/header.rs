//! One header field as read.

use std::fmt;

use mail_parser::HeaderValue;
use mail_parser::parsers::MessageStream;
use posthaste_types::{Address, Mailbox, MessageId, Timestamp};

use super::media::MediaType;
use super::{address, decode};

/// A header field of a message that was read. It is decoded when asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Header<'x> {
    pub(crate) name: &'x str,
    pub(crate) raw: &'x [u8],
    pub(crate) value: &'x [u8],
    pub(crate) at: usize,
}

impl<'x> Header<'x> {
    /// The name, in the case in which it stands.
    pub fn name(&self) -> &'x str {
        self.name
    }

    /// Whether this is the field `name`, without regard to case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The whole field as it stands: name, folds and line end included.
    pub fn raw(&self) -> &'x [u8] {
        self.raw
    }

    /// What stands behind the colon, folds included, without the last line end.
    pub fn value(&self) -> &'x [u8] {
        self.value
    }

    /// The offset of the field in the message that was read.
    pub fn at(&self) -> usize {
        self.at
    }

    /// The value on one line, not decoded; what is not UTF-8 becomes U+FFFD.
    pub fn unfolded(&self) -> String {
        let text = String::from_utf8_lossy(self.value);
        text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect::<String>().trim().to_owned()
    }

    /// The value as free text: on one line, encoded words decoded (RFC 2047).
    pub fn text(&self) -> String {
        decode::unstructured(&self.line())
    }

    /// The value as mailboxes, groups dissolved (RFC 5322 §3.4).
    pub fn addresses(&self) -> Vec<ReadAddress> {
        address::addresses(&self.unfolded())
    }

    /// The value as message identities (RFC 5322 §3.6.4); what is none is left out.
    pub fn message_ids(&self) -> Vec<MessageId> {
        let parse = |text: &str| MessageId::parse(text).ok();
        match MessageStream::new(&self.line()).parse_id() {
            HeaderValue::Text(text) => parse(&text).into_iter().collect(),
            HeaderValue::TextList(texts) => texts.iter().filter_map(|text| parse(text)).collect(),
            _ => Vec::new(),
        }
    }

    /// The value as a date (RFC 5322 §3.3, obsolete forms included).
    pub fn date(&self) -> Option<Timestamp> {
        let date = MessageStream::new(&self.line()).parse_date().into_datetime()?;
        date.is_valid().then(|| Timestamp::from_unix_secs(date.to_timestamp()))
    }

    /// The value as a type with parameters (RFC 2045 §5.1, RFC 2183 §2).
    pub fn media_type(&self) -> Option<MediaType> {
        MediaType::parse(self.value)
    }

    /// mail-parser ends a field at its line end.
    fn line(&self) -> Vec<u8> {
        [self.value, b"\r\n"].concat()
    }
}

impl fmt::Debug for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Header({}, {} octets at {})", self.name, self.raw.len(), self.at)
    }
}

/// The fields of a part that holds nothing else (`message/feedback-report`), as a header that [`read`](crate::read) takes:
/// without the empty lines that some reporters leave between them or before the first, each line ended by CRLF.
pub fn field_block(octets: &[u8]) -> Vec<u8> {
    let mut block = Vec::with_capacity(octets.len());
    for line in octets.split(|octet| *octet == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if !line.trim_ascii().is_empty() {
            block.extend_from_slice(line);
            block.extend_from_slice(b"\r\n");
        }
    }
    block
}

/// A mailbox as it stands in a field: it need not be a valid one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadAddress {
    /// The display name, decoded.
    pub name: Option<String>,
    /// The address; empty if there is none.
    pub address: String,
}

impl ReadAddress {
    pub(super) fn new(name: &str, address: &str) -> Self {
        let name = name.trim();
        Self { name: (!name.is_empty()).then(|| name.to_owned()), address: address.to_owned() }
    }

    /// The address, if it is a valid one.
    pub fn to_address(&self) -> Option<Address> {
        Address::parse(&self.address).ok()
    }

    /// Name and address, if the address is a valid one; a name that a [`Mailbox`] cannot hold is left out.
    pub fn to_mailbox(&self) -> Option<Mailbox> {
        let address = self.to_address()?;
        let name = self.name.as_deref().unwrap_or_default();
        Some(Mailbox::new(name, address.clone()).unwrap_or_else(|_| address.into()))
    }
}
