//! What events say to people.

use std::time::Duration;

use posthaste_types::{
    BounceClass, Cause, Ending, EventKind, Evidence, EvidenceSource, Fate, Outcome, Repeat, Reply, Stage, Text,
    Timestamp,
};

fn smtp(reply: &str) -> Cause {
    Cause::smtp(Reply::parse(reply.as_bytes()).expect("a reply"), Stage::Rcpt)
}

#[test]
fn every_kind_says_what_decided_in_one_line() {
    let at = Timestamp::from_unix_micros(1_795_513_304_123_456);
    let report = vec![
        Evidence::new(EvidenceSource::ReportField, "Diagnostic-Code: smtp; 550 5.1.1 no such user"),
        Evidence::new(EvidenceSource::Rule, "another"),
    ];
    let mut suppressed = Ending::new(Fate::Suppressed, at, Duration::ZERO, 0);
    suppressed.evidence = vec![Evidence::new(EvidenceSource::Entry, "he left")];
    let mut delivered = Ending::new(Fate::Delivered, at, Duration::from_millis(1200), 1);
    delivered.cause = Some(smtp("250 2.0.0 OK"));
    delivered.evidence = suppressed.evidence.clone();
    let accepted = |recipients| EventKind::Accepted { recipients, message_id: None, size: 512 };
    let table = [
        (accepted(1), "accepted for 1 recipient, 512 octets"),
        (accepted(3), "accepted for 3 recipients, 512 octets"),
        (EventKind::Attempted { number: 1, repeat: Repeat::First }, "attempt 1"),
        (EventKind::Attempted { number: 2, repeat: Repeat::AfterDoubt }, "attempt 2, which may duplicate"),
        (
            EventKind::Deferred {
                outcome: Outcome::deferred(smtp("451 4.7.1 later")),
                class: BounceClass::Greylist,
                evidence: Vec::new(),
                next: at,
            },
            "deferred (451 4.7.1 later), next try 2026-11-24T09:41:44Z",
        ),
        (
            EventKind::InDoubt { outcome: Outcome::in_doubt(Cause::local("cut")), next: at },
            "in doubt (cut), next try 2026-11-24T09:41:44Z",
        ),
        (EventKind::Ended { ending: delivered }, "delivered after 1.2 s (250 2.0.0 OK)"),
        (EventKind::Ended { ending: suppressed }, "suppressed after 0.0 ms (he left)"),
        (EventKind::Ended { ending: Ending::new(Fate::Cancelled, at, Duration::ZERO, 0) }, "cancelled after 0.0 ms"),
        (
            EventKind::Returned { class: BounceClass::BadMailbox, evidence: report.clone() },
            "came back: bad_mailbox (Diagnostic-Code: smtp; 550 5.1.1 no such user)",
        ),
        (EventKind::Complained { evidence: Vec::new() }, "complained"),
        (
            EventKind::SuppressionAdded { class: BounceClass::BadMailbox, evidence: report },
            "suppressed: bad_mailbox (Diagnostic-Code: smtp; 550 5.1.1 no such user)",
        ),
        (EventKind::Quarantined { why: Text::lossy("damaged") }, "quarantined (damaged)"),
        (
            EventKind::RouteHeld { why: Text::lossy("535 5.7.8 no"), until: at },
            "the route is held until 2026-11-24T09:41:44Z (535 5.7.8 no)",
        ),
        (EventKind::Unmatched { why: Text::lossy("no proof") }, "a report that fits no mail (no proof)"),
    ];
    for (kind, words) in table {
        assert_eq!(kind.to_string(), words);
    }
}
