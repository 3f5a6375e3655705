//! The questions of the dialogue, put to the handler.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use posthaste_smtp::{Answer, ServerEvent};
use posthaste_types::Text;

use crate::asking::{Asked, ask};
use crate::connection::Connection;
use crate::transaction::Transaction;
use crate::{Verdict, Verdicts};

impl Connection {
    /// Answers a question of the dialogue, whatever the handler does.
    pub(super) async fn answer(&mut self, question: ServerEvent) {
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
                    self.session.authenticated = Some(Text::lossy(credentials.username()));
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
}
