//! Suppress: the transport inside never hears of them.

use std::sync::Arc;

use posthaste_layers::Suppress;
use posthaste_suppression::{
    Actor, Ask, Entry, MemoryStore, Put, Reason, ScanCursor, Scope, StoreError, StoreErrorKind, SuppressionStore, What,
};
use posthaste_testkit::VirtualClock;
use posthaste_transport::{Answer, Idempotency, Memory, Transport, TransportErrorKind};
use posthaste_types::{Clock, Timestamp};

use crate::*;

const TO: [&str; 3] = ["bob@example.org", "eve@example.org", "kim@example.org"];

async fn list(forbidden: &[&str], scope: Scope) -> Arc<MemoryStore> {
    let store = MemoryStore::new();
    for to in forbidden {
        let since = Timestamp::from_unix_secs(1_000);
        let entry = Entry::new(What::address(&address(to)), scope.clone(), Reason::Unsubscribe, Actor::System, since);
        store.put(entry).await.unwrap();
    }
    Arc::new(store)
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(VirtualClock::new())
}

#[tokio::test]
async fn who_is_suppressed_is_refused_and_the_others_keep_their_places() {
    let memory = Arc::new(Memory::new());
    memory.plan(&address(TO[2]), [reply(451, "4.7.1 later")]);
    let suppress = Suppress::new(shared(&memory), list(&["EVE@example.org"], Scope::Everything).await, clock());
    let outcomes = suppress.deliver(&attempt(&TO)).await.unwrap();
    assert_eq!(kinds(&outcomes), [Accepted, Refused, Deferred]);
    assert_eq!(taken(&memory), [[TO[0]]]);
    let eve = outcomes.iter().nth(1).unwrap().to_string();
    assert!(eve.contains("suppressed: unsubscribe since 1970"), "{eve}");
    assert_eq!(suppress.capabilities().idempotency(), Idempotency::None);
}

#[tokio::test]
async fn with_nobody_left_nothing_is_asked_of_the_transport() {
    let suppress = Suppress::new(Memory::new(), list(&TO, Scope::Everything).await, clock());
    TO.iter().for_each(|to| suppress.inner().plan(&address(to), [Answer::Hang]));
    assert_eq!(kinds(&suppress.deliver(&attempt(&TO)).await.unwrap()), [Refused; 3]);
}

#[tokio::test]
async fn an_error_inside_is_the_whole_s() {
    let suppress = Suppress::new(Memory::new(), list(&TO[1..2], Scope::Everything).await, clock());
    suppress.inner().plan(&address(TO[0]), [Answer::CutBefore]);
    let attempt = attempt(&TO);
    let error = suppress.deliver(&attempt).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Unreachable);
    assert!(attempt.next_try().is_some(), "it may be repeated");
}

#[tokio::test]
async fn the_ask_says_the_stream() {
    let scope = Scope::Stream("weekly".parse().unwrap());
    let suppress = Suppress::new(Memory::new(), list(&TO[..1], scope).await, clock());
    assert_eq!(kinds(&suppress.deliver(&attempt(&TO[..1])).await.unwrap()), [Accepted]);
    let suppress = suppress.asking(|_, to, at| Ask::new(to.clone(), "weekly".parse().unwrap(), at));
    assert_eq!(kinds(&suppress.deliver(&attempt(&TO[..1])).await.unwrap()), [Refused]);
}

/// Answers nothing, or too little.
#[derive(Debug)]
enum Broken {
    Down,
    Short,
}

#[async_trait]
impl SuppressionStore for Broken {
    async fn find(&self, _: &[Ask]) -> Result<Vec<Vec<Entry>>, StoreError> {
        match self {
            Self::Down => Err(StoreError::new(StoreErrorKind::Unavailable, "the database is away")),
            Self::Short => Ok(vec![Vec::new()]),
        }
    }

    async fn put(&self, _: Entry) -> Result<Put, StoreError> {
        Ok(Put::Added)
    }

    async fn lift(&self, _: &What, _: &Scope, _: &Actor) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn scan(&self, _: Option<ScanCursor>, _: usize) -> Result<Vec<(ScanCursor, Entry)>, StoreError> {
        Ok(Vec::new())
    }
}

#[tokio::test]
async fn a_store_that_does_not_answer_lets_nothing_through() {
    for store in [Broken::Down, Broken::Short] {
        let memory = Arc::new(Memory::new());
        let suppress = Suppress::new(shared(&memory), Arc::new(store), clock());
        let error = suppress.deliver(&attempt(&TO)).await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (TransportErrorKind::Busy, true), "{error}");
        assert!(taken(&memory).is_empty());
    }
}
