//! The port.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use posthaste_types::{Content, Domain, HeaderField, Timestamp};

use crate::error::SignError;

/// Signs finished messages.
///
/// # Contract
/// * The fields are to be put in front of the content, first to last, by
///   [`Content::with_headers`]; the content itself is never changed, and no field of it is needed twice.
/// * The same octets and the same `at` give the same result, however the octets are cut into segments,
///   and the same fields octet for octet where the algorithm is deterministic (Ed25519, RSA PKCS #1 v1.5).
///   Time comes in as `at` alone.
/// * The domain of the From field decides who signs. A signer that has no key for it answers
///   [`NoKey`](crate::SignErrorKind::NoKey): never a signature of another domain alone, and never success without one
///   unless its user has said that such mail leaves unsigned.
/// * What another call could mend is transient ([`SignError::is_transient`]); nothing else is.
/// * Calls run concurrently. Dropping the future cancels the call and leaves no trace that a later call
///   could see.
#[async_trait]
pub trait Sign: fmt::Debug + Send + Sync {
    /// The header fields that sign `content` at the time `at`.
    ///
    /// # Errors
    /// [`SignError`]; nothing was signed then.
    async fn sign(&self, content: &Content, at: Timestamp) -> Result<Vec<HeaderField>, SignError>;

    /// Whether mail whose From is in `from` would be signed. Asked when a sending domain is set up; it
    /// must be cheap, and says [`Signs::Unknown`] where only an attempt can tell.
    fn signs_for(&self, from: &Domain) -> Signs;
}

/// Whether a signer has a key for a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Signs {
    /// It has.
    Yes,
    /// It has not: signing would give [`NoKey`](crate::SignErrorKind::NoKey), or no field.
    No,
    /// Only an attempt can tell.
    Unknown,
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: Sign + ?Sized> Sign for Arc<S> {
    async fn sign(&self, content: &Content, at: Timestamp) -> Result<Vec<HeaderField>, SignError> {
        (**self).sign(content, at).await
    }

    fn signs_for(&self, from: &Domain) -> Signs {
        (**self).signs_for(from)
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: Sign + ?Sized> Sign for Box<S> {
    async fn sign(&self, content: &Content, at: Timestamp) -> Result<Vec<HeaderField>, SignError> {
        (**self).sign(content, at).await
    }

    fn signs_for(&self, from: &Domain) -> Signs {
        (**self).signs_for(from)
    }
}
