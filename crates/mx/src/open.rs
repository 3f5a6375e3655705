//! Opening a connection: TCP, greeting, EHLO, TLS, AUTH.

use std::fmt;
use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use posthaste_auth::tls_rpt::{self, ResultType, TlsResult};
use posthaste_smtp::{ClientConfig, ClientError, ClientErrorKind, ClientEvent, HelloName, TlsUse};
use posthaste_transport::{SiteId, TransportError};
use posthaste_types::{Cause, DnsName, NetworkFault, Stage, Text};
use rustls::pki_types::ServerName;

use crate::config::RelaySecurity;
use crate::connection::{Connection, Exchanged};
use crate::egress::{Egress, TroubleKind};
use crate::failure::Failure;
use crate::lock_step::LockStep;
use crate::peer::{Peer, Place, Proof, Sharing};
use crate::report::{self, Reporter};
use crate::security::{HostSecurity, Need};
use crate::sources::Sources;
use crate::stream::Stream;
use crate::targets::Way;
use crate::tls::Tls;
use crate::trace::Trace;
use crate::wait::Wait;
use crate::why;

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
    pub(crate) sources: Sources,
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
    /// Makes a connection ready for mail.
    ///
    /// With the opportunistic policy, a host whose handshake fails is tried once more in clear (RFC 7435 §3).
    pub(crate) async fn open(
        &self,
        peer: &Peer,
        stream: Stream,
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
        let tls = if matches!(stream, Stream::Unix(_)) { within_the_machine(tls) } else { tls };
        let mut opened = self.open_with(tls, peer, stream, way, wait, trace).await;
        if matches!(opened, Err(Refusal::Handshake(_))) && tls == TlsUse::Opportunistic && !wait.is_over() {
            trace.note("once more, in clear: the policy is opportunistic");
            let dialled = wait.race(None, self.dial(peer, wait.clock())).await;
            let dialled = dialled.unwrap_or_else(|| Err(Refusal::Host(Failure::out_of_time(Stage::Connect))));
            opened = match dialled {
                Ok(stream) => self.open_with(TlsUse::Never, peer, stream, way, wait, trace).await,
                Err(refusal) => Err(refusal),
            };
        }
        match &opened {
            Ok(_) => self.sources.ready(peer.egress.as_ref(), &way.site),
            Err(refusal) => self.refused(peer, &way.site, refusal),
        }
        opened
    }

    /// Notes that no connection came to be.
    pub(crate) fn unreachable(&self, peer: &Peer, site: &SiteId, refusal: &Refusal, trace: &Trace<'_>) {
        note(trace, refusal);
        match refusal {
            Refusal::Ours(error) => self.sources.broken(peer.egress.as_ref(), error),
            _ => self.refused(peer, site, refusal),
        }
    }

    fn refused(&self, peer: &Peer, site: &SiteId, refusal: &Refusal) {
        // What the relay says of our credentials is not the source's fault.
        let (Refusal::Host(failure) | Refusal::Handshake(failure)) = refusal else { return };
        let kind = if failure.cause.reply().is_some() { TroubleKind::Blocked } else { TroubleKind::Unreachable };
        self.sources.failed(peer.egress.as_ref(), site, kind, &failure.cause);
    }

    async fn open_with(
        &self,
        tls: TlsUse,
        peer: &Peer,
        mut stream: Stream,
        way: &Way<'_>,
        wait: &mut Wait<'_>,
        trace: &mut Trace<'_>,
    ) -> Result<Connection, Refusal> {
        let mut proof = None;
        if tls == TlsUse::Implicit {
            let due = wait.now().saturating_add(self.session.timeouts.start_tls);
            proof = Some(self.handshake(&mut stream, peer, way, Some(due), wait, trace).await?);
        }
        let mut config = self.session.clone().with_tls(tls);
        config.pipelining = self.lock_step.pipelining(&way.site, config.pipelining);
        if let Some(hello) = self.hello_name(peer.egress.as_deref(), &stream) {
            config.hello = hello;
        }
        trace.connected();
        let mut connection = Connection::new(stream, config, peer.clone(), wait.now());
        connection.prove(proof.unwrap_or_else(|| in_clear(peer, way)));
        self.greet(&mut connection, way, wait, trace).await?;
        if tls == TlsUse::Opportunistic && connection.stream.tls_words().is_none() {
            self.tell_no_starttls(&connection, way, "no STARTTLS", wait, trace);
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
                        let proof = self.handshake(stream, peer, way, due, wait, trace).await?;
                        connection.prove(proof);
                        connection.session.handle_tls(wait.now());
                    }
                    ClientEvent::Authenticated => trace.authenticated(),
                    ClientEvent::Ready => return Ok(()),
                    ClientEvent::Closed { error, .. } => {
                        connection.try_goodbye(wait.now(), trace);
                        if let Some(error) = &error
                            && matches!(error.kind(), ClientErrorKind::TlsUnavailable | ClientErrorKind::TlsRefused)
                        {
                            self.tell_no_starttls(connection, way, error, wait, trace);
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

    async fn handshake(
        &self,
        stream: &mut Stream,
        peer: &Peer,
        way: &Way<'_>,
        due: Option<posthaste_types::Tick>,
        wait: &mut Wait<'_>,
        trace: &mut Trace<'_>,
    ) -> Result<Proof, Refusal> {
        let security = &peer.security;
        let (config, seen) = self.tls.client_config(&security.trust).map_err(|error| {
            Refusal::Ours(TransportError::misconfigured(format_args!("root certificates: {error}")))
        })?;
        // A name that no certificate can hold, with an underscore, is left out of the hello.
        let host = security.server_name.as_ref().map_or(&*peer.host, DnsName::as_str);
        let literal = || ServerName::IpAddress(peer.place.ip().unwrap_or(Ipv4Addr::LOCALHOST.into()).into());
        let name = ServerName::try_from(host.to_owned()).unwrap_or_else(|_| literal());
        let mut result = self.result(way, peer, stream, wait);
        let (failed, failure) = match wait.race(due, stream.start_tls(config, name)).await {
            Some(Ok(())) => {
                let observed = seen.fault().map(|fault| tls_rpt::Failure::new(report::kind(&fault), fault));
                result.encryption = stream.tls_words().map(Text::lossy);
                result.failure = observed.or_else(|| security.objection.clone());
                result.why = Text::lossy(why::encrypted(peer, &seen, way.security.policy));
                self.reporter.tell(&result, trace);
                return Ok(Proof { sharing: seen.sharing(), why: result.why });
            }
            Some(Err(error)) => (report::failure(&error), broken(&error, peer)),
            None => {
                let text = format_args!("{}: TLS handshake", peer.host);
                let failed = tls_rpt::Failure::new(ResultType::ValidationFailure, "no handshake in time");
                (failed, Failure::network(NetworkFault::TimedOut, text))
            }
        };
        trace.note(&failure.cause);
        result.failure = Some(failed);
        result.why = Text::lossy(why::not_encrypted(security, way.security.policy));
        self.reporter.tell(&result, trace);
        Err(Refusal::Handshake(failure))
    }

    fn tell_no_starttls(
        &self,
        connection: &Connection,
        way: &Way<'_>,
        reason: impl fmt::Display,
        wait: &Wait<'_>,
        trace: &Trace<'_>,
    ) {
        let mut result = self.result(way, &connection.peer, &connection.stream, wait);
        result.failure = Some(tls_rpt::Failure::new(ResultType::StartTlsNotSupported, reason));
        result.why = Text::lossy(why::not_encrypted(&connection.peer.security, way.security.policy));
        self.reporter.tell(&result, trace);
    }

    /// What is to be told of a session, so far.
    fn result(&self, way: &Way<'_>, peer: &Peer, stream: &Stream, wait: &Wait<'_>) -> TlsResult {
        let mut result = TlsResult::new(wait.wall(), way.domains(), peer.security.used.clone());
        result.host = DnsName::parse(&peer.host).ok();
        result.receiving_ip = peer.place.ip();
        let source = peer.egress.as_ref().map(|egress| egress.source.address);
        result.sending_ip = source.or_else(|| stream.local_ip());
        result
    }

    fn hello_name(&self, egress: Option<&Egress>, stream: &Stream) -> Option<HelloName> {
        let of_source = egress.map(|egress| HelloName::Domain(egress.source.ehlo.clone()));
        of_source.or_else(|| self.hello.clone()).or_else(|| stream.local_ip().map(HelloName::Address))
    }
}

/// What is said to a socket of this machine leaves it not: TLS is not asked for, unless it is demanded.
fn within_the_machine(tls: TlsUse) -> TlsUse {
    if tls == TlsUse::Opportunistic { TlsUse::Never } else { tls }
}

fn in_clear(peer: &Peer, way: &Way<'_>) -> Proof {
    let why = match peer.place {
        Place::Tcp(_) => Text::lossy(why::not_encrypted(&peer.security, way.security.policy)),
        Place::Unix(_) => Text::lossy("a socket of this machine"),
    };
    Proof { sharing: Sharing::Free, why }
}

/// A handshake that failed: of what TLS itself objects to, or of the network.
fn broken(error: &io::Error, peer: &Peer) -> Failure {
    if error.kind() != io::ErrorKind::InvalidData {
        return Failure::io(error, format_args!("{}: TLS handshake", peer.host));
    }
    let words = demanded(report::words(error), &peer.security);
    Failure::temporary(Cause::tls(format_args!("{}: {words}", peer.host)))
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
