//! Checking signatures (RFC 6376 §6).

mod key;
mod result;
mod signature;
mod tags;

use aws_lc_rs::digest::Digest;
use posthaste_dns::Resolve;
use posthaste_types::{Content, Tick, Timestamp};

pub use self::result::{DkimOutcome, DkimReason, DkimResult};
use self::signature::{Candidate, outcome};
use crate::algorithm::Canonicalization;
use crate::canon::BodyHash;
use crate::field::NAME;
use crate::head::{self, Field, Split};

/// How much a check takes on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckLimits {
    /// How many signatures are evaluated, from the top; by default 5. RFC 6376 §6.1 allows a limit, and each
    /// costs a hash, a DNS question and a verification.
    pub signatures: usize,
    /// The longest header, in octets; by default 1 MiB.
    pub header_octets: usize,
    /// The most header fields; by default 2,000.
    pub header_fields: usize,
}

impl Default for CheckLimits {
    fn default() -> Self {
        Self { signatures: 5, header_octets: 1024 * 1024, header_fields: 2000 }
    }
}

/// Checks the signatures of a message at the time `at`, within the default limits: see [`check_octets`].
///
/// ```
/// use posthaste_dkim::{DkimOutcome, check};
/// use posthaste_dns::Resolve;
/// use posthaste_types::{Content, Tick, Timestamp};
///
/// async fn show(content: &Content, dns: &dyn Resolve, at: Timestamp, by: Tick) {
///     for result in check(content, dns, at, by).await {
///         println!("dkim={result}");
///     }
/// }
/// ```
pub async fn check(content: &Content, dns: &dyn Resolve, at: Timestamp, by: Tick) -> Vec<DkimResult> {
    let pieces: Vec<&[u8]> = content.chunks().collect();
    check_octets(&pieces, &CheckLimits::default(), dns, at, by).await
}

/// Checks the signatures of a message that comes in any number of pieces.
///
/// One result for each signature evaluated, from the top; one of outcome `none` for an unsigned message, and
/// one of outcome `policy` at the end if there were more signatures than are evaluated. Every question
/// to the DNS goes through `dns` and is answered or given up by `by`; the time for `x=` is `at`.
///
/// Stricter than RFC 6376 where RFC 8301 or experience says so: From must be signed, `rsa-sha1` and keys under
/// 1024 bits do not pass, a tag that stands twice is an error. `l=` is honoured and reported.
///
/// Cancel safe: dropping the future only ends the check.
pub async fn check_octets(
    pieces: &[&[u8]],
    limits: &CheckLimits,
    dns: &dyn Resolve,
    at: Timestamp,
    by: Tick,
) -> Vec<DkimResult> {
    let too_large = || vec![DkimResult::of(DkimOutcome::PermError, Some(DkimReason::HeaderTooLarge))];
    let Some(split) = Split::of(pieces.iter().copied(), limits.header_octets) else { return too_large() };
    let fields: Vec<Field<'_>> = head::fields(&split.head).flatten().take(limits.header_fields + 1).collect();
    if fields.len() > limits.header_fields {
        return too_large();
    }
    let signatures = fields.iter().filter(|field| field.is(NAME));
    let count = signatures.clone().count();
    let mut results = Vec::with_capacity(count.min(limits.signatures) + 1);
    for signature in signatures.take(limits.signatures) {
        let mut result = DkimResult::of(DkimOutcome::Pass, None);
        let message = Message { fields: &fields, body: &split.body };
        if let Err(reason) = message.evaluate(signature, dns, at, by, &mut result).await {
            result.outcome = outcome(&reason);
            result.reason = Some(reason);
        }
        results.push(result);
    }
    if count == 0 {
        results.push(DkimResult::of(DkimOutcome::None, None));
    } else if count > results.len() {
        let reason = DkimReason::TooManySignatures { ignored: count - results.len() };
        results.push(DkimResult::of(DkimOutcome::Policy, Some(reason)));
    }
    results
}

struct Message<'a> {
    fields: &'a [Field<'a>],
    body: &'a [&'a [u8]],
}

impl Message<'_> {
    async fn evaluate(
        &self,
        field: &Field<'_>,
        dns: &dyn Resolve,
        at: Timestamp,
        by: Tick,
        result: &mut DkimResult,
    ) -> Result<(), DkimReason> {
        let candidate = signature::read(field.value, at, result)?;
        // Before the key: a changed body needs no question to the DNS.
        match self.hash_body(&candidate) {
            (_, missing) if missing > 0 => return Err(DkimReason::BodyTooShort),
            (hash, _) if hash.as_ref() != candidate.parsed.bh => return Err(DkimReason::BodyChanged),
            _ => {}
        }
        let key = key::fetch(&candidate, dns, by).await?;
        result.testing = key.testing;
        self.verify(field, &candidate, &key)
    }

    /// mail-auth counts a line of white space alone, at the end of a relaxed body, as a line (RFC 6376 §3.4.4 does
    /// not), and `l=` before canonicalization, with 0 for no limit: so this hash is ours.
    fn hash_body(&self, candidate: &Candidate) -> (Digest, u64) {
        let form = match candidate.parsed.cb {
            mail_auth::dkim::Canonicalization::Relaxed => Canonicalization::Relaxed,
            mail_auth::dkim::Canonicalization::Simple => Canonicalization::Simple,
        };
        let mut hash = BodyHash::new(form, candidate.body_length);
        self.body.iter().for_each(|piece| hash.update(piece));
        hash.finish()
    }

    fn verify(&self, field: &Field<'_>, candidate: &Candidate, key: &key::Key) -> Result<(), DkimReason> {
        let Candidate { parsed, without_signature, .. } = candidate;
        let own = std::iter::once((field.raw_name, without_signature.as_slice()));
        let mut signed = self.signed_fields(&parsed.h).map(|field| (field.raw_name, field.value)).chain(own);
        let verified = key.verifying.p.verify(&mut signed, &parsed.b, parsed.ch, parsed.a);
        verified.map_err(|_| DkimReason::HeaderChanged)
    }

    /// The fields that `h=` stands for: for each name the last one that is not taken yet, or none (RFC 6376 §5.4.2).
    fn signed_fields<'n>(&'n self, names: &'n [String]) -> impl Iterator<Item = &'n Field<'n>> {
        let mut left: Vec<Option<&Field<'_>>> = self.fields.iter().rev().map(Some).collect();
        names
            .iter()
            .filter_map(move |name| left.iter_mut().find(|field| field.is_some_and(|field| field.is(name)))?.take())
    }
}
