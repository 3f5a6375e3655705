//! Where reports go (RFC 9989 §4.7, `rua` and `ruf`).

use std::fmt;

use posthaste_types::{Address, ParseError, ParseErrorKind, Text};

use crate::tags::{WSP, percent_decoded, syntax, write_mailto};

/// One place that gets reports.
///
/// The size limit of RFC 7489 (`!10m`) is read and left out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReportUri {
    /// By mail.
    Mailto(Address),
    /// A URI of another scheme, which receivers need not know.
    Other(Text),
}

impl ReportUri {
    /// The address, of a `mailto` URI.
    pub fn address(&self) -> Option<&Address> {
        match self {
            Self::Mailto(address) => Some(address),
            Self::Other(_) => None,
        }
    }
}

impl fmt::Display for ReportUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mailto(address) => write_mailto(f, address.as_str()),
            Self::Other(uri) => uri.fmt(f),
        }
    }
}

/// The URIs that can be read, and the defects of the others.
pub(super) fn list(value: &str, at: usize, max: usize) -> (Vec<ReportUri>, Vec<ParseError>) {
    let (mut uris, mut defects) = (Vec::new(), Vec::new());
    let mut piece_at = at;
    for piece in value.split(',') {
        let uri_at = piece_at + (piece.len() - piece.trim_start_matches(WSP).len());
        piece_at += piece.len() + 1;
        if uris.len() + defects.len() >= max {
            defects.push(ParseError::new(WHAT, ParseErrorKind::TooMany { limit: max }, uri_at));
            break;
        }
        match uri(piece.trim_matches(WSP)) {
            Ok(uri) => uris.push(uri),
            Err(error) => defects.push(error.within(uri_at)),
        }
    }
    (uris, defects)
}

fn uri(text: &str) -> Result<ReportUri, ParseError> {
    let text = without_size(text);
    let (scheme, rest) = text.split_once(':').ok_or_else(|| syntax(WHAT, "no URI", 0))?;
    let at = scheme.len() + 1;
    if !scheme.eq_ignore_ascii_case("mailto") {
        let fine = !scheme.is_empty() && text.bytes().all(|octet| octet.is_ascii_graphic());
        return match fine {
            true => Text::parse(text).map(ReportUri::Other),
            false => Err(syntax(WHAT, "no URI", 0)),
        };
    }
    let address = percent_decoded(rest).ok_or_else(|| syntax(WHAT, "a broken % escape", at))?;
    Address::parse(&address).map(ReportUri::Mailto).map_err(|error| error.within(at))
}

/// RFC 7489 §6.2: `"!" 1*DIGIT [ "k" / "m" / "g" / "t" ]` at the end.
fn without_size(text: &str) -> &str {
    match text.rsplit_once('!') {
        Some((uri, size)) => {
            let digits = size.strip_suffix(|c: char| "kmgtKMGT".contains(c)).unwrap_or(size);
            let is_size = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            if is_size { uri } else { text }
        }
        None => text,
    }
}

const WHAT: &str = "DMARC report URI";
