//! The port.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use posthaste_types::{DnsName, Tick};

use crate::answer::Answer;
use crate::error::{DnsError, DnsErrorKind};
use crate::record::RecordKind;

/// Answers one DNS question.
///
/// # Contract
/// * NXDOMAIN and no data are answers (`Ok`), with their TTL and DNSSEC status. `Err` means "not known": timeout,
///   SERVFAIL, refused, network, bogus. Never turn an error into a negative answer, nor bogus into SERVFAIL: one
///   bounces mail, the other drops TLS.
/// * The answer or the error comes by `by`, a moment of the clock that the implementation holds; too late is
///   [`DnsErrorKind::Timeout`].
/// * CNAMEs are followed, unless the CNAME itself is asked for, and the chain is in the answer. A loop is an error.
/// * A name is asked as it stands: no search list, no hosts file. All records of the answer are of the kind asked for.
/// * The TTL is what is left of it. TXT strings are joined octets.
/// * [`Dnssec::Secure`](crate::Dnssec::Secure) is said only of what was validated, here or by a resolver that the user trusts.
/// * Any number of questions may be under way at once. Dropping the future cancels the question.
///
/// [`contract::check`](crate::contract::check) holds an implementation to this.
///
/// # Wrappers
/// A resolver that wraps another forwards every method, [`at`](Self::at) too.
#[async_trait]
pub trait Resolve: fmt::Debug + Send + Sync {
    /// Asks for the records of a name.
    ///
    /// Cancel safe: dropping the future only cancels the question.
    ///
    /// # Errors
    /// [`DnsError`] if the answer is not known.
    async fn resolve(&self, name: &DnsName, kind: RecordKind, by: Tick) -> Result<Answer, DnsError>;

    /// A resolver that puts its questions to this one server, past every cache: to see what a zone's own name
    /// servers say. What it says is never [`Dnssec::Secure`](crate::Dnssec::Secure) by that server's word alone.
    ///
    /// # Errors
    /// [`DnsErrorKind::Unsupported`] if this resolver cannot, which is the default.
    fn at(&self, server: SocketAddr) -> Result<Arc<dyn Resolve>, DnsError> {
        let _ = server;
        Err(DnsErrorKind::Unsupported.into())
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<R: Resolve + ?Sized> Resolve for Arc<R> {
    async fn resolve(&self, name: &DnsName, kind: RecordKind, by: Tick) -> Result<Answer, DnsError> {
        (**self).resolve(name, kind, by).await
    }

    fn at(&self, server: SocketAddr) -> Result<Arc<dyn Resolve>, DnsError> {
        (**self).at(server)
    }
}
