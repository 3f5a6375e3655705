//! I3: whatever transports answer, a stack that tries twice and elsewhere delivers to nobody twice, and says what came of
//! it.

use std::sync::Arc;

use posthaste_layers::{Failover, Retry, RouteBy, Timeout};
use posthaste_testkit::VirtualClock;
use posthaste_transport::{Answer, Memory, Transport, TransportErrorKind};
use posthaste_types::Cause;
use proptest::prelude::*;

use crate::*;

const TO: [&str; 3] = ["a@example.org", "b@example.net", "c@example.org"];

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        Just(Answer::Accept),
        Just(Answer::CutBefore),
        Just(Answer::CutBehind),
        Just(Answer::Hang),
        Just(Answer::WrongCredential),
        Just(reply(451, "4.7.1 later")),
        Just(reply(550, "5.1.1 no")),
    ]
}

/// For each of three transports and each recipient, the answers to come.
fn plans() -> impl Strategy<Value = Vec<Vec<Vec<Answer>>>> {
    let answers = || prop::collection::vec(answer(), 0..4);
    let each = prop::collection::vec(answers(), TO.len());
    let same = answers().prop_map(|answers| vec![answers; TO.len()]); // else a deferral for all would be rare
    prop::collection::vec(prop_oneof![each, same], 3)
}

proptest! {
    #[test]
    fn nobody_is_reached_twice(plans in plans(), given_up_at in prop::option::of(1_u64..40)) {
        let memories: Vec<Arc<Memory>> = (0..3).map(|_| Arc::new(Memory::relay())).collect();
        for (memory, plans) in memories.iter().zip(&plans) {
            TO.iter().zip(plans).for_each(|(to, answers)| memory.plan(&address(to), answers.clone()));
        }
        let clock = Arc::new(VirtualClock::new());
        let one_try = |n: usize| Timeout::new(memories[n].clone(), secs(10), clock.clone());
        let first = Retry::new(one_try(0), clock.clone());
        let kinds_of_error = [TransportErrorKind::Unreachable, TransportErrorKind::Misconfigured];
        let both = Failover::new(first, clock.clone()).then(one_try(1)).on(kinds_of_error).on_deferral();
        let stack = RouteBy::new(both).domain("example.net".parse().unwrap(), Retry::new(one_try(2), clock.clone()));

        let attempt = attempt(&TO);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let result = runtime.block_on(async {
            let time_passes = async {
                match given_up_at {
                    Some(at) => clock.advance(secs(at)).await,
                    None => while clock.advance_to_next().await {},
                }
            };
            tokio::select! {
                biased;
                result = stack.deliver(&attempt) => result,
                () = time_passes => Ok(attempt.give_up(Cause::local("out of time"))),
            }
        });

        for (n, to) in TO.iter().enumerate() {
            let times = memories.iter().flat_map(|memory| memory.received()).filter(|one| one.to.contains(&address(to))).count();
            match result.as_ref().map(|outcomes| kinds(outcomes)[n]) {
                Ok(Accepted) => prop_assert_eq!(times, 1),
                Ok(InDoubt) => prop_assert!(times <= 1, "{times} times"),
                Ok(Deferred | Refused) | Err(_) => prop_assert_eq!(times, 0, "{:?}", result),
            }
        }
    }
}
