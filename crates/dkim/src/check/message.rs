//! A message whose signatures are evaluated.

use aws_lc_rs::digest::Digest;
use posthaste_types::Timestamp;

use super::key::{Key, Keys, Wanted};
use super::note::DkimNote;
use super::result::{DkimReason, DkimResult};
use super::signature::{self, Candidate, form};
use crate::algorithm::Canonicalization;
use crate::canon::{self, BodyHash};
use crate::head::Field;

/// The header of a message, and its body in the pieces in which it came.
pub(crate) struct Message<'a> {
    fields: &'a [Field<'a>],
    body: &'a [&'a [u8]],
}

impl<'a> Message<'a> {
    pub(crate) fn new(fields: &'a [Field<'a>], body: &'a [&'a [u8]]) -> Self {
        Self { fields, body }
    }

    /// Evaluates a DKIM-Signature field.
    pub(super) async fn evaluate(
        &self,
        field: &Field<'_>,
        (keys, hashes): (&mut Keys<'_>, &mut BodyHashes),
        at: Timestamp,
        result: &mut DkimResult,
    ) -> Result<(), DkimReason> {
        let candidate = signature::read(field.value, at, result)?;
        self.check_from(&result.headers)?;
        result.oversigned = self.oversigned(&result.headers);
        // Before the key: a changed body needs no question to the DNS.
        self.check_body(&candidate, hashes, result)?;
        let identity = Some(candidate.parsed.i.as_str()).filter(|identity| !identity.is_empty());
        let Candidate { key_name: name, algorithm, domain, .. } = &candidate;
        let key = keys.fetch(&Wanted { name, algorithm: *algorithm, domain, identity }).await?;
        result.key_bits = Some(key.bits);
        result.testing = key.notes.contains(&DkimNote::Testing);
        result.notes.extend_from_slice(&key.notes);
        self.verify(field, &candidate, &result.headers, &key)
    }

    /// Every From field that is there must be signed: who reads the first is not to be shown one that the signature
    /// does not cover (RFC 6376 §8.15).
    fn check_from(&self, names: &[String]) -> Result<(), DkimReason> {
        let present = self.fields.iter().filter(|field| field.is("from")).count();
        let signed = names.iter().filter(|name| *name == "from").count();
        if signed < present { Err(DkimReason::FromNotSigned) } else { Ok(()) }
    }

    /// mail-auth counts a line of white space alone, at the end of a relaxed body, as a line (RFC 6376 §3.4.4 does
    /// not), and `l=` before canonicalization, with 0 for no limit: so this hash is ours.
    fn check_body(
        &self,
        candidate: &Candidate,
        hashes: &mut BodyHashes,
        result: &mut DkimResult,
    ) -> Result<(), DkimReason> {
        let body = hashes.of(self, form(candidate.parsed.cb), candidate.body_length)?;
        if let Some(signed) = candidate.body_length {
            result.notes.push(DkimNote::BodyLength { signed, unsigned: body.unsigned });
        }
        if body.hash.as_ref() == candidate.parsed.bh { Ok(()) } else { Err(DkimReason::BodyChanged) }
    }

    /// Takes the body into a hash.
    pub(crate) fn hash_body(&self, mut hash: BodyHash) -> BodyHash {
        self.body.iter().for_each(|piece| hash.update(piece));
        hash.end();
        hash
    }

    fn verify(&self, field: &Field<'_>, candidate: &Candidate, names: &[String], key: &Key) -> Result<(), DkimReason> {
        let Candidate { parsed, without_signature, .. } = candidate;
        let signed = self.signed_fields(names).map(|field| (field.raw_name, field.value));
        let signed = canonical(form(parsed.ch), signed, (field.raw_name, without_signature));
        key.verifying.p.verify_bytes(&signed, &parsed.b, parsed.a).map_err(|_| DkimReason::HeaderChanged)
    }

    /// The fields that `h=` stands for: for each name the last one that is not taken yet, or none (RFC 6376 §5.4.2).
    pub(crate) fn signed_fields<'n>(&'n self, names: &'n [String]) -> impl Iterator<Item = &'n Field<'n>> {
        let mut left: Vec<Option<&Field<'_>>> = self.fields.iter().rev().map(Some).collect();
        names
            .iter()
            .filter_map(move |name| left.iter_mut().find(|field| field.is_some_and(|field| field.is(name)))?.take())
    }

    /// The names that stand more often in the list than in the header, each once.
    fn oversigned(&self, names: &[String]) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for (at, name) in names.iter().enumerate() {
            let earlier = names.get(..at).unwrap_or_default();
            if earlier.contains(name) {
                continue;
            }
            let listed = names.iter().filter(|listed| *listed == name).count();
            let present = self.fields.iter().filter(|field| field.is(name)).take(listed).count();
            if listed > present {
                found.push(name.clone());
            }
        }
        found
    }
}

/// The signed fields and the signature's own, which has no line end (RFC 6376 §3.7), in canonical form. mail-auth's takes a
/// form feed for white space, which it is not (§2.8).
pub(crate) fn canonical<'f>(
    form: Canonicalization,
    signed: impl Iterator<Item = (&'f [u8], &'f [u8])>,
    (name, value): (&[u8], &[u8]),
) -> Vec<u8> {
    let mut out = Vec::with_capacity(2048);
    signed.for_each(|(name, value)| canon::header(form, name, value, &mut out));
    canon::header(form, name, value, &mut out);
    if out.ends_with(b"\r\n") {
        out.truncate(out.len() - 2);
    }
    out
}

/// The hashes of one message's body: that of the whole body is made once for each form.
#[derive(Default)]
pub(crate) struct BodyHashes {
    whole: Vec<(Canonicalization, Digest)>,
}

/// The hash of a body, or of its beginning.
pub(crate) struct HashedBody {
    pub(crate) hash: Digest,
    /// How many octets of the canonical body are left out.
    pub(crate) unsigned: u64,
}

impl BodyHashes {
    /// The hash of the whole body or of its first `length` canonical octets, which it must have.
    pub(crate) fn of(
        &mut self,
        message: &Message<'_>,
        form: Canonicalization,
        length: Option<u64>,
    ) -> Result<HashedBody, DkimReason> {
        let known = self.whole.iter().find(|(known, _)| *known == form).filter(|_| length.is_none());
        if let Some((_, hash)) = known {
            return Ok(HashedBody { hash: *hash, unsigned: 0 });
        }
        let hashed = message.hash_body(BodyHash::new(form, length));
        let unsigned = hashed.beyond();
        let (hash, missing) = hashed.finish();
        if missing > 0 {
            return Err(DkimReason::BodyTooShort);
        }
        if length.is_none() {
            self.whole.push((form, hash));
        }
        Ok(HashedBody { hash, unsigned })
    }
}
