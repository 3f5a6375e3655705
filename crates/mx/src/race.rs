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

impl<P> Contest<P> {
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
        let mut runners = Runners(Vec::new());
        let mut next_start = wait.now();
        loop {
            if (under_way.is_empty() || wait.now() >= next_start)
                && let Some(peer) = self.next()
            {
                let work = begin(&peer);
                let number = runners.add(peer);
                under_way.push(async move { (number, work.await) });
                next_start = wait.now().saturating_add(head_start);
            }
            let due = self.has_more().then_some(next_start);
            let Some(done) = wait.race(due, under_way.next()).await else {
                if wait.is_over() {
                    return None;
                }
                continue; // the next one's turn
            };
            let (number, result) = done?;
            let peer = runners.take(number)?;
            match result {
                Ok(won) => {
                    self.put_back(runners);
                    return Some((peer, won));
                }
                Err(error) => {
                    failed(&peer, error);
                    next_start = wait.now();
                }
            }
        }
    }

    fn has_more(&self) -> bool {
        self.left > 0 && !self.queue.is_empty()
    }

    fn next(&mut self) -> Option<P> {
        let peer = self.has_more().then(|| self.queue.pop_front()).flatten()?;
        self.left -= 1;
        Some(peer)
    }

    /// They count as not tried.
    fn put_back(&mut self, runners: Runners<P>) {
        for peer in runners.0.into_iter().rev().flatten() {
            self.queue.push_front(peer);
            self.left = self.left.saturating_add(1);
        }
    }
}

/// Those under way, each at its number.
struct Runners<P>(Vec<Option<P>>);

impl<P> Runners<P> {
    fn add(&mut self, peer: P) -> usize {
        self.0.push(Some(peer));
        self.0.len() - 1
    }

    fn take(&mut self, number: usize) -> Option<P> {
        self.0.get_mut(number)?.take()
    }
}

#[cfg(test)]
mod tests {
    use posthaste_testkit::VirtualClock;
    use posthaste_types::Clock as _;

    use super::*;

    /// A name, how long it takes, and whether it comes to something.
    type Runner = (&'static str, u64, bool);

    const HEAD_START: Duration = Duration::from_millis(250);

    /// Who won and when, when each was begun and failed, who is left, and how many tries are.
    #[derive(Debug, PartialEq, Eq)]
    struct Result {
        won: Option<(&'static str, u64)>,
        begun: Vec<(&'static str, u64)>,
        failed: Vec<&'static str>,
        queue: Vec<&'static str>,
        left: usize,
    }

    async fn run(runners: &[Runner], left: usize, within: Duration) -> Result {
        let clock = VirtualClock::new();
        let mut contest = Contest { queue: runners.iter().copied().collect(), left };
        let task = tokio::spawn({
            let clock = clock.clone();
            async move {
                let clock = &clock;
                let millis = || u64::try_from(clock.tick().since_start().as_millis()).unwrap();
                let (mut begun, mut failed) = (Vec::new(), Vec::new());
                let mut wait = Wait::new(clock, clock.tick().saturating_add(within));
                let begin = |runner: &Runner| {
                    begun.push((runner.0, millis()));
                    let (_, takes, comes) = *runner;
                    let done = clock.tick().saturating_add(Duration::from_millis(takes));
                    async move {
                        clock.sleep_until(done).await;
                        comes.then_some(()).ok_or(())
                    }
                };
                let won = contest.winner(HEAD_START, &mut wait, begin, |runner, ()| failed.push(runner.0)).await;
                let won = won.map(|((name, ..), ())| (name, millis()));
                let queue = contest.queue.iter().map(|runner| runner.0).collect();
                Result { won, begun, failed, queue, left: contest.left }
            }
        });
        clock.advance(Duration::from_secs(60)).await;
        task.await.unwrap()
    }

    #[tokio::test]
    async fn rfc8305_section_5_one_after_another() {
        let result = run(&[("a", 10_000, true), ("b", 100, true), ("c", 1, true)], 5, Duration::from_secs(60)).await;
        let begun = vec![("a", 0), ("b", 250)];
        // The one that was under way has its turn before the others, and counts as not tried.
        assert_eq!(result, Result { won: Some(("b", 350)), begun, failed: vec![], queue: vec!["a", "c"], left: 4 });

        let result = run(&[("a", 100, false), ("b", 10_000, false), ("c", 1, true)], 5, Duration::from_secs(60)).await;
        let begun = vec![("a", 0), ("b", 100), ("c", 350)];
        assert_eq!(
            result,
            Result { won: Some(("c", 351)), begun, failed: vec!["a"], queue: vec!["b"], left: 3 },
            "a failure is the next one's start"
        );

        let result = run(&[("a", 100, true), ("b", 1, true)], 5, Duration::from_secs(60)).await;
        let begun = vec![("a", 0)];
        assert_eq!(
            result,
            Result { won: Some(("a", 100)), begun, failed: vec![], queue: vec!["b"], left: 4 },
            "the first that is quick enough is alone"
        );
    }

    #[tokio::test]
    async fn limits() {
        let all = [("a", 10, false), ("b", 10, false), ("c", 10, true)];
        let result = run(&all, 2, Duration::from_secs(60)).await;
        let begun = vec![("a", 0), ("b", 10)];
        assert_eq!(result, Result { won: None, begun, failed: vec!["a", "b"], queue: vec!["c"], left: 0 });
        let result = run(&[("a", 10_000, true), ("b", 10_000, true)], 5, Duration::from_secs(5)).await;
        assert_eq!((result.won, result.begun), (None, vec![("a", 0), ("b", 250)]), "the attempt's time is over");
        let result = run(&[], 5, Duration::from_secs(5)).await;
        assert_eq!(result.won, None);
    }
}
