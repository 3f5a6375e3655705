//! Split: by weight, and the same way again while it is in doubt.

use std::sync::Arc;

use posthaste_layers::Split;
use posthaste_testkit::SeededRandom;
use posthaste_transport::{Attempt, AttemptKey, Idempotency, Memory, Transport};

use crate::*;

/// How many of a thousand mails each takes.
async fn shares(split: impl Fn(Arc<Memory>, Arc<Memory>) -> Split) -> [usize; 2] {
    let (one, other) = (Arc::new(Memory::new()), Arc::new(Memory::new()));
    let split = split(shared(&one), shared(&other));
    for n in 0..1000_u32 {
        let mail = mail_of(u8::try_from(n / 100).unwrap(), &["bob@example.org"]);
        let key = AttemptKey::new(&mail, n);
        let attempt = Attempt::builder(mail).key(key).build();
        split.deliver(&attempt).await.unwrap();
    }
    [one.received().len(), other.received().len()]
}

#[tokio::test]
async fn each_takes_its_share() {
    for weights in [[3, 1], [1, 1], [95, 5], [0, 1], [1, 0]] {
        let [one, other] = shares(|one, other| Split::new(one, weights[0]).and(other, weights[1])).await;
        let expected = 1000.0 * f64::from(weights[0]) / f64::from(weights[0] + weights[1]);
        let off = f64::from(u32::try_from(one).unwrap()) - expected;
        assert!(off.abs() < 60.0, "{weights:?}: {one} and {other}");
        assert!(weights.iter().zip([one, other]).all(|(weight, share)| (*weight == 0) == (share == 0)));
    }
    assert_eq!(shares(|one, other| Split::new(one, 0).and(other, 0)).await, [1000, 0]);
}

#[tokio::test]
async fn by_chance() {
    let random = Arc::new(SeededRandom::new(1));
    let [one, _] = shares(|one, other| Split::new(one, 1).and(other, 1).at_random(random.clone())).await;
    assert!((440..560).contains(&one), "{one}");
}

#[tokio::test]
async fn the_same_key_goes_the_same_way() {
    for id in 0..20 {
        let (one, other) = (Arc::new(Memory::new()), Arc::new(Memory::new()));
        let split = Split::new(shared(&one), 1).and(shared(&other), 1);
        for _ in 0..5 {
            split.deliver(&Attempt::of(&mail_of(id, &["bob@example.org"]))).await.unwrap();
        }
        assert!(matches!([one.received().len(), other.received().len()], [0, 5] | [5, 0]));
    }
}

#[tokio::test]
async fn it_promises_no_more_than_each_keeps() {
    let keyed = || Seen::at("mx.example.org");
    assert_eq!(Split::new(keyed(), 1).and(keyed(), 1).capabilities().idempotency(), Idempotency::Keyed);
    assert_eq!(Split::new(keyed(), 1).and(Memory::new(), 1).capabilities().idempotency(), Idempotency::None);
    let random = Split::new(keyed(), 1).at_random(Arc::new(SeededRandom::new(1)));
    assert_eq!(random.capabilities().idempotency(), Idempotency::None);
    let route = random.route(&"example.org".parse().unwrap()).await.unwrap();
    assert_eq!(route.site().as_str(), "mx.example.org");
}

#[tokio::test]
async fn a_split_within_a_split_keeps_the_shares() {
    let all = [(); 4].map(|()| Arc::new(Memory::new()));
    let [a, b, c, d] = &all;
    let half = |one: &Arc<Memory>, other: &Arc<Memory>| Split::new(shared(one), 1).and(shared(other), 1);
    let split = Split::new(half(a, b), 1).and(half(c, d), 1);
    for n in 0..1000_u32 {
        let mail = mail_of(u8::try_from(n / 100).unwrap(), &["bob@example.org"]);
        let key = AttemptKey::new(&mail, n);
        split.deliver(&Attempt::builder(mail).key(key).build()).await.unwrap();
    }
    let shares = all.map(|one| one.received().len());
    assert!(shares.iter().all(|share| (200..300).contains(share)), "{shares:?}");
}
