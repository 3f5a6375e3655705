//! Settings.

use std::time::Duration;

use posthaste_smtp::ServerConfig;
use posthaste_types::Domain;

use crate::Network;

/// The settings and limits of a [`Receiver`](crate::Receiver).
///
/// What a receiver holds in memory is bounded: [`max_buffered`](Self::max_buffered) octets of messages, and at most
/// 1.5 MiB besides for each of [`max_connections`](Self::max_connections), two thirds of it for the longest addresses of
/// 1,000 recipients with their DSN parameters; an idle one takes a few KiB.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReceiverConfig {
    /// The settings and limits of the dialogue: sizes, recipients, errors, timeouts. Its offer of TLS is overwritten by
    /// what the [builder](crate::ReceiverBuilder) was given.
    pub session: ServerConfig,
    /// The most connections at once; a further client reads 421 4.3.2. Default: 100, Postfix's
    /// `default_process_limit`.
    pub max_connections: usize,
    /// The most connections at once of one client: an IPv4 address or an IPv6 /64. A further one reads 421 4.7.0.
    /// Default: 50, Postfix's `smtpd_client_connection_count_limit`.
    pub max_connections_per_peer: usize,
    /// The most octets of messages [collected](crate::Arriving::collect) at once for all connections; one that does not
    /// fit gets 452 4.3.1.
    /// Default: 268,435,456 (256 MiB).
    pub max_buffered: u64,
    /// How long the handler may take for one answer, or for a piece of content that waits for it; then it is dropped, and
    /// the client reads 451 4.3.0. Default: 300 s, half of what a client waits behind the final dot
    /// (RFC 5321 §4.5.3.2.6).
    pub answer_timeout: Duration,
    /// How long [`stop`](crate::Receiver::stop) waits for transactions that are under way. Default: 30 s.
    pub stop_grace: Duration,
    /// Networks of proxies: a connection from one must begin with a header of the PROXY protocol, version 1 or 2, and its
    /// client is whom the header names. A proxy that sends none in 10 s, or anything else, is cut off. From elsewhere a
    /// header is garbage. Default: none.
    pub proxies: Vec<Network>,
    /// Whether the `Received` field of this hop stands in front of a message. Default: it does.
    pub trace_field: TraceField,
}

impl ReceiverConfig {
    /// The defaults, under this name.
    pub fn new(hostname: Domain) -> Self {
        Self {
            session: ServerConfig::new(hostname),
            max_connections: 100,
            max_connections_per_peer: 50,
            max_buffered: 256 * 1024 * 1024,
            answer_timeout: Duration::from_secs(300),
            stop_grace: Duration::from_secs(30),
            proxies: Vec::new(),
            trace_field: TraceField::Prepended,
        }
    }
}

/// Whether this hop leaves its trace (RFC 5321 §4.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TraceField {
    /// A `Received` field in front of every message, as a server must that passes mail on.
    Prepended,
    /// None: the octets are those that the client sent.
    None,
}
