//! MTA-STS (RFC 8461): policies found, fetched, kept and applied.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use posthaste_auth::tls_rpt::ResultType;
use posthaste_dns::{DnsErrorKind, RecordKind};
use posthaste_fetch::{Fetch, FetchError, FetchErrorKind, Request, Response};
use posthaste_mx::Mx;
use posthaste_testkit::{TestReceiver, VirtualClock};
use posthaste_transport::{Attempt, Transport};
use posthaste_types::OutcomeKind::{Accepted, Deferred};
use posthaste_types::{Clock as _, OutcomeKind, Tick};
use support::policy::{Authority, Identity, World, policy_url};
use support::{Lines, attempt, kinds, mail, until};
use tokio::sync::Notify;

/// A domain whose mail host has a certificate that nobody trusts.
async fn world() -> (World, TestReceiver, Authority) {
    let receiver = TestReceiver::builder().tls(Identity::self_signed("mx.example.org").server()).start().await;
    (World::new(receiver.local_addr().port()), receiver, Authority::new("one"))
}

async fn deliver(mx: &Mx) -> OutcomeKind {
    kinds(&mx.deliver(&Attempt::of(&mail(&["bob@example.org"]))).await.unwrap())[0]
}

/// §3.3: the policy is fetched once for an id, and again for a new one or when its time is over.
#[tokio::test]
async fn section_3_3_policies_are_kept() {
    let (world, _receiver, ca) = world().await;
    let mx = world.mx(&ca);
    let fetched = || world.web.requests().len();
    world.sts("1", "enforce", "mx.example.org");
    assert_eq!((deliver(&mx).await, deliver(&mx).await, fetched()), (Deferred, Deferred, 1));
    world.sts("2", "testing", "mx.example.org");
    assert_eq!((deliver(&mx).await, fetched()), (Accepted, 2));
    world.clock.advance(Duration::from_secs(86_400)).await;
    assert_eq!((deliver(&mx).await, fetched()), (Accepted, 3));
}

/// §5.1, §10.2: who hides the record or the policy does not get rid of a policy that is kept.
#[tokio::test]
async fn section_5_1_what_is_kept_goes_on_to_count() {
    let (world, receiver, ca) = world().await;
    let mx = world.mx(&ca);
    world.sts("1", "enforce", "mx.example.org");
    assert_eq!(deliver(&mx).await, Deferred);
    let record = "_mta-sts.example.org".parse().unwrap();
    world.zone.fail(&record, DnsErrorKind::Timeout);
    assert_eq!(deliver(&mx).await, Deferred, "no answer");
    world.zone.heal(&record);
    world.sts("2", "none", "mx.example.org");
    world.web.fail(&policy_url("example.org"), FetchErrorKind::Unreachable);
    assert_eq!(deliver(&mx).await, Deferred, "a new policy that cannot be had");
    world.zone.remove(&record, RecordKind::Txt);
    assert_eq!(deliver(&mx).await, Deferred, "no record");
    world.clock.advance(Duration::from_secs(86_400)).await;
    assert_eq!(deliver(&mx).await, Accepted, "its time is over");
    assert_eq!(receiver.received().len(), 1);
}

/// §3.3, §5: a policy that cannot be had is none, which is told; it is not asked for again at once.
#[tokio::test]
async fn section_3_3_policies_that_cannot_be_had() {
    let page = |status, kind: &str, body: &str| {
        let page = Response::new(status).with_header("content-type", kind.as_bytes());
        Ok(page.with_body(body.as_bytes().to_vec()))
    };
    let policy = "version: STSv1\nmode: enforce\nmx: mx.example.org\nmax_age: 86400\n";
    let huge = format!("{policy}{}", "x: y\n".repeat(14_000));
    let (fetch, invalid) = (ResultType::StsPolicyFetchError, ResultType::StsPolicyInvalid);
    let table = [
        ("not found", page(404, "text/plain", policy), fetch),
        ("redirect", page(302, "text/plain", policy), fetch),
        ("picture", page(200, "image/png", policy), fetch),
        ("page", page(200, "text/html", policy), fetch),
        ("no policy", page(200, "text/plain", "hello"), invalid),
        ("too large", page(200, "text/plain", &huge), fetch),
        ("unreachable", Err(FetchErrorKind::Unreachable), fetch),
        ("certificate", Err(FetchErrorKind::Tls), ResultType::StsWebpkiInvalid),
    ];
    for (what, answer, told) in table {
        let (world, _receiver, ca) = world().await;
        world.sts("1", "enforce", "mx.example.org");
        match answer {
            Ok(answer) => world.web.answer(&policy_url("example.org"), answer),
            Err(fault) => world.web.fail(&policy_url("example.org"), fault),
        }
        let mx = world.mx(&ca);
        assert_eq!((deliver(&mx).await, deliver(&mx).await), (Accepted, Accepted), "{what}");
        assert_eq!(world.told.kinds()[0], Some(told), "{what}");
        assert_eq!(world.web.requests().len(), 1, "{what}");
        world.clock.advance(Duration::from_secs(300)).await;
        deliver(&mx).await;
        assert_eq!(world.web.requests().len(), 2, "{what}");
    }
}

/// Answers only when it is let, each time with the next policy.
#[derive(Debug)]
struct Slow {
    clock: VirtualClock,
    /// Without one, a request gets nothing to the end of its time.
    answers: Mutex<VecDeque<Held>>,
}

/// What a request waits for, and the mode of its policy.
type Held = (Option<Arc<Notify>>, &'static str);

impl Slow {
    fn new(world: &World, answers: impl IntoIterator<Item = Held>) -> Arc<Self> {
        Arc::new(Self { clock: world.clock.clone(), answers: Mutex::new(answers.into_iter().collect()) })
    }
}

#[async_trait::async_trait]
impl Fetch for Slow {
    async fn fetch(&self, _: &Request, by: Tick) -> Result<Response, FetchError> {
        let next = self.answers.lock().unwrap().pop_front();
        let Some((gate, mode)) = next else {
            self.clock.sleep_until(by).await;
            return Err(FetchError::new(FetchErrorKind::Timeout, "silent"));
        };
        if let Some(gate) = gate {
            gate.notified().await;
        }
        let policy = format!("version: STSv1\nmode: {mode}\nmx: mx.example.org\nmax_age: 604800\n");
        Ok(Response::new(200).with_header("content-type", b"text/plain").with_body(policy.into_bytes()))
    }
}

/// §3.3: a policy host that is silent costs half of an attempt's time at most, and once.
#[tokio::test]
async fn section_3_3_a_silent_policy_host() {
    let (world, receiver, ca) = world().await;
    world.sts("1", "enforce", "mx.example.org");
    let mx = Arc::new(world.mx(&ca).with_fetch(Slow::new(&world, [])));
    let begin = || {
        let (mx, attempt) = (Arc::clone(&mx), attempt(&mail(&["bob@example.org"])).timeout(Duration::from_secs(20)));
        tokio::spawn(async move { kinds(&mx.deliver(&attempt.build()).await.unwrap())[0] })
    };
    let first = begin();
    world.clock.advance(Duration::from_secs(10)).await;
    until(|| first.is_finished()).await;
    assert_eq!(first.await.unwrap(), Accepted);
    assert_eq!(begin().await.unwrap(), Accepted, "it is not asked again");
    assert_eq!(receiver.received().len(), 2);
}

/// What a slow refresh brings of an old policy does not replace a newer one.
#[tokio::test]
async fn section_3_3_a_refresh_that_comes_late() {
    let (world, _receiver, ca) = world().await;
    let gate = Arc::new(Notify::new());
    let answers = [(None, "enforce"), (Some(Arc::clone(&gate)), "enforce"), (None, "testing")];
    let mx = world.mx(&ca).with_fetch(Slow::new(&world, answers));
    world.sts("1", "enforce", "mx.example.org");
    assert_eq!(deliver(&mx).await, Deferred);
    world.clock.advance(Duration::from_secs(86_400)).await;
    assert_eq!(deliver(&mx).await, Deferred, "and the policy is fetched anew");
    world.clock.settle().await;
    world.sts("2", "testing", "mx.example.org");
    assert_eq!(deliver(&mx).await, Accepted);
    gate.notify_one();
    world.clock.settle().await;
    assert_eq!(deliver(&mx).await, Accepted);
}

/// §4.1: hosts that the policy does not name.
#[tokio::test]
async fn section_4_1_hosts() {
    for (mode, patterns, outcome) in [
        ("enforce", "*.example.net", Deferred),
        ("enforce", "*.mx.example.org", Deferred),
        ("testing", "*.example.net", Accepted),
        ("none", "*.example.net", Accepted),
    ] {
        let (world, receiver, _) = world().await;
        let ca = Authority::new("trusted");
        world.sts("1", mode, patterns);
        assert_eq!(deliver(&world.mx(&ca)).await, outcome, "{mode} {patterns}");
        assert_eq!(receiver.connections(), usize::from(outcome == Accepted), "{mode} {patterns}");
        let told = world.told.kinds();
        assert_eq!(told.iter().all(Option::is_some), mode != "none", "{mode} {patterns}: {told:?}");
    }
}

/// §3.1: the mail of each domain by its own policy, on the way to the same hosts.
#[tokio::test]
async fn section_3_1_domains_of_one_site() {
    let (world, receiver, ca) = world().await;
    world.zone.add("example.net 300 MX 10 mx.example.org\nexample.edu 300 MX 10 mx.example.org").unwrap();
    world.sts("1", "enforce", "mx.example.org");
    let mx = world.mx(&ca);
    let mail = mail(&["a@example.net", "b@example.org", "c@example.edu"]);
    let outcomes = mx.deliver(&Attempt::of(&mail)).await.unwrap();
    assert_eq!(kinds(&outcomes), [Accepted, Deferred, Accepted]);
    assert_eq!(receiver.received().len(), 1, "those without a policy go together");
    let told = world.told.take();
    let domains: Vec<Vec<String>> = told.iter().map(|t| t.domains.iter().map(ToString::to_string).collect()).collect();
    assert_eq!(domains, [vec!["example.net", "example.edu"], vec!["example.org"]]);
}

#[tokio::test]
async fn the_trace_says_what_was_tested() {
    let (world, _receiver, ca) = world().await;
    world.sts("1", "testing", "mx.example.org");
    let lines = Arc::new(Lines::default());
    let one = attempt(&mail(&["bob@example.org"])).trace(lines.clone()).build();
    assert_eq!(kinds(&world.mx(&ca).deliver(&one).await.unwrap()), [Accepted]);
    let text = lines.text();
    assert!(text.contains("which the MTA-STS policy only tests"), "{text}");
    assert!(text.contains("TLS policy sts, mx.example.org: TLSv1_3"), "{text}");
    assert!(text.contains("certificate-not-trusted"), "{text}");
}

/// §10.2: a policy is fetched anew before its time is over, and no mail waits for that.
#[tokio::test]
async fn section_10_2_policies_are_fetched_anew_in_time() {
    let (world, _receiver, ca) = world().await;
    let mx = world.mx(&ca);
    let policy = |age| format!("version: STSv1\nmode: enforce\nmx: mx.example.org\nmax_age: {age}\n");
    let fetched = || world.web.requests().len();
    world.sts_of("example.org", "1", &policy(7 * 86_400));
    assert_eq!((deliver(&mx).await, fetched()), (Deferred, 1));
    world.clock.advance(Duration::from_secs(86_399)).await;
    assert_eq!((deliver(&mx).await, fetched()), (Deferred, 1));
    world.clock.advance(Duration::from_secs(1)).await;
    deliver(&mx).await;
    world.clock.settle().await;
    assert_eq!(fetched(), 2, "after a day");
    // Who hides the record does not keep it from being fetched.
    world.zone.fail(&"_mta-sts.example.org".parse().unwrap(), DnsErrorKind::Timeout);
    world.clock.advance(Duration::from_secs(86_400)).await;
    deliver(&mx).await;
    world.clock.settle().await;
    assert_eq!(fetched(), 3, "after two");
    world.zone.heal(&"_mta-sts.example.org".parse().unwrap());
    // Who keeps us from fetching it does not get rid of it, until its time is over.
    world.web.fail(&policy_url("example.org"), FetchErrorKind::Unreachable);
    world.clock.advance(Duration::from_secs(7 * 86_400 - 1)).await;
    assert_eq!(deliver(&mx).await, Deferred);
    world.clock.settle().await;
    assert_eq!(fetched(), 4);
    world.clock.advance(Duration::from_secs(1)).await;
    assert_eq!(deliver(&mx).await, Accepted);
}

/// §10.2: what was known before a restart is known after it.
#[tokio::test]
async fn section_10_2_policies_over_a_restart() {
    let (world, _receiver, ca) = world().await;
    let first = world.mx(&ca);
    world.sts("1", "enforce", "mx.example.org");
    assert_eq!(deliver(&first).await, Deferred);
    let lines: Vec<String> = first.sts_policies().iter().map(ToString::to_string).collect();
    assert_eq!(lines.len(), 1);
    assert!(lines[0].starts_with("example.org 1 2026-01-01T12:00:00Z version: STSv1; mode: enforce; "), "{lines:?}");

    // An attacker now hides the record and the policy.
    world.zone.remove(&"_mta-sts.example.org".parse().unwrap(), RecordKind::Txt);
    assert_eq!(deliver(&world.mx(&ca)).await, Accepted, "a new one knows nothing");
    let restarted = || {
        let mx = world.mx(&ca);
        mx.keep_sts_policies(lines.iter().map(|line| line.parse().unwrap()));
        mx
    };
    let second = restarted();
    assert_eq!((deliver(&second).await, second.sts_policies().len()), (Deferred, 1));
    world.clock.advance(Duration::from_secs(86_400)).await;
    assert_eq!(deliver(&second).await, Accepted, "its time is over, counted from when it was fetched");
    let third = restarted();
    assert_eq!((deliver(&third).await, third.sts_policies().len()), (Accepted, 0));
    assert_eq!(world.web.requests().len(), 1);
}
