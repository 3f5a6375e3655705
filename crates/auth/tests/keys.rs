//! The life of a key (RFC 6376 §3.6.1), in virtual time.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use posthaste_auth::keys::{
    KeyPlan, NextStep, Rotation, Sees, ServerView, Showing, Tended, ask_name_servers, carry_out, tend,
};
use posthaste_dns::{DnsErrorKind, MemoryZone, RecordKind, Rerouted};
use posthaste_sign::{KeyEntry, KeySecret, KeyStage, KeyState, KeyStore, MemoryKeys};
use posthaste_types::{DnsName, Domain, Tick, Timestamp};

const ED: &str = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
const ED2: &str = "v=DKIM1; k=ed25519; p=BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
const RSA: &str = "v=DKIM1; k=rsa; p=AAAA";
const DAY: Duration = Duration::from_secs(86_400);
const HOUR: Duration = Duration::from_secs(3600);

fn start() -> Timestamp {
    "2026-11-24T18:00:00Z".parse().unwrap()
}

fn name(text: &str) -> DnsName {
    text.parse().unwrap()
}

fn own() -> Domain {
    "example.com".parse().unwrap()
}

fn key(selector: &str, record: &str, stage: KeyStage) -> KeyEntry {
    let key = KeyEntry::new(own(), selector.parse().unwrap(), record, start()).unwrap();
    key.in_state(KeyState::new(stage, start()))
}

fn showing(views: &[Sees]) -> Showing {
    let host = |n: usize| name(&format!("ns{}.example.com", n + 1));
    Showing::new(views.iter().enumerate().map(|(n, sees)| ServerView::new(host(n), sees.clone())))
}

fn stages(rotation: &Rotation) -> Vec<KeyStage> {
    rotation.keys().iter().map(|key| key.state().stage).collect()
}

/// What is said and where the key stands, for each thing that its name servers may show.
#[test]
fn each_state_has_a_next_step() {
    use KeyStage::{Made, Removed, Retiring, Revoked, Shown, Signing};
    const UNKNOWN: Sees = Sees::Unknown(DnsErrorKind::Timeout);
    let table: [(KeyStage, Option<&[Sees]>, KeyStage, &str); 24] = [
        (Made, None, Made, "publish: s1._domainkey.example.com. IN TXT \"v=DKIM1; k=ed25519;"),
        (Made, Some(&[Sees::Nothing, Sees::Nothing]), Made, "publish: "),
        (Made, Some(&[Sees::Nothing, UNKNOWN]), Made, "publish: "),
        (Made, Some(&[Sees::Key, Sees::Nothing]), Made, "wait: ns2.example.com does not show s1."),
        (Made, Some(&[Sees::Key, UNKNOWN]), Made, "wait: ns2.example.com cannot be asked (no answer in time) for"),
        (Made, Some(&[]), Made, "wait: no name server of s1._domainkey.example.com is known"),
        (Made, Some(&[UNKNOWN]), Made, "wait: ns1.example.com cannot be asked"),
        (
            Made,
            Some(&[Sees::Key, Sees::Other]),
            Made,
            "replace what is published: ns2.example.com shows something else at",
        ),
        (
            Made,
            Some(&[Sees::Revoked]),
            Made,
            "replace what is published: ns1.example.com shows a key that is taken back",
        ),
        (
            Made,
            Some(&[Sees::Key, Sees::Key]),
            Shown,
            "wait: every name server shows s1._domainkey.example.com, it signs from",
        ),
        (Made, Some(&[Sees::Alias(name("k.esp.example")), Sees::Key]), Shown, "wait: every name server shows"),
        (Made, Some(&[Sees::Alias(name("k.esp.example"))]), Made, "wait: no name server"),
        (Shown, Some(&[Sees::Key, Sees::Nothing]), Made, "wait: ns2.example.com does not show"),
        (Shown, Some(&[Sees::Key, UNKNOWN]), Shown, "wait: ns2.example.com cannot be asked"),
        (Shown, None, Shown, "wait: every name server shows"),
        (
            Signing,
            Some(&[Sees::Key]),
            Signing,
            "nothing to do: s1._domainkey.example.com signs; follow it with a new key by 2027-05-23",
        ),
        (Signing, Some(&[UNKNOWN]), Signing, "nothing to do"),
        (
            Signing,
            Some(&[Sees::Key, Sees::Nothing]),
            Signing,
            "restore at once, mail fails: ns2.example.com does not show",
        ),
        (
            Retiring,
            Some(&[Sees::Key]),
            Retiring,
            "keep s1._domainkey.example.com: mail may still need it; safe to remove on 2026-12-06T18:00:00Z",
        ),
        (
            Retiring,
            Some(&[Sees::Revoked]),
            Retiring,
            "restore at once, mail fails: ns1.example.com shows a key that is taken back",
        ),
        (Revoked, None, Revoked, "publish: s1._domainkey.example.com. IN TXT \"v=DKIM1; k=ed25519; p=\""),
        (Revoked, Some(&[Sees::Key, Sees::Revoked]), Revoked, "wait: ns1.example.com shows the key at"),
        (
            Revoked,
            Some(&[Sees::Revoked]),
            Revoked,
            "keep s1._domainkey.example.com: it says that the key is taken back; safe to remove on",
        ),
        (Removed, Some(&[Sees::Key]), Removed, "nothing to do: s1._domainkey.example.com is removed"),
    ];
    for (stage, shown, expected, words) in table {
        let plan = KeyPlan::default();
        let mut state = KeyState::new(stage, start());
        if matches!(stage, Shown | Retiring | Revoked) {
            let hold = if stage == Shown { plan.settle } else { plan.hold() };
            state = state.until(start().saturating_add(hold));
        }
        let mut rotation = Rotation::new(plan, vec![key("s1", ED, stage).in_state(state)]);
        if let Some(views) = shown {
            rotation.handle_showing(start(), &name("s1._domainkey.example.com"), showing(views));
        }
        assert_eq!(stages(&rotation), [expected], "{stage} {shown:?}");
        let step = rotation.next_steps(start()).remove(0);
        assert!(step.to_string().starts_with(words), "{stage} {shown:?}: {step}");
        assert_eq!(step.name().as_str(), "s1._domainkey.example.com");
        assert!(!step.to_string().contains('\n'));
    }
}

#[test]
fn a_key_retires_only_after_the_longest_queue_life_and_seven_days() {
    let mut plan = KeyPlan::default();
    plan.queue_life = 3 * DAY;
    let (old, new) = (name("s1._domainkey.example.com"), name("s2._domainkey.example.com"));
    let keys =
        vec![key("s1", ED, KeyStage::Signing), key("s2", ED2, KeyStage::Made), key("r1", RSA, KeyStage::Signing)];
    let mut rotation = Rotation::new(plan, keys);
    let at = |time: Duration| start().saturating_add(time);
    rotation.handle_showing(at(HOUR), &new, showing(&[Sees::Key]));
    assert_eq!(stages(&rotation), [KeyStage::Signing, KeyStage::Shown, KeyStage::Signing]);
    assert_eq!(rotation.poll_timeout(at(HOUR)), Some(at(2 * HOUR)));
    let said: Vec<_> = rotation.next_steps(at(HOUR)).iter().map(ToString::to_string).collect();
    assert_eq!(said[0], "nothing to do: s1._domainkey.example.com signs until s2._domainkey.example.com does");
    assert!(said[2].contains("follow it with a new key by"), "{said:?}");
    rotation.handle_showing(at(2 * HOUR - Duration::from_micros(1)), &new, showing(&[Sees::Key]));
    assert_eq!(stages(&rotation)[1], KeyStage::Shown);
    rotation.handle_showing(at(2 * HOUR), &new, showing(&[Sees::Key]));
    // The RSA key is of another kind: receivers that do not know Ed25519 need it.
    assert_eq!(stages(&rotation), [KeyStage::Retiring, KeyStage::Signing, KeyStage::Signing]);
    let moves: Vec<_> = std::iter::from_fn(|| rotation.poll_move()).collect();
    let told: Vec<_> = moves.iter().map(|step| format!("{} {}", step.selector, step.to.stage)).collect();
    assert_eq!(told, ["s2 shown", "s2 signing", "s1 retiring"], "the new one signs before the old one retires");

    let end = 2 * HOUR + 10 * DAY;
    assert_eq!(rotation.keys()[0].state().until, Some(at(end)));
    for (time, shown, stage, step) in [
        (end - HOUR, Sees::Key, KeyStage::Retiring, "keep s1."),
        (end - Duration::from_micros(1), Sees::Nothing, KeyStage::Retiring, "restore at once"),
        (end, Sees::Key, KeyStage::Retiring, "remove s1."),
        (end, Sees::Other, KeyStage::Retiring, "remove s1."),
        (end, Sees::Unknown(DnsErrorKind::ServFail), KeyStage::Retiring, "remove s1."),
        (end + DAY, Sees::Nothing, KeyStage::Removed, "nothing to do: s1._domainkey.example.com is removed"),
    ] {
        rotation.handle_showing(at(time), &old, showing(std::slice::from_ref(&shown)));
        let said = rotation.next_steps(at(time)).remove(0).to_string();
        assert!(rotation.keys()[0].state().stage == stage && said.starts_with(step), "{shown:?}: {said}");
    }
    let late = at(200 * DAY);
    assert!(matches!(rotation.next_steps(late)[1], NextStep::Rotate { .. }));
}

#[test]
fn revoking_is_told_from_removing() {
    let it = name("s1._domainkey.example.com");
    let mut rotation = Rotation::new(KeyPlan::default(), vec![key("s1", ED, KeyStage::Signing)]);
    rotation.revoke(start(), &it);
    rotation.revoke(start().saturating_add(HOUR), &it); // once
    assert_eq!(std::iter::from_fn(|| rotation.poll_move()).count(), 1);
    assert_eq!(
        rotation.next_steps(start())[0].to_string(),
        "publish: s1._domainkey.example.com. IN TXT \"v=DKIM1; k=ed25519; p=\""
    );
    // That the record is gone is not that it says so: receivers that kept it go on to accept it.
    rotation.handle_showing(start(), &it, showing(&[Sees::Nothing]));
    assert!(rotation.next_steps(start())[0].is_action());
    rotation.handle_showing(start(), &it, showing(&[Sees::Revoked]));
    assert!(rotation.next_steps(start())[0].to_string().contains("safe to remove on 2026-12-06T18:00:00Z"));
    let end = start().saturating_add(12 * DAY);
    assert!(matches!(rotation.next_steps(end)[0], NextStep::Remove { .. }));
    rotation.handle_showing(end, &it, showing(&[Sees::Nothing]));
    assert_eq!(stages(&rotation), [KeyStage::Removed]);
    rotation.retire(end, &it);
    rotation.revoke(end, &it);
    assert_eq!((stages(&rotation), rotation.poll_timeout(end)), (vec![KeyStage::Removed], None));
}

#[test]
fn a_key_that_never_signed_may_go_at_once() {
    let it = name("s1._domainkey.example.com");
    let mut rotation = Rotation::new(KeyPlan::default(), vec![key("s1", ED, KeyStage::Made)]);
    rotation.retire(start(), &it);
    assert!(matches!(rotation.next_steps(start())[0], NextStep::Remove { .. }));
    rotation.handle_showing(start(), &it, showing(&[Sees::Nothing]));
    assert_eq!(stages(&rotation), [KeyStage::Removed]);
}

/// A zone with two name servers, each with a zone of its own in memory.
struct Net {
    everybody: MemoryZone,
    ns: [MemoryZone; 2],
    dns: Rerouted,
}

impl Net {
    fn new() -> Self {
        let everybody: MemoryZone = "example.com NS ns1.example.com\nexample.com NS ns2.example.net\n\
             ns1.example.com A 192.0.2.1\nns1.example.com AAAA 2001:db8::1\nns2.example.net A 192.0.2.2\n\
             esp.example NS ns1.example.com"
            .parse()
            .unwrap();
        let ns = [MemoryZone::new(), MemoryZone::new()];
        let dns = Rerouted::new(everybody.clone())
            .with("192.0.2.1:53".parse().unwrap(), ns[0].clone())
            .with("[2001:db8::1]:53".parse().unwrap(), ns[0].clone())
            .with("192.0.2.2:53".parse().unwrap(), ns[1].clone());
        Self { everybody, ns, dns }
    }

    fn publish(&self, on: &[usize], selector: &str, record: &str) {
        let at = name(&format!("{selector}._domainkey.example.com"));
        for server in on {
            self.ns[*server].remove(&at, RecordKind::Txt);
            if !record.is_empty() {
                self.ns[*server].add(&format!("{at}. IN TXT \"{record}\"")).unwrap();
            }
        }
    }

    async fn tend(&self, store: &MemoryKeys, at: Timestamp) -> Tended {
        tend(store, &self.dns, &own(), &KeyPlan::default(), at, Tick::default()).await.unwrap()
    }

    async fn ask(&self) -> Vec<(String, Sees)> {
        let showing = ask_name_servers(&self.dns, &name("s1._domainkey.example.com"), ED, Tick::default()).await;
        showing.servers.into_iter().map(|view| (view.host.to_string(), view.sees)).collect()
    }
}

#[tokio::test]
async fn every_authoritative_server_is_asked() {
    let net = Net::new();
    let of = |a: Sees, b: Sees| [("ns1.example.com".to_owned(), a), ("ns2.example.net".to_owned(), b)];
    assert_eq!(net.ask().await, of(Sees::Nothing, Sees::Nothing));
    // Written otherwise, it is the same key.
    net.publish(&[0], "s1", "k=ed25519; t=s; p=11qYAYKxCrfVS/7TyWQHOg7hc vPapiMlrwIaaPcHURo=");
    assert_eq!(net.ask().await, of(Sees::Key, Sees::Nothing));
    net.publish(&[1], "s1", "v=DKIM1; k=ed25519; p=");
    assert_eq!(net.ask().await, of(Sees::Key, Sees::Revoked));
    for other in [ED2, RSA, "v=spf1 -all"] {
        net.publish(&[1], "s1", other);
        assert_eq!(net.ask().await, of(Sees::Key, Sees::Other), "{other}");
    }
    net.publish(&[1], "s1", ED);
    net.ns[1].add(&format!("s1._domainkey.example.com. IN TXT \"{ED2}\"")).unwrap();
    assert_eq!(net.ask().await, of(Sees::Key, Sees::Other), "of several records receivers may use none");
    net.ns[1].fail(&name("s1._domainkey.example.com"), DnsErrorKind::Refused);
    assert_eq!(net.ask().await, of(Sees::Key, Sees::Unknown(DnsErrorKind::Refused)));
    net.everybody.remove(&name("ns2.example.net"), RecordKind::A);
    assert_eq!(net.ask().await, of(Sees::Key, Sees::Unknown(DnsErrorKind::Network)), "a server without an address");
    net.everybody.fail(&name("example.com"), DnsErrorKind::ServFail);
    assert_eq!(net.ask().await, [(".".to_owned(), Sees::Unknown(DnsErrorKind::ServFail))]);
    assert_eq!(net.everybody.asked(&name("s1._domainkey.example.com"), RecordKind::Txt), 0, "past every cache");
}

#[tokio::test]
async fn addresses_of_one_server_that_differ_are_both_told() {
    let net = Net::new();
    net.everybody.add("ns2.example.net AAAA 2001:db8::1").unwrap();
    net.publish(&[0, 1], "s1", ED);
    assert_eq!(net.ask().await.len(), 2);
    net.publish(&[1], "s1", "");
    let found = net.ask().await;
    assert_eq!(found.len(), 3, "{found:?}");
    // One that cannot be reached, as IPv6 from many hosts, counts only if no other answers.
    net.ns[0].fail(&name("s1._domainkey.example.com"), DnsErrorKind::Network);
    let nothing = ("ns2.example.net".to_owned(), Sees::Nothing);
    assert_eq!(net.ask().await[1..], [nothing]);
}

#[tokio::test]
async fn an_alias_is_followed_to_the_servers_of_its_target() {
    let net = Net::new();
    for server in &net.ns {
        server.add("s1._domainkey.example.com CNAME k.esp.example").unwrap();
    }
    let alias = Sees::Alias(name("k.esp.example"));
    let host = |n: &str, sees: &Sees| (n.to_owned(), sees.clone());
    let both = [host("ns1.example.com", &alias), host("ns2.example.net", &alias)];
    let found = net.ask().await;
    assert_eq!(found, [&both[..], &[host("ns1.example.com", &Sees::Nothing)]].concat());
    net.ns[0].add(&format!("k.esp.example TXT \"{ED}\"")).unwrap();
    assert_eq!(net.ask().await, [&both[..], &[host("ns1.example.com", &Sees::Key)]].concat());
    // A circle, and a chain without an end.
    net.ns[0].remove(&name("k.esp.example"), RecordKind::Txt);
    net.ns[0].add("k.esp.example CNAME s1._domainkey.example.com").unwrap();
    assert_eq!(net.ask().await.len(), 3);
    let chain: String = (0..50).map(|n| format!("c{n}.esp.example CNAME c{}.esp.example\n", n + 1)).collect();
    net.ns[0].add(&chain).unwrap();
    net.ns[0].remove(&name("k.esp.example"), RecordKind::Cname);
    net.ns[0].add("k.esp.example CNAME c0.esp.example").unwrap();
    assert!(net.ask().await.len() <= 2 + Showing::MAX_ALIASES);
}

/// From the first key to the removal of it, by its ports, with a process that ends after every round.
#[tokio::test]
async fn a_rotation_from_end_to_end() {
    let (net, store) = (Net::new(), MemoryKeys::new());
    let secret = KeySecret::new(vec![7; 32]).unwrap();
    let mut now = start();
    let put = |selector: &str, record: &str, at: Timestamp| {
        KeyEntry::new(own(), selector.parse().unwrap(), record, at).unwrap()
    };
    store.put(&put("s1", ED, now), &secret).await.unwrap();
    assert!(net.tend(&store, now).await.steps[0].is_action());
    net.publish(&[0], "s1", ED);
    let round = net.tend(&store, now).await;
    assert_eq!(round.steps[0].to_string(), "wait: ns2.example.net does not show s1._domainkey.example.com");
    assert_eq!(round.next, Some(now.saturating_add(Duration::from_secs(300))));
    net.publish(&[1], "s1", ED);
    now = net.tend(&store, now).await.next.unwrap();
    assert_eq!(net.tend(&store, now).await.moves[0].to.stage, KeyStage::Signing);

    now = now.saturating_add(181 * DAY);
    assert!(matches!(net.tend(&store, now).await.steps[0], NextStep::Rotate { .. }));
    store.put(&put("s2", ED2, now), &secret).await.unwrap();
    net.publish(&[0, 1], "s2", ED2);
    now = net.tend(&store, now).await.next.unwrap();
    let round = net.tend(&store, now).await;
    assert_eq!(round.moves.len(), 2, "{round:?}");
    assert_eq!(store.secret(&own(), &"s1".parse().unwrap()).await.unwrap(), None, "it signs no more");
    assert!(store.secret(&own(), &"s2".parse().unwrap()).await.unwrap().is_some());
    assert!(net.tend(&store, now).await.moves.is_empty(), "a round that finds nothing new changes nothing");

    while let NextStep::Keep { .. } = net.tend(&store, now).await.steps[0] {
        now = net.tend(&store, now).await.next.unwrap();
    }
    assert_eq!(
        net.tend(&store, now).await.steps[0].to_string(),
        "remove s1._domainkey.example.com: nothing needs it any more"
    );
    net.publish(&[0, 1], "s1", "");
    assert_eq!(net.tend(&store, now).await.moves[0].to.stage, KeyStage::Removed);
    assert_eq!(net.tend(&store, now).await.showings.len(), 1);
}

/// Two processes, one move; and a store that fails loses nothing.
#[tokio::test]
async fn moves_are_kept_once() {
    let store = MemoryKeys::new();
    store.put(&key("s1", ED, KeyStage::Made), &KeySecret::new(vec![7]).unwrap()).await.unwrap();
    let it = name("s1._domainkey.example.com");
    let keys = store.keys(None).await.unwrap();
    let mut two = [(); 2].map(|()| Rotation::new(KeyPlan::default(), keys.clone()));
    for (second, rotation) in two.iter_mut().enumerate() {
        let at = start().saturating_add(Duration::from_secs(second as u64));
        rotation.handle_showing(at, &it, showing(&[Sees::Key]));
    }
    store.fail();
    assert!(carry_out(&store, &mut two[0].clone()).await.unwrap_err().is_transient());
    store.recover();
    assert_eq!(carry_out(&store, &mut two[0]).await.unwrap().len(), 1);
    assert_eq!(carry_out(&store, &mut two[1]).await.unwrap().len(), 0);
    assert_eq!(store.keys(None).await.unwrap()[0].state().since, start());
}

/// A key to follow another, in a store; and the machine of a process that has seen it everywhere.
async fn about_to_follow() -> (MemoryKeys, Rotation) {
    let store = MemoryKeys::new();
    let secret = KeySecret::new(vec![7]).unwrap();
    store.put(&key("s1", ED, KeyStage::Signing), &secret).await.unwrap();
    store.put(&key("s2", ED2, KeyStage::Shown), &secret).await.unwrap();
    let mut rotation = Rotation::new(KeyPlan::default(), store.keys(None).await.unwrap());
    rotation.handle_showing(start().saturating_add(HOUR), &name("s2._domainkey.example.com"), showing(&[Sees::Key]));
    assert_eq!(stages(&rotation), [KeyStage::Retiring, KeyStage::Signing]);
    (store, rotation)
}

async fn kept(store: &MemoryKeys) -> Vec<KeyStage> {
    store.keys(None).await.unwrap().iter().map(|key| key.state().stage).collect()
}

/// Another process revokes the new key while this one lets it begin: the old one signs on.
#[tokio::test]
async fn no_key_retires_for_one_that_does_not_begin() {
    let (store, mut rotation) = about_to_follow().await;
    let mut other = Rotation::new(KeyPlan::default(), store.keys(None).await.unwrap());
    other.revoke(start(), &name("s2._domainkey.example.com"));
    assert_eq!(carry_out(&store, &mut other).await.unwrap().len(), 1);
    assert_eq!(carry_out(&store, &mut rotation).await.unwrap(), []);
    assert_eq!(kept(&store).await, [KeyStage::Signing, KeyStage::Revoked]);
}

/// A process that ends between two moves leaves both keys signing; the next one finds the rest.
#[tokio::test]
async fn a_key_whose_successor_signs_retires_in_a_later_round() {
    let (store, mut rotation) = about_to_follow().await;
    let first = rotation.poll_move().unwrap();
    assert!(store.advance(&first.domain, &first.selector, first.from, first.to).await.unwrap());
    drop(rotation);
    assert_eq!(kept(&store).await, [KeyStage::Signing, KeyStage::Signing]);
    let mut next = Rotation::new(KeyPlan::default(), store.keys(None).await.unwrap());
    let now = start().saturating_add(2 * HOUR);
    next.handle_showing(now, &name("s1._domainkey.example.com"), showing(&[Sees::Key]));
    next.handle_showing(now, &name("s2._domainkey.example.com"), showing(&[Sees::Key, Sees::Nothing]));
    assert!(next.poll_move().is_none(), "not for one that is not seen");
    next.handle_showing(now, &name("s2._domainkey.example.com"), showing(&[Sees::Key]));
    assert_eq!(carry_out(&store, &mut next).await.unwrap().len(), 1);
    let old = store.keys(None).await.unwrap()[0].state();
    assert_eq!((old.stage, old.until), (KeyStage::Retiring, Some(now.saturating_add(12 * DAY))));
}
