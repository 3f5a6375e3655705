//! Tee: a copy for whom it was accepted, and nothing that it comes to matters.

use std::sync::Arc;

use posthaste_layers::Tee;
use posthaste_testkit::VirtualClock;
use posthaste_transport::{Answer, Memory, Transport};

use crate::*;

const TO: [&str; 2] = ["bob@example.org", "eve@example.org"];

#[tokio::test]
async fn the_copy_has_those_who_were_accepted() {
    let (memory, copy) = (Memory::new(), Arc::new(Memory::relay()));
    memory.plan(&address(TO[0]), [reply(550, "5.1.1 no"), Answer::CutBehind]);
    let tee = Tee::new(memory, shared(&copy));
    assert_eq!(kinds(&tee.deliver(&attempt(&TO)).await.unwrap()), [Refused, Accepted]);
    tee.close().await;
    assert_eq!(taken(&copy), [[TO[1]]]);
    assert_eq!((tee.copies().made, tee.copies().failed), (1, 0));
    assert_eq!(copy.received()[0].content, tee.inner().received()[0].content);
}

#[tokio::test]
async fn nothing_accepted_is_no_copy() {
    let (memory, copy) = (Memory::new(), Arc::new(Memory::relay()));
    TO.iter().for_each(|to| memory.plan(&address(to), [Answer::CutBehind]));
    let tee = Tee::new(memory, shared(&copy));
    assert_eq!(kinds(&tee.deliver(&attempt(&TO)).await.unwrap()), [InDoubt, InDoubt]);
    tee.close().await;
    assert_eq!((taken(&copy).len(), tee.copies()), (0, Default::default()));
}

#[tokio::test]
async fn a_copy_that_fails_or_panics_is_counted() {
    let copy = Arc::new(Memory::relay());
    copy.plan(&address(TO[0]), [reply(550, "5.1.1 no"), Answer::CutBefore]);
    let tee = Tee::new(Memory::new(), shared(&copy));
    for _ in 0..3 {
        assert_eq!(kinds(&tee.deliver(&attempt(&TO)).await.unwrap()), [Accepted, Accepted]);
    }
    tee.close().await;
    assert_eq!((tee.copies().made, tee.copies().failed, tee.copies().left_out), (1, 2, 0));

    let tee = Tee::new(Memory::new(), Seen::new(|_| panic!("a fault of the copy's transport")));
    assert_eq!(kinds(&tee.deliver(&attempt(&TO)).await.unwrap()), [Accepted, Accepted]);
    tee.close().await;
    assert_eq!(tee.copies().failed, 1);
}

#[tokio::test]
async fn a_copy_that_hangs_delays_nothing_and_more_are_left_out() {
    let (copy, clock) = (Memory::relay(), Arc::new(VirtualClock::new()));
    copy.plan(&address(TO[0]), [Answer::Hang, Answer::Hang]);
    let copy = posthaste_layers::Timeout::new(copy, secs(60), clock.clone());
    let tee = Tee::new(Memory::new(), copy).limit(2);
    for _ in 0..5 {
        assert_eq!(kinds(&tee.deliver(&attempt(&TO)).await.unwrap()), [Accepted, Accepted]);
    }
    assert_eq!(tee.copies().left_out, 3);
    tokio::join!(tee.close(), clock.advance(secs(60)));
    assert_eq!(tee.copies().failed, 2);
}

#[tokio::test]
async fn the_copy_keeps_to_the_limit_of_its_transport() {
    let to: Vec<String> = (0..7).map(|n| format!("reader{n}@example.org")).collect();
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    let copy = Seen::new(|attempt| assert!(attempt.recipients().len() <= 5));
    let tee = Tee::new(Memory::new(), copy);
    tee.deliver(&attempt(&to)).await.unwrap();
    tee.close().await;
    assert_eq!((tee.copies().made, tee.copies().failed), (2, 0));
}

/// A copy that cannot be begun is no reason to lose what was accepted.
#[test]
fn outside_a_runtime_there_is_no_copy_and_no_panic() {
    let (copy, attempt) = (Arc::new(Memory::relay()), attempt(&TO));
    let tee = Tee::new(Memory::new(), shared(&copy));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let result = std::pin::pin!(tee.deliver(&attempt)).as_mut().poll(&mut context);
    let std::task::Poll::Ready(result) = result else { panic!("a memory waits for nothing") };
    assert_eq!(kinds(&result.unwrap()), [Accepted, Accepted]);
    assert_eq!((tee.copies().left_out, taken(&copy).len()), (1, 0));
}

#[tokio::test]
async fn a_copy_that_hangs_keeps_nobody_from_his_goodbye() {
    let copy = Memory::relay();
    copy.plan(&address(TO[0]), [Answer::Hang]);
    let closed = Closes::default();
    let tee = Tee::new(closed.clone(), copy);
    tee.deliver(&attempt(&TO)).await.unwrap();
    tokio::select! {
        biased;
        () = tee.close() => panic!("the copy hangs"),
        () = std::future::ready(()) => {}
    }
    assert_eq!(closed.count(), 1);
}
