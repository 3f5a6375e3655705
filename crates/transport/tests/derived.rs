//! Attempts derived from others: what is told to one is known to the other, and nothing is sent twice.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use posthaste_transport::{Attempt, Memory, Outcomes, Progress, Transport};
use posthaste_types::{Address, Cause, Content, Envelope, Mail, MailId, Outcome, OutcomeKind};
use proptest::prelude::*;

fn attempt(recipients: usize) -> Attempt {
    let address = |n: usize| Address::parse(&format!("to{n}@example.org")).unwrap();
    let envelope = Envelope::new(address(0), (0..recipients).map(address)).unwrap();
    let content = Content::from_canonical(b"Subject: hi\r\n\r\n".to_vec()).unwrap();
    Attempt::builder(Mail::new(MailId::from_bytes([1; 16]), envelope, content)).progress(Progress::Tracked).build()
}

fn accepted() -> Outcome {
    Outcome::accepted(Cause::local("yes"))
}

fn refused() -> Outcome {
    Outcome::refused(Cause::local("no"))
}

fn kinds(outcomes: &Outcomes) -> Vec<OutcomeKind> {
    outcomes.iter().map(Outcome::kind).collect()
}

#[test]
fn a_part_has_its_own_recipients_and_key_and_settles_them_in_the_whole() {
    let whole = attempt(4);
    let part = whole.narrowed(&[3, 1, 3, 9]).unwrap();
    let names: Vec<&str> = part.recipients().iter().map(|to| to.address.local_part()).collect();
    assert_eq!(names, ["to3", "to1"], "in the order asked for, once each");
    assert_ne!(part.key(), whole.key());
    assert_eq!(part.key(), whole.narrowed(&[3, 1]).unwrap().key());
    part.settle(0, refused());
    part.settle(0, accepted());
    part.settle(7, accepted());
    assert_eq!(whole.settled(), [None, None, None, Some(refused())]);
    whole.settle(1, accepted());
    assert_eq!(part.settled(), [Some(refused()), Some(accepted())]);
    assert!(whole.narrowed(&[]).is_none());
    assert!(whole.narrowed(&[4]).is_none());
    assert_eq!(whole.narrowed(&[0, 1, 2, 3]).unwrap().key(), whole.key());
}

#[test]
fn giving_up_judges_each_recipient_by_how_far_his_part_had_come() {
    let whole = attempt(3);
    let (sent, started, waiting) =
        (whole.narrowed(&[0]).unwrap(), whole.narrowed(&[1]).unwrap(), whole.narrowed(&[2]).unwrap());
    sent.past_return().unwrap();
    started.start().unwrap();
    let outcomes = whole.give_up(Cause::local("out of time"));
    assert_eq!(kinds(&outcomes), [OutcomeKind::InDoubt, OutcomeKind::Deferred, OutcomeKind::Deferred]);
    for part in [sent, started, waiting] {
        assert!(part.start().is_err() && part.past_return().is_err());
    }
}

#[test]
fn giving_up_a_part_touches_nobody_else() {
    let whole = attempt(2);
    let (one, other) = (whole.narrowed(&[0]).unwrap(), whole.narrowed(&[1]).unwrap());
    assert_eq!(kinds(&one.give_up(Cause::local("too slow"))), [OutcomeKind::Deferred]);
    assert!(one.past_return().is_err());
    assert!(other.past_return().is_ok());
}

#[test]
fn withdrawing_holds_the_parts_that_have_not_begun() {
    let whole = attempt(2);
    let (begun, waiting) = (whole.narrowed(&[0]).unwrap(), whole.narrowed(&[1]).unwrap());
    begun.start().unwrap();
    assert!(whole.withdraw().is_err());
    assert!(waiting.start().is_err());
    assert!(begun.past_return().is_ok());
}

#[test]
fn another_try_forgets_what_the_last_one_settled_and_ends_it() {
    let whole = attempt(2);
    let first = whole.next_try().unwrap();
    assert_eq!(first.key(), whole.key());
    let part_of_first = first.narrowed(&[0]).unwrap();
    first.start().unwrap();
    first.settle(0, Outcome::deferred(Cause::local("later")));
    let second = whole.next_try().unwrap();
    assert_eq!(whole.settled(), [None, None]);
    for old in [first, part_of_first] {
        old.settle(0, refused());
        assert!(old.past_return().is_err());
        assert!(old.next_try().is_none());
        assert!(old.settled().iter().all(Option::is_none));
    }
    second.past_return().unwrap();
    second.settle(0, accepted());
    assert_eq!(whole.settled(), [Some(accepted()), None]);
    assert!(whole.next_try().is_none(), "it could duplicate");
    let outcomes = whole.give_up(Cause::local("out of time"));
    assert_eq!(kinds(&outcomes), [OutcomeKind::Accepted, OutcomeKind::InDoubt]);
}

#[test]
fn between_two_tries_an_attempt_can_be_withdrawn() {
    let whole = attempt(1);
    whole.next_try().unwrap().start().unwrap();
    let second = whole.next_try().unwrap();
    assert!(whole.withdraw().is_ok(), "I4: nothing is sent behind a suppression's commit");
    assert!(second.start().is_err());
}

#[test]
fn a_try_within_a_try_ends_with_it() {
    let whole = attempt(1);
    let outer = whole.next_try().unwrap();
    let inner = outer.next_try().unwrap();
    let again = outer.next_try().unwrap();
    assert!(inner.start().is_err());
    assert!(again.start().is_ok());
    assert!(whole.next_try().is_some());
    assert!(again.past_return().is_err());
}

#[test]
fn a_try_that_was_given_up_ends_alone() {
    let whole = attempt(2);
    let first = whole.next_try().unwrap();
    first.start().unwrap();
    first.within(Duration::from_secs(1)).give_up(Cause::local("too slow"));
    let second = whole.next_try().unwrap();
    assert!(first.past_return().is_err());
    assert!(second.past_return().is_ok());
    second.give_up(Cause::local("too slow"));
    assert!(whole.next_try().is_none(), "it is in doubt");
    let whole = attempt(1);
    whole.next_try().unwrap().give_up(Cause::local("too slow"));
    whole.give_up(Cause::local("out of time"));
    assert!(whole.next_try().unwrap().start().is_err(), "the whole is given up");
}

#[test]
fn given_up_twice_it_is_what_it_was() {
    let whole = attempt(2);
    whole.narrowed(&[1]).unwrap().past_return().unwrap();
    let outcomes = whole.give_up(Cause::local("out of time"));
    assert_eq!(kinds(&outcomes), [OutcomeKind::Deferred, OutcomeKind::InDoubt]);
    assert_eq!(whole.give_up(Cause::local("again")), outcomes);
}

#[test]
fn less_time_and_no_route() {
    let whole = attempt(1);
    assert_eq!(whole.within(Duration::from_secs(5)).within(Duration::from_secs(9)).timeout(), Duration::from_secs(5));
    assert!(whole.unrouted().route().is_none());
}

proptest! {
    /// However an attempt is cut into parts, the whole has one outcome for each recipient, in order.
    #[test]
    fn parts_put_together_keep_order_and_count(of in prop::collection::vec(0_usize..4, 1..12)) {
        let whole = attempt(of.len());
        let memory = Memory::new();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for arm in 0..4 {
            let places: Vec<usize> = (0..of.len()).filter(|place| of[*place] == arm).collect();
            let Some(part) = whole.narrowed(&places) else { continue };
            prop_assert_eq!(part.recipients().len(), places.len());
            if arm == 0 {
                part.settle_all(&Outcomes::all(&part, refused()));
            } else {
                part.settle_all(&runtime.block_on(memory.deliver(&part)).unwrap());
            }
        }
        let outcomes = Outcomes::settled_or(&whole, &Outcome::deferred(Cause::local("missing")));
        let expected: Vec<OutcomeKind> =
            of.iter().map(|arm| if *arm == 0 { OutcomeKind::Refused } else { OutcomeKind::Accepted }).collect();
        prop_assert_eq!(kinds(&outcomes), expected);
        let reached: Vec<Address> = memory.received().into_iter().flat_map(|one| one.to).collect();
        prop_assert_eq!(reached.len(), of.iter().filter(|arm| **arm != 0).count());
        prop_assert_eq!(reached.iter().collect::<HashSet<_>>().len(), reached.len());
    }
}

/// What an attempt went over is known to those derived from it, and to the one that it comes from.
#[test]
fn passages_are_shared_and_bounded() {
    use posthaste_transport::Passage;
    let whole = attempt(3);
    let part = whole.narrowed(&[1]).unwrap();
    part.passed(Passage::to("mx1.example.org"));
    whole.next_try().unwrap().within(Duration::from_secs(1)).passed(Passage::to("mx2.example.org"));
    let hosts: Vec<String> = whole.passages().iter().map(ToString::to_string).collect();
    assert_eq!(hosts, ["mx1.example.org, in clear", "mx2.example.org, in clear"]);
    (0..100).for_each(|_| whole.passed(Passage::to("mx")));
    assert_eq!((part.passages().len(), attempt(1).passages().len()), (64, 0));
}

/// I4: nothing begins behind a suppression's commit, not with another hop either.
#[test]
fn what_is_withdrawn_when_it_had_begun_goes_on_there_and_begins_nowhere_else() {
    let whole = attempt(1);
    let first = whole.next_try().unwrap();
    first.start().unwrap();
    assert!(whole.withdraw().is_err(), "it has begun");
    assert!(first.start().is_err(), "a second host hears nothing");
    assert!(first.past_return().is_ok(), "the first one may be told the rest");
    first.settle(0, Outcome::deferred(Cause::local("451 later")));
    assert!(whole.next_try().is_none(), "no other hop hears of it");

    // The recall of one try ends that try alone.
    let whole = attempt(1);
    let first = whole.next_try().unwrap();
    first.start().unwrap();
    assert!(first.withdraw().is_err());
    assert!(whole.next_try().unwrap().start().is_ok());
}

/// Who waits before the first command is told of a withdrawal, whichever attempt it comes to.
#[test]
fn who_waits_is_told_of_a_withdrawal() {
    let withdrawals: [fn(&Attempt); 3] = [
        |whole| whole.withdraw().unwrap(),
        |whole| drop(whole.give_up(Cause::local("out of time"))),
        |whole| whole.narrowed(&[1]).unwrap().withdraw().unwrap(),
    ];
    for withdraw in withdrawals {
        let whole = attempt(2);
        let next = whole.next_try().unwrap().within(Duration::from_secs(1));
        let other = whole.narrowed(&[0]).unwrap();
        let told = Arc::new(Told::default());
        let waker = Waker::from(told.clone());
        let mut context = Context::from_waker(&waker);
        let mut waiting = std::pin::pin!(next.until_withdrawn());
        for _ in 0..3 {
            assert!(waiting.as_mut().poll(&mut context).is_pending());
        }
        other.start().unwrap();
        assert!(waiting.as_mut().poll(&mut context).is_pending(), "that somebody begins is no withdrawal");
        assert_eq!(told.0.load(Ordering::Relaxed), 0);
        withdraw(&attempt(2));
        assert_eq!(told.0.load(Ordering::Relaxed), 0, "another attempt");
    }
    for withdraw in withdrawals {
        let whole = attempt(2);
        let next = whole.next_try().unwrap().within(Duration::from_secs(1));
        let told = Arc::new(Told::default());
        let waker = Waker::from(told.clone());
        let mut context = Context::from_waker(&waker);
        let mut waiting = std::pin::pin!(next.until_withdrawn());
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        withdraw(&whole);
        assert_eq!(told.0.load(Ordering::Relaxed), 1);
        assert!(waiting.as_mut().poll(&mut context).is_ready());
        assert!(next.start().is_err());
    }
}

#[derive(Default)]
struct Told(AtomicUsize);

impl Wake for Told {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
