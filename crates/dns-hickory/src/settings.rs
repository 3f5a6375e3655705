//! How to ask.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::NetError;
use hickory_resolver::proto::dnssec::TrustAnchors;
use posthaste_types::Clock;

use crate::hickory::Hickory;

/// Who checks the signatures of answers (DNSSEC).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Validation {
    /// Nobody: every answer is [`Dnssec::Indeterminate`](posthaste_dns::Dnssec::Indeterminate). The default.
    #[default]
    Nobody,
    /// The server, by its AD bit. For a validating resolver on this host, or behind a way that nobody else can
    /// write to; over an open network the bit is worth nothing (RFC 4035 §4.9.3, RFC 7672 §1.3).
    Server,
    /// This process, from the root's keys that are built in, or from those given to
    /// [`trust_anchors`](HickoryBuilder::trust_anchors). The server must pass signatures on (DO), and every zone
    /// costs questions of its own.
    Here,
}

/// Puts a [`Hickory`] together.
pub struct HickoryBuilder {
    clock: Arc<dyn Clock>,
    config: ResolverConfig,
    options: ResolverOpts,
    validation: Validation,
    trust_anchors: Option<Arc<TrustAnchors>>,
}

impl HickoryBuilder {
    pub(crate) fn new(clock: Arc<dyn Clock>, config: ResolverConfig, options: ResolverOpts) -> Self {
        Self { clock, config, options, validation: Validation::default(), trust_anchors: None }
    }

    pub(crate) fn for_servers(clock: Arc<dyn Clock>, servers: impl IntoIterator<Item = SocketAddr>) -> Self {
        let servers = servers.into_iter().map(name_server).collect();
        Self::new(clock, ResolverConfig::from_name_servers(servers), ResolverOpts::default())
    }

    /// Who checks signatures; else [`Validation::Nobody`].
    #[must_use]
    pub fn validation(mut self, validation: Validation) -> Self {
        self.validation = validation;
        self
    }

    /// The keys that [`Validation::Here`] begins with, else those of the root.
    #[must_use]
    pub fn trust_anchors(mut self, anchors: TrustAnchors) -> Self {
        self.trust_anchors = Some(Arc::new(anchors));
        self
    }

    /// How long one attempt waits for its answer; else what the system's configuration says, or 5 seconds. The
    /// deadline of a question cuts it short.
    #[must_use]
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = timeout;
        self
    }

    /// How often a question is repeated that failed (not one that was answered); else what the system's
    /// configuration says, or 2.
    #[must_use]
    pub fn repeats(mut self, repeats: usize) -> Self {
        self.options.attempts = repeats;
        self
    }

    /// Anything else that hickory can be told. Not looked at: the search list, the hosts file, the cache, the
    /// strategy for addresses, and `validate`.
    #[must_use]
    pub fn vendor(mut self, change: impl FnOnce(&mut ResolverConfig, &mut ResolverOpts)) -> Self {
        change(&mut self.config, &mut self.options);
        self
    }

    /// The resolver. It opens nothing until it is asked.
    ///
    /// # Errors
    /// [`HickoryErrorKind::NoServer`] if there is no server to ask.
    pub fn build(self) -> Result<Hickory, HickoryError> {
        let Self { clock, config, options, validation, trust_anchors } = self;
        let servers = config.name_servers().to_vec();
        if servers.is_empty() {
            return Err(HickoryErrorKind::NoServer.into());
        }
        Hickory::new(Parts { clock, servers, options, validation, trust_anchors })
    }
}

impl fmt::Debug for HickoryBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HickoryBuilder")
            .field("config", &self.config)
            .field("options", &self.options)
            .field("validation", &self.validation)
            .finish_non_exhaustive()
    }
}

/// What a [`Hickory`] is made of.
pub(crate) struct Parts {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) servers: Vec<NameServerConfig>,
    pub(crate) options: ResolverOpts,
    pub(crate) validation: Validation,
    pub(crate) trust_anchors: Option<Arc<TrustAnchors>>,
}

/// One server, by UDP, and by TCP for what does not fit.
pub(crate) fn name_server(address: SocketAddr) -> NameServerConfig {
    let on_port = |mut connection: ConnectionConfig| {
        connection.port = address.port();
        connection
    };
    let connections = vec![on_port(ConnectionConfig::udp()), on_port(ConnectionConfig::tcp())];
    NameServerConfig::new(address.ip(), true, connections)
}

/// Why there is no resolver.
#[derive(Debug, thiserror::Error)]
#[error("{kind}")]
pub struct HickoryError {
    kind: HickoryErrorKind,
    source: Option<NetError>,
}

/// The kinds of [`HickoryError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HickoryErrorKind {
    /// There is no DNS server to ask.
    #[error("no DNS server is configured")]
    NoServer,
    /// The settings cannot be used.
    #[error("the settings of the DNS resolver cannot be used")]
    Settings,
    /// The system's configuration of the DNS cannot be read.
    #[error("the system's DNS configuration cannot be read")]
    SystemConfig,
}

impl HickoryError {
    pub(crate) fn because(kind: HickoryErrorKind, source: NetError) -> Self {
        Self { kind, source: Some(source) }
    }

    /// Which kind.
    pub fn kind(&self) -> HickoryErrorKind {
        self.kind
    }
}

impl From<HickoryErrorKind> for HickoryError {
    fn from(kind: HickoryErrorKind) -> Self {
        Self { kind, source: None }
    }
}
