//! The clauses.

use futures_util::future::join;
use posthaste_types::{Domain, Timestamp};

use crate::keys::{KeyEntry, KeySecret, KeyStage, KeyState, KeyStore, KeyStoreError, KeyStoreErrorKind};
use crate::selector::Selector;

pub(super) async fn gives_back_all(store: &dyn KeyStore) {
    assert_eq!(all(store, None).await, [], "contract: an empty store holds no key");
    assert_eq!(secret_of(store, "example.com", "s1").await, None, "contract: no key has no secret");
    for stage in KeyStage::ALL {
        for until in [None, Some(at(1_234_567_890_123_456))] {
            let selector = format!("{stage}-{}", until.is_some());
            let state = KeyState { stage: *stage, since: at(1_790_000_000_123_456), until };
            let entry = entry("example.com", &selector).in_state(state);
            put(store, &entry, 7).await.expect("contract: a new key is kept");
            let found = all(store, Some("example.com")).await;
            assert!(found.contains(&entry), "contract: every field comes back: {entry:?} is not in {found:?}");
            let secret = secret_of(store, "example.com", &selector).await;
            assert_eq!(secret, Some(octets(7)), "contract: the secret comes back");
        }
    }
    let large = KeySecret::new(vec![0xA5; KeySecret::MAX]).expect("the largest");
    let record = format!("v=DKIM1; p={}", "A".repeat(KeyEntry::MAX_RECORD - 11));
    let entry = KeyEntry::new(domain("example.org"), selector("a.b-c.d"), &record, at(-1)).expect("the longest");
    store.put(&entry, &large).await.expect("contract: the largest is kept");
    assert_eq!(all(store, Some("example.org")).await, [entry], "contract: the longest record comes back");
    let found = secret_of(store, "example.org", "a.b-c.d").await;
    assert_eq!(found, Some(large), "contract: the largest secret comes back");
}

pub(super) async fn never_writes_over(store: &dyn KeyStore) {
    let first = entry("example.com", "s1");
    put(store, &first, 1).await.expect("contract: a new key is kept");
    let other = KeyEntry::new(domain("EXAMPLE.com"), selector("S1"), "v=DKIM1; p=BBBB", at(2)).expect("a record");
    for _ in 0..2 {
        let error = put(store, &other, 2).await.expect_err("contract: a key is never written over");
        assert_eq!(error.kind(), KeyStoreErrorKind::Exists, "contract: the error says why");
        assert!(!error.is_transient(), "contract: a selector that is taken is not transient");
        assert_eq!(all(store, None).await, std::slice::from_ref(&first), "contract: the key that was there stands");
        assert_eq!(secret_of(store, "example.com", "s1").await, Some(octets(1)), "contract: and so does its secret");
        erase(store, "example.org", "s1").await;
    }
    erase(store, "example.com", "s1").await;
    put(store, &other, 2).await.expect_err("contract: nor is one whose secret is erased");
    put(store, &entry("example.com", "s2"), 2).await.expect("contract: another selector is another key");
    put(store, &entry("example.org", "s1"), 2).await.expect("contract: another domain is another key");
}

pub(super) async fn lists_in_order(store: &dyn KeyStore) {
    for (domain, selector) in [("b.example", "s2"), ("a.example", "z"), ("b.example", "s10"), ("a.b.example", "a")] {
        put(store, &entry(domain, selector), 1).await.expect("contract: a new key is kept");
    }
    let names = |found: Vec<KeyEntry>| -> Vec<String> {
        found.iter().map(|entry| format!("{} {}", entry.domain(), entry.selector())).collect()
    };
    let found = names(all(store, None).await);
    assert_eq!(found, ["a.b.example a", "a.example z", "b.example s10", "b.example s2"], "contract: sorted");
    let found = names(all(store, Some("b.example")).await);
    assert_eq!(found, ["b.example s10", "b.example s2"], "contract: of one domain, and none below it");
    assert_eq!(all(store, Some("example")).await, [], "contract: of a domain without keys none");
}

pub(super) async fn compares_and_sets(store: &dyn KeyStore) {
    let made = entry("example.com", "s1");
    put(store, &made, 1).await.expect("contract: a new key is kept");
    let shown = KeyState::new(KeyStage::Shown, at(5)).until(at(9));
    let others = [
        shown,
        KeyState::new(KeyStage::Made, at(made.state().since.as_unix_micros() + 1)),
        made.state().until(at(1)),
        KeyState::new(KeyStage::Shown, made.state().since),
    ];
    for stale in others {
        let moved = advance(store, "s1", stale, KeyState::new(KeyStage::Signing, at(6))).await;
        assert!(!moved, "contract: nothing moves from a state that it is not in: {stale:?}");
    }
    assert!(!advance(store, "s2", made.state(), shown).await, "contract: nor does what is not there");
    assert!(advance(store, "s1", made.state(), shown).await, "contract: it moves from where it is");
    assert!(!advance(store, "s1", made.state(), shown).await, "contract: and once");
    assert_eq!(all(store, None).await, [made.in_state(shown)], "contract: nothing else of it changes");
    assert_eq!(secret_of(store, "example.com", "s1").await, Some(octets(1)), "contract: nor its secret");
}

pub(super) async fn lets_one_of_two(store: &dyn KeyStore) {
    let made = entry("example.com", "s1");
    put(store, &made, 1).await.expect("contract: a new key is kept");
    let to = [2, 3].map(|second| KeyState::new(KeyStage::Shown, at(second)));
    let (a, b) = join(advance(store, "s1", made.state(), to[0]), advance(store, "s1", made.state(), to[1])).await;
    assert!(a != b, "contract: of two that begin with the same state, one moves the key: {a} {b}");
    let won = if a { to[0] } else { to[1] };
    assert_eq!(all(store, None).await, [made.in_state(won)], "contract: and its state stands");
}

pub(super) async fn erases_for_good(store: &dyn KeyStore) {
    let made = entry("example.com", "s1");
    put(store, &made, 1).await.expect("contract: a new key is kept");
    put(store, &entry("example.com", "s2"), 2).await.expect("contract: a new key is kept");
    assert!(!erase(store, "example.com", "s3").await, "contract: what is not there is not erased");
    assert!(erase(store, "example.com", "s1").await, "contract: the secret is erased");
    assert!(!erase(store, "example.com", "s1").await, "contract: and once");
    assert_eq!(secret_of(store, "example.com", "s1").await, None, "contract: for good");
    assert!(all(store, None).await.contains(&made), "contract: the entry stays");
    let removed = KeyState::new(KeyStage::Removed, at(7));
    assert!(advance(store, "s1", made.state(), removed).await, "contract: and can move on");
    assert_eq!(secret_of(store, "example.com", "s2").await, Some(octets(2)), "contract: other secrets stand");
}

pub(super) async fn never_prints_a_secret(store: &dyn KeyStore) {
    // The octets of the secret as text, as numbers, in hex and in base64.
    let marks = ["hunter2hunter2", "104, 117, 110", "68756e74657232", "aHVudGVyM"];
    let secret = KeySecret::new(b"hunter2hunter2hunter2".to_vec()).expect("a secret");
    store.put(&entry("example.com", "s1"), &secret).await.expect("contract: a new key is kept");
    let found = store.secret(&domain("example.com"), &selector("s1")).await;
    let again = store.put(&entry("example.com", "s1"), &secret).await.expect_err("contract: never written over");
    let texts = [format!("{store:?}"), format!("{found:?}"), format!("{again:?}"), again.to_string()];
    for text in texts {
        assert!(marks.iter().all(|mark| !text.contains(mark)), "contract: a secret never prints: {text}");
    }
}

pub(super) async fn fill(store: &dyn KeyStore) {
    for (name, number) in [("s1", 1), ("s2", 2)] {
        put(store, &entry("example.com", name), number).await.expect("contract: a new key is kept");
    }
    let signing = KeyState::new(KeyStage::Signing, at(5)).until(at(6));
    assert!(advance(store, "s1", entry("example.com", "s1").state(), signing).await, "contract: it moves");
    assert!(erase(store, "example.com", "s2").await, "contract: the secret is erased");
}

pub(super) async fn finds_all_again(store: &dyn KeyStore) {
    let signing = KeyState::new(KeyStage::Signing, at(5)).until(at(6));
    let expected = [entry("example.com", "s1").in_state(signing), entry("example.com", "s2")];
    assert_eq!(all(store, None).await, expected, "contract: a restart loses no entry");
    assert_eq!(secret_of(store, "example.com", "s1").await, Some(octets(1)), "contract: and no secret");
    assert_eq!(secret_of(store, "example.com", "s2").await, None, "contract: and brings none back");
}

fn entry(of: &str, name: &str) -> KeyEntry {
    KeyEntry::new(domain(of), selector(name), "v=DKIM1; k=ed25519; p=AAAA", at(1)).expect("the suite's own record")
}

fn domain(text: &str) -> Domain {
    Domain::parse(text).expect("the suite's own domain")
}

fn selector(text: &str) -> Selector {
    Selector::parse(text).expect("the suite's own selector")
}

fn octets(number: u8) -> KeySecret {
    KeySecret::new(vec![number; 48]).expect("the suite's own secret")
}

const fn at(micros: i64) -> Timestamp {
    Timestamp::from_unix_micros(micros)
}

async fn put(store: &dyn KeyStore, entry: &KeyEntry, number: u8) -> Result<(), KeyStoreError> {
    store.put(entry, &octets(number)).await
}

async fn all(store: &dyn KeyStore, of: Option<&str>) -> Vec<KeyEntry> {
    let of = of.map(domain);
    store.keys(of.as_ref()).await.expect("contract: entries can be read")
}

async fn secret_of(store: &dyn KeyStore, of: &str, name: &str) -> Option<KeySecret> {
    store.secret(&domain(of), &selector(name)).await.expect("contract: secrets can be read")
}

async fn erase(store: &dyn KeyStore, of: &str, name: &str) -> bool {
    store.erase(&domain(of), &selector(name)).await.expect("contract: secrets can be erased")
}

async fn advance(store: &dyn KeyStore, name: &str, from: KeyState, to: KeyState) -> bool {
    let mut tries = 0;
    loop {
        match store.advance(&domain("example.com"), &selector(name), from, to).await {
            Ok(moved) => return moved,
            Err(error) if error.is_transient() && tries < 100 => tries += 1,
            Err(error) => panic!("contract: a key can be moved: {error}"),
        }
    }
}
