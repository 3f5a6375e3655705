//! A signer that signs nothing, and the fake.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use posthaste_types::{Content, Domain, HeaderField, Timestamp};

use crate::error::SignError;
use crate::port::{Sign, Signs};

/// Signs nothing, and says so: for mail that a relay will sign, or that is meant to leave unsigned.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "there is nothing in it, and nothing to come")]
pub struct NoSigner;

#[async_trait]
impl Sign for NoSigner {
    async fn sign(&self, _content: &Content, _at: Timestamp) -> Result<Vec<HeaderField>, SignError> {
        Ok(Vec::new())
    }

    fn signs_for(&self, _from: &Domain) -> Signs {
        Signs::No
    }
}

/// The fake: gives the same fields, or the same error, for every message, and counts the calls.
#[derive(Debug)]
pub struct FixedSigner {
    answer: Result<Vec<HeaderField>, SignError>,
    calls: AtomicUsize,
}

impl FixedSigner {
    /// Gives these fields for every message.
    pub fn new(fields: impl IntoIterator<Item = HeaderField>) -> Self {
        Self { answer: Ok(fields.into_iter().collect()), calls: AtomicUsize::new(0) }
    }

    /// Refuses every message.
    pub fn failing(error: SignError) -> Self {
        Self { answer: Err(error), calls: AtomicUsize::new(0) }
    }

    /// How often [`sign`](Sign::sign) was called.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Sign for FixedSigner {
    async fn sign(&self, _content: &Content, _at: Timestamp) -> Result<Vec<HeaderField>, SignError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.answer.clone()
    }

    fn signs_for(&self, _from: &Domain) -> Signs {
        match &self.answer {
            Ok(fields) if !fields.is_empty() => Signs::Yes,
            Ok(_) | Err(_) => Signs::No,
        }
    }
}
