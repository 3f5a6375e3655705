//! What a header and a body look like on the wire.

mod fold;
mod parameter;
mod transfer;
mod words;

pub(crate) use fold::{Folder, is_atext};
pub(crate) use parameter::{is_token, parameter};
pub(crate) use transfer::{Encoding, base64_len, encode_binary, encode_text};
