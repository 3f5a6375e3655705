//! A DNS server on loopback.

mod reply;
mod wire;

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use posthaste_dns::MemoryZone;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;

use reply::{Reply, compose_reply};

/// A DNS server on loopback, UDP and TCP on one port, that answers from a [`MemoryZone`].
///
/// It behaves as a resolver that a host asks: it follows aliases, sets the AD bit for what the zone calls signed
/// (RFC 6840 §5.8) when the question has AD or DO set, and truncates what does not fit a datagram. Records and faults
/// may change while it runs. A fault of the zone comes as that on the wire: SERVFAIL and REFUSED as their codes, bogus as SERVFAIL with the extended
/// error 6 (RFC 8914 §4.7), malformed as octets that are no message, a timeout as silence. Dropping it ends it.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// use posthaste_dns::MemoryZone;
/// use posthaste_testkit::DnsServer;
///
/// let zone: MemoryZone = "example.com MX 10 mail.example.com".parse()?;
/// let server = DnsServer::start(zone.clone()).await?;
/// zone.add("mail.example.com A 127.0.0.1")?; // at any time
/// println!("ask {}", server.address());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct DnsServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

struct Shared {
    zone: MemoryZone,
    truncates_all: AtomicBool,
    udp: AtomicU64,
    tcp: AtomicU64,
}

impl DnsServer {
    /// Starts a server on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// If no port is free for both UDP and TCP.
    pub async fn start(zone: MemoryZone) -> io::Result<Self> {
        let (udp, tcp) = bind().await?;
        let address = udp.local_addr()?;
        let shared = Arc::new(Shared {
            zone,
            truncates_all: AtomicBool::new(false),
            udp: AtomicU64::new(0),
            tcp: AtomicU64::new(0),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(serve_udp(udp, Arc::clone(&shared)));
        tasks.spawn(serve_tcp(tcp, Arc::clone(&shared)));
        Ok(Self { address, shared, _tasks: tasks })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The zone that it serves: a handle, to change it.
    pub fn zone(&self) -> &MemoryZone {
        &self.shared.zone
    }

    /// From now on sends every answer over UDP empty and truncated, so that all clients must come by TCP.
    pub fn truncate_all(&self) {
        self.shared.truncates_all.store(true, Ordering::Relaxed);
    }

    /// How many questions came over UDP, repeated ones too.
    pub fn udp_questions(&self) -> u64 {
        self.shared.udp.load(Ordering::Relaxed)
    }

    /// How many questions came over TCP.
    pub fn tcp_questions(&self) -> u64 {
        self.shared.tcp.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for DnsServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DnsServer")
            .field("address", &self.address)
            .field("zone", &self.shared.zone)
            .field("udp_questions", &self.udp_questions())
            .field("tcp_questions", &self.tcp_questions())
            .finish_non_exhaustive()
    }
}

/// One port for both: UDP chooses it, and TCP may find it taken.
async fn bind() -> io::Result<(UdpSocket, TcpListener)> {
    let mut tries = 0;
    loop {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        match TcpListener::bind(udp.local_addr()?).await {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(_) if tries < MAX_TRIES => tries += 1,
            Err(error) => return Err(error),
        }
    }
}

async fn serve_udp(socket: UdpSocket, shared: Arc<Shared>) {
    let mut buffer = vec![0; usize::from(u16::MAX)];
    loop {
        let Ok((length, peer)) = socket.recv_from(&mut buffer).await else {
            // That of an earlier datagram whose receiver has gone (ICMP), not of the socket.
            tokio::task::yield_now().await;
            continue;
        };
        shared.udp.fetch_add(1, Ordering::Relaxed);
        let question = buffer.get(..length).unwrap_or_default();
        let reply = compose_reply(&shared.zone, question);
        let octets = match reply {
            Reply::Silence => continue,
            Reply::Garbage(octets) => octets,
            Reply::Message(message) if shared.truncates_all.load(Ordering::Relaxed) => message.truncated(),
            Reply::Message(message) => message.for_datagram(),
        };
        let _ = socket.send_to(&octets, peer).await; // the peer may have gone
    }
}

async fn serve_tcp(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(serve_connection(stream, Arc::clone(&shared)));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Questions and answers one after another, each behind its length (RFC 1035 §4.2.2), until the peer goes.
async fn serve_connection(mut stream: TcpStream, shared: Arc<Shared>) {
    while let Ok(length) = stream.read_u16().await {
        let mut question = vec![0; usize::from(length)];
        if stream.read_exact(&mut question).await.is_err() {
            return;
        }
        shared.tcp.fetch_add(1, Ordering::Relaxed);
        let octets = match compose_reply(&shared.zone, &question) {
            Reply::Silence => continue,
            Reply::Garbage(octets) => octets,
            Reply::Message(message) => message.for_stream(),
        };
        let Ok(length) = u16::try_from(octets.len()) else { return };
        let framed = [&length.to_be_bytes()[..], &octets].concat();
        if stream.write_all(&framed).await.is_err() {
            return;
        }
    }
}

const MAX_TRIES: usize = 20;
