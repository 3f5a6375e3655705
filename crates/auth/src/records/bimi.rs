//! BIMI (draft-brand-indicators-for-message-identification).

use std::fmt;

use posthaste_types::{ParseError, Text};

use crate::tags::{self, syntax};

/// The TXT record at `default._bimi`: where the logo and its certificate are.
///
/// Empty, it declines to show any (`l=` and `a=` without a value).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BimiRecord {
    /// `l`: the logo, SVG Tiny PS, by HTTPS.
    pub location: Option<Text>,
    /// `a`: the certificate of the mark (VMC or CMC), by HTTPS.
    pub authority: Option<Text>,
}

impl BimiRecord {
    /// The longest record, in octets.
    pub const MAX: usize = 4096;

    /// A record with these URIs.
    ///
    /// # Errors
    /// [`ParseError`] if one is no `https` URI.
    pub fn new(location: &str, authority: Option<&str>) -> Result<Self, ParseError> {
        Ok(Self { location: Some(https(location, 0)?), authority: authority.map(|uri| https(uri, 0)).transpose()? })
    }

    /// Reads a record, its strings joined. Tags that are not known are left out.
    ///
    /// # Errors
    /// [`ParseError`] with the offset of the first offence.
    pub fn parse(record: &[u8]) -> Result<Self, ParseError> {
        // A tag without a value is usual here: it declines.
        let mut read = Self::default();
        for tag in tags::loose(record, "v=BIMI1", RECORD, Self::MAX)? {
            let target = match tag.name {
                "l" => &mut read.location,
                "a" => &mut read.authority,
                _ => continue,
            };
            if !tag.value.is_empty() && target.is_none() {
                *target = Some(https(tag.value, tag.at)?);
            }
        }
        Ok(read)
    }
}

impl fmt::Display for BimiRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |uri: &Option<Text>| uri.as_ref().map(ToString::to_string).unwrap_or_default();
        write!(f, "v=BIMI1; l={}; a={}", text(&self.location), text(&self.authority))
    }
}

fn https(uri: &str, at: usize) -> Result<Text, ParseError> {
    let host = uri.split_at_checked(8).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("https://"));
    let fine = host.is_some_and(|(_, rest)| !rest.is_empty() && !rest.starts_with('/'));
    if !fine || !uri.bytes().all(|octet| octet.is_ascii_graphic() && !b",;".contains(&octet)) {
        return Err(syntax(RECORD, "no https URI", at));
    }
    Text::parse(uri).map_err(|error| error.within(at))
}

const RECORD: &str = "BIMI record";
