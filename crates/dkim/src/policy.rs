//! Which domain signs which mail.

use async_trait::async_trait;
use posthaste_sign::{Sign, SignError, Signs};
use posthaste_types::{Content, Domain, HeaderField, Timestamp};

use crate::signer::{Dkim, fields, from_domains, no_key, split};

/// Which domain signs which mail: one signer for each From domain, the closest.
///
/// For each domain in From, of the signers that cover it the one whose domain has the most labels signs: so its
/// signatures are aligned in the sense of DMARC, strictly if the domain has a signer of its own. Signers
/// [beside](Self::beside) it add theirs to what is signed so, for whoever operates the mail: those count for reputation and
/// feedback loops, not for DMARC.
///
/// Mail from a domain without a key is refused, or leaves unsigned where that was [said](Self::without_key).
///
/// ```
/// use posthaste_dkim::{Dkim, DkimKey, KeyKind, SigningPolicy, WithoutKey};
/// use posthaste_types::{Content, Timestamp};
///
/// let key = || DkimKey::generate(KeyKind::Ed25519);
/// let policy = SigningPolicy::new()
///     .signer(Dkim::new("example.com".parse()?).key("s1".parse()?, key()?))
///     .signer(Dkim::new("shop.example".parse()?).key("s1".parse()?, key()?))
///     .beside(Dkim::new("platform.example".parse()?).key("p1".parse()?, key()?));
///
/// let at = Timestamp::from_unix_secs(1_790_000_000);
/// let mail = |from: &str| Content::from_canonical(format!("From: {from}\r\n\r\nhi\r\n").into_bytes());
/// let fields = policy.sign_content(&mail("ada@shop.example")?, at)?;
/// assert!(fields[0].as_str().contains("d=shop.example;") && fields[1].as_str().contains("d=platform.example;"));
///
/// assert!(policy.sign_content(&mail("eve@platform.example")?, at).is_err());
/// let lenient = policy.without_key(WithoutKey::LeaveUnsigned);
/// assert!(lenient.sign_content(&mail("eve@platform.example")?, at)?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct SigningPolicy {
    signers: Vec<Dkim>,
    beside: Vec<Dkim>,
    without_key: WithoutKey,
}

/// What becomes of mail from a domain without a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WithoutKey {
    /// It is refused: [`SignErrorKind::NoKey`](posthaste_sign::SignErrorKind::NoKey); the default.
    #[default]
    Refuse,
    /// It leaves without any signature.
    LeaveUnsigned,
}

impl SigningPolicy {
    /// A policy without a signer, which refuses all mail.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the signer of a domain, or replaces the one that this domain has. Its [`Reach`](crate::Reach) says whether it
    /// covers the domains below too.
    #[must_use]
    pub fn signer(mut self, signer: Dkim) -> Self {
        put(&mut self.signers, signer);
        self
    }

    /// Adds a signer of whatever is signed otherwise, whoever it is from; or replaces the one that this domain has.
    #[must_use]
    pub fn beside(mut self, signer: Dkim) -> Self {
        put(&mut self.beside, signer);
        self
    }

    /// What becomes of mail from a domain without a key; by default it is refused.
    #[must_use]
    pub fn without_key(mut self, without_key: WithoutKey) -> Self {
        self.without_key = without_key;
        self
    }

    /// The signer that signs for a From domain, if there is one: the closest that covers it and has a key.
    pub fn signer_for(&self, from: &Domain) -> Option<&Dkim> {
        let covering = self.signers.iter().filter(|signer| signer.signs(from));
        covering.max_by_key(|signer| signer.domain().as_str().split('.').count())
    }

    /// The signature fields of `content` at the time `at`; none if it is to leave unsigned.
    ///
    /// # Errors
    /// [`SignError`] as in the contract of [`Sign`]; never transient.
    pub fn sign_content(&self, content: &Content, at: Timestamp) -> Result<Vec<HeaderField>, SignError> {
        let split = split(content)?;
        let fields = fields(&split)?;
        let from = from_domains(&fields, split.head.len())?;
        let mut chosen: Vec<&Dkim> = Vec::new();
        for signer in from.iter().filter_map(|domain| self.signer_for(domain)) {
            if !chosen.iter().any(|known| known.domain() == signer.domain()) {
                chosen.push(signer);
            }
        }
        if chosen.is_empty() {
            return match self.without_key {
                WithoutKey::Refuse => Err(no_key(from)),
                WithoutKey::LeaveUnsigned => Ok(Vec::new()),
            };
        }
        for signer in &self.beside {
            if !chosen.iter().any(|known| known.domain() == signer.domain()) {
                chosen.push(signer);
            }
        }
        let mut signed = Vec::new();
        for signer in chosen {
            signed.extend(signer.sign_fields(&fields, &split.body, at)?);
        }
        Ok(signed)
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Sign for SigningPolicy {
    async fn sign(&self, content: &Content, at: Timestamp) -> Result<Vec<HeaderField>, SignError> {
        self.sign_content(content, at)
    }

    fn signs_for(&self, from: &Domain) -> Signs {
        if self.signer_for(from).is_some() { Signs::Yes } else { Signs::No }
    }
}

fn put(signers: &mut Vec<Dkim>, signer: Dkim) {
    match signers.iter_mut().find(|known| known.domain() == signer.domain()) {
        Some(known) => *known = signer,
        None => signers.push(signer),
    }
}
