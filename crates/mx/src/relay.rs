//! The transport that hands everything to one server.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use posthaste_smtp::{ClientConfig, HelloName, Transaction};
use posthaste_transport::{Attempt, Capabilities, Outcomes, SiteId, TlsPolicy, Transport, TransportError};
use posthaste_types::{Cause, Clock, RequireTls};

use crate::address_book::System;
use crate::clock::{MachineClock, MachineRandom};
use crate::config::{HEAD_START, InwardAddresses, RelayConfig, SOURCE_HOLD};
use crate::delivery::Client;
use crate::egress::SourceState;
use crate::error::{ConfigError, ConfigErrorKind};
use crate::failure::{Failed, Failure, Lasting};
use crate::job::{Job, outcomes};
use crate::lock_step::LockStep;
use crate::open::Opener;
use crate::pool::Pool;
use crate::report::{Reporter, TlsObserver};
use crate::security::Security;
use crate::sources::Sources;
use crate::targets::Way;
use crate::tls::Tls;

/// Hands everything to one SMTP or LMTP server, with AUTH if it wants that.
///
/// What the relay says of a recipient is that recipient's outcome. What it says of us (no service, a wrong
/// password, a certificate that is not its own) is a [`TransportError`]: it bounces nobody.
#[derive(Debug)]
pub struct Relay {
    client: Client,
    host: String,
    port: u16,
    socket: Option<Arc<Path>>,
    tls_policy: TlsPolicy,
    max_recipients: usize,
}

impl Relay {
    /// The relay of a URL, with the defaults of [`RelayConfig`] and the machine's clock.
    ///
    /// # Errors
    /// [`ConfigError`] if the URL cannot be used, or names a user, whose password is missing.
    pub fn from_url(url: &str) -> Result<Self, ConfigError> {
        Self::with_config(RelayConfig::from_url(url)?)
    }

    /// A relay with the machine's clock.
    ///
    /// # Errors
    /// [`ConfigError`] if the URL named a user and there are no credentials.
    pub fn with_config(config: RelayConfig) -> Result<Self, ConfigError> {
        Self::new(Arc::new(MachineClock::new()), config)
    }

    /// A relay.
    ///
    /// # Errors
    /// [`ConfigError`] if the URL named a user and there are no credentials.
    pub fn new(clock: Arc<dyn Clock>, config: RelayConfig) -> Result<Self, ConfigError> {
        let RelayConfig {
            host,
            port,
            socket,
            protocol,
            security,
            tls_policy,
            roots,
            username,
            credentials,
            auth,
            hello,
            sources,
            timeouts,
            connect_timeout,
            pipelining,
            max_recipients,
            pool,
        } = config;
        if username.is_some() && credentials.is_none() {
            return Err(ConfigError::new(ConfigErrorKind::PasswordMissing, ""));
        }
        // Stands for the address of the connection's own end, which is known when there is one.
        let placeholder = HelloName::Address(std::net::Ipv4Addr::LOCALHOST.into());
        let mut session = ClientConfig::new(hello.clone().unwrap_or(placeholder))
            .with_protocol(protocol)
            .with_timeouts(timeouts)
            .with_pipelining(pipelining)
            .with_max_recipients(max_recipients)
            .with_random(Arc::new(MachineRandom));
        if let Some(credentials) = credentials {
            session = session.with_credentials(credentials, auth);
        }
        let opener = Opener {
            session,
            hello,
            security,
            connect_timeout,
            tls: Tls::new(roots),
            reporter: Reporter::default(),
            sources: Sources::new(sources, SOURCE_HOLD, Arc::clone(&clock)),
            lock_step: LockStep::default(),
        };
        let pool = Pool::new(pool, Arc::clone(&clock));
        Ok(Self {
            client: Client { clock, opener, pool },
            host,
            port,
            socket: socket.map(Arc::from),
            tls_policy,
            max_recipients,
        })
    }

    /// The same, with somebody who is told how TLS fared with the relay. Such results name no recipient's domain: they
    /// are for the operator, not for reports.
    #[must_use]
    pub fn with_tls_observer(mut self, observer: Arc<dyn TlsObserver>) -> Self {
        self.client.opener.reporter = Reporter(Some(observer));
        self
    }

    /// How each of [`RelayConfig::sources`] fares.
    pub fn sources(&self) -> Vec<SourceState> {
        self.client.opener.sources.states()
    }

    /// The stricter of what the relay's settings, the attempt and the mail ask for.
    fn policy(&self, attempt: &Attempt) -> TlsPolicy {
        let strictness = |policy: TlsPolicy| match policy {
            TlsPolicy::Opportunistic => 0,
            TlsPolicy::Encrypted => 1,
            _ => 2,
        };
        let mail = match attempt.mail().envelope().require_tls() {
            RequireTls::Yes => TlsPolicy::Verified,
            _ => TlsPolicy::Opportunistic,
        };
        let all = [self.tls_policy, attempt.tls_policy(), mail];
        all.into_iter().max_by_key(|policy| strictness(*policy)).unwrap_or(TlsPolicy::Verified)
    }
}

/// That no connection came to be is no answer about a recipient.
fn error(failure: &Failure) -> TransportError {
    match (failure.lasting, &failure.cause) {
        (Lasting::Permanent, cause) | (Lasting::Temporary, cause @ Cause::Tls { .. }) => {
            TransportError::misconfigured(cause)
        }
        // Its kind says already that there was no way.
        (Lasting::Temporary, Cause::Network { text, .. }) => TransportError::unreachable(text.as_str()),
        (Lasting::Temporary, cause) => TransportError::unreachable(cause.to_string()),
    }
}

#[async_trait]
impl Transport for Relay {
    fn capabilities(&self) -> Capabilities {
        Capabilities::relay().tracks_progress().max_recipients(self.max_recipients)
    }

    async fn deliver(&self, attempt: &Attempt) -> Result<Outcomes, TransportError> {
        let by = self.client.clock.tick().saturating_add(attempt.timeout());
        let job = Job { attempt, transaction: Transaction::from(attempt.mail()), places: None, by };
        let site = SiteId::relay();
        let sources = self.client.opener.sources.choose(attempt.source(), &site, &MachineRandom);
        let way = Way {
            site,
            hosts: if self.socket.is_some() { Vec::new() } else { vec![(0, &self.host)] },
            socket: self.socket.clone(),
            port: self.port,
            book: &System,
            // The user named it.
            inward: InwardAddresses::Allow,
            own: &[],
            address_limit: usize::MAX,
            head_start: HEAD_START,
            sources,
            security: Security::plain(self.policy(attempt)),
            tlsa: None,
            next_hops: Vec::new(),
            reporter: &self.client.opener.reporter,
        };
        let done = self.client.deliver(&job, &way).await.map_err(|failed| match failed {
            Failed::Hosts(failure) => error(&failure),
            Failed::Ours(error) => error,
        });
        outcomes(attempt, done)
    }

    async fn close(&self) {
        self.client.pool.close().await;
    }
}
