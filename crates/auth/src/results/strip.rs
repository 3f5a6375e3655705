//! Takes out what pretends to be ours (RFC 8601 §5).

use std::borrow::Cow;

use super::{AuthservId, Results};

/// The message without the Authentication-Results fields that bear our own id, and how many those were.
///
/// To be done before our own field is put in front: a field with our id that comes from outside is forged, or was ours
/// and proves nothing any more. A field whose id cannot be read goes too, for others may read it as ours. The body,
/// and every other octet, stays as it is; lines may end in CRLF or LF.
pub fn strip<'a>(message: &'a [u8], own: &AuthservId) -> (Cow<'a, [u8]>, usize) {
    let mut kept: Option<Vec<u8>> = None;
    let (mut count, mut at) = (0_usize, 0_usize);
    while let Some(field) = next_field(message.get(at..).unwrap_or_default()) {
        let end = at + field.len();
        if is_ours(field, own) {
            count += 1;
            kept.get_or_insert_with(|| message.get(..at).unwrap_or_default().to_vec());
        } else if let Some(kept) = &mut kept {
            kept.extend_from_slice(field);
        }
        at = end;
    }
    match kept {
        Some(mut kept) => {
            kept.extend_from_slice(message.get(at..).unwrap_or_default());
            (Cow::Owned(kept), count)
        }
        None => (Cow::Borrowed(message), 0),
    }
}

/// A field with its folds; `None` at the end of the header.
fn next_field(rest: &[u8]) -> Option<&[u8]> {
    if rest.is_empty() || rest.starts_with(b"\r\n") || rest.starts_with(b"\n") {
        return None;
    }
    let mut end = 0;
    loop {
        let line = rest.get(end..)?;
        end += line.iter().position(|octet| *octet == b'\n').map_or(line.len(), |at| at + 1);
        if !matches!(rest.get(end), Some(b' ' | b'\t')) {
            return rest.get(..end);
        }
    }
}

fn is_ours(field: &[u8], own: &AuthservId) -> bool {
    let Some(colon) = field.iter().position(|octet| *octet == b':') else { return false };
    let (name, value) = field.split_at_checked(colon).unwrap_or_default();
    if !name.trim_ascii_end().eq_ignore_ascii_case(NAME) {
        return false;
    }
    let value = String::from_utf8_lossy(value.get(1..).unwrap_or_default());
    match Results::parse(&value) {
        Ok(results) => results.authserv_id().is_none_or(|id| id == own),
        // The id may be readable where the rest is not, and then it decides.
        Err(_) => {
            let head = value.split(';').next().unwrap_or_default();
            Results::parse(head).ok().is_none_or(|head| head.authserv_id().is_none_or(|id| id == own))
        }
    }
}

const NAME: &[u8] = b"Authentication-Results";
