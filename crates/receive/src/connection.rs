//! One connection: moves octets and events.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use posthaste_smtp::{ServerError, ServerEvent, ServerSession};
use posthaste_types::{Clock, Tick};
use tokio::sync::watch;

use crate::limits::{Budget, Place};
use crate::receiver::told_to_stop;
use crate::stream::Stream;
use crate::transaction::Transaction;
use crate::{Handler, Peer, ReceiverConfig, ServerTls, Session};

/// What all connections of a receiver share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) handler: Arc<dyn Handler>,
    pub(crate) config: ReceiverConfig,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) tls: Option<ServerTls>,
    pub(crate) budget: Arc<Budget>,
}

#[derive(Debug)]
pub(crate) struct Connection {
    pub(super) shared: Arc<Shared>,
    stream: Stream,
    pub(super) protocol: ServerSession,
    pub(super) session: Session,
    pub(super) transaction: Option<Transaction>,
    /// What a `Received` field calls this connection, and the number of its last message.
    pub(super) id: String,
    pub(super) messages: u32,
    stopping: watch::Receiver<bool>,
    _place: Place,
}

impl Connection {
    pub(crate) fn new(
        shared: Arc<Shared>,
        stream: Stream,
        peer: Peer,
        id: String,
        stopping: watch::Receiver<bool>,
        place: Place,
    ) -> Self {
        let protocol = ServerSession::new(shared.config.session.clone(), shared.clock.tick());
        let session = Session::new(peer, shared.config.session.protocol);
        Self { shared, stream, protocol, session, transaction: None, id, messages: 0, stopping, _place: place }
    }

    /// Runs to the end of the session.
    pub(crate) async fn run(mut self) {
        if self.protocol.is_encrypted() && self.upgrade().await.is_err() {
            return;
        }
        let mut buffer = vec![0; READ];
        loop {
            if let Some(error) = self.drain().await {
                tracing::debug!(peer = %self.session.peer().address.ip(), %error, "the session ended");
            }
            if self.is_stopping() && self.transaction.is_none() {
                self.protocol.close(self.now());
            }
            self.transmit().await;
            if self.protocol.is_closed() {
                break;
            }
            self.receive(&mut buffer).await;
        }
        self.linger(&mut buffer).await;
    }

    /// Takes up all events, and answers the questions among them.
    async fn drain(&mut self) -> Option<ServerError> {
        let mut ended = None;
        while let Some(event) = self.protocol.poll_event() {
            match event {
                ServerEvent::Content(piece) => {
                    if let Some(transaction) = &mut self.transaction {
                        transaction.push(&piece);
                    }
                }
                ServerEvent::Reset | ServerEvent::Aborted { .. } => self.transaction = None,
                ServerEvent::StartTls => self.start_tls().await,
                ServerEvent::Closed { error, .. } => ended = error,
                question => self.answer(question).await,
            }
        }
        ended
    }

    async fn start_tls(&mut self) {
        self.transmit().await;
        if self.protocol.is_closed() {
            return;
        }
        if self.upgrade().await.is_ok() {
            (self.session.hello, self.session.authenticated, self.transaction) = (None, None, None);
            self.protocol.handle_tls(self.now());
        } else {
            self.protocol.handle_close(self.now());
        }
    }

    async fn upgrade(&mut self) -> io::Result<()> {
        let Some(tls) = self.shared.tls.clone() else { return Err(io::ErrorKind::Unsupported.into()) };
        let limit = self.shared.config.session.timeout;
        let (clock, stream) = (Arc::clone(&self.shared.clock), &mut self.stream);
        let result = tokio::select! {
            result = stream.accept_tls(&tls) => result,
            () = clock.sleep_until(clock.tick().saturating_add(limit)) => Err(io::ErrorKind::TimedOut.into()),
        };
        match result {
            Ok(session) => self.session.tls = Some(session),
            Err(error) => {
                tracing::debug!(peer = %self.session.peer().address.ip(), %error, "no TLS");
                return Err(error);
            }
        }
        Ok(())
    }

    /// Sends all that is due in one write.
    async fn transmit(&mut self) {
        let mut due = Vec::new();
        if !self.protocol.poll_transmit(&mut due) || self.stream.is_gone() {
            return;
        }
        let limit = self.now().saturating_add(self.shared.config.session.timeout);
        let clock = Arc::clone(&self.shared.clock);
        let sent = tokio::select! {
            result = self.stream.write_all(&due) => result.is_ok(),
            () = clock.sleep_until(limit) => false,
        };
        if !sent {
            self.stream = Stream::Gone;
            self.protocol.handle_close(self.now());
        }
    }

    /// Waits for octets, the deadline, or the order to stop.
    async fn receive(&mut self, buffer: &mut [u8]) {
        let clock = Arc::clone(&self.shared.clock);
        let deadline = self.protocol.poll_timeout();
        let stopping = self.is_stopping();
        let read = tokio::select! {
            read = self.stream.read(buffer) => read,
            () = sleep(&*clock, deadline) => {
                let _ = self.protocol.handle_timeout(clock.tick());
                return;
            }
            _ = self.stopping.changed(), if !stopping => return,
        };
        match read.map(|len| buffer.get(..len).unwrap_or_default()) {
            Ok([]) | Err(_) => self.protocol.handle_close(self.now()),
            // Why it ended the session, if it did, is told by the last event.
            Ok(octets) => drop(self.protocol.handle_bytes(self.now(), octets)),
        }
    }

    /// Closes so that the last reply arrives: a close while octets of the client are unread resets the connection and
    /// takes from the client what it has not read yet.
    async fn linger(&mut self, buffer: &mut [u8]) {
        if self.stream.is_gone() {
            return;
        }
        let clock = Arc::clone(&self.shared.clock);
        let until = clock.tick().saturating_add(LINGER);
        let mut stopping = self.stopping.clone();
        let read = async {
            let mut left = MAX_LINGER;
            self.stream.shutdown().await?;
            while left > 0 {
                match self.stream.read(buffer).await? {
                    0 => break,
                    len => left = left.saturating_sub(len),
                }
            }
            io::Result::Ok(())
        };
        tokio::select! {
            _ = read => {}
            () = clock.sleep_until(until) => {}
            () = told_to_stop(&mut stopping) => {}
        }
    }

    fn is_stopping(&self) -> bool {
        *self.stopping.borrow() || self.stopping.has_changed().is_err()
    }

    pub(super) fn now(&self) -> Tick {
        self.shared.clock.tick()
    }
}

async fn sleep(clock: &dyn Clock, until: Option<Tick>) {
    match until {
        Some(until) => clock.sleep_until(until).await,
        None => std::future::pending().await,
    }
}

/// What is read at once, in octets.
const READ: usize = 32 * 1024;
/// How long, and for how many octets, a connection is read behind its end.
const LINGER: Duration = Duration::from_secs(2);
const MAX_LINGER: usize = 1024 * 1024;
