//! The listener.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::connection::{Connection, Shared};
use crate::limits::Places;
use crate::stream::Stream;
use crate::{Handler, Peer, ReceiverBuilder};

/// An SMTP or LMTP receiver: listens, and gives what arrives to its [`Handler`].
///
/// It runs on the tokio runtime in which it was bound. Dropped, it ends at once, transactions included: their clients
/// send again. [`stop`](Self::stop) is the graceful way.
pub struct Receiver {
    local: SocketAddr,
    places: Arc<Places>,
    stopping: watch::Sender<bool>,
    /// Its sender is dropped when the last connection is gone.
    running: watch::Receiver<()>,
    task: JoinHandle<()>,
}

impl Receiver {
    /// Begins to set up a receiver for this handler.
    pub fn builder(handler: impl Handler + 'static) -> ReceiverBuilder {
        ReceiverBuilder::new(Arc::new(handler))
    }

    pub(crate) fn listen(listener: TcpListener, shared: Arc<Shared>) -> io::Result<Self> {
        let local = listener.local_addr()?;
        let places = Places::new(shared.config.max_connections, shared.config.max_connections_per_peer);
        let (stopping, stop) = watch::channel(false);
        let (alive, running) = watch::channel(());
        let door = Door { listener, shared, places: Arc::clone(&places), stop };
        let task = tokio::spawn(async move {
            door.run().await;
            drop(alive);
        });
        Ok(Self { local, places, stopping, running, task })
    }

    /// The address that it listens on: with the port, where 0 was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// How many clients are connected.
    pub fn connections(&self) -> usize {
        self.places.count()
    }

    /// Stops: no client is let in any more; one that is idle reads 421; a transaction that is under way may end, within
    /// [`stop_grace`](crate::ReceiverConfig::stop_grace). Returns when the last connection is gone. May be called
    /// twice.
    ///
    /// # Cancel safety
    /// Dropped, the stopping goes on.
    pub async fn stop(&self) {
        self.stopping.send_replace(true);
        // An error says that the sender is gone, which is what is waited for.
        let _ = self.running.clone().wait_for(|()| false).await;
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("local", &self.local)
            .field("connections", &self.connections())
            .finish_non_exhaustive()
    }
}

/// Lets clients in.
struct Door {
    listener: TcpListener,
    shared: Arc<Shared>,
    places: Arc<Places>,
    stop: watch::Receiver<bool>,
}

impl Door {
    async fn run(self) {
        let mut connections = JoinSet::new();
        let mut stop = self.stop.clone();
        loop {
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, address)) => self.let_in(&mut connections, stream, address),
                    Err(error) => self.rest(&error).await,
                },
                Some(_) = connections.join_next() => {}
                () = told_to_stop(&mut stop) => break,
            }
        }
        let Self { listener, shared, .. } = self;
        drop(listener);
        let until = shared.clock.tick().saturating_add(shared.config.stop_grace);
        tokio::select! {
            () = async { while connections.join_next().await.is_some() {} } => {}
            () = shared.clock.sleep_until(until) => {
                tracing::warn!(connections = connections.len(), "the grace is over: transactions are broken off");
                connections.shutdown().await;
            }
        }
    }

    fn let_in(&self, connections: &mut JoinSet<()>, stream: TcpStream, address: SocketAddr) {
        let Ok(local) = stream.local_addr() else { return };
        let peer = Peer::new(address, local);
        // Replies are written whole: waiting for more of them only delays (RFC 9293 §3.7.4).
        let _ = stream.set_nodelay(true);
        let is_proxy = self.shared.config.proxies.iter().any(|network| network.contains(peer.address.ip()));
        let place = self.places.take().and_then(|mut place| {
            // A proxy's client is not known yet.
            if is_proxy { Ok(place) } else { place.claim(peer.site()).map(|()| place) }
        });
        let place = match place {
            Ok(place) => place,
            Err(why) => {
                // The buffer of a new connection takes a line; a client of implicit TLS cannot read it.
                let _ = stream.try_write(why.line().as_bytes());
                return;
            }
        };
        let n = CONNECTIONS.fetch_add(1, Ordering::Relaxed);
        let id = format!("{:x}.{n}", self.shared.clock.wall().as_unix_micros());
        let shared = Arc::clone(&self.shared);
        let connection = Connection::new(shared, Stream::Clear(stream), peer, id, self.stop.clone(), place);
        if is_proxy {
            connections.spawn(connection.run_behind_proxy());
        } else {
            connections.spawn(connection.run());
        }
    }

    /// Without file descriptors or memory every accept fails at once: wait for some to be given back.
    async fn rest(&self, error: &io::Error) {
        tracing::warn!(%error, "a client could not be let in");
        self.shared.clock.sleep_until(self.shared.clock.tick().saturating_add(REST)).await;
    }
}

/// Waits for the order to stop, or the end of who gives it.
pub(crate) async fn told_to_stop(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// How long the door rests behind a failure.
const REST: Duration = Duration::from_millis(100);
/// Makes the ids of connections unique.
static CONNECTIONS: AtomicU64 = AtomicU64::new(0);
