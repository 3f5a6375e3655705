//! One mail to one site: a connection that is open already, or the hosts one by one.

use std::sync::Arc;

use posthaste_smtp::{ClientError, ClientErrorKind, ClientEvent, Pipelining, TransactionId};
use posthaste_transport::{TransportError, TransportErrorKind};
use posthaste_types::{Cause, Clock, NetworkFault, Outcome, OutcomeKind, Stage, Tick};

use crate::connection::{Connection, Exchanged};
use crate::failure::{Failed, Failure, Failures};
use crate::job::{Job, Next};
use crate::lease::{Grant, Lease};
use crate::open::{Opener, Refusal};
use crate::peer::{Peer, Sharing};
use crate::pool::{Key, Pool};
use crate::progress::{Behind, Progress};
use crate::security::Hosts;
use crate::targets::{Targets, Way};
use crate::trace::Trace;
use crate::turn::{Begins, Turn};
use crate::wait::Wait;

/// What delivers: for all sites of a transport.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) opener: Opener,
    pub(crate) pool: Arc<Pool>,
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
        let (lease, begun) = self.lease(job, way, &mut wait).await?;
        if let Some(mut connection) = begun.or_else(|| self.warm(way, &lease, wait.now())) {
            trace.note(format_args!("using the connection to {} again", connection.peer));
            match self.send(job, way, &mut connection, &lease, &mut wait, &mut trace).await {
                (Sent::Lost(_), _) if !wait.is_over() => trace.note("it had ended; a new one"),
                (sent, next) => {
                    self.judge(job, &connection.peer, way);
                    job.pass_on(lease, connection, next);
                    return end(sent);
                }
            }
        }
        let mut failures = Failures::default();
        let mut targets = Targets::new(way);
        while let Some((peer, stream)) = targets.next(&self.opener, &mut wait, &mut failures, &trace).await {
            match self.opener.open(&peer, stream, way, &mut wait, &mut trace).await {
                Ok(mut connection) => match self.send(job, way, &mut connection, &lease, &mut wait, &mut trace).await {
                    (Sent::Lost(failure), _) => failures.push(failure),
                    (sent, next) => {
                        self.judge(job, &connection.peer, way);
                        job.pass_on(lease, connection, next);
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
            self.opener.sources.judge(peer.egress.as_ref(), &way.site, &job.settled());
        }
    }

    /// The right to a connection; and the connection, if the mail was begun on it behind another one.
    async fn lease(
        &self,
        job: &Job<'_>,
        way: &Way<'_>,
        wait: &mut Wait<'_>,
    ) -> Result<(Lease, Option<Connection>), Failed> {
        let key = Key::new(way.site.clone(), &way.sources, way.security.clone());
        // The dialogue of a mail that is traced stands in its own trace.
        let mut offered = job.attempt.trace().is_none().then_some((job.attempt, &job.transaction));
        loop {
            match self.pool.lease(&key, offered, wait).await {
                Grant::Slot(lease) => return Ok((lease, None)),
                Grant::Begun(connection, lease) => return Ok((lease, Some(*connection))),
                // Nobody has the mail. It waits for a connection of its own.
                Grant::Lost => offered = None,
                Grant::Busy => {
                    let text = format_args!("all connections to {} are in use", way.site);
                    return Err(Failed::Ours(TransportError::busy(text)));
                }
                Grant::OutOfTime => return Err(Failed::Hosts(Failure::out_of_time(Stage::Mail))),
                Grant::Withdrawn => return Err(Failed::Ours(withdrawn())),
            }
        }
    }

    /// Sends the mail over one connection. Says who has begun behind it.
    async fn send(
        &self,
        job: &Job<'_>,
        way: &Way<'_>,
        connection: &mut Connection,
        lease: &Lease,
        wait: &mut Wait<'_>,
        trace: &mut Trace<'_>,
    ) -> (Sent, Option<Next>) {
        let may_follow =
            !trace.is_on() && connection.proof.sharing != Sharing::Sole && !self.opener.lock_step.holds(&way.site);
        let mut turn = Turn {
            attempt: job.attempt,
            content: job.transaction.content(),
            lease: may_follow.then_some(lease),
            follower: None,
        };
        let (mail, behind) = match self.begin(job, way, connection, wait.now(), trace) {
            Ok(begun) => begun,
            Err(sent) => return (sent, None),
        };
        job.attempt.passed(connection.passage());
        let mut progress = Progress { answered: false, out_of_time: false, behind };
        loop {
            let mut told = Vec::new();
            while let Some(event) = connection.poll_event(mail) {
                match event {
                    ClientEvent::Settled { recipient, outcome, .. } => told.push((recipient, outcome)),
                    ClientEvent::Finished { .. } => {
                        let sent = self.finish(job, way, connection, told, &progress, wait.now());
                        return (sent, turn.follower);
                    }
                    _ => {}
                }
            }
            progress.answered |= !told.is_empty();
            told.into_iter().for_each(|(recipient, outcome)| job.settle(recipient, outcome));
            let exchanged = connection.exchange(wait, Some(&mut turn), trace).await;
            progress.out_of_time = matches!(exchanged, Exchanged::OutOfTime);
        }
    }

    /// Begins the mail, unless the one in front of it has.
    fn begin(
        &self,
        job: &Job<'_>,
        way: &Way<'_>,
        connection: &mut Connection,
        now: Tick,
        trace: &mut Trace<'_>,
    ) -> Result<(TransactionId, Behind), Sent> {
        if let Begins::Already(mail) = std::mem::replace(&mut connection.begins, Begins::Now) {
            let is_lost = connection.session.is_closed();
            return Ok((mail, if is_lost { Behind::LostMail } else { Behind::Content { since: now } }));
        }
        if way.security.hosts == Hosts::Proved
            && let Some(outcome) = connection.session.objection(&job.transaction)
        {
            // RFC 8689 §4.2.1: QUIT, and the next host.
            connection.session.quit(now);
            connection.try_goodbye(now, trace);
            return Err(Sent::Lost(Failure::lacking(&outcome)));
        }
        job.attempt.start().map_err(|_| Sent::Withdrawn)?;
        connection.mails = connection.mails.saturating_add(1);
        let begun = connection.session.send(now, job.transaction.clone());
        let mail = begun.map_err(|error| Sent::Lost(Failure::network(NetworkFault::Closed, error)))?;
        Ok((mail, Behind::Nothing))
    }

    /// The last answers: of the peer, or of the session that ended.
    fn finish(
        &self,
        job: &Job<'_>,
        way: &Way<'_>,
        connection: &mut Connection,
        told: Vec<(usize, Outcome)>,
        progress: &Progress,
        now: Tick,
    ) -> Sent {
        let ended = connection.end();
        if ended.as_ref().is_some_and(|error| error.kind() == ClientErrorKind::Withdrawn) {
            return Sent::Withdrawn;
        }
        if ended.as_ref().is_some_and(|error| error.is_out_of_step() || progress.was_swallowed(error, now)) {
            self.speak_in_lock_step(way);
        }
        if let Some(error) = &ended
            && progress.is_before_mail(error, &told)
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

    /// The site is told one command at a time from now on.
    fn speak_in_lock_step(&self, way: &Way<'_>) {
        self.opener.lock_step.note(&way.site);
        self.pool.forget(&way.site);
    }

    /// An idle connection. One from before the site was out of step would go on to send commands in groups.
    fn warm(&self, way: &Way<'_>, lease: &Lease, now: Tick) -> Option<Connection> {
        let lock_step = self.opener.lock_step.holds(&way.site);
        lease.idle(now, |connection| !lock_step || connection.pipelining == Pipelining::Never)
    }
}

fn end(sent: Sent) -> Result<(), Failed> {
    match sent {
        Sent::Settled => Ok(()),
        Sent::Lost(failure) => Err(Failed::Hosts(failure)),
        Sent::Withdrawn => Err(Failed::Ours(withdrawn())),
    }
}

fn withdrawn() -> TransportError {
    TransportError::new(TransportErrorKind::Withdrawn, "")
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
