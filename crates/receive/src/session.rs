//! Who is connected.

use std::net::{IpAddr, SocketAddr};

use posthaste_smtp::{HelloVerb, Mechanism, Protocol};
use posthaste_types::Text;

/// A client's end of a connection, and ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Peer {
    /// The client's address and port. An IPv4 client of an IPv6 socket has its IPv4 address.
    pub address: SocketAddr,
    /// The address and port that it connected to.
    pub local: SocketAddr,
    /// The address and port of the proxy that told the others, where one of
    /// [`proxies`](crate::ReceiverConfig::proxies) did.
    pub proxy: Option<SocketAddr>,
}

impl Peer {
    pub(crate) fn new(address: SocketAddr, local: SocketAddr) -> Self {
        Self { address: plain(address), local: plain(local), proxy: None }
    }

    /// What the header of this proxy says.
    pub(crate) fn behind(proxy: SocketAddr, source: SocketAddr, destination: SocketAddr) -> Self {
        Self { proxy: Some(proxy), ..Self::new(source, destination) }
    }

    /// What is counted as one client: an IPv4 address, or an IPv6 network of 64 bits.
    pub(crate) fn site(&self) -> IpAddr {
        match self.address.ip() {
            IpAddr::V4(ip) => ip.into(),
            IpAddr::V6(ip) => IpAddr::V6((u128::from(ip) >> 64 << 64).into()),
        }
    }
}

fn plain(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// What is known of a session so far.
#[derive(Clone, Debug)]
pub struct Session {
    pub(crate) peer: Peer,
    pub(crate) protocol: Protocol,
    pub(crate) hello: Option<(HelloVerb, Text)>,
    pub(crate) tls: Option<TlsSession>,
    pub(crate) authenticated: Option<(Mechanism, Text)>,
}

impl Session {
    pub(crate) fn new(peer: Peer, protocol: Protocol) -> Self {
        Self { peer, protocol, hello: None, tls: None, authenticated: None }
    }

    /// The two ends of the connection.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// SMTP or LMTP.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// What the client calls itself: unchecked, and empty before EHLO, HELO or LHLO.
    pub fn hello(&self) -> &str {
        self.hello.as_ref().map_or("", |(_, name)| name.as_str())
    }

    /// EHLO, HELO or LHLO.
    pub fn hello_verb(&self) -> Option<HelloVerb> {
        self.hello.as_ref().map(|(verb, _)| *verb)
    }

    /// The TLS session, unless the connection is in clear.
    pub fn tls(&self) -> Option<&TlsSession> {
        self.tls.as_ref()
    }

    /// The user name that was authenticated; empty where a token came without one.
    pub fn authenticated(&self) -> Option<&str> {
        self.authenticated.as_ref().map(|(_, name)| name.as_str())
    }

    /// By which mechanism of AUTH.
    pub fn auth_mechanism(&self) -> Option<Mechanism> {
        self.authenticated.as_ref().map(|(mechanism, _)| *mechanism)
    }
}

/// What was agreed for TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsSession {
    /// The version, such as `TLSv1_3`.
    pub version: Text,
    /// The cipher suite, such as `TLS13_AES_256_GCM_SHA384`.
    pub cipher: Text,
    /// The host name that the client asked for (SNI).
    pub server_name: Option<Text>,
}
