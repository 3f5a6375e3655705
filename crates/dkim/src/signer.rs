//! The signer.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::digest::{Context, SHA256};
use posthaste_sign::{Malformed, Sign, SignError, Signs};
use posthaste_types::{Content, Domain, HeaderField, Timestamp};

use crate::algorithm::Canonicalization;
use crate::canon::{self, BodyHash};
use crate::error::DkimError;
use crate::field::{Kind, Tags};
use crate::from;
use crate::head::{self, Field, Split};
use crate::headers::{Selection, SignedHeaders};
use crate::key::DkimKey;
use crate::record::DkimRecord;
use crate::selector::Selector;

/// Signs the mail of one domain with one or more keys (RFC 6376, RFC 8463).
///
/// One DKIM-Signature field for each key, in the order in which the keys were given; all share one pass
/// over the body and one over the header. Equal content and equal time give equal octets. The time is
/// the argument's, never the clock's.
///
/// Mail whose From is in another domain is not signed: [`SignErrorKind::NoKey`](posthaste_sign::SignErrorKind::NoKey).
/// A From with several mailboxes is signed if one of them is in the domain. Several domains: several signers in
/// [`Signers`](posthaste_sign::Signers).
///
/// ```
/// use posthaste_dkim::{Dkim, DkimKey, KeyKind};
/// use posthaste_types::{Content, Timestamp};
///
/// let signer = Dkim::new("news.example.com".parse()?)
///     .key("s1".parse()?, DkimKey::generate(KeyKind::Rsa2048)?)
///     .key("s2".parse()?, DkimKey::generate(KeyKind::Ed25519)?);
/// for record in signer.records()? {
///     println!("{record}");
/// }
///
/// let content = Content::from_canonical(b"From: ada@news.example.com\r\n\r\nhi\r\n".to_vec())?;
/// let fields = signer.sign_content(&content, Timestamp::from_unix_secs(1_790_000_000))?;
/// assert_eq!(fields.len(), 2);
/// let signed = content.with_headers(&fields);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Dkim {
    domain: Domain,
    keys: Vec<(Selector, DkimKey)>,
    reach: Reach,
    headers: SignedHeaders,
    header_form: Canonicalization,
    body_form: Canonicalization,
    expires_after: Option<Duration>,
}

/// Whose mail a signer signs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reach {
    /// Mail whose From is in the domain itself; the default.
    #[default]
    Domain,
    /// Mail whose From is in the domain or anywhere below it. DMARC counts such a signature as aligned
    /// unless the From domain asks for strict alignment (`adkim=s`).
    DomainAndBelow,
}

impl Dkim {
    /// A signer of `domain`, which has no key yet.
    pub fn new(domain: Domain) -> Self {
        Self {
            domain,
            keys: Vec::new(),
            reach: Reach::default(),
            headers: SignedHeaders::default(),
            header_form: Canonicalization::default(),
            body_form: Canonicalization::default(),
            expires_after: None,
        }
    }

    /// A signer of `domain` with the key of a PEM file: see [`DkimKey::from_pem_file`].
    ///
    /// # Errors
    /// [`DkimError`] that says what is wrong with the domain, the selector or the file.
    pub fn from_pem_file<D, S>(domain: D, selector: S, path: impl AsRef<Path>) -> Result<Self, DkimError>
    where
        D: TryInto<Domain>,
        S: TryInto<Selector>,
        DkimError: From<D::Error> + From<S::Error>,
    {
        let (domain, selector) = (domain.try_into()?, selector.try_into()?);
        selector.record_name(&domain)?;
        Ok(Self::new(domain).key(selector, DkimKey::from_pem_file(path)?))
    }

    /// Adds a key, or replaces the one with this selector. Sign with RSA and Ed25519 at once: who does not know
    /// one takes the other (RFC 8463 §3).
    #[must_use]
    pub fn key(mut self, selector: Selector, key: DkimKey) -> Self {
        match self.keys.iter_mut().find(|(known, _)| *known == selector) {
            Some((_, known)) => *known = key,
            None => self.keys.push((selector, key)),
        }
        self
    }

    /// Whose mail is signed; by default that of the domain itself.
    #[must_use]
    pub fn reach(mut self, reach: Reach) -> Self {
        self.reach = reach;
        self
    }

    /// Which header fields are signed; see [`SignedHeaders`] for the default.
    #[must_use]
    pub fn headers(mut self, headers: SignedHeaders) -> Self {
        self.headers = headers;
        self
    }

    /// How header and body are brought into canonical form; by default both relaxed.
    #[must_use]
    pub fn canonicalization(mut self, header: Canonicalization, body: Canonicalization) -> Self {
        self.header_form = header;
        self.body_form = body;
        self
    }

    /// Lets signatures expire so long after they were made (`x=`, RFC 6376 §3.5); by default they do not.
    ///
    /// Mail is signed once, when it is accepted, so this must be longer than the longest time that mail may wait
    /// in the queue, with some days for the receiver's own queue: 7 to 14 days limit replay and lose no mail.
    #[must_use]
    pub fn expire_after(mut self, life: Duration) -> Self {
        self.expires_after = Some(life.max(Duration::from_secs(1)));
        self
    }

    /// The domain.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The records to publish, one for each key.
    ///
    /// # Errors
    /// [`DkimError`] if selector and domain together are too long for the DNS.
    pub fn records(&self) -> Result<Vec<DkimRecord>, DkimError> {
        self.keys.iter().map(|(selector, key)| key.record(selector, &self.domain)).collect()
    }

    /// The signature fields of `content` at the time `at`: [`Sign::sign`] without the wait, which it does not
    /// need. An RSA signature takes about a quarter of a millisecond.
    ///
    /// # Errors
    /// [`SignError`] as in the contract of [`Sign`]; never transient.
    pub fn sign_content(&self, content: &Content, at: Timestamp) -> Result<Vec<HeaderField>, SignError> {
        let split = split(content)?;
        let fields = fields(&split)?;
        let domains = from_domains(&fields, split.head.len())?;
        if self.keys.is_empty() || !domains.iter().any(|domain| self.covers(domain)) {
            return Err(no_key(domains));
        }
        self.sign_fields(&fields, &split.body, at)
    }

    /// Signs whatever stands in From.
    pub(crate) fn sign_fields(
        &self,
        fields: &[Field<'_>],
        body: &[&[u8]],
        at: Timestamp,
    ) -> Result<Vec<HeaderField>, SignError> {
        let selection = self.headers.select(fields);
        let signed = self.hash_header(&selection);
        let mut hash = BodyHash::new(self.body_form, None);
        body.iter().for_each(|piece| hash.update(piece));
        let (body_hash, _) = hash.finish();
        let sign = |(selector, key): &(Selector, DkimKey)| {
            let tags = Tags {
                kind: Kind::Dkim,
                algorithm: key.algorithm(),
                header_form: self.header_form,
                body_form: self.body_form,
                domain: self.domain.as_str(),
                selector: selector.as_str(),
                at,
                expires: self.expires_after.map(|life| at.saturating_add(life)),
                names: &selection.names,
                body_hash: body_hash.as_ref(),
            };
            self.sign_with(key, &tags, signed.clone())
        };
        self.keys.iter().map(sign).collect()
    }

    fn hash_header(&self, selection: &Selection<'_>) -> Context {
        let mut header = Vec::with_capacity(selection.fields.iter().map(|field| field.value.len() + 32).sum());
        for field in &selection.fields {
            canon::header(self.header_form, field.raw_name, field.value, &mut header);
        }
        let mut context = Context::new(&SHA256);
        context.update(&header);
        context
    }

    /// The signature is of the canonical header and the field itself, its `b=` empty and without its CRLF
    /// (RFC 6376 §3.7).
    fn sign_with(&self, key: &DkimKey, tags: &Tags<'_>, mut signed: Context) -> Result<HeaderField, SignError> {
        let unsigned = tags.compose();
        match self.header_form {
            Canonicalization::Simple => signed.update(unsigned.as_str().as_bytes()),
            Canonicalization::Relaxed => unsigned.relaxed().for_each(|piece| signed.update(piece.as_bytes())),
        }
        let signature = key.sign(&signed.finish()).map_err(SignError::key)?;
        HeaderField::parse(&unsigned.signed(&signature)).map_err(SignError::key)
    }

    /// Whether it has a key and signs mail from this domain.
    pub(crate) fn signs(&self, from: &Domain) -> bool {
        !self.keys.is_empty() && self.covers(from)
    }

    fn covers(&self, from: &Domain) -> bool {
        match self.reach {
            Reach::Domain => *from == self.domain,
            Reach::DomainAndBelow => from.is_within(&self.domain),
        }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Sign for Dkim {
    async fn sign(&self, content: &Content, at: Timestamp) -> Result<Vec<HeaderField>, SignError> {
        self.sign_content(content, at)
    }

    fn signs_for(&self, from: &Domain) -> Signs {
        if self.signs(from) { Signs::Yes } else { Signs::No }
    }
}

/// The header and the body of a message.
pub(crate) fn split(content: &Content) -> Result<Split<'_>, SignError> {
    let too_large = Malformed::HeaderTooLarge { limit: MAX_HEADER };
    Split::of(content.chunks(), MAX_HEADER).ok_or_else(|| SignError::malformed(too_large, MAX_HEADER))
}

pub(crate) fn fields<'a>(split: &'a Split<'_>) -> Result<Vec<Field<'a>>, SignError> {
    let fields = head::fields(&split.head).collect::<Result<_, usize>>();
    fields.map_err(|at| SignError::malformed(Malformed::BadHeader, at))
}

/// The domains of the one From field, at least one, of a header that ends at `end`.
pub(crate) fn from_domains(fields: &[Field<'_>], end: usize) -> Result<Vec<Domain>, SignError> {
    let mut all = fields.iter().filter(|field| field.is("From"));
    let Some(from) = all.next() else {
        return Err(SignError::malformed(Malformed::NoFrom, end));
    };
    if let Some(second) = all.next() {
        return Err(SignError::malformed(Malformed::ManyFrom, second.at));
    }
    let domains = from::domains(from.value);
    if domains.is_empty() { Err(SignError::malformed(Malformed::BadFrom, from.at)) } else { Ok(domains) }
}

/// The error for mail that nobody signs.
pub(crate) fn no_key(from: Vec<Domain>) -> SignError {
    let first = from.into_iter().next();
    first.map_or_else(|| SignError::malformed(Malformed::BadFrom, 0), SignError::no_key)
}

/// The longest header that is signed, in octets: room for 10,000 addresses in To, and then some.
pub(crate) const MAX_HEADER: usize = 1024 * 1024;
