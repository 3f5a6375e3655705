//! The resolver.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use hickory_resolver::net::dnssec::DnssecDnsHandle;
use hickory_resolver::net::xfer::{DnsHandle, FirstAnswer, RetryDnsHandle};
use hickory_resolver::net::{DnsError as HickoryDnsError, NetError};
use hickory_resolver::proto::op::{DnsRequest, DnsRequestOptions, DnsResponse, Query};
use hickory_resolver::proto::rr::{Name, RecordType};
use hickory_resolver::{NameServerPool, PoolContext, TlsConfig, system_conf};
use posthaste_dns::{Answer, DnsError, DnsErrorKind, RecordKind, Resolve};
use posthaste_types::{Clock, DnsName, Tick};

use crate::data::{record_type, to_hickory};
use crate::fault::to_error;
use crate::settings::{HickoryBuilder, HickoryError, HickoryErrorKind, Parts, Validation, name_server};
use crate::trail::{Belief, Reply, Step, Trail};
use crate::witness::{Trust, Witness};

/// A [`Resolve`] that asks recursive DNS servers through hickory.
///
/// Cloning is cheap; clones share their connections. It must be asked within a tokio runtime that has I/O and time.
/// It keeps no answers: put a [`Cached`](posthaste_dns::Cached) around it.
#[derive(Clone)]
pub struct Hickory(Arc<Inner>);

struct Inner {
    clock: Arc<dyn Clock>,
    handle: Handle,
    parts: Parts,
}

type Retry = RetryDnsHandle<NameServerPool<Witness>>;

enum Handle {
    Plain(Retry),
    Validating(DnssecDnsHandle<Retry>),
}

impl Hickory {
    /// Asks the servers that the system names (`/etc/resolv.conf`, or the registry of Windows).
    ///
    /// `clock` is the one that deadlines are told by.
    ///
    /// # Errors
    /// [`HickoryErrorKind::SystemConfig`] if the configuration cannot be read or names no server.
    pub fn system(clock: Arc<dyn Clock>) -> Result<Self, HickoryError> {
        Self::system_builder(clock)?.build()
    }

    /// Asks these servers.
    ///
    /// # Errors
    /// [`HickoryErrorKind::NoServer`] if there are none.
    pub fn with_servers(
        servers: impl IntoIterator<Item = SocketAddr>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, HickoryError> {
        Self::builder(servers, clock).build()
    }

    /// Begins with the servers and times that the system names.
    ///
    /// # Errors
    /// [`HickoryErrorKind::SystemConfig`] if the configuration cannot be read or names no server.
    pub fn system_builder(clock: Arc<dyn Clock>) -> Result<HickoryBuilder, HickoryError> {
        let (config, options) = system_conf::read_system_conf()
            .map_err(|error| HickoryError::because(HickoryErrorKind::SystemConfig, error))?;
        Ok(HickoryBuilder::new(clock, config, options))
    }

    /// Begins with these servers.
    pub fn builder(servers: impl IntoIterator<Item = SocketAddr>, clock: Arc<dyn Clock>) -> HickoryBuilder {
        HickoryBuilder::for_servers(clock, servers)
    }

    pub(crate) fn new(parts: Parts) -> Result<Self, HickoryError> {
        let tls = TlsConfig::new().map_err(|error| HickoryError::because(HickoryErrorKind::Settings, error))?;
        let context = Arc::new(PoolContext::new(parts.options.clone(), tls));
        let trust = if parts.validation == Validation::Server { Trust::Server } else { Trust::Nobody };
        let pool = NameServerPool::from_config(parts.servers.clone(), context, Witness::new(trust));
        let retry = RetryDnsHandle::new(pool, parts.options.attempts);
        let handle = match (parts.validation, &parts.trust_anchors) {
            (Validation::Here, Some(anchors)) => {
                Handle::Validating(DnssecDnsHandle::with_trust_anchor(retry, Arc::clone(anchors)))
            }
            (Validation::Here, None) => Handle::Validating(DnssecDnsHandle::new(retry)),
            _ => Handle::Plain(retry),
        };
        Ok(Self(Arc::new(Inner { clock: Arc::clone(&parts.clock), handle, parts })))
    }
}

#[async_trait]
impl Resolve for Hickory {
    async fn resolve(&self, name: &DnsName, kind: RecordKind, by: Tick) -> Result<Answer, DnsError> {
        let late = || DnsError::new(DnsErrorKind::Timeout);
        if self.0.clock.tick() >= by {
            return Err(late().asking(name, kind));
        }
        let result = tokio::select! {
            biased;
            result = self.0.ask(name, kind) => result,
            () = self.0.clock.sleep_until(by) => Err(late()),
        };
        result.map_err(|error| error.asking(name, kind))
    }

    fn at(&self, server: SocketAddr) -> Result<Arc<dyn Resolve>, DnsError> {
        let Parts { clock, options, .. } = &self.0.parts;
        let parts = Parts {
            clock: Arc::clone(clock),
            servers: vec![name_server(server)],
            options: options.clone(),
            validation: Validation::Nobody,
            trust_anchors: None,
        };
        let there = Self::new(parts).map_err(|error| DnsError::new(DnsErrorKind::Unsupported).because(error))?;
        Ok(Arc::new(there))
    }
}

impl Inner {
    async fn ask(&self, name: &DnsName, kind: RecordKind) -> Result<Answer, DnsError> {
        let (Some(name), Some(kind)) = (to_hickory(name), record_type(kind)) else {
            return Err(DnsErrorKind::Unsupported.into());
        };
        let belief = if matches!(self.handle, Handle::Validating(_)) { Belief::Proof } else { Belief::Word };
        let mut trail = Trail::new(name, kind, belief);
        // Every round follows at least one alias, or ends; and the trail ends when there are too many.
        loop {
            let reply = self.put(trail.at().clone(), kind).await?;
            if let Step::Answer(answer) = trail.follow(&reply)? {
                return Ok(answer);
            }
        }
    }

    /// Puts one question to the servers. Negative answers are errors to hickory, and replies here.
    async fn put(&self, name: Name, kind: RecordType) -> Result<Reply, DnsError> {
        let mut request = DnsRequest::from_query(Query::query(name, kind), self.request_options());
        let result = match &self.handle {
            Handle::Plain(handle) => {
                // RFC 6840 §5.7: with AD set, the server says AD without sending signatures.
                request.metadata.authentic_data = self.parts.validation == Validation::Server;
                handle.send(request).first_answer().await
            }
            Handle::Validating(handle) => handle.send(request).first_answer().await,
        };
        match result {
            Ok(response) => Ok(whole(response)),
            Err(NetError::Dns(HickoryDnsError::NoRecordsFound(none))) => Ok(Reply {
                code: none.response_code,
                answers: Vec::new(),
                authorities: none.authorities.map(|records| records.to_vec()).unwrap_or_default(),
            }),
            Err(NetError::Dns(HickoryDnsError::Nsec { response, proof, .. })) if !proof.is_bogus() => {
                Ok(whole(*response))
            }
            Err(NetError::Dns(HickoryDnsError::Nsec { .. })) => Err(DnsErrorKind::Bogus.into()),
            Err(error) => Err(to_error(error)),
        }
    }

    fn request_options(&self) -> DnsRequestOptions {
        let mut options = DnsRequestOptions::default();
        let ours = &self.parts.options;
        options.use_edns = ours.edns0;
        options.edns_payload_len = ours.edns_payload_len;
        options.recursion_desired = ours.recursion_desired;
        options.case_randomization = ours.case_randomization;
        options.edns_set_dnssec_ok = self.parts.validation == Validation::Here;
        options
    }
}

impl fmt::Debug for Hickory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let servers: Vec<_> = self.0.parts.servers.iter().map(|server| server.ip).collect();
        f.debug_struct("Hickory")
            .field("servers", &servers)
            .field("validation", &self.0.parts.validation)
            .finish_non_exhaustive()
    }
}

fn whole(response: DnsResponse) -> Reply {
    let message = response.into_message();
    Reply { code: message.metadata.response_code, answers: message.answers, authorities: message.authorities }
}
