//! Many mails, with one result each.

use std::collections::VecDeque;

use crate::error::SendError;
use crate::mailer::Mailer;
use crate::prepared::Prepared;
use crate::receipt::Receipt;
use crate::sending::{Outgoing, Wait};

/// The results of [`Mailer::send_all`], in order.
#[derive(Debug)]
#[must_use = "nothing is sent until the results are asked for"]
pub struct SendAll<I> {
    mailer: Mailer,
    mails: I,
    ready: VecDeque<Result<Receipt, SendError>>,
}

impl<I> SendAll<I>
where
    I: Iterator,
    I::Item: Into<Outgoing>,
{
    pub(crate) fn new(mailer: Mailer, mails: I) -> Self {
        Self { mailer, mails, ready: VecDeque::new() }
    }

    /// The result of the next mail; `None` behind the last one.
    ///
    /// # Cancel safety
    /// Dropped: up to 64 mails are accepted or not, and their results are lost; give them keys.
    pub async fn next(&mut self) -> Option<Result<Receipt, SendError>> {
        if self.ready.is_empty() {
            self.commit().await;
        }
        self.ready.pop_front()
    }

    async fn commit(&mut self) {
        let mut prepared: Vec<Result<Prepared, SendError>> = Vec::with_capacity(BATCH);
        for outgoing in self.mails.by_ref().take(BATCH) {
            let (submission, options) = outgoing.into().into_parts();
            prepared.push(self.mailer.engine().prepare(submission, options).await);
        }
        let good: Vec<Prepared> = prepared.iter().filter_map(|one| one.as_ref().ok().cloned()).collect();
        let mut admitted = match good.is_empty() {
            true => Vec::new().into_iter(),
            false => match self.mailer.admit_many(good.clone(), Wait::ForRoom).await {
                Ok(results) => results.into_iter(),
                Err(error) => {
                    let repeat = |_| Err(SendError::new(error.kind().clone(), &error));
                    good.iter().map(repeat).collect::<Vec<_>>().into_iter()
                }
            },
        };
        for one in prepared {
            self.ready.extend(match one {
                Ok(_) => admitted.next(),
                Err(error) => Some(Err(error)),
            });
        }
    }
}

/// Mails of one commit.
const BATCH: usize = 64;
