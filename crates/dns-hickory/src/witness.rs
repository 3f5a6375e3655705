//! A connection that keeps what hickory's pool throws away: the AD bit of negative answers, and the extended error
//! that tells bogus from failed.

use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, StreamExt};
use hickory_resolver::config::ConnectionConfig;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::xfer::DnsHandle;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::dnssec::Proof;
use hickory_resolver::proto::op::{DnsRequest, DnsResponse, ResponseCode};
use hickory_resolver::proto::rr::rdata::opt::{EdnsCode, EdnsOption};
use hickory_resolver::{ConnectionProvider, PoolContext};
use std::net::IpAddr;

/// Whose AD bit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// The server's: it validates, and the way to it is safe.
    Server,
    /// Nobody's.
    Nobody,
}

/// Makes connections that bear witness.
#[derive(Clone)]
pub(crate) struct Witness {
    inner: TokioRuntimeProvider,
    trust: Trust,
}

impl Witness {
    pub(crate) fn new(trust: Trust) -> Self {
        Self { inner: TokioRuntimeProvider::default(), trust }
    }
}

impl ConnectionProvider for Witness {
    type Conn = Connection<<TokioRuntimeProvider as ConnectionProvider>::Conn>;
    type FutureConn = BoxFuture<'static, Result<Self::Conn, NetError>>;
    type RuntimeProvider = TokioRuntimeProvider;

    fn new_connection(
        &self,
        ip: IpAddr,
        config: &ConnectionConfig,
        cx: &PoolContext,
    ) -> Result<Self::FutureConn, NetError> {
        let trust = self.trust;
        let connecting = self.inner.new_connection(ip, config, cx)?;
        Ok(Box::pin(async move { Ok(Connection { inner: connecting.await?, trust }) }))
    }

    fn runtime_provider(&self) -> &TokioRuntimeProvider {
        &self.inner
    }
}

#[derive(Clone)]
pub(crate) struct Connection<C> {
    inner: C,
    trust: Trust,
}

impl<C: DnsHandle + Clone + Sync> DnsHandle for Connection<C> {
    type Response = BoxStream<'static, Result<DnsResponse, NetError>>;
    type Runtime = C::Runtime;

    fn send(&self, request: DnsRequest) -> Self::Response {
        let trust = self.trust;
        self.inner.send(request).map(move |result| result.and_then(|response| attest(response, trust))).boxed()
    }
}

/// The pool keeps of a negative answer its records, of a failure its code. So the server's word goes onto the
/// records, as their proof, and "failed, for the answer is bogus" becomes an error of its own here.
fn attest(mut response: DnsResponse, trust: Trust) -> Result<DnsResponse, NetError> {
    if response.response_code == ResponseCode::ServFail && says_bogus(&response) {
        return Err(DnsError::DnssecBogus.into());
    }
    if trust == Trust::Server && response.authentic_data {
        let message = &mut *response;
        for record in message.answers.iter_mut().chain(&mut message.authorities) {
            record.proof = Proof::Secure;
        }
    }
    Ok(response)
}

fn says_bogus(response: &DnsResponse) -> bool {
    let extended = response.edns.as_ref().and_then(|edns| edns.option(EdnsCode::Unknown(EXTENDED_ERROR)));
    match extended {
        Some(EdnsOption::Unknown(_, data)) => {
            data.first_chunk().is_some_and(|code| VALIDATION_FAILED.contains(&u16::from_be_bytes(*code)))
        }
        _ => false,
    }
}

/// The EDNS option of RFC 8914.
const EXTENDED_ERROR: u16 = 15;
/// RFC 8914 §4.7 to §4.13: bogus, and the reasons for it.
const VALIDATION_FAILED: std::ops::RangeInclusive<u16> = 6..=12;
