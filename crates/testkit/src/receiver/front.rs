//! The wire in front of the receiver, which can be cut.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// Passes octets between clients and the receiver behind it.
#[derive(Debug)]
pub(super) struct Front {
    pub(super) address: SocketAddr,
    task: JoinHandle<()>,
}

/// The connections, by the address that the receiver behind sees.
#[derive(Debug, Default)]
pub(super) struct Wires {
    open: Mutex<HashMap<SocketAddr, Arc<Wire>>>,
    made: AtomicUsize,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) client: SocketAddr,
    /// How many octets of the client are still passed on; `None` for all.
    left: watch::Sender<Option<usize>>,
    /// Dropped when the connection is closed on both sides.
    alive: Mutex<Option<watch::Sender<()>>>,
    closed: watch::Receiver<()>,
}

impl Front {
    pub(super) async fn open(address: SocketAddr, behind: SocketAddr, wires: Arc<Wires>) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            let mut open = JoinSet::new();
            loop {
                tokio::select! {
                    Ok((stream, client)) = listener.accept() => {
                        wires.made.fetch_add(1, Ordering::Relaxed);
                        open.spawn(pass(stream, client, behind, Arc::clone(&wires)));
                    }
                    Some(_) = open.join_next() => {}
                }
            }
        });
        Ok(Self { address, task })
    }

    /// Cuts all connections and lets nobody in any more.
    pub(super) fn close(&self) {
        self.task.abort();
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.close();
    }
}

impl Wires {
    pub(super) fn find(&self, seen: SocketAddr) -> Option<Arc<Wire>> {
        self.open().get(&seen).cloned()
    }

    /// How many connections there were so far.
    pub(super) fn made(&self) -> usize {
        self.made.load(Ordering::Relaxed)
    }

    fn open(&self) -> MutexGuard<'_, HashMap<SocketAddr, Arc<Wire>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wire {
    /// Cuts the connection, and returns when that is done.
    pub(super) async fn cut(&self) {
        self.cut_after(0);
        self.closed().await;
    }

    /// Cuts it when so many more octets of the client were passed on.
    pub(super) fn cut_after(&self, octets: usize) {
        self.left.send_replace(Some(octets));
    }

    /// Waits until it is closed, or the client has said its last.
    pub(super) async fn closed(&self) {
        // Nothing is ever sent: an error says that the other end is gone.
        let _ = self.closed.clone().changed().await;
    }

    fn say_closed(&self) {
        self.alive.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// Takes the wire out of the list when its task ends, however it ends.
struct Listed(Arc<Wires>, SocketAddr);

impl Drop for Listed {
    fn drop(&mut self) {
        if let Some(wire) = self.0.open().remove(&self.1) {
            wire.say_closed();
        }
    }
}

async fn pass(stream: TcpStream, client: SocketAddr, behind: SocketAddr, wires: Arc<Wires>) -> io::Result<()> {
    let inner = TcpStream::connect(behind).await?;
    stream.set_nodelay(true)?;
    inner.set_nodelay(true)?;
    let seen = inner.local_addr()?;
    let (left, limit) = watch::channel(None);
    let (alive, closed) = watch::channel(());
    let wire = Arc::new(Wire { client, left, alive: Mutex::new(Some(alive)), closed });
    wires.open().insert(seen, Arc::clone(&wire));
    // The streams are dropped before it, on every way out: closed is said when it is true.
    let _listed = Listed(wires, seen);
    relay(stream, inner, &wire, limit).await
}

/// Ends when both sides have ended, or with an error: at the cut too.
async fn relay(
    mut stream: TcpStream,
    mut inner: TcpStream,
    wire: &Wire,
    mut limit: watch::Receiver<Option<usize>>,
) -> io::Result<()> {
    let ((mut from_client, mut to_client), (mut from_inner, mut to_inner)) = (stream.split(), inner.split());
    let up = async {
        pump(&mut from_client, &mut to_inner, &mut limit).await?;
        // Whoever waits for this client need not wait any more.
        wire.say_closed();
        to_inner.shutdown().await
    };
    let down = async {
        tokio::io::copy(&mut from_inner, &mut to_client).await?;
        to_client.shutdown().await
    };
    tokio::try_join!(up, down).map(|_| ())
}

/// From the client, until its end; the cut is an error.
async fn pump(
    from: &mut ReadHalf<'_>,
    to: &mut WriteHalf<'_>,
    limit: &mut watch::Receiver<Option<usize>>,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    let mut left: Option<usize> = None;
    while left != Some(0) {
        let most = left.map_or(buffer.len(), |left| left.min(buffer.len()));
        let len = tokio::select! {
            biased;
            Ok(()) = limit.changed() => {
                left = *limit.borrow_and_update();
                continue;
            }
            len = from.read(&mut buffer[..most]) => len?,
        };
        if len == 0 {
            return Ok(());
        }
        to.write_all(&buffer[..len]).await?;
        left = left.map(|left| left.saturating_sub(len));
    }
    Err(io::ErrorKind::ConnectionAborted.into())
}
