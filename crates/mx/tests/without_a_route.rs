//! Attempts that bring no route: several domains, and the sites that they lead to.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use posthaste_dns::{Answer, DnsError, DnsErrorKind, MemoryZone, RecordKind, Resolve};
use posthaste_mx::{Egress, InwardAddresses, Mx, MxConfig};
use posthaste_testkit::VirtualClock;
use posthaste_transport::{Attempt, Source, Transport, TransportErrorKind};
use posthaste_types::OutcomeKind::{Accepted, Deferred, Refused};
use posthaste_types::{Clock as _, DnsName, Tick};
use support::{Peer, Script, attempt, kinds, listeners, mail, mx_with, texts, until};

/// A zone whose name servers say nothing about names that begin so, until the question's time is over.
#[derive(Debug)]
struct Silent(MemoryZone, VirtualClock);

#[async_trait::async_trait]
impl Resolve for Silent {
    async fn resolve(&self, name: &DnsName, kind: RecordKind, by: Tick) -> Result<Answer, DnsError> {
        if name.as_str().starts_with("silent") {
            self.1.sleep_until(by).await;
            return Err(DnsError::new(DnsErrorKind::Timeout));
        }
        self.0.resolve(name, kind, by).await
    }
}

/// Each of 40 questions may take 30 seconds, and the attempt ten minutes.
#[tokio::test]
async fn domains_without_an_answer_hold_nobody_up() {
    let (clock, peer) = (VirtualClock::new(), Peer::start(vec![Script::new()]).await);
    let resolver = Silent("example.org A 127.0.0.1".parse().unwrap(), clock.clone());
    let mut config = MxConfig::new("mail.example.com".parse().unwrap());
    (config.port, config.inward) = (peer.port(), InwardAddresses::Allow);
    let mx = Mx::new(Arc::new(resolver), Arc::new(clock.clone()), config);
    let mut to: Vec<String> = (0..40).map(|n| format!("bob@silent{n}.example")).collect();
    to.push("bob@example.org".to_owned());
    let attempt = attempt(&mail(&to.iter().map(String::as_str).collect::<Vec<_>>())).build();
    let task = tokio::spawn(async move { mx.deliver(&attempt).await.unwrap() });
    for _ in 0..90 {
        clock.advance(Duration::from_secs(1)).await;
    }
    until(|| task.is_finished()).await;
    let outcomes = task.await.unwrap();
    let (last, silent) = kinds(&outcomes).split_last().map(|(last, rest)| (*last, rest.to_vec())).unwrap();
    assert_eq!((last, silent), (Accepted, vec![Deferred; 40]));
    assert!(texts(&outcomes)[0].contains("no answer in time"), "{outcomes:?}");
}

/// A source that this machine does not have keeps mail from one site and not from another.
#[tokio::test]
async fn a_fault_of_ours_with_one_site() {
    let Ok(listener) = TcpListener::bind("[::1]:0") else {
        return println!("skipped: no IPv6 on loopback");
    };
    listener.set_nonblocking(true).unwrap();
    let peer = Peer::on(tokio::net::TcpListener::from_std(listener).unwrap(), vec![Script::new()]);
    let zone = "a.example A 127.0.0.1\nb.example AAAA ::1";
    let source = |ip: &str| Egress::new(Source::new(ip.parse().unwrap(), "out.example.com".parse().unwrap()));
    let mx = mx_with(zone, peer.port(), &VirtualClock::new(), |config| {
        config.sources = vec![source("192.0.2.9"), source("::1")];
    });
    let outcomes = mx.deliver(&Attempt::of(&mail(&["1@a.example", "2@b.example"]))).await.unwrap();
    assert_eq!(kinds(&outcomes), [Deferred, Accepted], "{:?}", texts(&outcomes));
    assert!(texts(&outcomes)[0].contains("192.0.2.9"), "{:?}", texts(&outcomes));
    // If nobody has an answer, it is an error.
    let error = mx.deliver(&Attempt::of(&mail(&["1@a.example"]))).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Misconfigured);
}

/// What one site says of a source says nothing of another site.
#[tokio::test]
async fn a_source_that_one_site_blocks() {
    let mut all = listeners(2).await.into_iter();
    let listed = Script::new().answer("RCPT", "554 5.7.1 client [127.0.0.11] is listed");
    let first = Peer::on(all.next().unwrap(), vec![listed]);
    let _second = Peer::on(all.next().unwrap(), vec![Script::new()]);
    let zone = "a.example A 127.0.0.2\nb.example A 127.0.0.3";
    let mx = mx_with(zone, first.port(), &VirtualClock::new(), |config| {
        let source = Source::new("127.0.0.11".parse().unwrap(), "out.example.com".parse().unwrap());
        config.sources = vec![Egress::new(source)];
    });
    let outcomes = mx.deliver(&Attempt::of(&mail(&["1@a.example", "2@b.example"]))).await.unwrap();
    assert_eq!(kinds(&outcomes), [Refused, Accepted], "{:?}", texts(&outcomes));
    let state = &mx.sources()[0];
    let sites: Vec<&str> = state.troubles.iter().map(|trouble| trouble.site.as_str()).collect();
    assert_eq!(sites, ["a.example"]);
}
