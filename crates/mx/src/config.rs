//! The settings.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use posthaste_smtp::{AuthAllowed, Credentials, HelloName, Pipelining, Protocol, Timeouts};
use posthaste_transport::TlsPolicy;
use posthaste_types::{DnsName, Domain};

use crate::egress::Egress;
use crate::error::{ConfigError, ConfigErrorKind};
use crate::tls::TlsRoots;
use crate::url;

/// The settings of [`Mx`](crate::Mx).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MxConfig {
    /// The name in EHLO, unless the attempt's source brings its own: that of the sending address's PTR record.
    pub hello: Domain,
    /// Other names of this host. MX records that name it, or `hello`, lead back here and are left out with all that
    /// are not better (RFC 5321 §5.1). Default: none.
    pub own_names: Vec<DnsName>,
    /// Addresses under which this host takes mail for others. Mail hosts that have one of them lead back here too, and are
    /// left out in the same way. Default: none.
    pub own_addresses: Vec<IpAddr>,
    /// Where to send from, by weight; an attempt that brings a source goes from that one. Default: none, so that the
    /// system chooses, under `hello`.
    pub sources: Vec<Egress>,
    /// How long a source that a site refuses, or that does not get there, is used for that site only if no other is left.
    /// Default: 5 minutes.
    pub source_hold: Duration,
    /// The port of the mail hosts. Default: 25 (RFC 5321 §4.5.4.2).
    pub port: u16,
    /// How long each answer may take. Default: the minima of RFC 5321 §4.5.3.2.
    pub timeouts: Timeouts,
    /// How long one connection may take to open. Default: 30 s, as Postfix (`smtp_connect_timeout`).
    pub connect_timeout: Duration,
    /// How long an address is waited for before the next one of the same preference is tried beside it (RFC 8305 §5).
    /// Default: 500 ms, twice what RFC 8305 §8 says for people who wait: a far host should not be called twice.
    pub head_start: Duration,
    /// How long one DNS question may take. Default: 30 s; resolvers give up earlier.
    pub dns_timeout: Duration,
    /// How many addresses of a site are tried in one attempt, at least 2 (RFC 5321 §5.1). Default: 5, as Postfix
    /// (`smtp_mx_address_limit`).
    pub address_limit: usize,
    /// Whether commands go in groups where the peer offers it (RFC 2920). Default: yes, and behind a content the envelope
    /// of a mail that waits for the same connection. A site that answers out of step, or drops what came behind a content,
    /// is told one at a time then.
    pub pipelining: Pipelining,
    /// Whether TLSA records count. Default: where the DNS says that they are secure.
    pub dane: DaneUse,
    /// Whether a domain of others may lead to an inward address. Default: it may not.
    pub inward: InwardAddresses,
    /// Whom [`TlsPolicy::Verified`] trusts. Default: the platform's roots.
    pub roots: TlsRoots,
    /// How connections are kept, for each site, source and TLS policy.
    pub pool: PoolLimits,
}

impl MxConfig {
    /// The defaults, under this name.
    pub fn new(hello: Domain) -> Self {
        Self {
            hello,
            own_names: Vec::new(),
            own_addresses: Vec::new(),
            sources: Vec::new(),
            source_hold: SOURCE_HOLD,
            port: 25,
            timeouts: Timeouts::default(),
            connect_timeout: CONNECT_TIMEOUT,
            head_start: HEAD_START,
            dns_timeout: Duration::from_secs(30),
            address_limit: 5,
            pipelining: Pipelining::NextEnvelope,
            dane: DaneUse::WhereSecure,
            inward: InwardAddresses::Refuse,
            roots: TlsRoots::platform(),
            pool: PoolLimits::default(),
        }
    }
}

/// Whether the TLSA records of mail hosts count (RFC 7672).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DaneUse {
    /// They are not asked for.
    Never,
    /// They count where MX, address and TLSA records are all [`Dnssec::Secure`](posthaste_dns::Dnssec::Secure): with a
    /// resolver that does not validate they never are.
    #[default]
    WhereSecure,
}

/// Whether the DNS of others may lead to addresses that are not of the public Internet: loopback, private, link
/// local with the metadata servers of clouds, and so on, IPv4 inside IPv6 too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InwardAddresses {
    /// They are dialled like any other: for tests on loopback, and for mail inside one's own network.
    Allow,
    /// They are never dialled; mail for them is deferred.
    #[default]
    Refuse,
}

/// How connections are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolLimits {
    /// The most connections at once for one site, source and TLS policy; at least 1. Default: 20, as Postfix
    /// (`default_destination_concurrency_limit`).
    pub connections: usize,
    /// The most messages of one connection; at least 1. Default: 100, the limit of several large providers.
    pub messages: u32,
    /// How long a connection without work is kept. Default: 10 s; Postfix keeps it 2 s, servers close after minutes.
    pub idle: Duration,
    /// The most connections without work, all sites together. Default: 500.
    pub idle_connections: usize,
}

impl Default for PoolLimits {
    fn default() -> Self {
        Self { connections: 20, messages: 100, idle: Duration::from_secs(10), idle_connections: 500 }
    }
}

/// The settings of [`Relay`](crate::Relay).
#[derive(Clone)]
#[non_exhaustive]
pub struct RelayConfig {
    /// The host: a name, which the system's resolver is asked for, or an address. It may be an inward one.
    pub host: String,
    /// The port. Default: 25 for `smtp`, 587 for `smtp+starttls` (RFC 6409), 465 for `smtps` (RFC 8314), 24 for
    /// `lmtp`.
    pub port: u16,
    /// A Unix socket, instead of host and port. TLS is not asked for there, unless it is demanded.
    pub socket: Option<PathBuf>,
    /// SMTP or LMTP, by the scheme.
    pub protocol: Protocol,
    /// When TLS begins, by the scheme.
    pub security: RelaySecurity,
    /// How strictly TLS is asked for; the attempt may ask for more, never for less. Default: opportunistic for
    /// `smtp` and `lmtp`, verified for the others.
    pub tls_policy: TlsPolicy,
    /// Whom [`TlsPolicy::Verified`] trusts. Default: the platform's roots.
    pub roots: TlsRoots,
    /// The user name that the URL brought.
    pub username: Option<String>,
    /// Whom to authenticate as. Default: nobody.
    pub credentials: Option<Credentials>,
    /// Where AUTH may be sent. Default: inside TLS.
    pub auth: AuthAllowed,
    /// The name in EHLO, unless the attempt's source brings its own. Default: the address literal of the
    /// connection's own end (RFC 5321 §4.1.3).
    pub hello: Option<HelloName>,
    /// Where to send from: see [`MxConfig::sources`]. Default: none.
    pub sources: Vec<Egress>,
    /// How long each answer may take. Default: the minima of RFC 5321 §4.5.3.2.
    pub timeouts: Timeouts,
    /// How long one connection may take to open. Default: 30 s, as Postfix (`smtp_connect_timeout`).
    pub connect_timeout: Duration,
    /// Whether commands go in groups where the relay offers it (RFC 2920). Default: yes, and behind a content the
    /// envelope of a mail that waits for a connection. A relay that answers out of step, or drops what came behind a
    /// content, is told one at a time then.
    pub pipelining: Pipelining,
    /// The most recipients of one attempt and of one MAIL transaction. Default: 100 (RFC 5321 §4.5.3.1.8).
    pub max_recipients: usize,
    /// How connections are kept.
    pub pool: PoolLimits,
}

/// When TLS begins on a connection to a relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RelaySecurity {
    /// With the first octet (RFC 8314 §3.3).
    Implicit,
    /// With STARTTLS (RFC 3207), if at all: see [`RelayConfig::tls_policy`].
    StartTls,
}

impl RelayConfig {
    /// The defaults for the relay of a URL: `smtp://`, `smtp+starttls://`, `smtps://` or `lmtp://`, a user name
    /// and `@` if AUTH is wanted, the host, and the port if it is not the scheme's. Or for a server on a Unix socket, by
    /// its absolute path: `lmtp:unix:/run/dovecot/lmtp`.
    ///
    /// The password comes apart, by [`with_password`](Self::with_password).
    ///
    /// # Errors
    /// [`ConfigError`] that says which part of the URL cannot be used.
    pub fn from_url(url: &str) -> Result<Self, ConfigError> {
        let url = url::parse(url)?;
        Ok(Self {
            host: url.host,
            port: url.port,
            socket: url.socket,
            protocol: url.protocol,
            security: url.security,
            tls_policy: url.tls_policy,
            roots: TlsRoots::platform(),
            username: url.username,
            credentials: None,
            auth: AuthAllowed::InsideTls,
            hello: None,
            sources: Vec::new(),
            timeouts: Timeouts::default(),
            connect_timeout: CONNECT_TIMEOUT,
            pipelining: Pipelining::NextEnvelope,
            max_recipients: 100,
            pool: PoolLimits::default(),
        })
    }

    /// The same settings with the password of the user in the URL.
    ///
    /// # Errors
    /// [`ConfigError`] if the URL has no user, or one of the two cannot be used.
    pub fn with_password(self, password: &str) -> Result<Self, ConfigError> {
        let Some(username) = self.username.as_deref() else {
            return Err(ConfigError::new(ConfigErrorKind::Credentials, "a password and no user name"));
        };
        let credentials = Credentials::new(username, password)
            .map_err(|error| ConfigError::new(ConfigErrorKind::Credentials, error))?;
        Ok(self.with_credentials(credentials))
    }

    /// The same settings with credentials.
    #[must_use]
    pub fn with_credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }
}

impl fmt::Debug for RelayConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RelayConfig")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("socket", &self.socket)
            .field("protocol", &self.protocol)
            .field("security", &self.security)
            .field("tls_policy", &self.tls_policy)
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}

pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
pub(crate) const HEAD_START: Duration = Duration::from_millis(500);
pub(crate) const SOURCE_HOLD: Duration = Duration::from_secs(300);
