//! The questions of the dialogue, put to the handler.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use posthaste_smtp::{Answer, ServerEvent};
use posthaste_types::Text;

use crate::asking::{Asked, ask};
use crate::connection::{Connection, Shared};
use crate::transaction::Opened;
use crate::{Verdict, verdict};

impl Connection {
    /// Answers a question of the dialogue, whatever the handler does.
    pub(super) async fn answer(&mut self, question: ServerEvent) {
        let answer = self.judge(question).await.into_answer();
        self.say(vec![answer]);
    }

    /// Gives the session its answers.
    pub(super) fn say(&mut self, answers: Vec<Answer>) {
        let now = self.now();
        let said = match <[Answer; 1]>::try_from(answers) {
            Ok([one]) => self.protocol.answer(now, one),
            Err(answers) => self.protocol.answer_each(now, answers),
        };
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
                let verdict = put(&self.shared, handler.authenticate(&self.session, &credentials)).await;
                if verdict.is_accept() {
                    let user = Text::lossy(credentials.username());
                    Arc::make_mut(&mut self.session).authenticated = Some(user);
                }
                verdict
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

async fn put(shared: &Shared, work: Pin<Box<dyn Future<Output = Verdict> + Send + '_>>) -> Verdict {
    match ask(work, &*shared.clock, shared.config.answer_timeout).await {
        Asked::Answered(verdict) => verdict,
        Asked::Unanswered => Verdict::try_later(),
    }
}
