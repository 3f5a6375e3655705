//! The author domains (RFC 9989 §5.3.1).

use posthaste_types::Domain;

use crate::check::CheckLimits;
use crate::from;
use crate::head::Split;

/// Why a message has no DMARC result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorError {
    /// The header is larger than the limits allow, or has more fields.
    #[error("the header is larger than the limits allow")]
    HeaderTooLarge,
    /// No From field names a domain.
    #[error("no From field names a domain")]
    Missing,
    /// The From field breaks the grammar so that readers may see another author in it (RFC 5322 §3.4).
    #[error("the From field can be read in more than one way")]
    Ambiguous,
    /// There is more than one From field (RFC 5322 §3.6): readers may see any.
    #[error("there are several From fields")]
    SeveralFields,
    /// The From field names more domains than are checked.
    #[error("the From field names more than {limit} domains")]
    TooMany {
        /// How many are checked.
        limit: usize,
    },
}

/// The domains of the one From field, each once.
pub(super) fn authors(pieces: &[&[u8]], limits: &CheckLimits) -> Result<Vec<Domain>, AuthorError> {
    let split = Split::of(pieces.iter().copied(), limits.header_octets).ok_or(AuthorError::HeaderTooLarge)?;
    let fields = limits.fields(&split.head).ok_or(AuthorError::HeaderTooLarge)?;
    let mut from = fields.iter().filter(|field| field.is("From"));
    let field = from.next().ok_or(AuthorError::Missing)?;
    if from.next().is_some() {
        return Err(AuthorError::SeveralFields);
    }
    let mut authors: Vec<Domain> = Vec::new();
    for domain in from::unambiguous(field.value).ok_or(AuthorError::Ambiguous)? {
        if !authors.contains(&domain) {
            if authors.len() >= MAX_AUTHORS {
                return Err(AuthorError::TooMany { limit: MAX_AUTHORS });
            }
            authors.push(domain);
        }
    }
    if authors.is_empty() { Err(AuthorError::Missing) } else { Ok(authors) }
}

/// Each costs a check; more than a few are no mail of people.
const MAX_AUTHORS: usize = 5;
