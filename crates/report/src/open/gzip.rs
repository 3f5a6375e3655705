//! gzip (RFC 1952), inflated within a bound, and made.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;

use crate::problem::ProblemKind;

/// What could be inflated.
pub(super) struct Inflated {
    pub(super) octets: Vec<u8>,
    /// Why it is not all, and where in the container.
    pub(super) problem: Option<ProblemKind>,
    pub(super) at: usize,
}

/// Inflates at most `most` octets. What a damaged stream gave before it broke is kept.
pub(super) fn inflate(octets: &[u8], most: usize) -> Inflated {
    let claimed = octets.last_chunk().map_or(0, |size| u32::from_le_bytes(*size) as usize);
    let mut decoder = MultiGzDecoder::new(octets);
    let (out, problem) = drain(&mut decoder, most, claimed.min(octets.len().saturating_mul(USUAL_RATIO)));
    let at = octets.len().saturating_sub(decoder.get_ref().len());
    Inflated { octets: out, problem, at }
}

/// Reads to the end or to the bound, whichever comes first. `claimed` only saves allocations.
pub(super) fn drain(decoder: &mut impl Read, most: usize, claimed: usize) -> (Vec<u8>, Option<ProblemKind>) {
    let mut out = Vec::with_capacity(claimed.min(most).saturating_add(1));
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let ended = decoder.take(limit).read_to_end(&mut out);
    if out.len() > most {
        out.truncate(most);
        return (out, Some(ProblemKind::Inflated));
    }
    let problem = match ended {
        Ok(_) => None,
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Some(ProblemKind::Truncated),
        Err(_) => Some(ProblemKind::Damaged),
    };
    (out, problem)
}

/// Octets as gzip, the same for the same octets: no name and no time stand in it.
pub(crate) fn deflate(octets: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // A Vec takes everything.
    let _ = encoder.write_all(octets);
    encoder.finish().unwrap_or_default()
}

/// XML and JSON of reports shrink to about a fifteenth.
const USUAL_RATIO: usize = 40;
