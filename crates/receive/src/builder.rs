//! Setting up a receiver.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use posthaste_smtp::{AuthOffer, Mechanism, Protocol, ScramOffer, TlsOffer};
use posthaste_types::{Clock, Domain};
use tokio::net::TcpListener;

use crate::clock::MachineClock;
use crate::connection::Shared;
use crate::limits::Budget;
use crate::{Handler, Network, Receiver, ReceiverConfig, ServerTls, TraceField};

/// Sets up a [`Receiver`].
#[derive(Debug)]
#[must_use]
pub struct ReceiverBuilder {
    handler: Arc<dyn Handler>,
    config: ReceiverConfig,
    clock: Arc<dyn Clock>,
    tls: Option<(ServerTls, TlsOffer)>,
}

impl ReceiverBuilder {
    pub(crate) fn new(handler: Arc<dyn Handler>) -> Self {
        // A name, if no other is given: it is fixed and valid.
        #[expect(clippy::unwrap_used, reason = "a constant, made by every test")]
        let config = ReceiverConfig::new(Domain::parse("localhost").unwrap());
        Self { handler, config, clock: Arc::new(MachineClock::new()), tls: None }
    }

    /// The name in the greeting and in trace fields; `localhost` by default, which no client outside believes.
    pub fn hostname(mut self, hostname: Domain) -> Self {
        self.config.session.hostname = hostname;
        self
    }

    /// LMTP (RFC 2033) instead of SMTP. Not for port 25.
    pub fn lmtp(mut self) -> Self {
        self.config.session.protocol = Protocol::Lmtp;
        self
    }

    /// Offers STARTTLS.
    pub fn tls(mut self, tls: ServerTls) -> Self {
        self.tls = Some((tls, TlsOffer::Optional));
        self
    }

    /// Offers STARTTLS, and takes no mail without it: 530 (RFC 3207 §4). Not for an MX.
    pub fn require_tls(mut self, tls: ServerTls) -> Self {
        self.tls = Some((tls, TlsOffer::Required));
        self
    }

    /// TLS from the first octet, as on port 465 (RFC 8314 §3.3).
    pub fn implicit_tls(mut self, tls: ServerTls) -> Self {
        self.tls = Some((tls, TlsOffer::Implicit));
        self
    }

    /// Offers AUTH PLAIN and LOGIN; the handler's [`authenticate`](Handler::authenticate) decides.
    pub fn auth(mut self, offer: AuthOffer) -> Self {
        self.config.session.auth = offer;
        self
    }

    /// Offers AUTH OAUTHBEARER and XOAUTH2 too, for tokens, which [`authenticate`](Handler::authenticate) checks.
    pub fn bearer_tokens(self) -> Self {
        self.mechanisms([Mechanism::OAuthBearer, Mechanism::XOAuth2])
    }

    /// Offers AUTH SCRAM-SHA-256 too; the handler's [`scram_keys`](Handler::scram_keys) are what it needs.
    pub fn scram(mut self, offer: ScramOffer) -> Self {
        self.config.session.scram = Some(offer);
        self.mechanisms([Mechanism::ScramSha256])
    }

    /// Puts mechanisms in front of those that are offered.
    fn mechanisms(mut self, more: impl IntoIterator<Item = Mechanism>) -> Self {
        let offered = &mut self.config.session.mechanisms;
        let more: Vec<Mechanism> = more.into_iter().filter(|one| !offered.contains(one)).collect();
        offered.splice(0..0, more);
        self
    }

    /// Who connects from these networks is a proxy: [`ReceiverConfig::proxies`].
    pub fn proxies(mut self, proxies: impl IntoIterator<Item = Network>) -> Self {
        self.config.proxies.extend(proxies);
        self
    }

    /// Whether the `Received` field of this hop stands in front of a message; it does by default.
    pub fn trace_field(mut self, field: TraceField) -> Self {
        self.config.trace_field = field;
        self
    }

    /// Changes any setting or limit.
    pub fn configure(mut self, change: impl FnOnce(&mut ReceiverConfig)) -> Self {
        change(&mut self.config);
        self
    }

    /// The clock; by default the machine's.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Listens on this address; port 0 chooses a free one. Needs a tokio runtime with I/O and time.
    ///
    /// # Errors
    /// [`BindError`] if the address is in use, not ours, or forbidden.
    pub async fn bind(self, address: impl Into<SocketAddr>) -> Result<Receiver, BindError> {
        let address = address.into();
        let error = |source| BindError { address, source };
        let listener = TcpListener::bind(address).await.map_err(error)?;
        Receiver::listen(listener, self.shared()).map_err(error)
    }

    /// Takes a listener that is there: one that was opened before privileges were dropped, or handed over.
    ///
    /// # Errors
    /// [`BindError`] if the runtime cannot use it.
    pub fn listen(self, listener: std::net::TcpListener) -> Result<Receiver, BindError> {
        let address = listener.local_addr().unwrap_or_else(|_| SocketAddr::from(([0, 0, 0, 0], 0)));
        let error = |source| BindError { address, source };
        listener.set_nonblocking(true).map_err(error)?;
        let listener = TcpListener::from_std(listener).map_err(error)?;
        Receiver::listen(listener, self.shared()).map_err(error)
    }

    fn shared(self) -> Arc<Shared> {
        let Self { handler, mut config, clock, tls } = self;
        config.session.tls = tls.as_ref().map_or(TlsOffer::No, |(_, offer)| *offer);
        let budget = Budget::new(config.max_buffered);
        Arc::new(Shared { handler, config, clock, tls: tls.map(|(tls, _)| tls), budget })
    }
}

/// Why a receiver could not listen.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}")]
pub struct BindError {
    address: SocketAddr,
    source: io::Error,
}

impl BindError {
    /// The address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Why: `AddrInUse`, `AddrNotAvailable`, `PermissionDenied` or another.
    pub fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }
}
