//! One signature field, read and guarded before any hash is made or any question asked.

use mail_auth::dkim::Signature;
use posthaste_types::{DnsName, Domain, Timestamp};

use super::result::{DkimOutcome, DkimReason, DkimResult};
use super::tags::TagList;
use crate::algorithm::{Algorithm, Canonicalization};

/// A signature that may be evaluated.
pub(super) struct Candidate {
    /// As mail-auth reads it, but for `h=`, which stands in the result.
    pub(super) parsed: Signature,
    pub(super) domain: Domain,
    /// Where the key stands.
    pub(super) key_name: DnsName,
    pub(super) algorithm: Algorithm,
    pub(super) body_length: Option<u64>,
    /// The field's value with an empty `b=` and without its last line end (RFC 6376 §3.7).
    pub(super) without_signature: Vec<u8>,
}

/// Reads the value of a DKIM-Signature field. What could be read is put into `result` even if it is refused.
///
/// mail-auth reads tolerantly: it takes a tag that stands twice, SHA-1, an `h=` without From, and holds `l=0`
/// for no `l=`. All that is decided here.
pub(super) fn read(value: &[u8], at: Timestamp, result: &mut DkimResult) -> Result<Candidate, DkimReason> {
    let value = without_line_end(value);
    let tags = TagList::parse(value)?;
    let domain = text(tags.required("d")?).and_then(|d| Domain::parse(d).ok());
    result.domain.clone_from(&domain);
    result.selector = tags.value("s").and_then(text).map(str::to_ascii_lowercase);
    result.body_length = tags.number("l")?;
    result.signature_start = tags.value("b").and_then(start_of);
    let algorithm = algorithm(tags.required("a")?)?;
    result.algorithm = Some(algorithm);

    for name in ["b", "bh", "h", "s", "v"] {
        tags.required(name)?;
    }
    let domain = domain.ok_or(DkimReason::Syntax("d"))?;
    check_values(&tags)?;
    check_times(&tags, at, result)?;
    // Without the spaces between lines: mail-auth takes those out itself.
    let mut parsed = Signature::parse(value).map_err(refused)?;
    result.canonicalization = Some((form(parsed.ch), form(parsed.cb)));
    result.headers = std::mem::take(&mut parsed.h);
    result.headers.iter_mut().for_each(|name| name.make_ascii_lowercase());
    if parsed.b.is_empty() || parsed.bh.len() != SHA256_LENGTH {
        return Err(DkimReason::Syntax("bh"));
    }
    check_identity(&parsed.i, &domain, result)?;
    let key_name = format!("{}._domainkey.{domain}", parsed.s);
    Ok(Candidate {
        key_name: DnsName::parse(&key_name).map_err(|_| DkimReason::Syntax("s"))?,
        domain,
        algorithm,
        body_length: result.body_length,
        without_signature: without_signature(value, &tags),
        parsed,
    })
}

pub(crate) fn algorithm(value: &[u8]) -> Result<Algorithm, DkimReason> {
    match value {
        b"rsa-sha256" => Ok(Algorithm::RsaSha256),
        b"ed25519-sha256" => Ok(Algorithm::Ed25519Sha256),
        b"rsa-sha1" => Err(DkimReason::Sha1),
        _ => Err(DkimReason::Unsupported("a")),
    }
}

fn check_values(tags: &TagList<'_>) -> Result<(), DkimReason> {
    if tags.value("v") != Some(b"1") {
        return Err(DkimReason::Unsupported("v"));
    }
    let mut queries = tags.items("q").into_iter().flatten().peekable();
    if queries.peek().is_some() && !queries.any(|query| query == b"dns/txt") {
        return Err(DkimReason::Unsupported("q"));
    }
    let signed = tags.items("h").into_iter().flatten();
    if signed.clone().count() > MAX_SIGNED {
        return Err(DkimReason::Syntax("h"));
    }
    let mut signed = signed;
    if signed.any(|name| name.eq_ignore_ascii_case(b"From")) { Ok(()) } else { Err(DkimReason::FromNotSigned) }
}

fn check_times(tags: &TagList<'_>, at: Timestamp, result: &mut DkimResult) -> Result<(), DkimReason> {
    let signed = tags.number("t")?;
    result.signed_at = signed.and_then(timestamp);
    let expires = tags.number("x")?;
    result.expires = expires.and_then(timestamp);
    let Some(expires) = expires else { return Ok(()) };
    if signed.is_some_and(|signed| expires <= signed) {
        return Err(DkimReason::Syntax("x"));
    }
    let expired = u64::try_from(at.as_unix_secs()).is_ok_and(|now| expires < now);
    if expired { Err(DkimReason::Expired) } else { Ok(()) }
}

/// `i=` is in the domain or below it (RFC 6376 §3.5).
fn check_identity(identity: &str, domain: &Domain, result: &mut DkimResult) -> Result<(), DkimReason> {
    if identity.is_empty() {
        return Ok(());
    }
    result.identity = Some(identity.to_owned());
    let within = identity.rsplit_once('@').and_then(|(_, name)| Domain::parse(name).ok());
    if within.is_some_and(|name| name.is_within(domain)) { Ok(()) } else { Err(DkimReason::IdentityOutside) }
}

/// A field's value without its last line end.
pub(crate) fn without_line_end(value: &[u8]) -> &[u8] {
    value.strip_suffix(b"\n").map_or(value, |line| line.strip_suffix(b"\r").unwrap_or(line))
}

pub(crate) fn without_signature(value: &[u8], tags: &TagList<'_>) -> Vec<u8> {
    let range = tags.range("b").unwrap_or(value.len()..value.len());
    [&value[..range.start], &value[range.end..]].concat()
}

fn refused(error: mail_auth::Error) -> DkimReason {
    use mail_auth::dkim::DkimError;
    match error {
        mail_auth::Error::Dkim(DkimError::UnsupportedCanonicalization) => DkimReason::Unsupported("c"),
        mail_auth::Error::Dkim(DkimError::UnsupportedAlgorithm) => DkimReason::Unsupported("a"),
        mail_auth::Error::Dkim(DkimError::UnsupportedVersion) => DkimReason::Unsupported("v"),
        _ => DkimReason::Syntax("b"),
    }
}

/// The first eight characters of a signature, without white space.
fn start_of(signature: &[u8]) -> Option<String> {
    let octets = signature.iter().filter(|octet| !octet.is_ascii_whitespace()).take(8);
    let start: String = octets.map(|octet| char::from(*octet)).collect();
    (!start.is_empty()).then_some(start)
}

pub(crate) fn timestamp(seconds: u64) -> Option<Timestamp> {
    i64::try_from(seconds).ok().map(Timestamp::from_unix_secs)
}

pub(super) fn form(form: mail_auth::dkim::Canonicalization) -> Canonicalization {
    match form {
        mail_auth::dkim::Canonicalization::Relaxed => Canonicalization::Relaxed,
        mail_auth::dkim::Canonicalization::Simple => Canonicalization::Simple,
    }
}

pub(crate) fn text(value: &[u8]) -> Option<&str> {
    std::str::from_utf8(value).ok()
}

/// How an evaluation that ended with this reason is called (RFC 8601 §2.7.1).
pub(super) fn outcome(reason: &DkimReason) -> DkimOutcome {
    match reason {
        DkimReason::BodyChanged | DkimReason::BodyTooShort | DkimReason::Expired | DkimReason::HeaderChanged => {
            DkimOutcome::Fail
        }
        DkimReason::TooManySignatures { .. } | DkimReason::Sha1 | DkimReason::KeyTooShort { .. } => DkimOutcome::Policy,
        DkimReason::Dns(_) => DkimOutcome::TempError,
        _ => DkimOutcome::PermError,
    }
}

/// More names than a header that is within the limits could need.
const MAX_SIGNED: usize = 1000;
const SHA256_LENGTH: usize = 32;
