//! Opening a connection: TCP, greeting, EHLO, TLS, AUTH.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use posthaste_smtp::{ClientConfig, ClientError, ClientEvent, ClientSession, HelloName, TlsUse};
use posthaste_transport::{Source, TlsPolicy, TransportError};
use posthaste_types::{Cause, NetworkFault, Stage};
use rustls::pki_types::ServerName;
use tokio::net::{TcpSocket, TcpStream};

use crate::config::RelaySecurity;
use crate::connection::{Connection, Exchanged, Peer};
use crate::failure::Failure;
use crate::stream::Stream;
use crate::targets::Way;
use crate::tls::{Tls, Trust};
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
        let tls = match way.policy {
            _ if implicit => TlsUse::Implicit,
            TlsPolicy::Opportunistic => TlsUse::Opportunistic,
            _ => TlsUse::Required,
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
        let trust = Trust::of(way.policy);
        if tls == TlsUse::Implicit {
            let due = wait.now().saturating_add(self.session.timeouts.start_tls);
            self.handshake(&mut stream, peer, trust, Some(due), wait, trace).await?;
        }
        let mut config = self.session.clone().with_tls(tls);
        if let Some(hello) = self.hello_name(way.source, &stream) {
            config.hello = hello;
        }
        let session = ClientSession::new(config, wait.now());
        let mut connection = Connection::new(stream, session, peer.clone());
        self.greet(&mut connection, trust, wait, trace).await?;
        connection.wipe();
        Ok(connection)
    }

    /// Drives the session until it takes mail.
    async fn greet(
        &self,
        connection: &mut Connection,
        trust: Trust,
        wait: &mut Wait<'_>,
        trace: &mut Trace<'_>,
    ) -> Result<(), Refusal> {
        loop {
            while let Some(event) = connection.session.poll_event() {
                match event {
                    ClientEvent::StartTls => {
                        let due = connection.session.poll_timeout();
                        let Connection { stream, peer, .. } = connection;
                        self.handshake(stream, peer, trust, due, wait, trace).await?;
                        connection.session.handle_tls(wait.now());
                    }
                    ClientEvent::Authenticated => trace.authenticated(),
                    ClientEvent::Ready => return Ok(()),
                    ClientEvent::Closed { error, .. } => {
                        connection.try_goodbye(wait.now(), trace);
                        return Err(closed(error));
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
        trust: Trust,
        due: Option<posthaste_types::Tick>,
        wait: &mut Wait<'_>,
        trace: &mut Trace<'_>,
    ) -> Result<(), Refusal> {
        let config = self.tls.client_config(trust).map_err(|error| {
            Refusal::Ours(TransportError::misconfigured(format_args!("root certificates: {error}")))
        })?;
        // A name that no certificate can hold, with an underscore, is left out of the hello.
        let name = ServerName::try_from(String::from(&*peer.host))
            .unwrap_or_else(|_| ServerName::IpAddress(peer.address.ip().into()));
        let failure = match wait.race(due, stream.start_tls(config, name)).await {
            Some(Ok(())) => {
                let checked = match trust {
                    Trust::Anybody => "its certificate was not looked at".to_owned(),
                    Trust::Host => format!("its certificate is valid for {}", peer.host),
                };
                trace.note(format_args!("{}; {checked}", stream.tls_words().unwrap_or_default()));
                return Ok(());
            }
            // What TLS itself objects to; everything else is the network's.
            Some(Err(error)) if error.kind() == io::ErrorKind::InvalidData => {
                Failure::temporary(Cause::tls(format_args!("{}: {error}", peer.host)))
            }
            Some(Err(error)) => Failure::io(&error, format_args!("{}: TLS handshake", peer.host)),
            None => Failure::network(NetworkFault::TimedOut, format_args!("{}: TLS handshake", peer.host)),
        };
        trace.note(&failure.cause);
        Err(Refusal::Handshake(failure))
    }

    fn hello_name(&self, source: Option<&Source>, stream: &Stream) -> Option<HelloName> {
        let of_source = source.map(|source| HelloName::Domain(source.ehlo.clone()));
        of_source.or_else(|| self.hello.clone()).or_else(|| stream.local_ip().map(HelloName::Address))
    }
}

/// What the end of a session that was not ready yet means.
fn closed(error: Option<ClientError>) -> Refusal {
    let Some(error) = error else {
        return Refusal::Host(Failure::network(NetworkFault::Closed, "the session ended"));
    };
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
