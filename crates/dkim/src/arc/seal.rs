//! Sealing (RFC 8617 §5.1).

use aws_lc_rs::digest::{Context, SHA256};
use posthaste_sign::Malformed;
use posthaste_types::{Content, Domain, HeaderField, HeaderName, Timestamp};

use super::read;
use super::result::{ArcResult, ChainStatus};
use super::seal_error::{SealError, SealErrorKind};
use super::verdicts::ArcVerdicts;
use crate::algorithm::Canonicalization;
use crate::canon::{self, BodyHash};
use crate::check::Message;
use crate::error::{DkimError, DkimErrorKind};
use crate::field::{ARC_SEAL, Kind, NAME, SealTags, Tags, Unsigned};
use crate::head::{self, Field, Split};
use crate::headers::{SEMICOLON, SignedHeaders};
use crate::key::DkimKey;
use crate::record::DkimRecord;
use crate::selector::Selector;
use crate::signer::MAX_HEADER;

/// Adds sets to ARC chains, for one host that hands mail on (RFC 8617).
///
/// Signed by default are the fields that DKIM signs, and the DKIM-Signature fields. The header is signed relaxed, the
/// body relaxed.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use posthaste_auth::results::{MethodResult, Results};
/// use posthaste_dkim::{ArcSealer, ArcVerdicts, DkimKey, KeyKind, check_arc};
/// use posthaste_dns::MemoryZone;
/// use posthaste_types::{Content, Tick, Timestamp};
///
/// let sealer = ArcSealer::new("lists.example.org".parse()?, "s1".parse()?, DkimKey::generate(KeyKind::Rsa2048)?);
/// let dns: MemoryZone = sealer.record()?.to_string().parse()?;
/// let (at, by) = (Timestamp::from_unix_secs(1_790_000_000), Tick::default());
///
/// let message = Content::from_canonical(b"From: ada@example.com\r\nSubject: hi\r\n\r\nhi\r\n".to_vec())?;
/// let chain = check_arc(&message, &dns, at, by).await;
/// let found = Results::new("mx.lists.example.org".parse()?).with(MethodResult::new("dmarc", "pass")?);
/// let fields = sealer.seal(&message, &chain, &ArcVerdicts::Given(found), at)?;
///
/// let chain = check_arc(&message.with_headers(&fields), &dns, at, by).await;
/// assert_eq!(chain.to_string(), "pass (i=1 d=lists.example.org)");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ArcSealer {
    domain: Domain,
    selector: Selector,
    key: DkimKey,
    headers: Headers,
}

#[derive(Clone, Debug)]
enum Headers {
    Rules(SignedHeaders),
    Exactly(Vec<String>),
}

impl ArcSealer {
    /// A sealer for `domain`, which publishes the key under `selector`.
    pub fn new(domain: Domain, selector: Selector, key: DkimKey) -> Self {
        Self { domain, selector, key, headers: Headers::Rules(SignedHeaders::default()) }
    }

    /// Which fields are signed; the DKIM-Signature fields are signed in any case.
    #[must_use]
    pub fn headers(mut self, headers: SignedHeaders) -> Self {
        self.headers = Headers::Rules(headers);
        self
    }

    /// Signs exactly these fields, in this order: each name stands for one field, the last that is not taken yet, or for
    /// none.
    ///
    /// # Errors
    /// [`DkimErrorKind::Header`] for ARC-Seal (RFC 8617 §4.1.2), and for a name that cannot stand in `h=`.
    pub fn exactly(mut self, names: impl IntoIterator<Item = HeaderName>) -> Result<Self, DkimError> {
        let names: Vec<String> = names.into_iter().map(|name| name.as_str().to_owned()).collect();
        if names.iter().any(|name| name.eq_ignore_ascii_case(ARC_SEAL)) {
            return Err(DkimErrorKind::Header { why: "ARC-Seal must not be signed (RFC 8617 §4.1.2)" }.into());
        }
        if names.iter().any(|name| name.contains(';')) {
            return Err(DkimErrorKind::Header { why: SEMICOLON }.into());
        }
        self.headers = Headers::Exactly(names);
        Ok(self)
    }

    /// The record to publish.
    ///
    /// # Errors
    /// [`DkimError`] if selector and domain together are too long for the DNS.
    pub fn record(&self) -> Result<DkimRecord, DkimError> {
        self.key.record(&self.selector, &self.domain)
    }

    /// The set to put in front of `content`, whose chain was checked as `chain`, at the time `at`: ARC-Seal,
    /// ARC-Message-Signature and ARC-Authentication-Results.
    ///
    /// A broken chain is sealed too, once, so that those behind know (RFC 8617 §5.1.2). There is no field if the chain can
    /// be sealed no more ([`can_be_sealed`](ArcResult::can_be_sealed)): the message goes on as it is.
    ///
    /// Seal as the last step: what is changed behind it breaks the chain. Where the check was
    /// [transient](ArcResult::is_transient), check again first if that is possible: the seal of a broken chain is for good.
    ///
    /// # Errors
    /// [`SealError`]; nothing was sealed then.
    pub fn seal(
        &self,
        content: &Content,
        chain: &ArcResult,
        verdicts: &ArcVerdicts,
        at: Timestamp,
    ) -> Result<Vec<HeaderField>, SealError> {
        if !chain.can_be_sealed() {
            return Ok(Vec::new());
        }
        let malformed = |fault, at| SealError::from(SealErrorKind::Malformed { fault, at });
        let split = Split::of(content.chunks(), MAX_HEADER)
            .ok_or_else(|| malformed(Malformed::HeaderTooLarge { limit: MAX_HEADER }, MAX_HEADER))?;
        let fields = head::fields(&split.head)
            .collect::<Result<Vec<_>, usize>>()
            .map_err(|at| malformed(Malformed::BadHeader, at))?;
        let earlier = earlier(&fields, chain)?;

        let instance = chain.highest.saturating_add(1);
        let composed = verdicts.compose(&fields, instance);
        let results = composed.map_err(|error| SealError::from(SealErrorKind::Verdicts).because(error))?;
        // The new field stands in front of the others, where a verifier finds it.
        let all: Vec<Field<'_>> = field(&results).into_iter().chain(fields.iter().copied()).collect();
        let signature = self.sign(&all, &split.body, instance, at)?;
        let own = [field(&results), field(&signature)].into_iter().flatten();
        let sealed = relaxed(earlier.into_iter().chain(own));
        let tags = SealTags {
            instance,
            algorithm: self.key.algorithm(),
            at,
            chain: chain.status.as_str(),
            domain: self.domain.as_str(),
            selector: self.selector.as_str(),
        };
        let seal = self.finish(&sealed, tags.compose())?;
        Ok(vec![seal, signature, results])
    }

    /// The message signature (RFC 8617 §4.1.2).
    fn sign(
        &self,
        fields: &[Field<'_>],
        body: &[&[u8]],
        instance: u8,
        at: Timestamp,
    ) -> Result<HeaderField, SealError> {
        let message = Message::new(fields, body);
        let (body_hash, _) = message.hash_body(BodyHash::new(Canonicalization::Relaxed, None)).finish();
        let selection;
        let (names, signed): (Vec<&str>, Vec<Field<'_>>) = match &self.headers {
            Headers::Rules(rules) => {
                selection = rules.select(fields);
                let dkim = fields.iter().rev().filter(|field| field.is(NAME));
                let names = selection.names.iter().copied().chain(dkim.clone().map(|_| NAME));
                (names.collect(), selection.fields.iter().copied().chain(dkim.copied()).collect())
            }
            Headers::Exactly(names) => {
                (names.iter().map(String::as_str).collect(), message.signed_fields(names).copied().collect())
            }
        };
        let tags = Tags {
            kind: Kind::Arc(instance),
            algorithm: self.key.algorithm(),
            header_form: Canonicalization::Relaxed,
            body_form: Canonicalization::Relaxed,
            domain: self.domain.as_str(),
            selector: self.selector.as_str(),
            at,
            expires: None,
            names: &names,
            body_hash: body_hash.as_ref(),
        };
        self.finish(&relaxed(signed), tags.compose())
    }

    /// Signs some canonical fields and the field itself.
    fn finish(&self, signed: &[u8], unsigned: Unsigned) -> Result<HeaderField, SealError> {
        let mut context = Context::new(&SHA256);
        context.update(signed);
        unsigned.relaxed().for_each(|piece| context.update(piece.as_bytes()));
        let refused = || SealError::from(SealErrorKind::Key);
        let signature = self.key.sign(&context.finish()).map_err(|error| refused().because(error))?;
        HeaderField::parse(&unsigned.signed(&signature)).map_err(|error| refused().because(error))
    }
}

/// The fields of the sets before the new one, in the order in which they are sealed. Of a broken chain, none (RFC 8617
/// §5.1.2).
fn earlier<'a>(fields: &'a [Field<'a>], chain: &ArcResult) -> Result<Vec<Field<'a>>, SealError> {
    let other = || SealError::from(SealErrorKind::Chain);
    let present = read::arc_fields(fields).next().is_some();
    if read::highest(fields) != chain.highest || present == (chain.status == ChainStatus::None) {
        return Err(other());
    }
    if chain.status != ChainStatus::Pass {
        return Ok(Vec::new());
    }
    let sets = read::sets(fields, usize::MAX).map_err(|_| other())?;
    Ok(sets.iter().flat_map(|set| [*set.results, *set.signature, *set.seal]).collect())
}

fn field(field: &HeaderField) -> Option<Field<'_>> {
    head::fields(field.as_str().as_bytes()).flatten().next()
}

fn relaxed<'a>(fields: impl IntoIterator<Item = Field<'a>>) -> Vec<u8> {
    let mut out = Vec::new();
    for field in fields {
        canon::header(Canonicalization::Relaxed, field.raw_name, field.value, &mut out);
    }
    out
}
