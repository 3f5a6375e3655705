//! RouteBy: each recipient to his transport, and the outcomes in the order of the whole.

use std::sync::Arc;

use posthaste_layers::RouteBy;
use posthaste_transport::{Answer, Attempt, Idempotency, Memory, Progress, SiteId, Transport, TransportErrorKind};
use posthaste_types::{Cause, DnsName, Domain};
use proptest::prelude::*;

use crate::*;

struct Three {
    memories: [Arc<Memory>; 3],
    transport: RouteBy,
}

/// `example.org` and below to the second, `*.test` to the third.
fn three() -> Three {
    let memories = [(); 3].map(|()| Arc::new(Memory::relay()));
    let [default, within, test] = [0, 1, 2].map(|n: usize| shared(&memories[n]));
    let transport = RouteBy::new(default)
        .within("example.org".parse().unwrap(), within)
        .when(|domain| domain.as_str().ends_with(".test"), test);
    Three { memories, transport }
}

const MIXED: [&str; 4] = ["a@x.test", "b@example.net", "c@mail.example.org", "d@example.org"];

#[tokio::test]
async fn an_attempt_is_divided_and_its_outcomes_keep_their_order() {
    let Three { memories, transport } = three();
    memories[1].plan(&address(MIXED[2]), [reply(550, "5.1.1 no")]);
    memories[2].plan(&address(MIXED[0]), [reply(451, "4.7.1 later")]);
    let outcomes = transport.deliver(&attempt(&MIXED)).await.unwrap();
    assert_eq!(kinds(&outcomes), [Deferred, Accepted, Refused, Accepted]);
    assert_eq!(memories.map(|memory| taken(&memory).concat()), [vec![MIXED[1]], vec![MIXED[3]], vec![]]);
}

#[tokio::test]
async fn a_part_that_failed_is_deferred_and_the_others_stand() {
    let Three { memories, transport } = three();
    memories[0].plan(&address(MIXED[1]), [Answer::WrongCredential]);
    memories[2].plan(&address(MIXED[0]), [Answer::CutBehind]);
    let outcomes = transport.deliver(&attempt(&MIXED)).await.unwrap();
    assert_eq!(kinds(&outcomes), [InDoubt, Deferred, Accepted, Accepted]);
    assert!(outcomes.iter().nth(1).unwrap().to_string().contains("credentials"));
}

#[tokio::test]
async fn where_all_parts_failed_the_whole_did() {
    let Three { memories, transport } = three();
    memories[0].plan(&address(MIXED[1]), [Answer::WrongCredential]);
    memories[1].plan(&address(MIXED[2]), [Answer::CutBefore]);
    memories[2].plan(&address(MIXED[0]), [Answer::WrongCredential]);
    let error = transport.deliver(&attempt(&MIXED)).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Unreachable, "that which time may mend");
}

#[tokio::test]
async fn given_up_each_part_is_judged_by_itself() {
    let Three { memories, transport } = three();
    memories[0].plan(&address(MIXED[1]), [Answer::Hang]);
    let attempt = attempt(&MIXED);
    tokio::select! {
        biased;
        _ = transport.deliver(&attempt) => panic!("one part hangs"),
        () = std::future::ready(()) => {}
    }
    let outcomes = attempt.give_up(Cause::local("out of time"));
    assert_eq!(kinds(&outcomes), [Accepted, Deferred, Accepted, Accepted]);
}

#[tokio::test]
async fn an_attempt_for_one_transport_is_given_on_as_it_is() {
    let seen = Seen::new(|attempt| {
        assert!(attempt.route().is_some());
        assert_eq!(attempt.key().as_str(), Attempt::of(attempt.mail()).key().as_str());
    });
    let transport = RouteBy::new(Memory::new()).domain("example.org".parse().unwrap(), seen);
    let domain: Domain = "example.org".parse().unwrap();
    let route = transport.route(&domain).await.unwrap();
    let to = ["a@example.org", "b@example.org"];
    let attempt = Attempt::builder(mail_of(1, &to)).route(route).progress(Progress::Tracked).build();
    assert_eq!(kinds(&transport.deliver(&attempt).await.unwrap()), [Accepted, Accepted]);
}

#[tokio::test]
async fn by_who_receives_the_mail() {
    let google = Arc::new(Memory::relay());
    let of_google: DnsName = "google.com".parse().unwrap();
    let at = |host| {
        let of_google = of_google.clone();
        RouteBy::new(Seen::at(host))
            .received_by(move |hosts| hosts.iter().any(|host| host.name.is_within(&of_google)), shared(&google))
    };
    let domain: Domain = "example.org".parse().unwrap();
    assert_eq!(at("mx.example.org").route(&domain).await.unwrap().site().as_str(), "mx.example.org");
    let there = at("aspmx.l.google.com");
    assert_eq!(there.route(&domain).await.unwrap().site().as_str(), "relay/1");
    there.deliver(&attempt(&["a@example.org"])).await.unwrap();
    assert_eq!(taken(&google).len(), 1);
}

#[tokio::test]
async fn relays_behind_the_default_have_sites_of_their_own() {
    let Three { transport, .. } = three();
    let mut sites = Vec::new();
    for domain in ["example.net", "example.org", "x.test"] {
        sites.push(transport.route(&domain.parse().unwrap()).await.unwrap().site().clone());
    }
    assert_eq!(sites, [SiteId::relay(), SiteId::new("relay/1"), SiteId::new("relay/2")]);
}

proptest! {
    /// However recipients are spread, each has the outcome that his own transport gave.
    #[test]
    fn outcomes_are_those_of_the_recipients(of in prop::collection::vec((0_usize..3, any::<bool>()), 1..12)) {
        let Three { memories, transport } = three();
        let domain = ["example.net", "example.org", "x.test"];
        let to: Vec<String> = of.iter().enumerate().map(|(n, (arm, _))| format!("u{n}@{}", domain[*arm])).collect();
        for (to, (arm, refused)) in to.iter().zip(&of) {
            if *refused {
                memories[*arm].plan(&address(to), [reply(550, "5.1.1 no")]);
            }
        }
        let to: Vec<&str> = to.iter().map(String::as_str).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let outcomes = runtime.block_on(transport.deliver(&attempt(&to))).unwrap();
        let expected: Vec<_> = of.iter().map(|(_, refused)| if *refused { Refused } else { Accepted }).collect();
        prop_assert_eq!(kinds(&outcomes), expected);
    }
}

/// What goes to several relays through several of these layers keeps its places apart.
#[tokio::test]
async fn the_sites_of_relays_below_relays_differ() {
    let inner = RouteBy::new(Memory::relay()).domain("b.example".parse().unwrap(), Memory::relay());
    let outer = RouteBy::new(Memory::relay())
        .domain("c.example".parse().unwrap(), Memory::relay())
        .when(|to| to.as_str() != "d.example", inner);
    let mut sites = Vec::new();
    for domain in ["a.example", "b.example", "c.example", "d.example"] {
        sites.push(outer.route(&domain.parse().unwrap()).await.unwrap().site().as_str().to_owned());
    }
    assert_eq!(sites, ["relay/2", "relay/2/1", "relay/1", "relay"]);
}

#[tokio::test]
async fn a_rule_by_hosts_may_change_while_something_is_in_doubt() {
    let keyed = || Seen::at("mx.example.org");
    let by_domain = RouteBy::new(keyed()).domain("b.example".parse().unwrap(), keyed());
    assert_eq!(by_domain.capabilities().idempotency(), Idempotency::Keyed);
    let by_hosts = RouteBy::new(keyed()).received_by(|_| true, keyed());
    assert_eq!(by_hosts.capabilities().idempotency(), Idempotency::None);
}
