//! Hold: nothing leaves unless it is released, and then once.

use std::sync::Arc;

use posthaste_layers::{Hold, ReleaseError};
use posthaste_transport::{Answer, Attempt, Memory, Transport, TransportErrorKind};
use posthaste_types::Tags;

use crate::*;

const TO: [&str; 2] = ["bob@example.org", "eve@example.org"];

async fn holding() -> (Hold<Arc<Memory>>, Arc<Memory>) {
    let memory = Arc::new(Memory::new());
    let hold = Hold::new(shared(&memory));
    assert_eq!(kinds(&hold.deliver(&attempt(&TO)).await.unwrap()), [Accepted, Accepted]);
    (hold, memory)
}

#[tokio::test]
async fn what_comes_is_listed_and_nothing_leaves() {
    let (hold, memory) = holding().await;
    hold.deliver(&attempt(&TO)).await.unwrap();
    let mut tags = Tags::new();
    tags.insert("campaign", "spring").unwrap();
    let other = Attempt::builder(mail_of(9, &TO[..1])).tags(tags.clone()).build();
    hold.deliver(&other).await.unwrap();
    let held = hold.held();
    assert_eq!(held.len(), 2, "one key is kept once");
    assert!(held[0].id < held[1].id);
    assert_eq!((&held[1].mail, &held[1].tags), (other.mail(), &tags));
    assert!(taken(&memory).is_empty());
    let route = hold.route(&"example.org".parse().unwrap()).await.unwrap();
    assert!(route.hosts().is_empty());
    assert!(!format!("{hold:?}").contains("bob@"));
}

#[tokio::test]
async fn released_it_is_delivered_once() {
    let (hold, memory) = holding().await;
    let id = hold.held()[0].id;
    assert_eq!(kinds(&hold.release(id).await.unwrap()), [Accepted, Accepted]);
    assert!(matches!(hold.release(id).await, Err(ReleaseError::NotHeld)));
    assert_eq!((taken(&memory).len(), hold.held().len()), (1, 0));
    assert!(!hold.discard(id));
}

#[tokio::test]
async fn who_is_deferred_is_held_again_and_nobody_else() {
    let (hold, memory) = holding().await;
    memory.plan(&address(TO[1]), [reply(451, "4.7.1 later")]);
    let id = hold.held()[0].id;
    assert_eq!(kinds(&hold.release(id).await.unwrap()), [Accepted, Deferred]);
    assert_eq!(hold.held()[0].mail.envelope().to()[0].address, address(TO[1]));
    assert_eq!(kinds(&hold.release(id).await.unwrap()), [Accepted]);
    assert_eq!(taken(&memory), [[TO[0]], [TO[1]]]);
}

#[tokio::test]
async fn behind_an_error_all_are_held() {
    let (hold, memory) = holding().await;
    memory.plan(&address(TO[1]), [Answer::CutBefore]);
    let id = hold.held()[0].id;
    assert!(matches!(hold.release(id).await, Err(ReleaseError::Transport(_))));
    assert_eq!(hold.held()[0].mail.envelope().to().len(), 2);
    assert!(hold.discard(id));
}

#[tokio::test]
async fn a_dropped_release_loses_nothing_and_doubles_nothing() {
    let (hold, memory) = holding().await;
    memory.plan(&address(TO[0]), [reply(550, "5.1.1 no")]);
    memory.plan(&address(TO[1]), [Answer::Hang]);
    let id = hold.held()[0].id;
    tokio::select! {
        biased;
        _ = hold.release(id) => panic!("it hangs"),
        () = async { assert!(hold.held().is_empty(), "it is on its way") } => {}
    }
    let held = hold.held();
    assert_eq!(held[0].mail.envelope().to().len(), 1, "one was refused for good");
    assert_eq!(held[0].mail.envelope().to()[0].address, address(TO[1]));
}

#[tokio::test]
async fn what_is_too_much_is_busy() {
    let hold = Hold::new(Memory::new()).limit(1);
    hold.deliver(&attempt(&TO)).await.unwrap();
    let error = hold.deliver(&Attempt::of(&mail_of(2, &TO))).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Busy);

    let octets = mail_of(2, &TO).content().len();
    let hold = Hold::new(Memory::new()).octets(octets);
    hold.deliver(&attempt(&TO)).await.unwrap();
    let error = hold.deliver(&Attempt::of(&mail_of(2, &TO))).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Busy);
    hold.release(hold.held()[0].id).await.unwrap();
    hold.deliver(&Attempt::of(&mail_of(2, &TO))).await.unwrap();
}

/// Behind a definite answer an idempotent hop must not take the next release for a repetition.
#[tokio::test]
async fn a_release_behind_an_answer_has_another_key() {
    static KEYS: std::sync::Mutex<Vec<String>> = std::sync::Mutex::new(Vec::new());
    let seen = Seen::new(|attempt| KEYS.lock().unwrap().push(attempt.key().to_string()));
    seen.memory.plan(&address(TO[0]), [reply(451, "4.7.1 later"), Answer::CutBefore]);
    let hold = Hold::new(seen);
    hold.deliver(&attempt(&TO[..1])).await.unwrap();
    let id = hold.held()[0].id;
    assert_eq!(kinds(&hold.release(id).await.unwrap()), [Deferred]);
    hold.release(id).await.unwrap_err();
    assert_eq!(kinds(&hold.release(id).await.unwrap()), [Accepted]);
    let keys = KEYS.lock().unwrap();
    assert_ne!(keys[0], keys[1], "it was answered");
    assert_eq!(keys[1], keys[2], "nobody answered");
}
