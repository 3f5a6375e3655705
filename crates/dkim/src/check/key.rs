//! The key that a signature names.

use mail_auth::common::parse::TxtRecordParser;
use mail_auth::common::verify::DomainKey;
use posthaste_dns::{Resolve, ResolveExt};
use posthaste_types::{Domain, Tick};

use super::result::DkimReason;
use super::signature::Candidate;
use super::tags::TagList;
use crate::algorithm::Algorithm;

/// A key that may verify the signature.
pub(super) struct Key {
    pub(super) verifying: DomainKey,
    pub(super) testing: bool,
}

/// Asks for the key's record and reads it.
pub(super) async fn fetch(candidate: &Candidate, dns: &dyn Resolve, by: Tick) -> Result<Key, DkimReason> {
    let found = dns.txt(&candidate.key_name, by).await.map_err(|error| DkimReason::Dns(error.kind()))?;
    // RFC 6376 §3.6.2.2 leaves open what several records mean; the first that can be used counts.
    let mut refused = DkimReason::KeyMissing;
    for record in &found.values {
        match read(record, candidate) {
            Ok(key) => return Ok(key),
            Err(reason) => refused = reason,
        }
    }
    Err(refused)
}

fn read(record: &[u8], candidate: &Candidate) -> Result<Key, DkimReason> {
    let tags = TagList::parse(record).map_err(|_| DkimReason::KeySyntax)?;
    // RFC 6376 §3.6.1: v= is optional, but comes first and says DKIM1.
    let version = tags.value("v");
    if version.is_some_and(|version| version != b"DKIM1" || tags.first_name() != Some(b"v")) {
        return Err(DkimReason::KeySyntax);
    }
    match tags.value("p") {
        None => return Err(DkimReason::KeySyntax),
        Some(b"") => return Err(DkimReason::KeyRevoked),
        Some(_) => {}
    }
    check_use(&tags, candidate)?;
    let verifying = DomainKey::parse(record).map_err(|_| DkimReason::KeySyntax)?;
    let bits = verifying.p.public_key_bits();
    if candidate.algorithm == Algorithm::RsaSha256 && bits < MIN_RSA_BITS {
        return Err(if bits == 0 { DkimReason::KeySyntax } else { DkimReason::KeyTooShort { bits } });
    }
    let has_flag = |wanted: &[u8]| tags.items("t").into_iter().flatten().any(|flag| flag == wanted);
    if has_flag(b"s") && !is_domain_itself(&candidate.parsed.i, &candidate.domain) {
        return Err(DkimReason::IdentityOutside);
    }
    Ok(Key { verifying, testing: has_flag(b"y") })
}

/// The key's type, hashes and services (RFC 6376 §3.6.1, §6.1.2).
fn check_use(tags: &TagList<'_>, candidate: &Candidate) -> Result<(), DkimReason> {
    let kind = match tags.value("k") {
        None | Some(b"rsa") => Algorithm::RsaSha256,
        Some(b"ed25519") => Algorithm::Ed25519Sha256,
        Some(_) => return Err(DkimReason::Unsupported("k")),
    };
    let sha256 = tags.items("h").is_none_or(|mut hashes| hashes.any(|hash| hash == b"sha256"));
    if kind != candidate.algorithm || !sha256 {
        return Err(DkimReason::KeyMismatch);
    }
    let email = tags.items("s").is_none_or(|mut uses| uses.any(|service| matches!(service, b"*" | b"email")));
    if email { Ok(()) } else { Err(DkimReason::NotForEmail) }
}

/// `t=s`: the identity's domain must be the signing domain itself.
fn is_domain_itself(identity: &str, domain: &Domain) -> bool {
    let name = identity.rsplit_once('@').map(|(_, name)| name);
    identity.is_empty() || name.and_then(|name| Domain::parse(name).ok()).is_some_and(|name| name == *domain)
}

/// RFC 8301 §3.2.
const MIN_RSA_BITS: usize = 1024;
