//! Several signers as one.

use std::sync::Arc;

use async_trait::async_trait;
use posthaste_types::{Content, Domain, HeaderField, Timestamp};

use crate::error::{SignError, SignErrorKind};
use crate::port::{Sign, Signs};

/// Several signers as one: each that has a key for the From domain signs.
///
/// All sign the content as it came, so no signature covers another; the fields stand in the order of the
/// signers. A signer without a key is passed over; if none has one, the answer is
/// [`NoKey`](SignErrorKind::NoKey). Any other error of any signer is the answer: mail does not leave with
/// half of its signatures.
///
/// Right: one DKIM signer for each domain that mails. Wrong: two signers with keys for one domain, of which
/// one is a spare; that signs twice.
#[derive(Clone, Debug, Default)]
pub struct Signers {
    signers: Vec<Arc<dyn Sign>>,
}

impl Signers {
    /// No signer yet: signs nothing, as [`NoSigner`](crate::NoSigner) does.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a signer behind those that are there.
    #[must_use]
    pub fn with(mut self, signer: impl Sign + 'static) -> Self {
        self.push(Arc::new(signer));
        self
    }

    /// Adds a signer behind those that are there.
    pub fn push(&mut self, signer: Arc<dyn Sign>) {
        self.signers.push(signer);
    }

    /// How many signers there are.
    pub fn len(&self) -> usize {
        self.signers.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.signers.is_empty()
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Sign for Signers {
    async fn sign(&self, content: &Content, at: Timestamp) -> Result<Vec<HeaderField>, SignError> {
        let mut fields = Vec::new();
        let mut signed = false;
        let mut without_key = None;
        for signer in &self.signers {
            match signer.sign(content, at).await {
                Ok(more) => {
                    fields.extend(more);
                    signed = true;
                }
                Err(error) if matches!(error.kind(), SignErrorKind::NoKey { .. }) => without_key = Some(error),
                Err(error) => return Err(error),
            }
        }
        match without_key {
            Some(error) if !signed => Err(error),
            _ => Ok(fields),
        }
    }

    fn signs_for(&self, from: &Domain) -> Signs {
        let answers = || self.signers.iter().map(|signer| signer.signs_for(from));
        if answers().any(|answer| answer == Signs::Yes) {
            Signs::Yes
        } else if answers().any(|answer| answer == Signs::Unknown) {
            Signs::Unknown
        } else {
            Signs::No
        }
    }
}
