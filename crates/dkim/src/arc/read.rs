//! The fields of a chain, read (RFC 8617 §4.1).
//!
//! mail-auth takes what the grammar forbids (an instance behind other tags, a tag that stands twice, names and values in
//! the wrong case, an `h=` with ARC-Seal in it) and refuses an empty `h=`; so the fields are read here.

use data_encoding::BASE64;
use posthaste_auth::results::Results;
use posthaste_types::{DnsName, Domain, Timestamp};

use super::result::{ArcField, ArcReason, ArcSignature, ChainStatus, MAX_INSTANCE};
use crate::algorithm::Canonicalization;
use crate::check::DkimReason;
use crate::check::signature::{algorithm, text, timestamp, without_line_end, without_signature};
use crate::check::tags::TagList;
use crate::field::{ARC_RESULTS, ARC_SEAL, ARC_SIGNATURE};
use crate::head::Field;

/// The three fields of a set, as they stand in the message.
#[derive(Clone, Copy)]
pub(super) struct RawSet<'a> {
    pub(super) results: &'a Field<'a>,
    pub(super) signature: &'a Field<'a>,
    pub(super) seal: &'a Field<'a>,
}

/// The fields of a header that belong to ARC.
pub(super) fn arc_fields<'a>(fields: &'a [Field<'a>]) -> impl Iterator<Item = (ArcField, &'a Field<'a>)> {
    fields.iter().filter_map(|field| {
        let kind = if field.is(ARC_SEAL) {
            ArcField::Seal
        } else if field.is(ARC_SIGNATURE) {
            ArcField::Signature
        } else if field.is(ARC_RESULTS) {
            ArcField::Results
        } else {
            return None;
        };
        Some((kind, field))
    })
}

/// The sets, oldest first: instances from 1 without a gap, each with one field of each kind (RFC 8617 §4.2.1).
pub(super) fn sets<'a>(fields: &'a [Field<'a>], limit: usize) -> Result<Vec<RawSet<'a>>, ArcReason> {
    let limit = limit.min(usize::from(MAX_INSTANCE));
    let mut slots: Vec<[Option<&Field<'_>>; 3]> = Vec::new();
    for (kind, field) in arc_fields(fields) {
        let fault = |fault| ArcReason::Fault { field: kind, instance: 0, fault };
        let instance = instance(kind, field).map_err(fault)?;
        let index = usize::from(instance).saturating_sub(1);
        if index >= limit {
            return Err(ArcReason::TooManySets { limit });
        }
        if slots.len() <= index {
            slots.resize(index + 1, [None; 3]);
        }
        let slot = slots.get_mut(index).and_then(|slot| slot.get_mut(kind as usize));
        if slot.is_some_and(|slot| slot.replace(field).is_some()) {
            return Err(ArcReason::Twice { field: kind, instance });
        }
    }
    let of = |(instance, slot): (u8, [Option<&'a Field<'a>>; 3])| {
        let [results, signature, seal] = slot;
        let missing = |field| ArcReason::Missing { field, instance };
        Ok(RawSet {
            results: results.ok_or_else(|| missing(ArcField::Results))?,
            signature: signature.ok_or_else(|| missing(ArcField::Signature))?,
            seal: seal.ok_or_else(|| missing(ArcField::Seal))?,
        })
    };
    (1..=MAX_INSTANCE).zip(slots).map(of).collect()
}

/// The highest instance that any field names, whatever else is wrong; 0 for none.
pub(super) fn highest(fields: &[Field<'_>]) -> u8 {
    arc_fields(fields).filter_map(|(kind, field)| instance(kind, field).ok()).max().unwrap_or(0)
}

fn instance(kind: ArcField, field: &Field<'_>) -> Result<u8, DkimReason> {
    let digits = match kind {
        ArcField::Results => results_parts(field.value)?.0,
        ArcField::Signature | ArcField::Seal => TagList::strict(without_line_end(field.value))?.required("i")?,
    };
    let number = text(digits).filter(|text| text.len() <= 2 && text.bytes().all(|octet| octet.is_ascii_digit()));
    let number = number.and_then(|text| text.parse().ok());
    // RFC 8617 §4.2.1: from 1 to 50.
    number.filter(|number| (1..=MAX_INSTANCE).contains(number)).ok_or(DkimReason::Syntax("i"))
}

/// The instance and the payload of ARC-Authentication-Results: the instance comes first (RFC 8617 §4.1.1).
fn results_parts(value: &[u8]) -> Result<(&[u8], &[u8]), DkimReason> {
    let syntax = DkimReason::Syntax("i");
    let end = memchr::memchr(b';', value).ok_or(syntax.clone())?;
    let (first, payload) = value.split_at(end);
    let equals = memchr::memchr(b'=', first).ok_or(syntax.clone())?;
    let (name, digits) = first.split_at(equals);
    match (name.trim_ascii(), payload.split_first(), digits.split_first()) {
        (b"i", Some((_, payload)), Some((_, digits))) => Ok((digits.trim_ascii(), payload)),
        _ => Err(syntax),
    }
}

/// The results that a sealer found; `None` if they cannot be read.
pub(super) fn results(field: &Field<'_>) -> Option<Results> {
    let (_, payload) = results_parts(field.value).ok()?;
    Results::parse(&String::from_utf8_lossy(payload)).ok()
}

/// A signature or a seal that may be verified.
pub(super) struct Candidate {
    pub(super) said: ArcSignature,
    pub(super) key_name: DnsName,
    pub(super) signature: Vec<u8>,
    /// The field's value with an empty `b=` and without its last line end.
    pub(super) without_signature: Vec<u8>,
    /// `cv=`; of seals alone.
    pub(super) chain: ChainStatus,
    pub(super) body_hash: Vec<u8>,
    pub(super) header_form: Canonicalization,
    pub(super) body_form: Canonicalization,
    pub(super) expires: Option<Timestamp>,
}

/// Reads a seal (RFC 8617 §4.1.3).
pub(super) fn seal(value: &[u8]) -> Result<Candidate, DkimReason> {
    let value = without_line_end(value);
    let tags = TagList::strict(value)?;
    // §4.1.3: "If the "h" tag is found within an AS, the AMS is invalid".
    if tags.value("h").is_some() {
        return Err(DkimReason::Syntax("h"));
    }
    let chain = match tags.required("cv")? {
        b"none" => ChainStatus::None,
        b"fail" => ChainStatus::Fail,
        b"pass" => ChainStatus::Pass,
        _ => return Err(DkimReason::Syntax("cv")),
    };
    Ok(Candidate { chain, ..shared(value, &tags)? })
}

/// Reads a message signature (RFC 8617 §4.1.2): a DKIM signature with `i=` for the instance, and without `v=`.
pub(super) fn signature(value: &[u8]) -> Result<Candidate, DkimReason> {
    let value = without_line_end(value);
    let tags = TagList::strict(value)?;
    let mut read = shared(value, &tags)?;
    let names = tags.value("h").and_then(text).ok_or(DkimReason::MissingTag("h"))?;
    let names: Vec<String> = names.split(':').map(|name| name.trim_ascii().to_ascii_lowercase()).collect();
    if names.len() > MAX_SIGNED || names.iter().any(|name| name.eq_ignore_ascii_case(ARC_SEAL)) {
        return Err(DkimReason::Syntax("h"));
    }
    read.said.headers = names.into_iter().filter(|name| !name.is_empty()).collect();
    read.said.body_length = tags.number("l")?;
    read.body_hash = base64(tags.required("bh")?).ok_or(DkimReason::Syntax("bh"))?;
    read.expires = tags.number("x")?.and_then(timestamp);
    (read.header_form, read.body_form) = forms(&tags)?;
    Ok(read)
}

fn shared(value: &[u8], tags: &TagList<'_>) -> Result<Candidate, DkimReason> {
    let algorithm = algorithm(tags.required("a")?)?;
    let domain = text(tags.required("d")?).and_then(|name| Domain::parse(name).ok()).ok_or(DkimReason::Syntax("d"))?;
    let selector = text(tags.required("s")?).ok_or(DkimReason::Syntax("s"))?.to_ascii_lowercase();
    let key_name = DnsName::from(&domain).below(&format!("{selector}._domainkey"));
    let signed_at = tags.number("t")?.and_then(timestamp);
    Ok(Candidate {
        key_name: key_name.map_err(|_| DkimReason::Syntax("s"))?,
        signature: base64(tags.required("b")?).ok_or(DkimReason::Syntax("b"))?,
        without_signature: without_signature(value, tags),
        chain: ChainStatus::None,
        body_hash: Vec::new(),
        header_form: Canonicalization::Relaxed,
        body_form: Canonicalization::Relaxed,
        expires: None,
        said: ArcSignature {
            domain,
            selector,
            algorithm,
            signed_at,
            headers: Vec::new(),
            body_length: None,
            key_bits: None,
        },
    })
}

/// `c=` (RFC 6376 §3.5): where only the header is named, the body is simple.
///
/// QUIRK: without `c=`, both are relaxed, as in the test suite (`ams_fields_c_na`) and in dkimpy, though RFC 8617 §4.1.2
/// leaves it at the default of DKIM, which is simple.
fn forms(tags: &TagList<'_>) -> Result<(Canonicalization, Canonicalization), DkimReason> {
    let form = |name: &[u8]| match name {
        b"relaxed" => Ok(Canonicalization::Relaxed),
        b"simple" => Ok(Canonicalization::Simple),
        _ => Err(DkimReason::Unsupported("c")),
    };
    let Some(value) = tags.value("c") else { return Ok((Canonicalization::Relaxed, Canonicalization::Relaxed)) };
    match memchr::memchr(b'/', value) {
        Some(slash) => Ok((form(&value[..slash])?, form(&value[slash + 1..])?)),
        None => Ok((form(value)?, Canonicalization::Simple)),
    }
}

/// Base64 with white space in it (RFC 6376 §3.2).
fn base64(value: &[u8]) -> Option<Vec<u8>> {
    let octets: Vec<u8> = value.iter().copied().filter(|octet| !octet.is_ascii_whitespace()).collect();
    BASE64.decode(&octets).ok()
}

/// More names than a header that is within the limits could need.
const MAX_SIGNED: usize = 1000;
