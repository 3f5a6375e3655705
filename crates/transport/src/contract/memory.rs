//! The suite's own proof that every scene can be played.

use std::sync::Arc;
use std::task::Poll;

use async_trait::async_trait;
use posthaste_types::{Address, Reply};

use super::{Scene, Scripted, Taken, TransportFixture};
use crate::{Answer, Memory, Received, Transport};

/// The fixture of a [`Memory`] that waits at each of its steps.
#[derive(Debug)]
pub struct MemoryFixture(Arc<Memory>);

impl MemoryFixture {
    /// A fixture on a memory of its own.
    pub fn new() -> Self {
        Self(Arc::new(Memory::new().step_by_step()))
    }
}

impl Default for MemoryFixture {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl TransportFixture for MemoryFixture {
    fn transport(&self) -> Arc<dyn Transport> {
        self.0.clone()
    }

    async fn script(&self, scene: Scene) -> Scripted {
        let reply = |code, text| Reply::new(code, text).map_or(Answer::Accept, Answer::Reply);
        let all = |answer: Answer| [answer.clone(), answer.clone(), answer];
        let answers = match scene {
            Scene::Accept => all(Answer::Accept),
            Scene::RefuseSecond => [Answer::Accept, reply(550, "5.1.1 no such user"), Answer::Accept],
            Scene::Defer => all(reply(451, "4.7.1 later")),
            Scene::Hang => all(Answer::Hang),
            Scene::CutBeforeBody => all(Answer::CutBefore),
            Scene::CutBehindBody => all(Answer::CutBehind),
            Scene::WrongCredential => all(Answer::WrongCredential),
        };
        for (to, answer) in ["ada@example.org", "bob@example.org", "eve@example.org"].iter().zip(answers) {
            if let Ok(to) = Address::parse(to) {
                self.0.plan(&to, [answer]);
            }
        }
        Scripted::Set
    }

    async fn received(&self) -> Vec<Taken> {
        let taken = |one: Received| Taken::new(one.to, one.content.to_vec());
        self.0.drain().into_iter().map(taken).collect()
    }

    /// A memory that does not hang is through long before.
    async fn out_of_time(&self) {
        let mut left = 32_u32;
        std::future::poll_fn(|context| {
            left = left.saturating_sub(1);
            if left == 0 {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}
