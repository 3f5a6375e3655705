//! The key that a signature names.

use mail_auth::common::parse::TxtRecordParser;
use mail_auth::common::verify::DomainKey;
use posthaste_auth::records::DkimKeyRecord;
use posthaste_dns::{DnsErrorKind, Resolve, ResolveExt};
use posthaste_types::{DnsName, Domain, Tick};

use super::note::DkimNote;
use super::result::DkimReason;
use super::tags::TagList;
use crate::algorithm::Algorithm;

/// The key that a signature asks for.
pub(crate) struct Wanted<'a> {
    /// `selector._domainkey.domain`.
    pub(crate) name: &'a DnsName,
    pub(crate) algorithm: Algorithm,
    /// The signing domain.
    pub(crate) domain: &'a Domain,
    /// `i=`, if said.
    pub(crate) identity: Option<&'a str>,
}

/// A key that may verify the signature.
pub(crate) struct Key {
    pub(crate) verifying: DomainKey,
    pub(crate) bits: usize,
    pub(crate) notes: Vec<DkimNote>,
}

/// The keys of one message: each name is asked for once.
pub(crate) struct Keys<'a> {
    dns: &'a dyn Resolve,
    by: Tick,
    known: Vec<(DnsName, Records)>,
}

/// The texts of a name, or why they are not known.
type Records = Result<Vec<Vec<u8>>, DnsErrorKind>;

impl<'a> Keys<'a> {
    pub(crate) fn new(dns: &'a dyn Resolve, by: Tick) -> Self {
        Self { dns, by, known: Vec::new() }
    }

    /// Asks for the key's record, unless it is known, and reads it.
    pub(crate) async fn fetch(&mut self, wanted: &Wanted<'_>) -> Result<Key, DkimReason> {
        let records = self.records(wanted.name).await.as_ref().map_err(|kind| DkimReason::Dns(*kind))?;
        // RFC 6376 §3.6.2.2 leaves open what several records mean; the first that can be used counts.
        let mut refused = DkimReason::KeyMissing;
        for record in records {
            match read(record, wanted) {
                Ok(key) => return Ok(key),
                Err(reason) => refused = reason,
            }
        }
        Err(refused)
    }

    async fn records(&mut self, name: &DnsName) -> &Records {
        let known = self.known.iter().position(|(known, _)| known == name);
        let at = match known {
            Some(at) => at,
            None => {
                let found = self.dns.txt(name, self.by).await;
                let records = found.map(|found| found.values).map_err(|error| error.kind());
                self.known.push((name.clone(), records));
                self.known.len() - 1
            }
        };
        &self.known[at].1
    }
}

fn read(record: &[u8], wanted: &Wanted<'_>) -> Result<Key, DkimReason> {
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
    check_use(&tags, wanted)?;
    let verifying = DomainKey::parse(record).map_err(|_| DkimReason::KeySyntax)?;
    let bits = match wanted.algorithm {
        Algorithm::RsaSha256 => rsa_bits(&verifying, record)?,
        Algorithm::Ed25519Sha256 => ED25519_BITS,
    };
    let has_flag = |wanted: &[u8]| tags.items("t").into_iter().flatten().any(|flag| flag == wanted);
    if has_flag(b"s") && !is_domain_itself(wanted.identity, wanted.domain) {
        return Err(DkimReason::IdentityOutside);
    }
    let is_short = wanted.algorithm == Algorithm::RsaSha256 && bits < ADVISED_RSA_BITS;
    let notes = [
        (has_flag(b"y"), DkimNote::Testing),
        (has_flag(b"s"), DkimNote::StrictIdentity),
        (tags.value("g").is_some(), DkimNote::Granularity),
        (is_short, DkimNote::ShortKey { bits }),
    ];
    let notes = notes.into_iter().filter_map(|(holds, note)| holds.then_some(note)).collect();
    Ok(Key { verifying, bits, notes })
}

/// The length of the modulus. mail-auth counts whole octets, so that what it calls 1024 bits may be less.
fn rsa_bits(verifying: &DomainKey, record: &[u8]) -> Result<usize, DkimReason> {
    let octets = verifying.p.public_key_bits();
    let bits = match octets {
        0..=MIN_RSA_BITS => DkimKeyRecord::parse(record).ok().and_then(|record| record.bits()).unwrap_or(octets),
        _ => octets,
    };
    match bits {
        0 => Err(DkimReason::KeySyntax),
        1..MIN_RSA_BITS => Err(DkimReason::KeyTooShort { bits }),
        _ => Ok(bits),
    }
}

/// The key's type, hashes and services (RFC 6376 §3.6.1, §6.1.2).
fn check_use(tags: &TagList<'_>, wanted: &Wanted<'_>) -> Result<(), DkimReason> {
    let kind = match tags.value("k") {
        None | Some(b"rsa") => Algorithm::RsaSha256,
        Some(b"ed25519") => Algorithm::Ed25519Sha256,
        Some(_) => return Err(DkimReason::Unsupported("k")),
    };
    let sha256 = tags.items("h").is_none_or(|mut hashes| hashes.any(|hash| hash == b"sha256"));
    if kind != wanted.algorithm || !sha256 {
        return Err(DkimReason::KeyMismatch);
    }
    let email = tags.items("s").is_none_or(|mut uses| uses.any(|service| matches!(service, b"*" | b"email")));
    if email { Ok(()) } else { Err(DkimReason::NotForEmail) }
}

/// `t=s`: the identity's domain must be the signing domain itself.
fn is_domain_itself(identity: Option<&str>, domain: &Domain) -> bool {
    let name = |identity: &str| identity.rsplit_once('@').and_then(|(_, name)| Domain::parse(name).ok());
    identity.is_none_or(|identity| name(identity).is_some_and(|name| name == *domain))
}

/// RFC 8301 §3.2.
const MIN_RSA_BITS: usize = 1024;
/// RFC 8301 §3.2: signers should use at least so many.
const ADVISED_RSA_BITS: usize = 2048;
const ED25519_BITS: usize = 256;
