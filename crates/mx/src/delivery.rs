//! One mail to one site: a connection that is open already, or the hosts one by one.

use std::sync::Arc;

use posthaste_smtp::{ClientError, ClientErrorKind, ClientEvent, Transaction};
use posthaste_transport::{Attempt, TransportError, TransportErrorKind};
use posthaste_types::{Cause, Clock, NetworkFault, Outcome, OutcomeKind, Stage, Tick};

use crate::connection::{Connection, Exchanged};
use crate::failure::{Failed, Failure, Failures};
use crate::open::{Opener, Refusal};
use crate::peer::Peer;
use crate::pool::{Key, Lease, Pool};
use crate::targets::{Targets, Way};
use crate::trace::Trace;
use crate::wait::Wait;

/// What delivers: for all sites of a transport.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) opener: Opener,
    pub(crate) pool: Arc<Pool>,
}

/// The part of an attempt that goes to one site.
pub(crate) struct Job<'a> {
    pub(crate) attempt: &'a Attempt,
    /// The envelope of this part, and the content.
    pub(crate) transaction: Transaction,
    /// Its recipients' places in the attempt; `None` if they are the same.
    pub(crate) places: Option<Vec<usize>>,
    pub(crate) by: Tick,
}

/// What one connection made of a mail.
enum Sent {
    /// Everybody has an answer.
    Settled,
    /// The connection was lost before MAIL was answered: nobody has it, and another connection may take it.
    Lost(Failure),
    Withdrawn,
}

impl Client {
    /// Delivers a job. What each recipient's answer is, the attempt knows.
    ///
    /// # Errors
    /// [`Failed`] if nobody took anything for anyone of the job.
    pub(crate) async fn deliver(&self, job: &Job<'_>, way: &Way<'_>) -> Result<(), Failed> {
        let mut wait = Wait::new(&*self.clock, job.by);
        let mut trace = Trace::new(job.attempt.trace().map(|sink| &**sink));
        let key = Key::new(way.site.clone(), &way.sources, way.security.clone());
        let Some(lease) = wait.race(None, self.pool.lease(key)).await else {
            let text = format_args!("all connections to {} are in use", way.site);
            return Err(Failed::Ours(TransportError::busy(text)));
        };
        if let Some(mut connection) = lease.idle(wait.now()) {
            trace.note(format_args!("using the connection to {} again", connection.peer));
            match self.send(job, &mut connection, &mut wait, &mut trace).await {
                Sent::Lost(_) if !wait.is_over() => trace.note("it had ended; a new one"),
                sent => {
                    self.judge(job, &connection.peer, way);
                    job.give_back(lease, connection);
                    return end(sent);
                }
            }
        }
        let mut failures = Failures::default();
        let mut targets = Targets::new(way);
        while let Some((peer, stream)) = targets.next(&self.opener, &mut wait, &mut failures, &trace).await {
            match self.opener.open(&peer, stream, way, &mut wait, &mut trace).await {
                Ok(mut connection) => match self.send(job, &mut connection, &mut wait, &mut trace).await {
                    Sent::Lost(failure) => failures.push(failure),
                    sent => {
                        self.judge(job, &connection.peer, way);
                        job.give_back(lease, connection);
                        return end(sent);
                    }
                },
                Err(Refusal::Host(failure) | Refusal::Handshake(failure)) => failures.push(failure),
                Err(Refusal::Ours(error)) => return Err(Failed::Ours(error)),
            }
            if wait.is_over() {
                break;
            }
        }
        Err(failures.decisive())
    }

    /// Whether the site said something of the source.
    fn judge(&self, job: &Job<'_>, peer: &Peer, way: &Way<'_>) {
        if peer.egress.is_some() {
            self.opener.sources.judge(peer.egress.as_ref(), &way.site, &job.attempt.settled());
        }
    }

    /// Sends the mail over one connection.
    async fn send(
        &self,
        job: &Job<'_>,
        connection: &mut Connection,
        wait: &mut Wait<'_>,
        trace: &mut Trace<'_>,
    ) -> Sent {
        if job.attempt.start().is_err() {
            return Sent::Withdrawn;
        }
        job.attempt.passed(connection.passage());
        connection.mails = connection.mails.saturating_add(1);
        if connection.session.send(wait.now(), job.transaction.clone()).is_err() {
            return Sent::Lost(Failure::network(NetworkFault::Closed, "the session had ended"));
        }
        let mut out_of_time = false;
        let mut answered = false;
        loop {
            let mut told = Vec::new();
            while let Some(event) = connection.session.poll_event() {
                match event {
                    ClientEvent::Settled { recipient, outcome, .. } => told.push((recipient, outcome)),
                    ClientEvent::Finished { .. } => {
                        return self.finish(job, connection, told, Progress { answered, out_of_time });
                    }
                    _ => {}
                }
            }
            answered |= !told.is_empty();
            told.into_iter().for_each(|(recipient, outcome)| job.settle(recipient, outcome));
            out_of_time = matches!(connection.exchange(wait, Some(job.attempt), trace).await, Exchanged::OutOfTime);
        }
    }

    /// The last answers: of the peer, or of the session that ended.
    fn finish(
        &self,
        job: &Job<'_>,
        connection: &mut Connection,
        told: Vec<(usize, Outcome)>,
        progress: Progress,
    ) -> Sent {
        let mut ended = None;
        while let Some(event) = connection.session.poll_event() {
            if let ClientEvent::Closed { error, .. } = event {
                ended = error;
            }
        }
        if ended.as_ref().is_some_and(|error| error.kind() == ClientErrorKind::Withdrawn) {
            return Sent::Withdrawn;
        }
        if let Some(error) = &ended
            && !progress.answered
            && is_before_mail(error, &told)
        {
            return Sent::Lost(match progress.out_of_time {
                true => Failure::out_of_time(error.stage()),
                false => Failure::session(error),
            });
        }
        let stage = ended.as_ref().map(ClientError::stage);
        for (recipient, outcome) in told {
            job.settle(recipient, if progress.out_of_time { out_of_time(&outcome, stage) } else { outcome });
        }
        Sent::Settled
    }
}

/// How far a mail had come before its last answers.
struct Progress {
    answered: bool,
    out_of_time: bool,
}

impl Job<'_> {
    /// Gives a connection back when what was sent over it is written down: a crash leaves no more messages in doubt
    /// than there are connections. One part of several does not wait, else two attempts could wait for each other.
    fn give_back(&self, lease: Lease, connection: Connection) {
        match &self.places {
            None => self.attempt.when_recorded(move || lease.give_back(connection)),
            Some(_) => lease.give_back(connection),
        }
    }

    pub(crate) fn settle(&self, recipient: usize, outcome: Outcome) {
        let place = match &self.places {
            None => Some(recipient),
            Some(places) => places.get(recipient).copied(),
        };
        if let Some(place) = place {
            self.attempt.settle(place, outcome);
        }
    }

    /// The same for every recipient of the job who has no answer yet.
    pub(crate) fn settle_all(&self, outcome: &Outcome) {
        let count = self.transaction.envelope().to().len();
        (0..count).for_each(|recipient| self.settle(recipient, outcome.clone()));
    }
}

fn end(sent: Sent) -> Result<(), Failed> {
    match sent {
        Sent::Settled => Ok(()),
        Sent::Lost(failure) => Err(Failed::Hosts(failure)),
        Sent::Withdrawn => Err(Failed::Ours(TransportError::new(TransportErrorKind::Withdrawn, ""))),
    }
}

/// Whether the session ended before it had an answer to MAIL: all that it told comes of its end. An answer to the
/// mail may stand before the end in the same octets.
fn is_before_mail(error: &ClientError, told: &[(usize, Outcome)]) -> bool {
    let cause = error.cause();
    let of_the_end = |outcome: &Outcome| outcome.kind() == OutcomeKind::Deferred && *outcome.cause() == cause;
    error.stage() <= Stage::Mail && told.iter().all(|(_, outcome)| of_the_end(outcome))
}

/// The session only knows that its connection was taken away; what took it was the end of the attempt's time.
fn out_of_time(outcome: &Outcome, stage: Option<Stage>) -> Outcome {
    let stage = stage.unwrap_or(Stage::EndOfData);
    let cause = Cause::network(NetworkFault::TimedOut, format_args!("{stage}: the attempt ran out of time"));
    match outcome.kind() {
        OutcomeKind::Deferred if outcome.cause().reply().is_none() => Outcome::deferred(cause),
        OutcomeKind::InDoubt => Outcome::in_doubt(cause),
        OutcomeKind::Accepted | OutcomeKind::Deferred | OutcomeKind::Refused => outcome.clone(),
    }
}
