//! One connection: moves octets and events.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use posthaste_smtp::{ServerError, ServerEvent, ServerSession};
use posthaste_types::{Clock, Text, Tick};
use tokio::sync::watch;

use crate::alarm::Alarm;
use crate::limits::{Budget, Place};
use crate::proxied::{self, HEADER_TIMEOUT};
use crate::proxy::Proxied;
use crate::receiver::told_to_stop;
use crate::stream::Stream;
use crate::transaction::Opened;
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

pub(crate) struct Connection {
    pub(super) shared: Arc<Shared>,
    pub(super) stream: Stream,
    pub(super) protocol: ServerSession,
    pub(super) session: Arc<Session>,
    pub(super) transaction: Option<Opened>,
    /// What a `Received` field calls this connection, and the number of its last message.
    pub(super) id: String,
    pub(super) messages: u32,
    pub(super) alarm: Alarm,
    /// How long a slow handler held up the content, which is not the client's time.
    pub(super) waited: Duration,
    /// What is sent next.
    due: Vec<u8>,
    stopping: watch::Receiver<bool>,
    place: Place,
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
        let session = Arc::new(Session::new(peer, shared.config.session.protocol));
        let alarm = Alarm::new(Arc::clone(&shared.clock));
        Self {
            shared,
            stream,
            protocol,
            session,
            transaction: None,
            id,
            messages: 0,
            alarm,
            waited: Duration::ZERO,
            due: Vec::new(),
            stopping,
            place,
        }
    }

    /// Reads the header of the proxy that connected, then runs.
    pub(crate) async fn run_behind_proxy(mut self) {
        let stream = &mut self.stream;
        let header = async {
            match stream.clear() {
                Some(socket) => proxied::read_header(socket).await,
                None => Err(io::ErrorKind::NotConnected.into()),
            }
        };
        let until = self.shared.clock.tick().saturating_add(HEADER_TIMEOUT);
        let header = tokio::select! {
            header = header => header,
            () = self.shared.clock.sleep_until(until) => Err(io::ErrorKind::TimedOut.into()),
            () = told_to_stop(&mut self.stopping) => return,
        };
        let session = Arc::make_mut(&mut self.session);
        match header {
            Ok(Proxied::Itself) => {}
            Ok(Proxied::Client { source, destination }) => {
                session.peer = Peer::behind(session.peer.address, source, destination);
            }
            Err(error) => {
                // Nothing is said to who is no proxy though it should be one.
                tracing::warn!(proxy = %session.peer.address.ip(), %error, "a connection was refused");
                return;
            }
        }
        let site = self.session.peer().site();
        if let Err(why) = self.place.claim(site) {
            if let Some(socket) = self.stream.clear() {
                let _ = socket.try_write(why.line().as_bytes());
            }
            return;
        }
        self.run().await;
    }

    /// Runs to the end of the session.
    pub(crate) async fn run(mut self) {
        if self.protocol.is_encrypted() && self.upgrade().await.is_err() {
            return;
        }
        let mut stopping = self.stopping.clone();
        let mut stopped = std::pin::pin!(told_to_stop(&mut stopping));
        let mut woken = Woken::ByClient;
        loop {
            if let Some(error) = self.drain().await {
                tracing::debug!(peer = %self.session.peer().address.ip(), %error, "the session ended");
            }
            let stopping = self.is_stopping();
            if stopping && self.transaction.is_none() {
                self.protocol.close(self.now());
            }
            self.transmit().await;
            if self.protocol.is_closed() {
                break;
            }
            woken = self.receive((!stopping).then_some(stopped.as_mut())).await;
        }
        self.linger(woken).await;
    }

    /// Takes up all events, and answers the questions among them.
    async fn drain(&mut self) -> Option<ServerError> {
        let mut ended = None;
        let mut left = None;
        while let Some(event) = left.take().or_else(|| self.protocol.poll_event()) {
            match event {
                ServerEvent::Data => left = self.take_content().await,
                ServerEvent::Content(_) => {}
                ServerEvent::Reset | ServerEvent::Aborted { .. } => self.transaction = None,
                ServerEvent::StartTls => self.start_tls().await,
                ServerEvent::Authenticated { mechanism, username, .. } => {
                    let session = Arc::make_mut(&mut self.session);
                    session.authenticated = Some((mechanism, Text::lossy(username.as_str())));
                }
                ServerEvent::AuthFailed { mechanism, .. } => {
                    let peer = self.session.peer().address.ip();
                    tracing::debug!(%peer, mechanism = mechanism.as_str(), "a client could not prove who it is");
                }
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
            let session = Arc::make_mut(&mut self.session);
            (session.hello, session.authenticated, self.transaction) = (None, None, None);
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
            // Boxed: a handshake's state is large, and needed once.
            result = Box::pin(stream.accept_tls(&tls)) => result,
            () = clock.sleep_until(clock.tick().saturating_add(limit)) => Err(io::ErrorKind::TimedOut.into()),
        };
        match result {
            Ok(session) => Arc::make_mut(&mut self.session).tls = Some(session),
            Err(error) => {
                tracing::debug!(peer = %self.session.peer().address.ip(), %error, "no TLS");
                return Err(error);
            }
        }
        Ok(())
    }

    /// Sends all that is due in one write.
    pub(super) async fn transmit(&mut self) {
        self.due.clear();
        if !self.protocol.poll_transmit(&mut self.due) || self.stream.is_gone() {
            return;
        }
        let (mut at, mut until) = (0, None);
        let Self { shared, stream, alarm, due, .. } = self;
        let sent = std::future::poll_fn(|context| {
            if let Poll::Ready(result) = stream.poll_write_all(context, due, &mut at) {
                return Poll::Ready(result.is_ok());
            }
            let limit = shared.config.session.timeout;
            let until = *until.get_or_insert_with(|| shared.clock.tick().saturating_add(limit));
            alarm.poll_at(context, until).map(|()| false)
        })
        .await;
        self.due.shrink_to(KEPT);
        if !sent {
            self.stream = Stream::Gone;
            self.protocol.handle_close(self.now());
        }
    }

    /// Waits for octets, the deadline, or the order to stop.
    async fn receive<F: Future<Output = ()>>(&mut self, mut stopped: Option<Pin<&mut F>>) -> Woken {
        let Self { shared, stream, protocol, alarm, waited, .. } = self;
        std::future::poll_fn(|context| {
            if Self::poll_receive(shared, stream, protocol, alarm, *waited, context).is_ready() {
                return Poll::Ready(Woken::ByClient);
            }
            stopped.as_mut().map_or(Poll::Pending, |stopped| stopped.as_mut().poll(context).map(|()| Woken::ByStop))
        })
        .await
    }

    /// Reads once, or learns that it took too long.
    pub(super) fn poll_receive(
        shared: &Shared,
        stream: &mut Stream,
        protocol: &mut ServerSession,
        alarm: &mut Alarm,
        waited: Duration,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        // Of the client's time what was spent for it is no part.
        let now = || Tick::from_start(shared.clock.tick().since_start().saturating_sub(waited));
        let read = stream.poll_read(context, |octets| {
            if octets.is_empty() {
                protocol.handle_close(now());
            } else {
                // Why it ended the session, if it did, is told by the last event.
                let _ = protocol.handle_bytes(now(), octets);
            }
        });
        match read {
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(_)) => protocol.handle_close(now()),
            Poll::Pending => {
                let Some(deadline) = protocol.poll_timeout() else { return Poll::Pending };
                ready!(alarm.poll_at(context, deadline.saturating_add(waited)));
                let _ = protocol.handle_timeout(now());
            }
        }
        Poll::Ready(())
    }

    /// Closes so that the last reply arrives: a close while octets of the client are unread resets the connection and
    /// takes from the client what it has not read yet, a 250 perhaps. Who was idle when the order to stop came has no
    /// such octets, and is not waited for.
    async fn linger(self, woken: Woken) {
        if self.stream.is_gone() {
            return;
        }
        let until = self.shared.clock.tick().saturating_add(LINGER);
        let Self { shared, mut stream, place: _place, .. } = self;
        let read = async {
            let mut left = MAX_LINGER;
            std::future::poll_fn(|context| stream.poll_shutdown(context)).await?;
            while left > 0 && woken == Woken::ByClient {
                match std::future::poll_fn(|context| stream.poll_read(context, <[u8]>::len)).await? {
                    0 => break,
                    len => left = left.saturating_sub(len),
                }
            }
            io::Result::Ok(())
        };
        tokio::select! {
            _ = read => {}
            () = shared.clock.sleep_until(until) => {}
        }
    }

    pub(super) fn is_stopping(&self) -> bool {
        *self.stopping.borrow() || self.stopping.has_changed().is_err()
    }

    /// The client's time: without that which handlers took while content arrived.
    pub(super) fn now(&self) -> Tick {
        Tick::from_start(self.shared.clock.tick().since_start().saturating_sub(self.waited))
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("session", &self.session).finish_non_exhaustive()
    }
}

/// What ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Woken {
    /// The client, who said something, is gone, or let its time pass.
    ByClient,
    /// The order to stop.
    ByStop,
}

/// How long, and for how many octets, a connection is read behind its end.
const LINGER: Duration = Duration::from_secs(2);
const MAX_LINGER: usize = 1024 * 1024;
/// Of a buffer for replies so many octets are kept.
const KEPT: usize = 1024;
