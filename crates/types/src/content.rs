//! The octets of a message: canonical, shared, never copied on the way.

use std::fmt;
use std::sync::Arc;

use crate::header::HeaderField;

/// The octets of a message, headers and body, as an ordered list of shared immutable segments.
///
/// However it was made, it is canonical: CRLF line ends only, no bare CR or LF, no NUL, no line longer
/// than 998 octets (RFC 5322 §2.1.1), CRLF at the end. So what is signed is what is sent, and no segment
/// can end a DATA command early. Cloning it, and putting a header in front, copy no body.
///
/// ```
/// use posthaste_types::{BodyKind, Content};
///
/// let (content, repairs) = Content::from_raw(b"Subject: hi\n\nbare line ends\n".to_vec())?;
/// assert_eq!(content.to_vec(), b"Subject: hi\r\n\r\nbare line ends\r\n");
/// assert_eq!(repairs.bare_line_ends, 3);
/// assert_eq!(content.body_kind(), BodyKind::SevenBit);
/// # Ok::<(), posthaste_types::ContentError>(())
/// ```
#[derive(Clone)]
pub struct Content {
    segments: Vec<Segment>,
    len: usize,
    kind: BodyKind,
}

#[derive(Clone)]
struct Segment(Arc<Vec<u8>>);

impl Content {
    /// Takes octets that are canonical already.
    ///
    /// # Errors
    /// [`ContentError`] with the offset of the first octet that is not as it must be.
    pub fn from_canonical(octets: Vec<u8>) -> Result<Self, ContentError> {
        let kind = scan(&octets)?;
        Ok(Self { len: octets.len(), segments: vec![Segment(Arc::new(octets))], kind })
    }

    /// Takes octets as they come and makes them canonical: bare CR and bare LF become CRLF, a missing
    /// last line end is added. What was changed is told. To be done before signing, never after.
    ///
    /// # Errors
    /// [`ContentError`] for a NUL and for a line longer than 998 octets: no repair is harmless there.
    pub fn from_raw(octets: Vec<u8>) -> Result<(Self, Repairs), ContentError> {
        if let Ok(content) = scan(&octets) {
            let len = octets.len();
            return Ok((Self { segments: vec![Segment(Arc::new(octets))], len, kind: content }, Repairs::default()));
        }
        let mut repairs = Repairs::default();
        let mut out = Vec::with_capacity(octets.len() + octets.len() / 32 + 2);
        let mut i = 0;
        while i < octets.len() {
            match (octets[i], octets.get(i + 1)) {
                (b'\r', Some(b'\n')) => i += 1,
                (b'\r' | b'\n', _) => repairs.bare_line_ends += 1,
                (octet, _) => {
                    out.push(octet);
                    i += 1;
                    continue;
                }
            }
            out.extend_from_slice(b"\r\n");
            i += 1;
        }
        if !out.ends_with(b"\r\n") {
            out.extend_from_slice(b"\r\n");
            repairs.last_line_end_added = 1;
        }
        Ok((Self::from_canonical(out)?, repairs))
    }

    /// The same content with header fields in front, first to last. Nothing of the body is copied.
    #[must_use]
    pub fn with_headers(&self, fields: &[HeaderField]) -> Self {
        let head: Vec<u8> = fields.iter().flat_map(|field| field.as_str().bytes()).collect();
        if head.is_empty() {
            return self.clone();
        }
        let kind = if head.is_ascii() { self.kind } else { BodyKind::EightBit };
        let mut segments = Vec::with_capacity(self.segments.len() + 1);
        let len = self.len + head.len();
        segments.push(Segment(Arc::new(head)));
        segments.extend(self.segments.iter().cloned());
        Self { segments, len, kind }
    }

    /// Puts canonical contents behind one another, for a shared body behind headers of one's own.
    ///
    /// # Errors
    /// [`ContentError`] of kind `Empty` if there are none.
    pub fn concat(parts: &[Content]) -> Result<Self, ContentError> {
        let segments: Vec<Segment> = parts.iter().flat_map(|part| part.segments.iter().cloned()).collect();
        if segments.is_empty() {
            return Err(ContentError { kind: ContentErrorKind::Empty, at: 0 });
        }
        let kind = parts.iter().map(|part| part.kind).max().unwrap_or(BodyKind::SevenBit);
        Ok(Self { len: parts.iter().map(|part| part.len).sum(), segments, kind })
    }

    /// The number of octets.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none. Never: content has at least one line.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The octets, in pieces; every piece ends with CRLF.
    pub fn chunks(&self) -> impl ExactSizeIterator<Item = &[u8]> + Clone {
        self.segments.iter().map(|segment| segment.0.as_slice())
    }

    /// Each segment as content of its own: shares the octets. For a store that keeps a shared body once.
    pub fn segments(&self) -> impl ExactSizeIterator<Item = Content> + '_ {
        self.segments.iter().map(|segment| {
            let kind = if segment.0.is_ascii() { BodyKind::SevenBit } else { BodyKind::EightBit };
            Self { segments: vec![segment.clone()], len: segment.0.len(), kind }
        })
    }

    /// Whether two contents are the same octets in memory (not merely equal ones).
    pub fn is_same_memory(&self, other: &Content) -> bool {
        self.segments.len() == other.segments.len()
            && self.segments.iter().zip(&other.segments).all(|(a, b)| Arc::ptr_eq(&a.0, &b.0))
    }

    /// All octets in one piece: borrowed if there is one segment.
    pub fn to_bytes(&self) -> std::borrow::Cow<'_, [u8]> {
        match self.segments.as_slice() {
            [one] => std::borrow::Cow::Borrowed(one.0.as_slice()),
            _ => std::borrow::Cow::Owned(self.to_vec()),
        }
    }

    /// A copy of all octets.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut octets = Vec::with_capacity(self.len);
        self.chunks().for_each(|chunk| octets.extend_from_slice(chunk));
        octets
    }

    /// What a hop must be able to carry (RFC 6152).
    pub fn body_kind(&self) -> BodyKind {
        self.kind
    }
}

impl PartialEq for Content {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.chunks().flatten().eq(other.chunks().flatten())
    }
}

impl Eq for Content {}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({} octets, {} segments, {:?})", self.len, self.segments.len(), self.kind)
    }
}

/// What a hop must be able to carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum BodyKind {
    /// ASCII alone.
    SevenBit,
    /// Octets above 127 (RFC 6152).
    EightBit,
    /// Octets of any kind, which are no lines (RFC 3030 §3). [`Content`] never is.
    Binary,
}

/// What [`Content::from_raw`] changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Repairs {
    /// How many bare CR or LF became CRLF.
    pub bare_line_ends: usize,
    /// 1 if a line end was added at the end.
    pub last_line_end_added: usize,
}

impl Repairs {
    /// Whether anything was changed.
    pub fn any(&self) -> bool {
        *self != Self::default()
    }
}

/// Why octets are not canonical content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("content: {kind} at byte {at}")]
pub struct ContentError {
    kind: ContentErrorKind,
    at: usize,
}

impl ContentError {
    /// Why.
    pub fn kind(&self) -> ContentErrorKind {
        self.kind
    }

    /// The offset of the octet.
    pub fn at(&self) -> usize {
        self.at
    }
}

/// The kinds of [`ContentError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContentErrorKind {
    /// A CR without LF, or a LF without CR.
    #[error("a bare CR or LF")]
    BareLineEnd,
    /// Nothing at all.
    #[error("no octets")]
    Empty,
    /// A line of more than 998 octets.
    #[error("a line longer than 998 octets")]
    LineTooLong,
    /// The last line has no line end.
    #[error("no line end")]
    NoLastLineEnd,
    /// A NUL.
    #[error("a NUL octet")]
    Nul,
}

/// One pass over the octets, line by line.
fn scan(octets: &[u8]) -> Result<BodyKind, ContentError> {
    let error = |kind, at| Err(ContentError { kind, at });
    if octets.is_empty() {
        return error(ContentErrorKind::Empty, 0);
    }
    let mut start = 0;
    for line in octets.split_inclusive(|b| *b == b'\n') {
        let end = start + line.len();
        let Some(text) = line.strip_suffix(b"\n") else {
            let bare = line.iter().position(|b| *b == b'\r').map(|at| start + at);
            return match bare {
                Some(at) => error(ContentErrorKind::BareLineEnd, at),
                None => error(ContentErrorKind::NoLastLineEnd, end),
            };
        };
        let Some(text) = text.strip_suffix(b"\r") else {
            return error(ContentErrorKind::BareLineEnd, end - 1);
        };
        if let Some(at) = text.iter().position(|b| matches!(b, b'\r' | 0)) {
            let kind = if text[at] == 0 { ContentErrorKind::Nul } else { ContentErrorKind::BareLineEnd };
            return error(kind, start + at);
        }
        if text.len() > MAX_LINE {
            return error(ContentErrorKind::LineTooLong, start + MAX_LINE);
        }
        start = end;
    }
    Ok(if octets.is_ascii() { BodyKind::SevenBit } else { BodyKind::EightBit })
}

/// RFC 5322 §2.1.1, without the CRLF.
const MAX_LINE: usize = 998;
