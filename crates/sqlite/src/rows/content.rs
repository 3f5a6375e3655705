//! Content: its octets, and the checksum beside them.

use posthaste_types::Content;

use crate::trouble::{Damage, Trouble};

/// Content to be stored, its checksums made.
pub(crate) struct Octets {
    /// All of it.
    pub(crate) whole: Content,
    pub(crate) crc: u32,
    /// Where the last segment may be shared with other mails: that segment, and what stands in front of it.
    pub(crate) split: Option<Split>,
}

pub(crate) struct Split {
    pub(crate) head: Content,
    pub(crate) head_crc: u32,
    pub(crate) body: Content,
    pub(crate) body_crc: u32,
}

impl Octets {
    pub(crate) fn of(whole: &Content) -> Self {
        let segments: Vec<Content> = whole.segments().collect();
        let split = match segments.split_last() {
            Some((body, head)) if body.len() >= SHARED_BODY_MIN => Content::concat(head).ok().map(|head| {
                let (head_crc, body_crc) = (crc(&head), crc(body));
                Split { head, head_crc, body: body.clone(), body_crc }
            }),
            _ => None,
        };
        Self { crc: crc(whole), whole: whole.clone(), split }
    }
}

/// Stored content, as it was read, not checked yet.
pub(crate) struct StoredContent {
    pub(crate) octets: Vec<u8>,
    pub(crate) crc: u32,
    pub(crate) body: Option<(Vec<u8>, u32)>,
}

impl StoredContent {
    /// The content, if every octet is as it was stored.
    pub(crate) fn check(self) -> Result<Content, Trouble> {
        let head = checked(self.octets, self.crc, "content")?;
        match self.body {
            None => Ok(head),
            Some((octets, crc)) => Ok(Content::concat(&[head, checked(octets, crc, "shared body")?])?),
        }
    }
}

fn checked(octets: Vec<u8>, crc: u32, what: &str) -> Result<Content, Trouble> {
    let found = crc32fast::hash(&octets);
    if found != crc {
        return Err(Damage::new(format_args!("{what}: checksum {found:08x}, stored {crc:08x}")).into());
    }
    Ok(Content::from_canonical(octets)?)
}

fn crc(content: &Content) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    content.chunks().for_each(|chunk| hasher.update(chunk));
    hasher.finalize()
}

/// A smaller last segment is not worth a row of its own.
const SHARED_BODY_MIN: usize = 1024;
