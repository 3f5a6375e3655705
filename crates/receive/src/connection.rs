//! One connection: moves octets, and asks the handler.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use posthaste_smtp::{Answer, ServerError, ServerEvent, ServerSession};
use posthaste_types::{Clock, Tick};
use tokio::sync::watch;

use crate::asking::{Asked, ask};
use crate::limits::{Budget, Place};
use crate::receiver::told_to_stop;
use crate::stream::Stream;
use crate::transaction::Transaction;
use crate::{Handler, Peer, ReceiverConfig, ServerTls, Session, Verdict, Verdicts};

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
    shared: Arc<Shared>,
    stream: Stream,
    protocol: ServerSession,
    session: Session,
    transaction: Option<Transaction>,
    /// What a `Received` field calls this connection, and the number of its next message.
    id: String,
    messages: u32,
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

    async fn answer(&mut self, question: ServerEvent) {
        let answers = match question {
            ServerEvent::EndOfData => self.end_of_data().await,
            question => vec![self.judge(question).await],
        };
        let now = self.now();
        let said = match answers.as_slice() {
            [one] => self.protocol.answer(now, one.clone()),
            _ => self.protocol.answer_each(now, answers),
        };
        if let Err(error) = said {
            // The handler's verdicts are made to fit: this is a fault of ours, and the question is still open.
            tracing::error!(%error, "an answer does not fit its question");
            if self.protocol.answer(now, Verdict::try_later().into_answer()).is_err() {
                self.protocol.close(now);
            }
        }
    }

    async fn judge(&mut self, question: ServerEvent) -> Answer {
        let handler = Arc::clone(&self.shared.handler);
        let verdict = match question {
            ServerEvent::Connected => self.ask(handler.connect(self.session.peer())).await,
            ServerEvent::Hello { verb, name, .. } => {
                self.session.hello = Some((verb, name));
                Verdict::Accept
            }
            ServerEvent::Auth { credentials, .. } => {
                let verdict = self.ask(handler.authenticate(&self.session, &credentials)).await;
                if verdict.is_accept() {
                    self.session.authenticated = Some(posthaste_types::Text::lossy(credentials.username()));
                }
                verdict
            }
            ServerEvent::Mail { from, parameters, .. } => {
                let verdict = self.ask(handler.sender(&self.session, &from)).await;
                self.transaction = verdict.is_accept().then(|| Transaction::new(from, parameters));
                verdict
            }
            ServerEvent::Rcpt { recipient, .. } => {
                let verdict = self.ask(handler.recipient(&self.session, &recipient.address)).await;
                if let Some(transaction) = self.transaction.as_mut().filter(|_| verdict.is_accept()) {
                    transaction.add(recipient);
                }
                verdict
            }
            ServerEvent::Data => self.begin_content(),
            _ => Verdict::try_later(),
        };
        verdict.into_answer()
    }

    fn begin_content(&mut self) -> Verdict {
        self.messages = self.messages.wrapping_add(1);
        let id = format!("{}.{}", self.id, self.messages);
        let shared = &self.shared;
        match &mut self.transaction {
            Some(transaction) => transaction.begin(shared, &self.session, &id),
            None => Verdict::try_later(),
        }
    }

    async fn end_of_data(&mut self) -> Vec<Answer> {
        let Some(mut transaction) = self.transaction.take() else {
            return vec![Verdict::try_later().into_answer()];
        };
        let handler = Arc::clone(&self.shared.handler);
        let verdicts = match transaction.incoming() {
            Err(verdict) => Verdicts::all(verdict),
            Ok(incoming) => match self.race(handler.message(&self.session, incoming)).await {
                Asked::Answered(Ok(verdicts)) => verdicts,
                Asked::Answered(Err(error)) => {
                    tracing::error!(%error, "the handler could not take a message");
                    Verdicts::all(Verdict::try_later())
                }
                Asked::Unanswered => Verdicts::all(Verdict::try_later()),
            },
        };
        transaction.answers(verdicts, self.session.protocol())
    }

    async fn ask(&self, work: Pin<Box<dyn Future<Output = Verdict> + Send + '_>>) -> Verdict {
        match self.race(work).await {
            Asked::Answered(verdict) => verdict,
            Asked::Unanswered => Verdict::try_later(),
        }
    }

    async fn race<T>(&self, work: Pin<Box<dyn Future<Output = T> + Send + '_>>) -> Asked<T> {
        ask(work, &*self.shared.clock, self.shared.config.answer_timeout).await
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

    fn now(&self) -> Tick {
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
