//! Which host gets the mail, and what is said if none does.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use posthaste_dns::{Answer, DnsError, DnsErrorKind, MemoryZone, RecordKind, Resolve};
use posthaste_mx::{Egress, InwardAddresses, Mx, MxConfig, Relay, Socks5};
use posthaste_testkit::VirtualClock;
use posthaste_transport::{Attempt, Direction, Route, RouteHost, Source, TraceSink, Transport, TransportErrorKind};
use posthaste_types::{Cause, Clock as _, DnsName, OutcomeKind, Tick};
use support::{Lines, Peer, Script, attempt, kinds, listeners, mail, mx, mx_with, texts};

const TWO_HOSTS: &str = "example.org MX 10 first.example.net\nexample.org MX 20 second.example.net
    first.example.net A 127.0.0.2\nsecond.example.net A 127.0.0.3";

/// Two hosts, the first with this script, the second with that one.
async fn two(first: Script, second: Script) -> (Mx, Peer, Peer) {
    let mut listeners = listeners(2).await.into_iter();
    let first = Peer::on(listeners.next().unwrap(), vec![first]);
    let second = Peer::on(listeners.next().unwrap(), vec![second]);
    (mx(TWO_HOSTS, first.port()), first, second)
}

/// What the first host does, how many connections each host gets, and the outcome.
#[tokio::test]
async fn what_passes_the_mail_on() {
    let accepted = "accepted (250 2.0.0 taken)";
    let s = Script::new;
    let table = [
        ("takes it", s(), (1, 0), accepted),
        ("554 greeting", s().greeting("554 5.7.1 no service"), (1, 1), accepted),
        ("421 greeting", s().greeting("421 4.3.2 later"), (1, 1), accepted),
        ("450 greeting", s().greeting("450 4.3.2 later"), (1, 1), accepted),
        ("no SMTP", s().greeting("SSH-2.0-OpenSSH"), (1, 1), accepted),
        ("550 to EHLO", s().ehlo("550 5.7.1 no"), (1, 1), accepted),
        ("421 to EHLO", s().ehlo("421 4.3.2 later"), (1, 1), accepted),
        ("closed at once", s().cut(0), (1, 1), accepted),
        ("421 to MAIL", s().answer("MAIL", "421 4.3.2 later"), (1, 1), accepted),
        ("closed at MAIL", s().answer("MAIL", "(close)"), (1, 1), accepted),
        ("450 to MAIL", s().answer("MAIL", "450 4.7.1 later"), (1, 0), "deferred (450 4.7.1 later)"),
        ("550 to MAIL", s().answer("MAIL", "550 5.7.1 no"), (1, 0), "refused (550 5.7.1 no)"),
        ("550 to RCPT", s().answer("RCPT", "550 5.1.1 nobody"), (1, 0), "refused (550 5.1.1 nobody)"),
        ("451 to RCPT", s().answer("RCPT", "451 4.7.1 greylisted"), (1, 0), "deferred (451 4.7.1 greylisted)"),
        ("554 to DATA", s().answer("DATA", "554 5.7.1 no"), (1, 0), "refused (554 5.7.1 no)"),
        ("552 at the end", s().answer(".", "552 5.3.4 too big"), (1, 0), "refused (552 5.3.4 too big)"),
        ("451 at the end", s().answer(".", "451 4.3.0 later"), (1, 0), "deferred (451 4.3.0 later)"),
    ];
    for (what, script, connections, outcome) in table {
        let (mx, first, second) = two(script, s()).await;
        let outcomes = mx.deliver(&Attempt::of(&mail(&["bob@example.org"]))).await.unwrap();
        assert_eq!(texts(&outcomes), [outcome], "{what}");
        assert_eq!((first.connections(), second.connections()), connections, "{what}");
    }
}

#[tokio::test]
async fn if_no_host_takes_it() {
    let s = |greeting| Script::new().greeting(greeting);
    let (no, later, up) = ("554 5.7.1 no service", "421 4.3.2 later", "220 hi");
    let table = [
        (s(no), s(no), "refused (554 5.7.1 no service)"),
        (s(no), s(later), "deferred (421 4.3.2 later)"),
        (s(later), s(no), "deferred (421 4.3.2 later)"),
        (s(no), s(up).cut(0), "deferred (connection closed: connection: the connection ended)"),
    ];
    for (first, second, outcome) in table {
        let (mx, _first, _second) = two(first, second).await;
        let outcomes = mx.deliver(&Attempt::of(&mail(&["bob@example.org", "eve@example.org"]))).await.unwrap();
        assert_eq!(texts(&outcomes), [outcome, outcome]);
    }
}

#[tokio::test]
async fn an_address_that_refuses_leads_to_the_next() {
    let mut all = listeners(3).await;
    let peer = Peer::on(all.pop().unwrap(), vec![Script::new()]);
    drop(all); // 127.0.0.2 and 127.0.0.3 refuse
    let mx = mx(
        "example.org MX 1 mx.example.org\nmx.example.org A 127.0.0.2\nmx.example.org A 127.0.0.3
        mx.example.org A 127.0.0.4",
        peer.port(),
    );
    let lines = Arc::new(Lines::default());
    let attempt = attempt(&mail(&["bob@example.org"])).trace(lines.clone()).build();
    assert_eq!(kinds(&mx.deliver(&attempt).await.unwrap()), [OutcomeKind::Accepted]);
    let text = lines.text();
    for word in ["connecting to mx.example.org [127.0.0.2]", "connection refused", "S: 354 go", "* the content"] {
        assert!(text.contains(&word.replace("* ", "*: ")), "{word}: {text}");
    }
    assert!(!text.contains("Subject"), "content is not written down: {text}");
}

#[tokio::test]
async fn the_address_limit() {
    let mut all = listeners(4).await;
    let peer = Peer::on(all.pop().unwrap(), vec![Script::new()]);
    drop(all);
    let zone = "example.org A 127.0.0.2\nexample.org A 127.0.0.3\nexample.org A 127.0.0.4\nexample.org A 127.0.0.5";
    for (limit, expected) in [(0, OutcomeKind::Deferred), (3, OutcomeKind::Deferred), (4, OutcomeKind::Accepted)] {
        let mx = mx_with(zone, peer.port(), &VirtualClock::new(), |config| config.address_limit = limit);
        let lines = Arc::new(Lines::default());
        let attempt = attempt(&mail(&["bob@example.org"])).trace(lines.clone()).build();
        assert_eq!(kinds(&mx.deliver(&attempt).await.unwrap()), [expected], "{limit}");
        let tried = lines.all().iter().filter(|line| line.contains("connecting")).count();
        assert_eq!(tried, limit.max(2), "RFC 5321 §5.1: at least two");
    }
}

#[tokio::test]
async fn hosts_without_addresses() {
    let hosts = "example.org MX 10 a.example.net\nexample.org MX 20 b.example.net";
    let none = "refused (DNS: no such domain: a.example.net: the mail host has no address)";
    let zone: MemoryZone = hosts.parse().unwrap();
    let deliver = async |zone: &MemoryZone| {
        let config = MxConfig::new("mail.example.com".parse().unwrap());
        let mx = Mx::new(Arc::new(zone.clone()), Arc::new(VirtualClock::new()), config);
        texts(&mx.deliver(&Attempt::of(&mail(&["bob@example.org"]))).await.unwrap())
    };
    assert_eq!(deliver(&zone).await, [none]);
    zone.fail(&"b.example.net".parse().unwrap(), DnsErrorKind::ServFail);
    assert_eq!(deliver(&zone).await, ["deferred (DNS: no answer: b.example.net: the DNS server failed)"]);
}

/// RFC 8305 §5: an address that does not answer holds nobody up longer than its head start, and is not forgotten.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_address_that_is_silent_leads_to_the_next() {
    // Linux drops what comes to a listener whose queue is full.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let full = socket.listen(0).unwrap();
    let address = full.local_addr().unwrap();
    let _in_queue = tokio::net::TcpStream::connect(address).await.unwrap();
    let Ok(second) = tokio::net::TcpListener::bind(("127.0.0.3", address.port())).await else {
        return println!("skipped: the port is taken on 127.0.0.3");
    };
    let peer = Peer::on(second, vec![Script::new()]);
    let clock = VirtualClock::new();
    let zone = "example.org MX 1 mx.example.org\nmx.example.org A 127.0.0.2\nmx.example.org A 127.0.0.3";
    let mx = Arc::new(mx_with(zone, peer.port(), &clock, |_| {}));
    let task =
        tokio::spawn(async move { kinds(&mx.deliver(&Attempt::of(&mail(&["bob@example.org"]))).await.unwrap()) });
    clock.advance(Duration::from_millis(499)).await;
    assert_eq!(peer.connections(), 0);
    clock.advance(Duration::from_millis(1)).await;
    assert_eq!(task.await.unwrap(), [OutcomeKind::Accepted]);
    assert_eq!(peer.connections(), 1);
}

/// RFC 5321 §5.1: hosts with an address of ours, and all that are not better, are left out.
#[tokio::test]
async fn addresses_of_this_host_lead_back() {
    let comes_back = |host: &str| format!("refused (5.4.6 the mail comes back: {host} has an address of this host)");
    let first = "first.example.net A 127.0.0.2\nsecond.example.net A 127.0.0.3\n";
    let table = [
        (10, 20, "127.0.0.2", comes_back("first.example.net"), (0, 0)),
        (10, 20, "127.0.0.3", "deferred (421 4.3.2 later)".to_owned(), (1, 0)),
        (10, 10, "127.0.0.3", comes_back("second.example.net"), (0, 0)),
        (10, 20, "127.0.0.4", "accepted (250 2.0.0 taken)".to_owned(), (1, 1)),
    ];
    for (one, other, own, expected, connections) in table {
        let mut listeners = listeners(2).await.into_iter();
        let busy = Script::new().greeting("421 4.3.2 later");
        let peers = [busy, Script::new()].map(|script| Peer::on(listeners.next().unwrap(), vec![script]));
        let hosts = format!("example.org MX {one} first.example.net\nexample.org MX {other} second.example.net\n");
        let mx = mx_with(&(hosts + first), peers[0].port(), &VirtualClock::new(), |config| {
            config.own_addresses = vec![own.parse().unwrap()];
        });
        let outcomes = mx.deliver(&Attempt::of(&mail(&["bob@example.org"]))).await.unwrap();
        assert_eq!(texts(&outcomes), [expected], "{one} {other} {own}");
        assert_eq!((peers[0].connections(), peers[1].connections()), connections, "{one} {other} {own}");
    }
}

/// The addresses of hosts that are equally preferred, by turns of the families; of a less preferred one, last.
#[tokio::test]
async fn families_by_turns_within_a_preference() {
    let zone = "example.org MX 10 a.example.net\nexample.org MX 10 b.example.net\nexample.org MX 20 c.example.net
        a.example.net AAAA 2001:db8::a\na.example.net A 192.0.2.10\nb.example.net AAAA 2001:db8::b
        b.example.net A 192.0.2.11\nc.example.net AAAA 2001:db8::c";
    let mx = mx_with(zone, 25, &VirtualClock::new(), |config| {
        config.inward = InwardAddresses::Allow;
        config.address_limit = 10;
        // Behind a proxy that answers everything with "unreachable", nothing is dialled in earnest.
        let proxy = Socks5::new("127.0.0.1:1".parse().unwrap());
        let source = |ip: &str| Source::new(ip.parse().unwrap(), "out.example.com".parse().unwrap());
        config.sources = ["192.0.2.7", "2001:db8::7"].map(|ip| Egress::new(source(ip)).through(proxy.clone())).to_vec();
    });
    let lines = Arc::new(Lines::default());
    let one = attempt(&mail(&["bob@example.org"])).trace(lines.clone()).build();
    assert!(mx.deliver(&one).await.is_err(), "no proxy");
    let tried: Vec<String> =
        lines.all().iter().filter_map(|line| Some(line.split_once("connecting to ")?.1.to_owned())).collect();
    let tried: Vec<&str> = tried.iter().map(|line| line.split(' ').next().unwrap()).collect();
    let families: Vec<bool> =
        lines.all().iter().filter(|line| line.contains("connecting")).map(|l| l.contains("[2001:")).collect();
    assert_eq!(families, [true, false, true, false, true], "{tried:?}");
    assert_eq!((tried[0], tried[2], tried[4]), (tried[1], tried[3], "c.example.net"), "{tried:?}");
}

#[tokio::test]
async fn recipients_of_several_domains_without_a_route() {
    let mut all = listeners(2).await;
    let second = Peer::on(all.pop().unwrap(), vec![Script::new().answer("RCPT", "550 5.1.1 nobody")]);
    let first = Peer::on(all.pop().unwrap(), vec![Script::new()]);
    let zone = "a.example MX 1 mx.example.net\nb.example MX 1 mx.example.net\nc.example A 127.0.0.3
        mx.example.net A 127.0.0.2\nnull.example MX 0 .";
    let mx = mx(zone, first.port());
    let mail = mail(&["1@a.example", "2@c.example", "3@b.example", "4@null.example", "5@a.example"]);
    let outcomes = mx.deliver(&Attempt::of(&mail)).await.unwrap();
    let (accepted, refused) = (OutcomeKind::Accepted, OutcomeKind::Refused);
    assert_eq!(kinds(&outcomes), [accepted, refused, accepted, refused, accepted]);
    assert_eq!(
        first.heard().concat()[1..5],
        ["MAIL FROM:<ada@example.com>", "RCPT TO:<1@a.example>", "RCPT TO:<3@b.example>", "RCPT TO:<5@a.example>",]
    );
    assert_eq!(second.connections(), 1);
}

#[tokio::test]
async fn the_source_is_dialled_from_and_names_itself() {
    let peer = Peer::start(vec![Script::new()]).await;
    let mx = mx("example.org A 127.0.0.1\nexample.org AAAA ::1", peer.port());
    let source = Source::new("127.0.0.9".parse().unwrap(), "out9.example.com".parse().unwrap());
    let one = attempt(&mail(&["bob@example.org"])).source(Some(source)).build();
    assert_eq!(kinds(&mx.deliver(&one).await.unwrap()), [OutcomeKind::Accepted]);
    assert_eq!(peer.heard()[0][0], "EHLO out9.example.com");
    // One that this machine does not have is a fault of ours.
    let source = Source::new("192.0.2.9".parse().unwrap(), "out9.example.com".parse().unwrap());
    let one = attempt(&mail(&["bob@example.org"])).source(Some(source)).build();
    assert_eq!(mx.deliver(&one).await.unwrap_err().kind(), TransportErrorKind::Misconfigured);
}

/// What a relay says of us bounces nobody.
#[tokio::test]
async fn a_relay_that_takes_nothing() {
    let s = |greeting| Script::new().greeting(greeting);
    let table = [
        (s("554 5.7.1 not you"), TransportErrorKind::Misconfigured),
        (s("421 4.3.2 later"), TransportErrorKind::Unreachable),
        (s("220 hi").cut(0), TransportErrorKind::Unreachable),
    ];
    for (script, kind) in table {
        let peer = Peer::start(vec![script]).await;
        let relay = Relay::from_url(&format!("smtp://127.0.0.1:{}", peer.port())).unwrap();
        let error = relay.deliver(&Attempt::of(&mail(&["bob@example.org"]))).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
    let port = listeners(1).await[0].local_addr().unwrap().port();
    let relay = Relay::from_url(&format!("smtp://127.0.0.2:{port}")).unwrap();
    let error = relay.deliver(&Attempt::of(&mail(&["bob@example.org"]))).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Unreachable, "{error}");
}

/// Gives its attempt up as soon as the content may go.
#[derive(Debug, Default)]
struct GiveUpAtContent(OnceLock<Attempt>);

impl TraceSink for GiveUpAtContent {
    fn line(&self, direction: Direction, line: &str) {
        if direction == Direction::Received && line.starts_with("354") {
            self.0.get().unwrap().give_up(Cause::local("given up"));
        }
    }
}

/// Whoever has an answer keeps it when the rest is given up: an error would say that nobody has one.
#[tokio::test]
async fn a_relay_that_answered_for_somebody() {
    let script = Script::new().ehlo("250 relay").answer("RCPT TO:<bob", "550 5.1.1 nobody");
    let peer = Peer::start(vec![script]).await;
    let relay = Relay::from_url(&format!("smtp://127.0.0.1:{}", peer.port())).unwrap();
    let sink = Arc::new(GiveUpAtContent::default());
    let attempt = attempt(&mail(&["ada@example.org", "bob@example.org"])).trace(sink.clone()).build();
    sink.0.set(attempt.clone()).unwrap();
    let outcomes = relay.deliver(&attempt).await.unwrap();
    assert_eq!(texts(&outcomes), ["deferred (given up)", "refused (550 5.1.1 nobody)"]);
}

/// A resolver that never answers, whatever the contract says.
#[derive(Debug)]
struct Silent;

#[async_trait::async_trait]
impl Resolve for Silent {
    async fn resolve(&self, _: &DnsName, _: RecordKind, _: Tick) -> Result<Answer, DnsError> {
        std::future::pending().await
    }
}

/// A zone whose name servers say nothing about one name, until the question's time is over.
#[derive(Debug)]
struct SilentAbout(MemoryZone, &'static str, VirtualClock);

#[async_trait::async_trait]
impl Resolve for SilentAbout {
    async fn resolve(&self, name: &DnsName, kind: RecordKind, by: Tick) -> Result<Answer, DnsError> {
        if name.as_str() == self.1 {
            self.2.sleep_until(by).await;
            return Err(DnsError::new(DnsErrorKind::Timeout));
        }
        self.0.resolve(name, kind, by).await
    }
}

/// Hosts of equal preference are asked for together; one of which nothing is heard holds up the others for no longer
/// than their head start, and has its turn if they take nothing.
#[tokio::test]
async fn a_silent_name_server_holds_nobody_up() {
    let zone = "example.org MX 10 a.example.net\nexample.org MX 10 b.example.net\na.example.net A 127.0.0.1
        b.example.net A 127.0.0.1";
    let cases = [
        (Script::new(), false, "accepted (250 2.0.0 taken)"),
        (Script::new().greeting("554 5.7.1 no"), true, "deferred (DNS: no answer: b.example.net"),
    ];
    for (script, waits_for_other, expected) in cases {
        let (clock, peer) = (VirtualClock::new(), Peer::start(vec![script]).await);
        let resolver = SilentAbout(zone.parse().unwrap(), "b.example.net", clock.clone());
        let mut config = MxConfig::new("mail.example.com".parse().unwrap());
        (config.port, config.inward) = (peer.port(), InwardAddresses::Allow);
        let mx = Mx::new(Arc::new(resolver), Arc::new(clock.clone()), config);
        let task =
            tokio::spawn(async move { texts(&mx.deliver(&Attempt::of(&mail(&["bob@example.org"]))).await.unwrap()) });
        clock.advance(Duration::from_millis(499)).await;
        assert_eq!(peer.connections(), 0);
        clock.advance(Duration::from_millis(1)).await;
        peer.wait_for(1).await;
        // Half a second is enough for the one; for the other, all of its question's time.
        for _ in 0..100 {
            if waits_for_other && !task.is_finished() {
                clock.advance(Duration::from_secs(1)).await;
            }
        }
        let text = task.await.unwrap().concat();
        assert!(text.starts_with(expected), "{text}");
    }
}

#[tokio::test]
async fn an_attempt_ends_in_time_in_the_dns_too() {
    let clock = VirtualClock::new();
    let config = MxConfig::new("mail.example.com".parse().unwrap());
    let mx = Arc::new(Mx::new(Arc::new(Silent), Arc::new(clock.clone()), config));
    let routed = Route::to_hosts(vec![RouteHost::new(1, "mx.example.org".parse().unwrap())]);
    let builder = || attempt(&mail(&["bob@example.org"])).timeout(Duration::from_secs(7));
    for attempt in [builder().build(), builder().route(routed).build()] {
        let mx = Arc::clone(&mx);
        let work = tokio::spawn(async move { texts(&mx.deliver(&attempt).await.unwrap()).concat() });
        clock.advance(Duration::from_secs(7)).await;
        let text = work.await.unwrap();
        assert!(text.starts_with("deferred (timed out: "), "{text}");
    }
}
