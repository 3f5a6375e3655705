//! What is sent: lines, or octets of any kind.

use std::fmt;
use std::sync::Arc;

use posthaste_types::{BodyKind, Content, ContentError};

/// A message whose body holds octets of any kind: bare CR and LF, NUL, lines of any length (RFC 3030 §3). It goes by
/// BDAT alone, to a peer that offers BINARYMIME. Its header is lines, as everywhere.
///
/// ```
/// use posthaste_smtp::BinaryContent;
///
/// let message = b"MIME-Version: 1.0\r\nContent-Transfer-Encoding: binary\r\n\r\n\0\r\xFF\n".to_vec();
/// assert!(BinaryContent::new(message)?.octets().ends_with(b"\r\n\r\n\0\r\xFF\n"));
/// assert!(BinaryContent::new(b"Subject: a\nBcc: b\r\n\r\nbody".to_vec()).is_err());
/// # Ok::<(), posthaste_types::ContentError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct BinaryContent(Arc<Vec<u8>>);

impl BinaryContent {
    /// Takes the octets of a message, header and body. All is header if there is no empty line.
    ///
    /// # Errors
    /// [`ContentError`] with the offset of the first octet of the header that is not as it must be: see [`Content`]. The
    /// same if there are no octets.
    pub fn new(octets: Vec<u8>) -> Result<Self, ContentError> {
        let header = header(&octets);
        if !header.is_empty() || octets.is_empty() {
            Content::from_canonical(header.to_vec())?;
        }
        Ok(Self(Arc::new(octets)))
    }

    /// All octets.
    pub fn octets(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for BinaryContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BinaryContent({} octets)", self.0.len())
    }
}

/// The lines in front of the empty one.
fn header(octets: &[u8]) -> &[u8] {
    if octets.starts_with(b"\r\n") {
        return &[];
    }
    let end = memchr::memmem::find(octets, b"\r\n\r\n").map(|at| at + 2);
    octets.get(..end.unwrap_or(octets.len())).unwrap_or_default()
}

/// Either of them.
#[derive(Clone, Debug)]
pub(crate) enum Payload {
    Binary(BinaryContent),
    Lines(Content),
}

impl Payload {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Binary(BinaryContent(octets)) => octets.len(),
            Self::Lines(content) => content.len(),
        }
    }

    pub(crate) fn body_kind(&self) -> BodyKind {
        match self {
            Self::Binary(_) => BodyKind::Binary,
            Self::Lines(content) => content.body_kind(),
        }
    }

    /// The octets, in pieces.
    pub(crate) fn chunk(&self, index: usize) -> Option<&[u8]> {
        match self {
            Self::Binary(BinaryContent(octets)) => (index == 0).then_some(octets),
            Self::Lines(content) => content.chunks().nth(index),
        }
    }

    /// The last octet; there is always one.
    pub(crate) fn last(&self) -> u8 {
        match self {
            Self::Binary(BinaryContent(octets)) => octets.last().copied().unwrap_or_default(),
            Self::Lines(_) => b'\n',
        }
    }

    /// Whether a header field holds UTF-8 beyond ASCII, which is SMTPUTF8's alone (RFC 6532 §3).
    ///
    /// Octets above 127 in the header that are not UTF-8 are no reason to ask for SMTPUTF8, which would claim that they
    /// are: such a mail goes as 8BITMIME alone.
    pub(crate) fn has_utf8_header(&self) -> bool {
        let content = match self {
            Self::Binary(BinaryContent(octets)) => {
                let header = header(octets);
                return !header.is_ascii() && std::str::from_utf8(header).is_ok();
            }
            Self::Lines(content) if content.body_kind() == BodyKind::SevenBit => return false,
            Self::Lines(content) => content,
        };
        let mut found = false;
        for chunk in content.chunks() {
            // Every chunk ends with CRLF, so an empty line may also begin one.
            let end = if chunk.starts_with(b"\r\n") { Some(0) } else { memchr::memmem::find(chunk, b"\r\n\r\n") };
            let header = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default();
            if !header.is_ascii() {
                found = true;
                if std::str::from_utf8(header).is_err() {
                    return false;
                }
            }
            if end.is_some() {
                break;
            }
        }
        found
    }
}
