//! Local parts that hold other local parts, quoted or not.

use std::borrow::Cow;

use posthaste_types::{Address, Domain, ParseErrorKind};

use crate::error::RewriteError;

/// RFC 5321 §4.5.3.1.1.
pub(crate) const MAX_LOCAL: usize = 64;

/// What the local part says, free of quotes and escapes.
pub(crate) fn plain(address: &Address) -> Cow<'_, str> {
    let local = address.local_part();
    let Some(quoted) = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else { return local.into() };
    let mut plain = String::with_capacity(quoted.len());
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        plain.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    plain.into()
}

/// The address whose local part says `plain`; quoted if it must be.
pub(crate) fn address(plain: &str, domain: Domain) -> Result<Address, RewriteError> {
    let quoted = format!("\"{}\"", plain.replace('\\', "\\\\").replace('"', "\\\""));
    Address::new(&quoted, domain).map_err(|error| match error.kind() {
        ParseErrorKind::TooLong { limit } if *limit == MAX_LOCAL => {
            let length = if plain.len() > MAX_LOCAL { plain.len() } else { quoted.len() };
            RewriteError::LocalPartTooLong { length, limit: MAX_LOCAL }
        }
        _ => error.into(),
    })
}
