//! Entries as they are stored and exported.
#![cfg(feature = "serde")]

use posthaste_suppression::{Actor, Effect, Entry, Reason, Scope, What};
use posthaste_types::{BounceClass, Evidence, EvidenceSource, Text, Timestamp};
use serde_json::json;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_unix_secs(1_800_000_000 + secs)
}

#[test]
fn an_entry_has_a_stable_form() {
    let what = What::address(&"Bob@Example.org".parse().unwrap());
    let scope = Scope::List("digest".parse().unwrap());
    let mut entry = Entry::new(what, scope, Reason::Bounce(BounceClass::BadMailbox), Actor::System, at(0));
    entry.evidence = vec![Evidence::new(EvidenceSource::Reply, "550 5.1.1 no such user")];
    entry.until = Some(at(60));
    let stored = json!({
        "what": {"address": "bob@example.org"},
        "scope": {"list": "digest"},
        "effect": "forbid",
        "reason": {"bounce": "bad_mailbox"},
        "evidence": [{"source": "reply", "text": "550 5.1.1 no such user"}],
        "by": "system",
        "since": "2027-01-15T08:00:00Z",
        "until": "2027-01-15T08:01:00Z",
    });
    assert_eq!(serde_json::to_value(&entry).unwrap(), stored);
    assert_eq!(serde_json::from_value::<Entry>(stored).unwrap(), entry);
}

#[test]
fn every_kind_comes_back() {
    let whats = [
        What::address(&"jörg@exämple.example".parse().unwrap()),
        What::Domain("example.org".parse().unwrap()),
        What::Hash([0xa5; 32]),
    ];
    let scopes = [Scope::Everything, Scope::Stream("weekly".parse().unwrap()), Scope::Tenant("acme".parse().unwrap())];
    let reasons = [Reason::Complaint, Reason::Imported, Reason::Manual, Reason::Unsubscribe];
    let actors = [Actor::Person(Text::lossy("Ada")), Actor::Recipient, Actor::System];
    for what in &whats {
        for (scope, by) in scopes.iter().zip(&actors) {
            for reason in &reasons {
                let mut entry = Entry::new(what.clone(), scope.clone(), reason.clone(), by.clone(), at(0));
                entry.effect = Effect::Allow;
                let text = serde_json::to_string(&entry).unwrap();
                assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), entry, "{text}");
            }
        }
    }
}

#[test]
fn what_is_read_passes_the_checks() {
    let entry = |what: &str| {
        format!(
            r#"{{"what": {what}, "scope": "everything", "effect": "forbid", "reason": "manual", "evidence": [],
                "by": "system", "since": "2027-01-15T08:00:00Z", "until": null}}"#
        )
    };
    let read = |what: &str| serde_json::from_str::<Entry>(&entry(what));
    let read_back = read(r#"{"address": "BOB@example.org"}"#).unwrap();
    assert_eq!(
        read_back.what,
        What::address(&"bob@example.org".parse().unwrap()),
        "the normal form, whatever was stored"
    );
    for bad in [
        r#"{"address": "bob@example.org\r\nRCPT TO:<eve@example.org>"}"#,
        r#"{"address": "nobody"}"#,
        r#"{"domain": "a..b"}"#,
        r#"{"hash": [1, 2, 3]}"#,
        r#"{"planet": "mars"}"#,
    ] {
        assert!(read(bad).is_err(), "{bad}");
    }
}
