//! Several addresses to send from: chosen by weight, kept apart, and told apart when one is in trouble.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use posthaste_mx::{Egress, Mx, MxConfig, TroubleKind};
use posthaste_testkit::{TestReceiver, VirtualClock};
use posthaste_transport::{Attempt, Source, Transport, TransportErrorKind};
use posthaste_types::OutcomeKind;
use support::{Peer, Script, attempt, kinds, listeners, mail, mx_with, texts};

const ZONE: &str = "example.org MX 10 mx.example.org\nmx.example.org A 127.0.0.1";

fn source(address: &str) -> Source {
    let last = address.rsplit(['.', ':']).next().unwrap();
    Source::new(address.parse().unwrap(), format!("out{last}.example.com").parse().unwrap())
}

fn mx(port: u16, clock: &VirtualClock, sources: &[(&str, u32)]) -> Mx {
    mx_with(ZONE, port, clock, with(sources))
}

fn with(sources: &[(&str, u32)]) -> impl FnOnce(&mut MxConfig) {
    let sources = sources.iter().map(|(address, weight)| Egress::new(source(address)).with_weight(*weight)).collect();
    |config| config.sources = sources
}

async fn deliver(mx: &Mx) -> String {
    texts(&mx.deliver(&Attempt::of(&mail(&["bob@example.org"]))).await.unwrap()).concat()
}

#[tokio::test]
async fn by_weight_each_on_its_own_connections() {
    let receiver = TestReceiver::start().await;
    let sources = [("127.0.0.11", 3), ("127.0.0.12", 1), ("127.0.0.13", 0), ("2001:db8::7", 9)];
    let mx = mx(receiver.local_addr().port(), &VirtualClock::new(), &sources);
    for _ in 0..400 {
        assert!(deliver(&mx).await.starts_with("accepted"));
    }
    let mut counts: BTreeMap<(IpAddr, String), u32> = BTreeMap::new();
    for mail in receiver.drain() {
        *counts.entry((mail.client.ip(), mail.hello)).or_default() += 1;
    }
    let counts: Vec<_> = counts.into_iter().collect();
    let [((first, ref hello), heavy), ((second, _), light)] = counts[..] else { panic!("{counts:?}") };
    assert_eq!((first.to_string(), second.to_string()), ("127.0.0.11".to_owned(), "127.0.0.12".to_owned()));
    assert_eq!(hello, "out11.example.com");
    // Three of four; 400 draws lie within 60 of it but for once in 10^11.
    assert!((240..=360).contains(&heavy) && heavy + light == 400, "{counts:?}");
    let states = mx.sources();
    // At most 100 mails a connection: the third source and the IPv6 one were never used.
    assert!(states[0].sessions >= 3 && states[1].sessions >= 1, "{states:?}");
    assert_eq!((states[2].sessions, states[3].sessions), (0, 0));
    assert_eq!(usize::try_from(states[0].sessions + states[1].sessions).unwrap(), receiver.connections());
}

/// A source reaches addresses of its own family alone.
#[tokio::test]
async fn families() {
    let peer = Peer::start(vec![Script::new()]).await;
    let both = "example.org MX 10 mx.example.org\nmx.example.org A 127.0.0.1\nmx.example.org AAAA 2001:db8::25";
    let table = [
        (both, "127.0.0.11", "accepted"),
        ("example.org AAAA ::1", "127.0.0.11", "deferred (unreachable: example.org [::1]: not to be reached without"),
        ("example.org A 127.0.0.1", "::1", "deferred (unreachable: example.org [127.0.0.1]: not to be reached without"),
    ];
    for (zone, address, expected) in table {
        let mx = mx_with(zone, peer.port(), &VirtualClock::new(), with(&[(address, 1)]));
        let text = deliver(&mx).await;
        assert!(text.starts_with(expected), "{address}: {text}");
    }
    assert_eq!(peer.connections(), 1);
}

/// The source that an attempt brings counts, whatever is configured.
#[tokio::test]
async fn an_attempt_brings_its_own() {
    let receiver = TestReceiver::start().await;
    let mx = mx(receiver.local_addr().port(), &VirtualClock::new(), &[("127.0.0.11", 1)]);
    let one = attempt(&mail(&["bob@example.org"])).source(Some(source("127.0.0.19"))).build();
    assert_eq!(kinds(&mx.deliver(&one).await.unwrap()), [OutcomeKind::Accepted]);
    assert_eq!((receiver.drain()[0].client.ip().to_string(), mx.sources()[0].sessions), ("127.0.0.19".to_owned(), 0));
    // What was used stands in the attempt.
    let passages = one.passages();
    let used = passages[0].source.as_ref().map(|source| source.address.to_string());
    assert_eq!((passages.len(), used.as_deref()), (1, Some("127.0.0.19")));
    let opening =
        format!("mx.example.org [127.0.0.1]:{} from 127.0.0.19 (out19.example.com), ", receiver.local_addr().port());
    assert!(passages[0].to_string().starts_with(&opening), "{}", passages[0]);
    assert!(
        passages[0].to_string().contains("in clear; it may go in clear: no policy asks for more"),
        "{}",
        passages[0]
    );
}

/// A site that refuses a source gets its mail from another, until it is time to try again.
#[tokio::test]
async fn a_source_that_a_site_blocks() {
    let listed = "554 5.7.1 Service unavailable; client [127.0.0.11] blocked using bl.example";
    let table = [
        (Script::new().greeting("554 5.7.1 go away"), "refused (554 5.7.1 go away)"),
        (Script::new().answer("RCPT", listed), "refused (554 5.7.1 Service unavailable; client [127.0.0.11] blocked"),
    ];
    for (script, first) in table {
        let peer = Peer::start(vec![script, Script::new()]).await;
        let clock = VirtualClock::new();
        let mx = mx(peer.port(), &clock, &[("127.0.0.11", 1000), ("127.0.0.12", 1)]);
        let text = deliver(&mx).await;
        assert!(text.starts_with(first), "{text}");
        let states = mx.sources();
        let trouble = &states[0].troubles[0];
        assert_eq!((trouble.site.as_str(), trouble.kind), ("mx.example.org", TroubleKind::Blocked));
        assert!(trouble.why.as_str().contains("554"), "{trouble:?}");
        assert!(states[1].troubles.is_empty() && states[0].fault.is_none());
        for _ in 0..5 {
            assert!(deliver(&mx).await.starts_with("accepted"));
        }
        assert_eq!(mx.sources()[1].sessions, 1, "the other one");
        clock.advance(Duration::from_secs(300)).await;
        assert!(mx.sources()[0].troubles.is_empty());
        let before = mx.sources()[0].sessions;
        assert!(deliver(&mx).await.starts_with("accepted"));
        assert_eq!(mx.sources()[0].sessions, before + 1, "it is tried again");
    }
}

/// A refusal of the mail is none of the source.
#[tokio::test]
async fn other_refusals() {
    let answers = ["550 5.1.1 nobody", "550 5.7.1 127.0.0.110 is listed", "451 4.7.1 greylisted"];
    for answer in answers {
        let peer = Peer::start(vec![Script::new().answer("RCPT", answer)]).await;
        let mx = mx(peer.port(), &VirtualClock::new(), &[("127.0.0.11", 1)]);
        deliver(&mx).await;
        assert!(mx.sources()[0].troubles.is_empty(), "{answer}");
    }
}

/// A source whose connections come to nothing, and one that this machine does not have.
#[tokio::test]
async fn a_source_that_does_not_get_there() {
    let port = listeners(1).await[0].local_addr().unwrap().port();
    let clock = VirtualClock::new();
    let nobody = mx(port, &clock, &[("127.0.0.11", 1)]);
    let text = deliver(&nobody).await;
    assert!(text.starts_with("deferred (connection refused: mx.example.org [127.0.0.1]"), "{text}");
    assert!(text.contains("from 127.0.0.11 (out11.example.com)"), "the outcome says what was used: {text}");
    let state = &nobody.sources()[0];
    assert_eq!((state.failures, state.troubles[0].kind), (1, TroubleKind::Unreachable));

    let peer = Peer::start(vec![Script::new()]).await;
    let mx = mx(peer.port(), &clock, &[("192.0.2.9", 1000), ("127.0.0.12", 1)]);
    let error = mx.deliver(&Attempt::of(&mail(&["bob@example.org"]))).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Misconfigured, "{error}");
    assert!(mx.sources()[0].fault.as_ref().unwrap().as_str().contains("192.0.2.9"));
    assert!(deliver(&mx).await.starts_with("accepted"), "from the other");
}
