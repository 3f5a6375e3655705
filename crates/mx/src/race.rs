//! Several addresses, one after another with a head start (RFC 8305 §5).

use std::collections::VecDeque;
use std::future::Future;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt as _};

use crate::wait::Wait;

/// The addresses that are left, and how many more may be tried.
#[derive(Debug)]
pub(crate) struct Contest<P> {
    pub(crate) queue: VecDeque<P>,
    pub(crate) left: usize,
}

impl<P: Clone> Contest<P> {
    /// The first address that a connection comes to be with. The next one is tried when the one before failed, or has
    /// had its head start. Those that are under way when another wins go back to the front: they may have their turn
    /// if the winner comes to nothing later.
    ///
    /// `None` if no address is left, or the attempt's time is over.
    pub(crate) async fn winner<T, E, F: Future<Output = Result<T, E>>>(
        &mut self,
        head_start: Duration,
        wait: &mut Wait<'_>,
        mut begin: impl FnMut(&P) -> F,
        mut failed: impl FnMut(&P, E),
    ) -> Option<(P, T)> {
        let mut under_way = FuturesUnordered::new();
        let mut runners: Vec<(usize, P)> = Vec::new();
        let (mut next_start, mut number) = (wait.now(), 0);
        loop {
            if self.left > 0
                && (under_way.is_empty() || wait.now() >= next_start)
                && let Some(peer) = self.queue.pop_front()
            {
                self.left -= 1;
                let (work, this) = (begin(&peer), number);
                number += 1;
                under_way.push(async move { (this, work.await) });
                runners.push((this, peer));
                next_start = wait.now().saturating_add(head_start);
            }
            if under_way.is_empty() {
                return None;
            }
            let more = self.left > 0 && !self.queue.is_empty();
            let Some(done) = wait.race(more.then_some(next_start), under_way.next()).await else {
                if wait.is_over() {
                    return None;
                }
                continue;
            };
            let (this, result) = done?;
            let place = runners.iter().position(|(runner, _)| *runner == this)?;
            let (_, peer) = runners.remove(place);
            match result {
                Ok(won) => {
                    self.left = self.left.saturating_add(runners.len());
                    runners.into_iter().rev().for_each(|(_, runner)| self.queue.push_front(runner));
                    return Some((peer, won));
                }
                Err(error) => {
                    failed(&peer, error);
                    next_start = wait.now();
                }
            }
        }
    }
}
