//! Checking a chain (RFC 8617 §5.2).

use posthaste_dns::Resolve;
use posthaste_types::{Content, Tick, Timestamp};

use super::read::{self, Candidate, RawSet};
use super::result::{ArcField, ArcReason, ArcResult, ArcSet, ArcSignature, ChainStatus};
use crate::algorithm::{Algorithm, Canonicalization};
use crate::check::key::{Keys, Wanted};
use crate::check::{ArcHistory, BodyHashes, CheckLimits, DkimReason, Message, canonical};
use crate::head::{Field, Split};

/// Checks the ARC chain of a message at the time `at`, within the default limits: see [`check_arc_octets`].
///
/// ```
/// use posthaste_dkim::check_arc;
/// use posthaste_dns::Resolve;
/// use posthaste_types::{Content, Domain, Tick, Timestamp};
///
/// async fn believed(content: &Content, dns: &dyn Resolve, trusted: &Domain, at: Timestamp, by: Tick) -> bool {
///     let chain = check_arc(content, dns, at, by).await;
///     let results = chain.trusted(|sealer| sealer == trusted).filter_map(|set| set.results.as_ref());
///     results.flat_map(|results| results.results()).any(|one| (one.method(), one.result()) == ("dmarc", "pass"))
/// }
/// ```
pub async fn check_arc(content: &Content, dns: &dyn Resolve, at: Timestamp, by: Tick) -> ArcResult {
    let pieces: Vec<&[u8]> = content.chunks().collect();
    check_arc_octets(&pieces, &CheckLimits::default(), dns, at, by).await
}

/// Checks the ARC chain of a message that comes in any number of pieces, wherever they are cut (RFC 8617 §5.2).
///
/// The newest message signature and all seals are verified; how far back the older message signatures hold is said too,
/// unless the limits forbid it. Every question to the DNS goes through `dns`, each name is asked for once, and all are
/// answered or given up by `by`; the time for `x=` is `at`.
///
/// Cancel safe: dropping the future only ends the check.
pub async fn check_arc_octets(
    pieces: &[&[u8]],
    limits: &CheckLimits,
    dns: &dyn Resolve,
    at: Timestamp,
    by: Tick,
) -> ArcResult {
    let too_large = || ArcResult::of(ChainStatus::Fail, Some(ArcReason::HeaderTooLarge));
    let Some(split) = Split::of(pieces.iter().copied(), limits.header_octets) else { return too_large() };
    let Some(fields) = limits.fields(&split.head) else { return too_large() };
    let message = Message::new(&fields, &split.body);
    let mut result = ArcResult::of(ChainStatus::None, None);
    result.highest = read::highest(&fields);
    let mut chain = match Chain::read(&fields, limits.arc_sets) {
        Ok(chain) => chain,
        Err(reason) => return ArcResult { status: ChainStatus::Fail, reason: Some(reason), ..result },
    };
    if chain.sets.is_empty() {
        return result;
    }
    let mut checker = Checker { message, keys: Keys::new(dns, by), at, hashes: BodyHashes::default() };
    match chain.check(&mut checker, limits.arc_history).await {
        Ok(oldest_pass) => {
            result.status = ChainStatus::Pass;
            result.oldest_pass = oldest_pass;
        }
        Err(reason) => {
            result.status = ChainStatus::Fail;
            result.reason = Some(reason);
        }
    }
    result.sets = (1..).zip(chain.sets).map(|(instance, set)| set.told(instance)).collect();
    result
}

/// The sets of a message, oldest first.
struct Chain<'a> {
    raw: Vec<RawSet<'a>>,
    sets: Vec<Set<'a>>,
}

struct Set<'a> {
    raw: RawSet<'a>,
    signature: Candidate,
    seal: Candidate,
}

impl Set<'_> {
    fn told(self, instance: u8) -> ArcSet {
        let Self { raw, signature, seal } = self;
        let results = read::results(raw.results);
        ArcSet { instance, chain: seal.chain, results, signature: signature.said, seal: seal.said }
    }
}

impl<'a> Chain<'a> {
    fn read(fields: &'a [Field<'a>], limit: usize) -> Result<Self, ArcReason> {
        let raw = read::sets(fields, limit)?;
        let read = |(instance, raw): (u8, &RawSet<'a>)| {
            let fault = |field| move |fault| ArcReason::Fault { field, instance, fault };
            let signature = read::signature(raw.signature.value).map_err(fault(ArcField::Signature))?;
            let seal = read::seal(raw.seal.value).map_err(fault(ArcField::Seal))?;
            Ok(Set { raw: *raw, signature, seal })
        };
        let sets = (1..).zip(&raw).map(read).collect::<Result<_, _>>()?;
        Ok(Self { raw, sets })
    }

    /// The steps of RFC 8617 §5.2 behind the form of the fields. The value is the oldest instance that still passes.
    async fn check(&mut self, checker: &mut Checker<'_>, history: ArcHistory) -> Result<Option<u8>, ArcReason> {
        self.check_status()?;
        let fault = |field, instance| move |fault| ArcReason::Fault { field, instance, fault };
        let mut oldest = self.newest();
        if let Some(set) = self.sets.last_mut() {
            let done = checker.signature(set).await;
            done.map_err(fault(ArcField::Signature, oldest))?;
        }
        for (index, set) in self.sets.iter_mut().enumerate().rev() {
            let done = checker.seal(set, self.raw.get(..=index).unwrap_or_default()).await;
            done.map_err(fault(ArcField::Seal, u8::try_from(index + 1).unwrap_or(u8::MAX)))?;
        }
        if history == ArcHistory::Skip {
            return Ok(None);
        }
        for set in self.sets.iter_mut().rev().skip(1) {
            // Each `l=` would need a pass over the body of its own.
            if set.signature.said.body_length.is_some() || checker.signature(set).await.is_err() {
                return Ok(Some(oldest));
            }
            oldest = oldest.saturating_sub(1);
        }
        Ok(Some(0))
    }

    fn newest(&self) -> u8 {
        u8::try_from(self.sets.len()).unwrap_or(u8::MAX)
    }

    fn check_status(&self) -> Result<(), ArcReason> {
        if self.sets.last().is_some_and(|set| set.seal.chain == ChainStatus::Fail) {
            return Err(ArcReason::SealedAsFailed { instance: self.newest() });
        }
        for (instance, set) in (1..).zip(&self.sets) {
            let expected = if instance == 1 { ChainStatus::None } else { ChainStatus::Pass };
            if set.seal.chain != expected {
                return Err(ArcReason::ChainStatus { instance, said: set.seal.chain });
            }
        }
        Ok(())
    }
}

/// A message, the keys and hashes that were needed so far, and the time.
struct Checker<'a> {
    message: Message<'a>,
    keys: Keys<'a>,
    at: Timestamp,
    hashes: BodyHashes,
}

impl Checker<'_> {
    /// Verifies a message signature.
    async fn signature(&mut self, set: &mut Set<'_>) -> Result<(), DkimReason> {
        let read = &set.signature;
        if read.expires.is_some_and(|expires| expires < self.at) {
            return Err(DkimReason::Expired);
        }
        let body = self.hashes.of(&self.message, read.body_form, read.said.body_length)?;
        if body.hash.as_ref() != read.body_hash {
            return Err(DkimReason::BodyChanged);
        }
        let own = (set.raw.signature.raw_name, read.without_signature.as_slice());
        let fields = self.message.signed_fields(&read.said.headers).map(|field| (field.raw_name, field.value));
        let signed = canonical(read.header_form, fields, own);
        let bits = verify(&mut self.keys, read, &signed).await?;
        set.signature.said.key_bits = Some(bits);
        Ok(())
    }

    /// Verifies a seal: of the sets up to its own, each in the order in which it was made (RFC 8617 §5.1.1).
    async fn seal(&mut self, set: &mut Set<'_>, sealed: &[RawSet<'_>]) -> Result<(), DkimReason> {
        let fields = sealed.iter().flat_map(|raw| [raw.results, raw.signature, raw.seal]);
        // All but the last, which is the seal itself.
        let before = fields.take((sealed.len() * 3).saturating_sub(1)).map(|field| (field.raw_name, field.value));
        let own = (set.raw.seal.raw_name, set.seal.without_signature.as_slice());
        let signed = canonical(Canonicalization::Relaxed, before, own);
        let bits = verify(&mut self.keys, &set.seal, &signed).await?;
        set.seal.said.key_bits = Some(bits);
        Ok(())
    }
}

/// Verifies the signature of canonical fields, and says how long the key is.
async fn verify(keys: &mut Keys<'_>, read: &Candidate, signed: &[u8]) -> Result<usize, DkimReason> {
    let ArcSignature { domain, algorithm, .. } = &read.said;
    let key = keys.fetch(&Wanted { name: &read.key_name, algorithm: *algorithm, domain, identity: None }).await?;
    let algorithm = match algorithm {
        Algorithm::RsaSha256 => mail_auth::common::crypto::Algorithm::RsaSha256,
        Algorithm::Ed25519Sha256 => mail_auth::common::crypto::Algorithm::Ed25519Sha256,
    };
    let verified = key.verifying.p.verify_bytes(signed, &read.signature, algorithm);
    verified.map(|()| key.bits).map_err(|_| DkimReason::HeaderChanged)
}
