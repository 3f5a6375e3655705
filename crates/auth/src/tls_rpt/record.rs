//! The TXT record.

use std::fmt;

use posthaste_types::{Address, ParseError, ParseErrorKind, Text};

use crate::tags::{self, WSP, syntax};

/// The TXT record at `_smtp._tls` (§3): where reports go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record(Vec<Rua>);

/// One place that gets reports.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rua {
    /// By HTTPS POST, to this URI.
    Https(Text),
    /// By mail.
    Mailto(Address),
}

impl Record {
    /// The longest record, in octets.
    pub const MAX: usize = 4096;
    /// The most places.
    pub const MAX_RUA: usize = 20;

    /// Reads a record, its strings joined. Places of other schemes than `mailto` and `https` are left out.
    ///
    /// # Errors
    /// [`ParseError`] with the offset of the first offence; a record without any place that can be used is one.
    pub fn parse(record: &[u8]) -> Result<Self, ParseError> {
        let fields = tags::fields(record, VERSION, RECORD, Self::MAX)?;
        let Some(rua) = fields.iter().find(|field| field.name == "rua") else {
            return Err(syntax(RECORD, "no `rua`", record.len()));
        };
        let mut places = Vec::new();
        let mut at = rua.at;
        for piece in rua.value.split(',') {
            let uri = piece.trim_matches(WSP);
            if places.len() == Self::MAX_RUA {
                return Err(ParseError::new(RECORD, ParseErrorKind::TooMany { limit: Self::MAX_RUA }, at));
            }
            let lead = piece.len() - piece.trim_start_matches(WSP).len();
            places.extend(place(uri, at + lead)?);
            at += piece.len() + 1;
        }
        if places.is_empty() {
            return Err(syntax(RECORD, "no `rua` of a known scheme", rua.at));
        }
        Ok(Self(places))
    }

    /// A record that asks for reports at these places.
    ///
    /// # Errors
    /// [`ParseError`] if there is none, there are more than [`MAX_RUA`](Self::MAX_RUA), or one does not read back.
    pub fn new(rua: impl IntoIterator<Item = Rua>) -> Result<Self, ParseError> {
        let record = Self(rua.into_iter().collect());
        Self::parse(record.to_string().as_bytes())
    }

    /// The one record among the texts of the name: those of other versions are left out, and if not exactly one is
    /// left, or it cannot be read, the domain asks for no reports (§3).
    pub fn select<'a>(texts: impl IntoIterator<Item = &'a [u8]>) -> Option<Self> {
        let mut of_version = texts.into_iter().filter(|text| text.starts_with(PREFIX));
        match (of_version.next(), of_version.next()) {
            (Some(text), None) => Self::parse(text).ok(),
            _ => None,
        }
    }

    /// Where reports go, in the order of the record; at least one.
    pub fn rua(&self) -> &[Rua] {
        &self.0
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{VERSION}; rua=")?;
        for (index, place) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            match place {
                Rua::Https(uri) => {
                    for c in uri.as_str().chars() {
                        match c {
                            ',' | ';' | '!' => write!(f, "%{:02X}", u32::from(c))?, // §3
                            c => write!(f, "{c}")?,
                        }
                    }
                }
                Rua::Mailto(address) => tags::write_mailto(f, address.as_str())?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Rua {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Https(uri) => uri.fmt(f),
            Self::Mailto(address) => write!(f, "mailto:{address}"),
        }
    }
}

fn place(uri: &str, at: usize) -> Result<Option<Rua>, ParseError> {
    let Some((scheme, rest)) = uri.split_once(':') else {
        return Err(syntax(RECORD, "a `rua` that is no URI", at));
    };
    let rest_at = at + scheme.len() + 1;
    if scheme.eq_ignore_ascii_case("mailto") {
        let address = tags::percent_decoded(rest).ok_or_else(|| syntax(RECORD, "a broken % escape", rest_at))?;
        return Address::parse(&address)
            .map(|address| Some(Rua::Mailto(address)))
            .map_err(|error| error.within(rest_at));
    }
    if scheme.eq_ignore_ascii_case("https") {
        let host = rest.strip_prefix("//").filter(|rest| !rest.is_empty() && !rest.starts_with(['/', '?', '#']));
        if host.is_none() || !rest.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(syntax(RECORD, "an https URI that is none", rest_at));
        }
        return Ok(Some(Rua::Https(Text::parse(uri).map_err(|error| error.within(at))?)));
    }
    Ok(None)
}

const RECORD: &str = "TLS-RPT record";
const VERSION: &str = "v=TLSRPTv1";
const PREFIX: &[u8] = b"v=TLSRPTv1;";
