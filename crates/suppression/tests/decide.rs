//! Precedence, as a table, and its laws.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use posthaste_suppression::{Actor, Ask, Effect, Entry, Reason, Scope, Verdict, What, decide};
use posthaste_types::{Address, BounceClass, Timestamp};
use proptest::prelude::*;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_unix_secs(1_800_000_000 + secs)
}

fn bob() -> Address {
    "bob@example.org".parse().unwrap()
}

/// Bob, by the stream `weekly` of the tenant `acme`, for the list `digest`.
fn ask() -> Ask {
    let mut ask = Ask::new(bob(), "weekly".parse().unwrap(), at(100));
    ask.list = Some("digest".parse().unwrap());
    ask.tenant = Some("acme".parse().unwrap());
    ask
}

/// Reads `effect what scope reason`, such as `forbid address list:digest bounce`.
fn entry(text: &str) -> Entry {
    let words: Vec<&str> = text.split(' ').collect();
    let [effect, what, scope, reason] = words[..] else { panic!("not four words: {text}") };
    let what = match what {
        "address" => What::address(&bob()),
        "domain" => What::Domain(bob().domain().clone()),
        "hash" => What::Hash([7; 32]),
        other => panic!("{other}"),
    };
    let scope = match scope.split_once(':') {
        None => Scope::Everything,
        Some(("list", name)) => Scope::List(name.parse().unwrap()),
        Some(("stream", name)) => Scope::Stream(name.parse().unwrap()),
        Some(("tenant", name)) => Scope::Tenant(name.parse().unwrap()),
        Some(other) => panic!("{other:?}"),
    };
    let reason = match reason {
        "bounce" => Reason::Bounce(BounceClass::BadMailbox),
        "complaint" => Reason::Complaint,
        "imported" => Reason::Imported,
        "manual" => Reason::Manual,
        "unsubscribe" => Reason::Unsubscribe,
        other => panic!("{other}"),
    };
    let mut entry = Entry::new(what, scope, reason, Actor::System, at(0));
    entry.effect = if effect == "allow" { Effect::Allow } else { Effect::Forbid };
    entry
}

#[test]
fn precedence() {
    // The entries, and which of them decides: none means that the mail may go.
    let table: &[(&[&str], Option<usize>)] = &[
        (&[], None),
        // Scopes.
        (&["forbid address all bounce"], Some(0)),
        (&["forbid address list:digest bounce"], Some(0)),
        (&["forbid address list:offers bounce"], None),
        (&["forbid address stream:weekly bounce"], Some(0)),
        (&["forbid address stream:codes bounce"], None),
        (&["forbid address tenant:acme bounce"], Some(0)),
        (&["forbid address tenant:other bounce"], None),
        (&["forbid domain all manual"], Some(0)),
        (&["forbid hash all unsubscribe"], Some(0)),
        // An allow sets aside what is as wide or wider.
        (&["forbid address all bounce", "allow address all manual"], None),
        (&["forbid address all bounce", "allow address list:digest manual"], None),
        (&["forbid domain all manual", "allow address all manual"], None),
        (&["forbid domain all manual", "allow hash stream:weekly manual"], None),
        (&["forbid domain all manual", "allow domain list:digest manual"], None),
        (&["forbid address list:digest bounce", "allow address list:digest manual"], None),
        // It sets nothing aside that is narrower, or not to be compared.
        (&["forbid address all bounce", "allow domain all manual"], Some(0)),
        (&["forbid address list:digest manual", "allow address all manual"], Some(0)),
        (&["forbid address list:digest manual", "allow address stream:weekly manual"], Some(0)),
        (&["forbid address all bounce", "allow address list:offers manual"], Some(0)),
        (&["allow address list:digest manual", "forbid address all bounce", "forbid address list:digest bounce"], None),
        (&["allow address all manual", "forbid address all bounce", "forbid address list:digest bounce"], Some(2)),
        // The recipient's own word stands.
        (&["forbid address all complaint", "allow address all manual"], Some(0)),
        (&["forbid address list:digest unsubscribe", "allow address list:digest manual"], Some(0)),
        (&["forbid address list:offers unsubscribe", "allow address all manual"], None),
        (&["forbid address all bounce", "forbid address all complaint", "allow address all manual"], Some(1)),
        // The strongest reason is told.
        (&["forbid address all imported", "forbid address all bounce"], Some(1)),
        (&["forbid address all bounce", "forbid domain all manual"], Some(1)),
        (&["forbid address all manual", "forbid address list:digest unsubscribe"], Some(1)),
        (&["forbid address all unsubscribe", "forbid address stream:weekly complaint"], Some(1)),
    ];
    for (texts, decides) in table {
        let entries: Vec<Entry> = texts.iter().map(|text| entry(text)).collect();
        let expected = decides.map_or(Verdict::Allowed, |index| Verdict::Suppressed(Box::new(entries[index].clone())));
        assert_eq!(decide(&ask(), &entries), expected, "{texts:?}");
    }
}

#[test]
fn the_oldest_of_one_reason_is_told() {
    let (mut young, mut old) = (entry("forbid address all bounce"), entry("forbid address list:digest bounce"));
    (young.since, old.since) = (at(50), at(10));
    assert_eq!(decide(&ask(), &[young, old.clone()]), Verdict::Suppressed(Box::new(old)));
}

#[test]
fn an_entry_ends_at_its_until() {
    for effect in ["forbid", "allow"] {
        let mut ending = entry(&format!("{effect} address all manual"));
        for (until, holds) in [(99, false), (100, false), (101, true)] {
            ending.until = Some(at(until));
            let bounce = entry("forbid address all bounce");
            let expected = match (effect, holds) {
                ("forbid", true) => Verdict::Suppressed(Box::new(ending.clone())),
                ("allow", true) => Verdict::Allowed,
                _ => Verdict::Suppressed(Box::new(bounce.clone())),
            };
            assert_eq!(decide(&ask(), &[bounce, ending.clone()]), expected, "{effect} until {until}");
        }
    }
}

#[test]
fn mail_without_list_and_tenant_is_in_no_list_and_no_tenant() {
    let mut bare = ask();
    (bare.list, bare.tenant) = (None, None);
    let entries = ["list:digest", "tenant:acme"].map(|scope| entry(&format!("forbid address {scope} unsubscribe")));
    assert_eq!(decide(&bare, &entries), Verdict::Allowed);
}

#[test]
fn an_entry_reads_as_a_sentence() {
    let mut entry = entry("forbid address all bounce");
    assert_eq!(entry.to_string(), "bounce (bad_mailbox) since 2027-01-15T08:00:00Z");
    let reply = posthaste_types::Evidence::new(posthaste_types::EvidenceSource::Reply, "550 5.1.1 no such user");
    entry.evidence.push(reply);
    assert_eq!(entry.to_string(), "bounce (bad_mailbox) since 2027-01-15T08:00:00Z: 550 5.1.1 no such user");
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let words = (
        prop::sample::select(vec!["forbid", "allow"]),
        prop::sample::select(vec!["address", "domain", "hash"]),
        prop::sample::select(vec!["all", "list:digest", "list:offers", "stream:weekly", "stream:codes", "tenant:acme"]),
        prop::sample::select(vec!["bounce", "complaint", "imported", "manual", "unsubscribe"]),
        0..200_i64,
        prop::option::of(0..200_i64),
    );
    let one = words.prop_map(|(effect, what, scope, reason, since, until)| {
        let mut entry = entry(&format!("{effect} {what} {scope} {reason}"));
        (entry.since, entry.until) = (at(since), until.map(at));
        entry
    });
    prop::collection::vec(one, 0..8)
}

proptest! {
    #[test]
    fn the_verdict_carries_an_entry_that_forbids_and_holds(entries in entries()) {
        if let Verdict::Suppressed(entry) = decide(&ask(), &entries) {
            prop_assert!(entries.contains(&entry));
            prop_assert_eq!(entry.effect, Effect::Forbid);
            prop_assert!(entry.holds_at(ask().at));
        }
    }

    #[test]
    fn whether_mail_may_go_does_not_hang_on_the_order(entries in entries(), turn in 0..8_usize) {
        let mut turned = entries.clone();
        turned.rotate_left(turn.min(entries.len()));
        let may = |entries: &[Entry]| decide(&ask(), entries) == Verdict::Allowed;
        prop_assert_eq!(may(&entries), may(&turned));
    }

    #[test]
    fn more_that_forbids_never_lets_mail_go(entries in entries(), more in entries()) {
        let mut all = entries.clone();
        all.extend(more.into_iter().filter(|entry| entry.effect == Effect::Forbid));
        if decide(&ask(), &entries) != Verdict::Allowed {
            prop_assert_ne!(decide(&ask(), &all), Verdict::Allowed);
        }
    }

    #[test]
    fn no_allow_sets_aside_the_recipients_own_word(entries in entries(), complains in any::<bool>()) {
        let word = if complains { "complaint" } else { "unsubscribe" };
        let mut all = entries;
        all.push(entry(&format!("forbid address list:digest {word}")));
        prop_assert_ne!(decide(&ask(), &all), Verdict::Allowed);
    }
}
