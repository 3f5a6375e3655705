//! Opening a connection: TCP, greeting, EHLO, TLS, AUTH.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use posthaste_auth::tls_rpt::{self, ResultType, TlsResult};
use posthaste_smtp::{ClientConfig, ClientError, ClientErrorKind, ClientEvent, ClientSession, HelloName, TlsUse};
use posthaste_transport::{Source, TransportError};
use posthaste_types::{Cause, DnsName, NetworkFault, Stage, Text};
use rustls::pki_types::ServerName;
use tokio::net::{TcpSocket, TcpStream};

use crate::config::RelaySecurity;
use crate::connection::{Connection, Exchanged, Peer};
use crate::failure::Failure;
use crate::lock_step::LockStep;
use crate::report::{self, Reporter};
use crate::security::{HostSecurity, Need};
use crate::stream::Stream;
use crate::targets::Way;
use crate::tls::{Seen, Tls, Trust};
use crate::trace::Trace;
use crate::wait::Wait;

/// How connections are opened.
#[derive(Debug)]
pub(crate) struct Opener {
    /// The session's settings; its EHLO name and its use of TLS are set for each connection.
    pub(crate) session: ClientConfig,
    /// The EHLO name where the source brings none.
    pub(crate) hello: Option<HelloName>,
    pub(crate) security: RelaySecurity,
    pub(crate) connect_timeout: Duration,
    pub(crate) tls: Tls,
    pub(crate) reporter: Reporter,
    /// Who is told one command at a time.
    pub(crate) lock_step: LockStep,
}

/// Why a connection did not come to be ready.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Another host may do better.
    Host(Failure),
    /// The TLS handshake failed.
    Handshake(Failure),
    /// A fault of ours.
    Ours(TransportError),
}

impl Opener {
    /// A connection that is ready for mail.
    ///
    /// With the opportunistic policy, a host whose handshake fails is tried once more in clear (RFC 7435 §3).
    pub(crate) async fn open(
        &self,
        peer: &Peer,
        way: &Way<'_>,
        wait: &mut Wait<'_>,
        trace: &mut Trace<'_>,
    ) -> Result<Connection, Refusal> {
        let implicit = self.security == RelaySecurity::Implicit;
        let tls = match peer.security.need {
            _ if implicit => TlsUse::Implicit,
            Need::WhereOffered => TlsUse::Opportunistic,
            Need::Always => TlsUse::Required,
        };
        match self.open_with(tls, peer, way, wait, trace).await {
            Err(Refusal::Handshake(_)) if tls == TlsUse::Opportunistic && !wait.is_over() => {
                trace.note("once more, in clear: the policy is opportunistic");
                self.open_with(TlsUse::Never, peer, way, wait, trace).await
            }
            result => result,
        }
    }

    async fn open_with(
        &self,
        tls: TlsUse,
        peer: &Peer,
        way: &Way<'_>,
        wait: &mut Wait<'_>,
        trace: &mut Trace<'_>,
    ) -> Result<Connection, Refusal> {
        trace.note(format_args!("connecting to {peer}"));
        let stream = self.dial(peer, way.source, wait).await.inspect_err(|refusal| note(trace, refusal))?;
        let mut stream = Stream::Clear(stream);
        if tls == TlsUse::Implicit {
            let due = wait.now().saturating_add(self.session.timeouts.start_tls);
            self.handshake(&mut stream, peer, way, Some(due), wait, trace).await?;
        }
        let mut config = self.session.clone().with_tls(tls);
        config.pipelining = self.lock_step.pipelining(&way.site, config.pipelining);
        if let Some(hello) = self.hello_name(way.source, &stream) {
            config.hello = hello;
        }
        let session = ClientSession::new(config, wait.now());
        let mut connection = Connection::new(stream, session, peer.clone());
        self.greet(&mut connection, way, wait, trace).await?;
        if tls == TlsUse::Opportunistic && connection.stream.tls_words().is_none() {
            let mut result = self.result(way, &connection.peer, &connection.stream, wait);
            result.failure = Some(tls_rpt::Failure::new(ResultType::StartTlsNotSupported, "no STARTTLS"));
            self.reporter.tell(&result, trace);
        }
        connection.wipe();
        Ok(connection)
    }

    /// Drives the session until it takes mail.
    async fn greet(
        &self,
        connection: &mut Connection,
        way: &Way<'_>,
        wait: &mut Wait<'_>,
        trace: &mut Trace<'_>,
    ) -> Result<(), Refusal> {
        loop {
            while let Some(event) = connection.session.poll_event() {
                match event {
                    ClientEvent::StartTls => {
                        let due = connection.session.poll_timeout();
                        let Connection { stream, peer, .. } = connection;
                        self.handshake(stream, peer, way, due, wait, trace).await?;
                        connection.session.handle_tls(wait.now());
                    }
                    ClientEvent::Authenticated => trace.authenticated(),
                    ClientEvent::Ready => return Ok(()),
                    ClientEvent::Closed { error, .. } => {
                        connection.try_goodbye(wait.now(), trace);
                        if let Some(error) = &error
                            && matches!(error.kind(), ClientErrorKind::TlsUnavailable | ClientErrorKind::TlsRefused)
                        {
                            let mut result = self.result(way, &connection.peer, &connection.stream, wait);
                            let kind = ResultType::StartTlsNotSupported;
                            result.failure = Some(tls_rpt::Failure::new(kind, error));
                            self.reporter.tell(&result, trace);
                        }
                        return Err(closed(error, &connection.peer.security));
                    }
                    _ => {}
                }
            }
            if let Exchanged::OutOfTime = connection.exchange(wait, None, trace).await {
                return Err(Refusal::Host(Failure::out_of_time(Stage::Connect)));
            }
        }
    }

    async fn dial(&self, peer: &Peer, source: Option<&Source>, wait: &mut Wait<'_>) -> Result<TcpStream, Refusal> {
        let socket = if peer.address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
        let socket = socket.map_err(|error| Refusal::Ours(TransportError::internal(error)))?;
        if let Some(source) = source {
            socket.bind(SocketAddr::new(source.address, 0)).map_err(|error| {
                Refusal::Ours(TransportError::misconfigured(format_args!("source {}: {error}", source.address)))
            })?;
        }
        let due = wait.now().saturating_add(self.connect_timeout);
        match wait.race(Some(due), socket.connect(peer.address)).await {
            Some(Ok(stream)) => {
                // A delayed acknowledgement would cost 40 ms a reply.
                stream.set_nodelay(true).map_err(|error| Refusal::Host(Failure::io(&error, peer)))?;
                Ok(stream)
            }
            Some(Err(error)) => Err(Refusal::Host(Failure::io(&error, peer))),
            None => Err(Refusal::Host(Failure::network(NetworkFault::TimedOut, format_args!("{peer}: no connection")))),
        }
    }

    async fn handshake(
        &self,
        stream: &mut Stream,
        peer: &Peer,
        way: &Way<'_>,
        due: Option<posthaste_types::Tick>,
        wait: &mut Wait<'_>,
        trace: &mut Trace<'_>,
    ) -> Result<(), Refusal> {
        let security = &peer.security;
        let (config, seen) = self.tls.client_config(&security.trust).map_err(|error| {
            Refusal::Ours(TransportError::misconfigured(format_args!("root certificates: {error}")))
        })?;
        // A name that no certificate can hold, with an underscore, is left out of the hello.
        let host = security.server_name.as_ref().map_or(&*peer.host, DnsName::as_str);
        let name =
            ServerName::try_from(host.to_owned()).unwrap_or_else(|_| ServerName::IpAddress(peer.address.ip().into()));
        let mut result = self.result(way, peer, stream, wait);
        let failure = match wait.race(due, stream.start_tls(config, name)).await {
            Some(Ok(())) => {
                let words = stream.tls_words().unwrap_or_default();
                trace.note(format_args!("{words}; {}", checked(peer, &seen)));
                let observed = seen.fault().map(|fault| tls_rpt::Failure::new(report::kind(&fault), fault));
                result.encryption = Some(Text::lossy(words));
                result.failure = observed.or_else(|| security.objection.clone());
                self.reporter.tell(&result, trace);
                return Ok(());
            }
            Some(Err(error)) => {
                result.failure = Some(report::failure(&error));
                broken(&error, peer)
            }
            None => {
                result.failure = Some(tls_rpt::Failure::new(ResultType::ValidationFailure, "no handshake in time"));
                Failure::network(NetworkFault::TimedOut, format_args!("{}: TLS handshake", peer.host))
            }
        };
        trace.note(&failure.cause);
        self.reporter.tell(&result, trace);
        Err(Refusal::Handshake(failure))
    }

    /// What is to be told of a session, so far.
    fn result(&self, way: &Way<'_>, peer: &Peer, stream: &Stream, wait: &Wait<'_>) -> TlsResult {
        let mut result = TlsResult::new(wait.wall(), way.domains.clone(), peer.security.used.clone());
        result.host = DnsName::parse(&peer.host).ok();
        result.receiving_ip = Some(peer.address.ip());
        result.sending_ip = stream.local_ip();
        result
    }

    fn hello_name(&self, source: Option<&Source>, stream: &Stream) -> Option<HelloName> {
        let of_source = source.map(|source| HelloName::Domain(source.ehlo.clone()));
        of_source.or_else(|| self.hello.clone()).or_else(|| stream.local_ip().map(HelloName::Address))
    }
}

/// A handshake that failed: of what TLS itself objects to, or of the network.
fn broken(error: &io::Error, peer: &Peer) -> Failure {
    if error.kind() != io::ErrorKind::InvalidData {
        return Failure::io(error, format_args!("{}: TLS handshake", peer.host));
    }
    let words = demanded(report::words(error), &peer.security);
    Failure::temporary(Cause::tls(format_args!("{}: {words}", peer.host)))
}

/// What was looked at, for people.
fn checked(peer: &Peer, seen: &Seen) -> String {
    match (&peer.security.trust, seen.fault()) {
        (Trust::Anybody, _) => "its certificate was not looked at".to_owned(),
        (Trust::Dane(_), _) => "a TLSA record matches its certificate".to_owned(),
        (Trust::Observed, Some(fault)) => format!("{fault}, which the MTA-STS policy only tests"),
        (Trust::Host | Trust::Observed, _) => format!("its certificate is valid for {}", peer.host),
    }
}

/// The words of a failure, and which policy of the recipient's side makes one of it.
fn demanded(words: String, security: &HostSecurity) -> String {
    match security.demanded_by() {
        Some(policy) => format!("{words}; {policy}"),
        None => words,
    }
}

/// What the end of a session that was not ready yet means.
fn closed(error: Option<ClientError>, security: &HostSecurity) -> Refusal {
    let Some(error) = error else {
        return Refusal::Host(Failure::network(NetworkFault::Closed, "the session ended"));
    };
    if error.kind() == ClientErrorKind::TlsUnavailable && security.demanded_by().is_some() {
        return Refusal::Host(Failure::temporary(Cause::tls(demanded(error.to_string(), security))));
    }
    if !error.is_ours() {
        return Refusal::Host(Failure::session(&error));
    }
    Refusal::Ours(if error.is_transient() {
        TransportError::unreachable(error)
    } else {
        TransportError::misconfigured(error)
    })
}

fn note(trace: &Trace<'_>, refusal: &Refusal) {
    match refusal {
        Refusal::Host(failure) | Refusal::Handshake(failure) => trace.note(&failure.cause),
        Refusal::Ours(error) => trace.note(error),
    }
}
