//! From an address to a connection: the source's address, the proxy, or a socket of this machine.

use std::io;
use std::net::SocketAddr;

use posthaste_transport::TransportError;
use posthaste_types::{Clock, NetworkFault};
use tokio::net::{TcpSocket, TcpStream};

use crate::egress::{Egress, Socks5};
use crate::failure::Failure;
use crate::open::{Opener, Refusal};
use crate::peer::{Peer, Place};
use crate::socks::{self, SocksFault};
use crate::stream::Stream;
use crate::unix;
use crate::wait::Wait;

impl Opener {
    /// A connection on which nothing was said yet.
    pub(crate) async fn dial(&self, peer: &Peer, clock: &dyn Clock) -> Result<Stream, Refusal> {
        let due = clock.tick().saturating_add(self.connect_timeout);
        let connected = Wait::new(clock, due).race(None, connect(peer)).await;
        connected.unwrap_or_else(|| {
            let text = format_args!("{peer}: no connection");
            Err(Refusal::Host(Failure::network(NetworkFault::TimedOut, text)))
        })
    }
}

async fn connect(peer: &Peer) -> Result<Stream, Refusal> {
    let address = match &peer.place {
        Place::Tcp(address) => *address,
        Place::Unix(path) => {
            let connected = unix::connect(path).await;
            return connected.map(Stream::Unix).map_err(|error| Refusal::Host(Failure::io(&error, peer)));
        }
    };
    let stream = match peer.egress.as_deref() {
        Some(Egress { proxy: Some(proxy), .. }) => through(proxy, address, peer).await?,
        egress => direct(egress, address, peer).await?,
    };
    // A delayed acknowledgement would cost 40 ms a reply.
    stream.set_nodelay(true).map_err(|error| Refusal::Host(Failure::io(&error, peer)))?;
    Ok(Stream::Clear(stream))
}

async fn direct(egress: Option<&Egress>, address: SocketAddr, peer: &Peer) -> Result<TcpStream, Refusal> {
    let socket = socket(address.is_ipv4()).map_err(|error| no_socket(error, socket(address.is_ipv6()), peer))?;
    if let Some(egress) = egress {
        let ours = egress.source.address;
        socket
            .bind(SocketAddr::new(ours, 0))
            .map_err(|error| Refusal::Ours(TransportError::misconfigured(format_args!("source {ours}: {error}"))))?;
    }
    socket.connect(address).await.map_err(|error| Refusal::Host(Failure::io(&error, peer)))
}

fn socket(v4: bool) -> io::Result<TcpSocket> {
    if v4 { TcpSocket::new_v4() } else { TcpSocket::new_v6() }
}

/// Where a socket of the other family can be made, this machine lacks the family: another address may do better.
fn no_socket(error: io::Error, of_other_family: io::Result<TcpSocket>, peer: &Peer) -> Refusal {
    match of_other_family {
        Ok(_) => Refusal::Host(Failure::io(&error, peer)),
        Err(_) => Refusal::Ours(TransportError::internal(error)),
    }
}

async fn through(proxy: &Socks5, address: SocketAddr, peer: &Peer) -> Result<TcpStream, Refusal> {
    let name = proxy.address();
    let lost = |error| Refusal::Ours(TransportError::unreachable(format!("SOCKS5 proxy {name}: {error}")));
    let mut stream = TcpStream::connect(name).await.map_err(lost)?;
    match socks::connect(&mut stream, proxy.login(), address).await {
        Ok(()) => Ok(stream),
        Err(SocksFault::Io(error)) => Err(lost(error)),
        Err(SocksFault::Ours(why)) => {
            Err(Refusal::Ours(TransportError::misconfigured(format_args!("SOCKS5 proxy {name}: {why}"))))
        }
        Err(SocksFault::Target(kind, why)) => Err(Refusal::Host(Failure::io(&std::io::Error::new(kind, why), peer))),
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;
    use std::sync::Arc;

    use posthaste_transport::TlsPolicy;

    use super::*;
    use crate::security::Security;

    /// A machine without IPv6 has mail for hosts that have IPv4 too: what these say counts.
    #[test]
    fn a_family_that_this_machine_lacks() {
        let place = Place::Tcp((Ipv6Addr::LOCALHOST, 25).into());
        let security = Security::plain(TlsPolicy::Opportunistic).of_host("mx.example.org", None).unwrap();
        let peer = Peer { host: "mx.example.org".into(), place, egress: None, security: Arc::new(security) };
        let error = || io::Error::other("not supported");
        let lacking = no_socket(error(), socket(true), &peer);
        assert!(matches!(lacking, Refusal::Host(_)), "{lacking:?}");
        let out_of_files = no_socket(error(), Err(error()), &peer);
        assert!(matches!(out_of_files, Refusal::Ours(_)), "{out_of_files:?}");
    }
}
