//! DKIM2, an experiment: checking a chain of DKIM2-Signature fields (draft-ietf-dkim-dkim2-spec).
//!
//! The draft changes, and versions of it do not understand each other: this follows the one that mail-auth implements, may
//! change or go with any release, and no decision about mail should rest on it. Unlike all else here it **looks at the
//! clock**, as mail-auth does: a signature older than 14 days has expired.
//!
//! Only chains are evaluated in which no host has changed the message. A changed one carries recipes that rebuild what was
//! before, and mail-auth follows these without a bound on what they make.
//!
//! ```
//! use posthaste_dkim::{CheckLimits, dkim2};
//! use posthaste_dns::Resolve;
//! use posthaste_types::Tick;
//!
//! async fn show(message: &[u8], dns: &dyn Resolve, by: Tick) {
//!     let envelope = dkim2::Dkim2Envelope::new("<ada@example.com>", ["<bob@example.org>"]);
//!     println!("dkim2={}", dkim2::check_octets(message, &envelope, &CheckLimits::default(), dns, by).await);
//! }
//! ```

use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::LazyLock;
use std::time::Instant;

use mail_auth::common::parse::TxtRecordParser;
use mail_auth::common::verify::DomainKey;
use mail_auth::dkim2::{MessageInstance, Signature};
use mail_auth::{AuthenticatedMessage, DnsError, Error, MessageAuthenticator, Parameters, ResolverCache, Txt};
use posthaste_dns::{Resolve, ResolveExt};
use posthaste_types::{DnsName, Text, Tick};

use crate::check::{CheckLimits, DkimOutcome};
use crate::field::{ARC_SIGNATURE, NAME};
use crate::head::{Field, Split};

/// The envelope that the message came with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dkim2Envelope {
    mail_from: String,
    rcpt_to: Vec<String>,
}

impl Dkim2Envelope {
    /// The paths of MAIL FROM and RCPT TO, in angle brackets.
    pub fn new<R: Into<String>>(mail_from: impl Into<String>, rcpt_to: impl IntoIterator<Item = R>) -> Self {
        Self { mail_from: mail_from.into(), rcpt_to: rcpt_to.into_iter().map(Into::into).collect() }
    }
}

/// What became of a DKIM2 chain.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dkim2Result {
    /// The outcome.
    pub outcome: DkimOutcome,
    /// Why, unless it passed.
    pub reason: Option<Dkim2Reason>,
    /// The domains that signed (`d=`), oldest first, if the chain passed.
    pub domains: Vec<String>,
}

/// Why a DKIM2 chain did not pass.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Dkim2Reason {
    /// A host has changed the message and left a recipe, which is not followed.
    #[error("the message was revised; that is not evaluated")]
    Revised,
    /// The chain does not hold, in the words of mail-auth.
    #[error("{0}")]
    Refused(Text),
    /// More fields or signatures than the limits allow.
    #[error("the header is larger than the limits allow")]
    TooLarge,
}

impl Dkim2Result {
    fn of(outcome: DkimOutcome, reason: Option<Dkim2Reason>) -> Self {
        Self { outcome, reason, domains: Vec::new() }
    }
}

impl fmt::Display for Dkim2Result {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.outcome.fmt(f)?;
        match &self.reason {
            Some(reason) => write!(f, ": {reason}"),
            None => Ok(()),
        }
    }
}

/// Checks the DKIM2 chain of a message that came with this envelope.
///
/// Every question to the DNS goes through `dns`, and is answered or given up by `by`. At most as many signatures as in
/// [`MAX_SIGNATURES`].
///
/// Cancel safe: dropping the future only ends the check.
pub async fn check_octets(
    octets: &[u8],
    envelope: &Dkim2Envelope,
    limits: &CheckLimits,
    dns: &dyn Resolve,
    by: Tick,
) -> Dkim2Result {
    let too_large = || Dkim2Result::of(DkimOutcome::Policy, Some(Dkim2Reason::TooLarge));
    let Some(split) = Split::of([octets], limits.header_octets) else { return too_large() };
    let Some(fields) = limits.fields(&split.head) else { return too_large() };
    let chain = match Chain::read(&fields) {
        Ok(chain) => chain,
        Err(reason) => return Dkim2Result::of(DkimOutcome::Policy, Some(reason)),
    };
    let keys = chain.ask(dns, by).await;
    let Some(message) = AuthenticatedMessage::parse(octets) else {
        return Dkim2Result::of(DkimOutcome::None, None);
    };
    let Some(verifier) = &*VERIFIER else { return Dkim2Result::of(DkimOutcome::TempError, None) };
    let envelope = mail_auth::dkim2::sign::Envelope::new(&envelope.mail_from, &envelope.rcpt_to);
    let output = verifier.verify_dkim2(Parameters::new(&message).with_txt_cache(&keys), envelope).await;
    let outcome = match output.result() {
        mail_auth::Dkim2Result::Pass => DkimOutcome::Pass,
        mail_auth::Dkim2Result::Fail(_) => DkimOutcome::Fail,
        mail_auth::Dkim2Result::PermError(_) => DkimOutcome::PermError,
        mail_auth::Dkim2Result::TempError(_) => DkimOutcome::TempError,
        mail_auth::Dkim2Result::None => DkimOutcome::None,
    };
    let reason = output.error().map(|error| Dkim2Reason::Refused(Text::lossy(error)));
    let domains = output.chain().iter().map(|link| link.signature.d.clone()).collect();
    Dkim2Result { outcome, reason, domains }
}

/// What must be known of a chain before mail-auth sees it.
struct Chain {
    keys: Vec<String>,
}

impl Chain {
    fn read(fields: &[Field<'_>]) -> Result<Self, Dkim2Reason> {
        let named = |name: &'static str| fields.iter().filter(move |field| field.is(name));
        // mail-auth hashes the body for each of these, if it differs in what is signed.
        if named(NAME).chain(named(ARC_SIGNATURE)).count() > MAX_OTHER {
            return Err(Dkim2Reason::TooLarge);
        }
        let mut keys = Vec::new();
        for signature in named("DKIM2-Signature").filter_map(|field| Signature::parse(field.value).ok()) {
            keys.extend(signature.s.iter().map(|one| format!("{}._domainkey.{}", one.selector, signature.d)));
        }
        if keys.len() > MAX_SIGNATURES {
            return Err(Dkim2Reason::TooLarge);
        }
        let mut instances = named("Message-Instance").filter_map(|field| MessageInstance::parse(field.value).ok());
        if instances.any(|instance| instance.m > 1 || instance.recipe.is_some()) {
            return Err(Dkim2Reason::Revised);
        }
        Ok(Self { keys })
    }

    async fn ask(self, dns: &dyn Resolve, by: Tick) -> Keys {
        let mut known: HashMap<String, Txt> = HashMap::new();
        for name in self.keys {
            if known.contains_key(&name) {
                continue;
            }
            let missing = || Txt::Error(Error::Dns(DnsError::InvalidRecordType));
            let found = match DnsName::parse(&name) {
                Ok(asked) => match dns.txt(&asked, by).await {
                    // Several records: the draft has no key then.
                    Ok(found) => match found.values.as_slice() {
                        [one] => Txt::from(DomainKey::parse(one)),
                        _ => missing(),
                    },
                    Err(error) => Txt::Error(Error::Dns(DnsError::Resolver(error.to_string()))),
                },
                Err(_) => missing(),
            };
            known.insert(name, found);
        }
        Keys(known)
    }
}

/// Has an answer to every question, so that mail-auth puts none to the network.
struct Keys(HashMap<String, Txt>);

impl ResolverCache<Box<str>, Txt> for Keys {
    fn get<Q>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        // The only way to compare: by way of the type that is borrowed from.
        let is_it = |known: &&String| <Box<str> as Borrow<Q>>::borrow(&format!("{known}.").into()) == name;
        let known = self.0.keys().find(is_it).and_then(|known| self.0.get(known));
        Some(known.cloned().unwrap_or(Txt::Error(Error::Dns(DnsError::InvalidRecordType))))
    }

    fn remove<Q>(&self, _: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _: Box<str>, _: Txt, _: Instant) {}
}

/// Asks nobody: see [`Keys`].
static VERIFIER: LazyLock<Option<MessageAuthenticator>> = LazyLock::new(|| MessageAuthenticator::new_cloudflare().ok());

/// The most signatures of a chain that are evaluated, those of one field counted singly.
pub const MAX_SIGNATURES: usize = 50;
/// The most DKIM and ARC signatures beside the chain.
const MAX_OTHER: usize = 16;
