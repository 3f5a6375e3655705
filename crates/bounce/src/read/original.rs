//! The enclosed message.

use posthaste_types::{MessageId, ReversePath};

use super::Reader;
use super::fields::{Fields, split_header, unfold};
use super::limits::{ReadError, ReadErrorKind};
use crate::report::Original;

impl Reader<'_> {
    /// The enclosed message or its header: the last part of such a type (RFC 6522 §3).
    pub(super) fn original(&self) -> Result<Original, ReadError> {
        let is_original = |media: &str| {
            [
                "message/rfc822",
                "text/rfc822-headers",
                "message/global",
                "message/global-headers",
                "message/rfc822-headers",
            ]
            .contains(&media)
        };
        let Some(part) = self.parts.leaves.iter().rfind(|part| is_original(&part.media)) else {
            return Ok(Original::default());
        };
        let decoded = part.decoded(self.limits.fields);
        let (header, ..) = split_header(decoded.trim_ascii_start());
        if header.len() > self.limits.header {
            return Err(ReadError::new(ReadErrorKind::Header, self.limits.header, part.at));
        }
        Ok(original_of(Fields(header)))
    }
}

/// The original whose header is `fields`.
pub(super) fn original_of(fields: Fields<'_>) -> Original {
    let (mut message_id, mut return_path) = (None, None);
    for field in fields.iter().take(Original::MAX_FIELDS) {
        // QUIRK: Exchange writes `Message-Id`, Lotus `MESSAGE-ID`, and some reports put the id behind a comment.
        if message_id.is_none() && field.is("Message-ID") {
            message_id = MessageId::parse(&unfold(field.value)).ok();
        } else if return_path.is_none() && field.is("Return-Path") {
            let path = unfold(field.value);
            return_path = ReversePath::parse(path.split(' ').next().unwrap_or_default()).ok();
        }
    }
    Original { message_id, return_path, header: fields.0.into() }
}
