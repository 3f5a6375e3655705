//! Content on its way from the client to the handler.

use std::sync::Arc;
use std::task::Poll;

use posthaste_smtp::{Abort, Answer, Protocol, ServerEvent};
use posthaste_types::Tick;

use crate::Verdict;
use crate::arriving::Arriving;
use crate::connection::Connection;
use crate::pipe::Pipe;
use crate::transaction::Transaction;
use crate::work::Work;

impl Connection {
    /// DATA, or the first BDAT: takes the content, and answers its end. Returns the event that cut it off, if one did
    /// that the session has to hear of.
    pub(super) async fn take_content(&mut self) -> Option<ServerEvent> {
        self.messages = self.messages.wrapping_add(1);
        let id = format!("{}.{}", self.id, self.messages);
        let begun = self.transaction.take().and_then(|transaction| transaction.begin(&self.shared, &self.session, &id));
        let Some((transaction, trace)) = begun else {
            self.say(Verdict::try_later().into_answer());
            return None;
        };
        self.say(Answer::Accept);
        let (handler, session) = (Arc::clone(&self.shared.handler), Arc::clone(&self.session));
        let pipe = Arc::new(Pipe::default());
        let Transaction { parameters, envelope, .. } = &transaction;
        let arriving = Arriving::new(envelope, parameters, trace, Arc::clone(&pipe), Arc::clone(&self.shared.budget));
        let mut work = Work::new(handler.content(&session, arriving));
        match self.carry(&mut work, &pipe).await {
            Carried::Whole => {
                let verdicts = work.into_verdicts();
                let verdicts = if pipe.was_read_whole() { verdicts } else { verdicts.without_accepts() };
                match self.session.protocol() {
                    Protocol::Lmtp => self.say_each(transaction.answers(verdicts)),
                    _ => self.say(verdicts.into_strictest(transaction.envelope.to().len()).into_answer()),
                }
                None
            }
            Carried::CutOff(event) => event,
        }
    }

    /// Moves content until it has ended and the handler is done.
    async fn carry(&mut self, work: &mut Work<'_>, pipe: &Pipe) -> Carried {
        loop {
            let (why, event) = match self.protocol.poll_event() {
                Some(ServerEvent::Content(piece)) => {
                    pipe.push(piece);
                    continue;
                }
                Some(ServerEvent::EndOfData) => {
                    pipe.end(None);
                    self.settle(work).await;
                    return Carried::Whole;
                }
                None => {
                    self.transmit().await;
                    self.exchange(work, pipe).await;
                    continue;
                }
                Some(ServerEvent::Aborted { why, .. }) => (why, None),
                // Between two chunks the client may begin anew (RFC 3030 §2); the session drops the content then.
                Some(event @ (ServerEvent::Hello { .. } | ServerEvent::StartTls)) => (Abort::Reset, Some(event)),
                Some(event) => (Abort::SessionEnded, Some(event)),
            };
            pipe.end(Some(why));
            self.settle(work).await;
            return Carried::CutOff(event);
        }
    }

    /// Lets the handler work, and reads on while there is room for what comes.
    async fn exchange(&mut self, work: &mut Work<'_>, pipe: &Pipe) {
        let limit = self.shared.config.answer_timeout;
        // Since when, and what the handler had taken by then.
        let mut stalled: Option<(Tick, u64)> = None;
        let Self { shared, stream, protocol, alarm, waited, .. } = self;
        std::future::poll_fn(|context| {
            let _ = work.poll(context);
            let taken = pipe.taken();
            if let Some((since, _)) = stalled.take_if(|(_, before)| *before != taken) {
                *waited = waited.saturating_add(shared.clock.tick().since(since));
            }
            if !pipe.has_room() {
                // A handler that takes nothing is waited for as for an answer; the client's time stands still.
                let (since, _) = *stalled.get_or_insert_with(|| (shared.clock.tick(), taken));
                return alarm.poll_at(context, since.saturating_add(limit)).map(|()| {
                    *waited = waited.saturating_add(shared.clock.tick().since(since));
                    work.give_up();
                });
            }
            Self::poll_receive(shared, stream, protocol, alarm, *waited, context)
        })
        .await;
    }

    /// Waits for the handler, who has, or will have, nothing more to read.
    async fn settle(&mut self, work: &mut Work<'_>) {
        let limit = self.shared.config.answer_timeout;
        let mut until = None;
        let Self { shared, alarm, .. } = self;
        std::future::poll_fn(|context| {
            if work.poll(context).is_ready() {
                return Poll::Ready(());
            }
            let until = *until.get_or_insert_with(|| shared.clock.tick().saturating_add(limit));
            alarm.poll_at(context, until).map(|()| work.give_up())
        })
        .await;
    }
}

/// How content ended.
enum Carried {
    Whole,
    /// By this event, or by an end that is dealt with.
    CutOff(Option<ServerEvent>),
}
