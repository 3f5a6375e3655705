//! The clauses about what is not known, about deadlines and about dropping.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::join;

use super::{PATIENCE, ResolveFixture, Scene, answer, ask, name, publish, soon};
use crate::answer::{Dnssec, Presence};
use crate::error::DnsErrorKind;
use crate::ext::ResolveExt;
use crate::record::RecordKind;
use crate::resolve::Resolve;

pub(super) async fn not_known_is_an_error_of_its_own_kind<F: ResolveFixture + ?Sized>(fixture: &F) {
    let zone = fixture.zone();
    for (label, kind) in
        [("bogus", DnsErrorKind::Bogus), ("refused", DnsErrorKind::Refused), ("servfail", DnsErrorKind::ServFail)]
    {
        let on = format!("{label}.fault.contract.example");
        publish(fixture, &format!("{on} A 192.0.2.3"));
        zone.fail(&name(&on), kind);
        let error = match ask(fixture, &on, RecordKind::A).await {
            Ok(answer) => panic!("contract: {on} is not known, but: {answer:?}"),
            Err(error) => error,
        };
        assert!(error.is_transient(), "contract: {kind:?} is transient");
        assert_eq!(error.name(), Some(&name(&on)), "contract: the error says what was asked");
        if kind == DnsErrorKind::Bogus && !fixture.shows(Scene::Bogus) {
            println!("skipped: that a bogus answer is told from a failed server");
            continue;
        }
        assert_eq!(error.kind(), kind, "contract: {on}: {error:?}");
    }
    // What lies behind an alias is not known either.
    publish(fixture, "alias.fault.contract.example CNAME servfail.fault.contract.example");
    let error = ask(fixture, "alias.fault.contract.example", RecordKind::A).await;
    assert_eq!(error.map_err(|error| error.kind()), Err(DnsErrorKind::ServFail), "contract: behind an alias");
}

pub(super) async fn a_loop_of_aliases_is_an_error<F: ResolveFixture + ?Sized>(fixture: &F) {
    publish(fixture, "a.loop.contract.example CNAME b.loop.contract.example");
    publish(fixture, "b.loop.contract.example CNAME a.loop.contract.example");
    let result = ask(fixture, "a.loop.contract.example", RecordKind::A).await;
    assert!(result.is_err(), "contract: a loop of aliases is an error: {result:?}");
}

pub(super) async fn deadlines_are_kept<F: ResolveFixture + ?Sized>(fixture: &F) {
    let on = name("silent.fault.contract.example");
    fixture.zone().fail(&on, DnsErrorKind::Timeout);
    let (resolver, clock) = (fixture.resolver(), fixture.clock());
    let by = clock.tick().saturating_add(Duration::from_secs(1));
    let question = resolver.resolve(&on, RecordKind::A, by);
    let result = within(question, fixture.advance(Duration::from_secs(2))).await;
    assert_eq!(result.map_err(|error| error.kind()), Err(DnsErrorKind::Timeout), "contract: the error comes by `by`");

    // A moment that is past may still be answered from memory, but nothing is waited for.
    let result = within(resolver.resolve(&on, RecordKind::A, by), fixture.advance(Duration::ZERO)).await;
    assert_eq!(result.map_err(|error| error.kind()), Err(DnsErrorKind::Timeout), "contract: `by` is past");
}

/// The output of `question`, which must be there when `time` has passed.
async fn within<T>(question: impl Future<Output = T>, time: impl Future<Output = ()>) -> T {
    let (mut question, mut time) = (pin!(question), pin!(time));
    poll_fn(|context| {
        let first = question.as_mut().poll(context);
        if first.is_ready() || time.as_mut().poll(context).is_pending() {
            return first;
        }
        let last = question.as_mut().poll(context);
        assert!(last.is_ready(), "contract: the answer or the error comes by `by`");
        last
    })
    .await
}

pub(super) async fn dropping_cancels_without_a_trace<F: ResolveFixture + ?Sized>(fixture: &F) {
    publish(fixture, "dropped.contract.example A 192.0.2.4");
    let on = name("dropped.contract.example");
    let resolver = fixture.resolver();
    {
        let mut dropped = pin!(resolver.resolve(&on, RecordKind::A, soon(fixture)));
        poll_fn(|context| Poll::Ready(dropped.as_mut().poll(context).is_ready())).await;
    }
    let found = answer(fixture, "dropped.contract.example", RecordKind::A).await;
    assert_eq!(found.presence(), Presence::Found, "contract: a dropped question leaves no trace");
}

pub(super) async fn questions_run_concurrently<F: ResolveFixture + ?Sized>(fixture: &F) {
    publish(fixture, "many.contract.example A 192.0.2.5\n many.contract.example AAAA 2001:db8::5");
    fixture.zone().fail(&name("stuck.many.contract.example"), DnsErrorKind::Timeout);
    let (resolver, by) = (fixture.resolver(), soon(fixture));
    let (many, stuck) = (name("many.contract.example"), name("stuck.many.contract.example"));
    let answered = async {
        let twins = join(resolver.addresses(&many, by), resolver.addresses(&many, by)).await;
        for addresses in [twins.0, twins.1] {
            let addresses = addresses.expect("contract: a question is answered while others wait");
            assert_eq!(addresses.values.len(), 2, "contract: every question gets its own answer: {addresses:?}");
        }
        fixture.advance(PATIENCE * 2).await;
    };
    let (stuck, ()) = join(resolver.resolve(&stuck, RecordKind::A, by), answered).await;
    assert!(stuck.is_err(), "contract: each question has its own deadline: {stuck:?}");
}

pub(super) async fn one_named_server_is_asked<F: ResolveFixture + ?Sized>(fixture: &F) {
    let resolver = fixture.resolver();
    let Some(server) = fixture.server() else {
        let kind = resolver.at(([192, 0, 2, 53], 53).into()).map(|_| ()).map_err(|error| error.kind());
        assert_eq!(kind, Err(DnsErrorKind::Unsupported), "contract: who cannot ask one server, says so");
        return;
    };
    publish(fixture, "at.signed.example TXT here");
    let there = resolver.at(server).expect("contract: a resolver is made without a question");
    let on = name("at.signed.example");
    let found = there.resolve(&on, RecordKind::Txt, soon(fixture)).await.expect("contract: the server answers");
    assert_eq!(found.presence(), Presence::Found, "contract: the one server is asked");
    assert_ne!(found.dnssec(), Dnssec::Secure, "contract: no trust in a server for its word alone");
}
