//! The questions of the dialogue, put to the handler.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use posthaste_smtp::{Answer, AnswerError, ServerEvent, Username};
use posthaste_types::Tick;

use crate::asking::{Asked, ask};
use crate::connection::{Connection, Shared};
use crate::transaction::Opened;
use crate::{Verdict, verdict};

impl Connection {
    /// Answers a question of the dialogue, whatever the handler does.
    pub(super) async fn answer(&mut self, question: ServerEvent) {
        let answer = match question {
            ServerEvent::ScramUser { username, .. } => self.find_keys(&username).await,
            question => self.judge(question).await.into_answer(),
        };
        self.say(answer);
    }

    /// Gives the session its answer.
    pub(super) fn say(&mut self, answer: Answer) {
        let now = self.now();
        let said = self.protocol.answer(now, answer);
        self.heed(now, said);
    }

    /// The same for the end of data in LMTP.
    pub(super) fn say_each(&mut self, answers: Vec<Answer>) {
        let now = self.now();
        let said = self.protocol.answer_each(now, answers);
        self.heed(now, said);
    }

    fn heed(&mut self, now: Tick, said: Result<(), AnswerError>) {
        if let Err(error) = said {
            // The handler's verdicts are made to fit: this is a fault of ours, and the question is still open.
            tracing::error!(%error, "an answer does not fit its question");
            if self.protocol.answer(now, Verdict::try_later().into_answer()).is_err() {
                self.protocol.close(now);
            }
        }
    }

    async fn judge(&mut self, question: ServerEvent) -> Verdict {
        let handler = Arc::clone(&self.shared.handler);
        match question {
            ServerEvent::Connected => put(&self.shared, handler.connect(self.session.peer())).await,
            ServerEvent::Hello { verb, name, .. } => {
                let earlier = Arc::make_mut(&mut self.session).hello.replace((verb, name));
                let verdict = put(&self.shared, handler.hello(&self.session)).await;
                if !verdict.is_accept() {
                    Arc::make_mut(&mut self.session).hello = earlier;
                }
                verdict
            }
            ServerEvent::Auth { credentials, .. } => {
                match put(&self.shared, handler.authenticate(&self.session, &credentials)).await {
                    // RFC 4954 §6: 454 says that nobody can tell now.
                    Verdict::Defer(reply) if reply == verdict::fault() => {
                        Verdict::Defer(verdict::fixed(454, "4.7.0 temporary authentication failure"))
                    }
                    verdict => verdict,
                }
            }
            // RFC 5321 §3.8: what is under way may end, and nothing begins.
            ServerEvent::Mail { .. } if self.is_stopping() => {
                Verdict::Defer(verdict::fixed(421, "4.3.2 the service is shutting down"))
            }
            ServerEvent::Mail { from, parameters, .. } => {
                let verdict = put(&self.shared, handler.sender(&self.session, &from)).await;
                self.transaction = verdict.is_accept().then(|| Opened::new(from, parameters));
                verdict
            }
            ServerEvent::Rcpt { recipient, .. } => {
                let verdict = put(&self.shared, handler.recipient(&self.session, &recipient.address)).await;
                if let Some(transaction) = self.transaction.as_mut().filter(|_| verdict.is_accept()) {
                    transaction.add(recipient);
                }
                verdict
            }
            _ => Verdict::try_later(),
        }
    }
}

impl Connection {
    /// RFC 5802 §9: that there is no such user is not told before the proof.
    async fn find_keys(&mut self, username: &Username) -> Answer {
        let work = self.shared.handler.scram_keys(&self.session, username);
        match ask(work, &*self.shared.clock, self.shared.config.answer_timeout).await {
            Asked::Answered(Ok(Some(keys))) => Answer::Keys(keys),
            Asked::Answered(Ok(None)) => Answer::Refuse(verdict::fixed(535, "5.7.8 authentication failed")),
            Asked::Answered(Err(error)) => {
                tracing::error!(%error, "the handler could not look for a user's keys");
                Answer::Refuse(verdict::fixed(454, "4.7.0 temporary authentication failure"))
            }
            Asked::Unanswered => Answer::Refuse(verdict::fixed(454, "4.7.0 temporary authentication failure")),
        }
    }
}

async fn put(shared: &Shared, work: Pin<Box<dyn Future<Output = Verdict> + Send + '_>>) -> Verdict {
    match ask(work, &*shared.clock, shared.config.answer_timeout).await {
        Asked::Answered(verdict) => verdict,
        Asked::Unanswered => Verdict::try_later(),
    }
}
