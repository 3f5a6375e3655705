//! Retry and giving up: RFC 5321 §4.5.4.1, and greylisting as RFC 6647 describes it.

use std::time::Duration;

use posthaste_queue::{Progression, RecipientState, Schedule, Settled, Window};
use posthaste_types::{
    Cause, DnsFault, Ending, Fate, NetworkFault, Outcome, OutcomeKind, Repeat, Reply, Stage, Timestamp,
};
use proptest::prelude::*;

const START: Timestamp = Timestamp::from_unix_secs(1_800_000_000);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

fn reply(text: &str) -> Outcome {
    let reply = Reply::parse(text.as_bytes()).expect("a reply");
    Outcome::from_reply(reply, Stage::Rcpt)
}

fn deferred() -> Outcome {
    reply("450 4.2.1 try again later")
}

/// Every attempt of one recipient, by the time since acceptance, until it ends.
struct Run {
    attempts: Vec<Duration>,
    ending: Ending,
}

/// Runs a recipient in virtual time: `answer` gives the outcome of an attempt so long after acceptance.
fn run(schedule: &Schedule, chance: impl Fn(usize) -> u32, answer: impl Fn(usize, Duration) -> Outcome) -> Run {
    let expires = START.saturating_add(schedule.expire);
    let (mut state, mut now, mut attempts) = (RecipientState::default(), START, Vec::new());
    loop {
        state = state.begun();
        let n = attempts.len();
        attempts.push(now.since(START));
        let outcome = answer(n, now.since(START));
        let window = Window::new(START, expires, now);
        assert!(!window.is_over(), "an attempt behind the time");
        match Progression::of(&state, &outcome, Fate::Delivered, window, schedule, chance(n)) {
            Progression::End(ending) => return Run { attempts, ending },
            Progression::Retry(next) => {
                assert!(next > now, "a wait of nothing");
                state = state.after(&Settled::Retry { outcome, next });
                now = next;
            }
            other => panic!("{other:?}"),
        }
    }
}

fn steady(schedule: &Schedule) -> Run {
    let mut schedule = schedule.clone();
    schedule.jitter_permille = 0;
    run(&schedule, |_| 0, |_, _| deferred())
}

#[test]
fn section_4_5_4_1_two_attempts_in_the_first_hour_then_every_two_or_three_hours() {
    let attempts = steady(&Schedule::default()).attempts;
    let minutes: Vec<u64> = attempts.iter().take(8).map(|since| since.as_secs() / 60).collect();
    assert_eq!(minutes, [0, 5, 20, 50, 110, 230, 410, 590]);
    assert!(attempts.iter().filter(|since| **since < HOUR).count() >= 2);
    let later = attempts.windows(2).filter(|pair| pair[0] >= 2 * HOUR).map(|pair| pair[1] - pair[0]);
    assert!(later.clone().count() > 20);
    for wait in later {
        assert!((2 * HOUR..=3 * HOUR).contains(&wait), "{wait:?}");
    }
}

#[test]
fn section_4_5_4_1_given_up_after_four_to_five_days() {
    let run = steady(&Schedule::default());
    assert_eq!(run.ending.fate, Fate::Expired);
    assert!(run.ending.after > 96 * HOUR - 3 * HOUR && run.ending.after <= 96 * HOUR, "{:?}", run.ending.after);
    assert_eq!(run.ending.attempts as usize, run.attempts.len(), "every attempt is counted");
    assert_eq!(run.ending.cause.as_ref(), Some(deferred().cause()), "the last word of the peer is the cause");
}

#[test]
fn section_4_2_1_the_first_digit_decides() {
    let schedule = Schedule::default();
    for (text, fate) in
        [("250 2.1.5 OK", Some(Fate::Delivered)), ("550 5.1.1 no such user", Some(Fate::Bounced)), ("451 later", None)]
    {
        let state = RecipientState::default().begun();
        let window = Window::new(START, START.saturating_add(schedule.expire), START);
        let judged = Progression::of(&state, &reply(text), Fate::Delivered, window, &schedule, 0);
        match (judged, fate) {
            (Progression::End(ending), Some(fate)) => assert_eq!((ending.fate, ending.attempts), (fate, 1), "{text}"),
            (Progression::Retry(_), None) => {}
            (judged, fate) => panic!("{text}: {judged:?}, not {fate:?}"),
        }
    }
}

#[test]
fn behind_a_relay_acceptance_is_relayed() {
    let window = Window::new(START, START.saturating_add(HOUR), START);
    let state = RecipientState::default().begun();
    let judged = Progression::of(&state, &reply("250 OK"), Fate::Relayed, window, &Schedule::default(), 0);
    assert!(matches!(judged, Progression::End(ending) if ending.fate == Fate::Relayed));
}

#[test]
fn rfc6647_greylisting_is_passed_early() {
    // A server that takes what comes back after its delay, and forgets a client after its window.
    for (delay, window) in [
        (MINUTE, HOUR),
        (5 * MINUTE, 2 * HOUR),
        (5 * MINUTE, 48 * HOUR),
        (30 * MINUTE, 4 * HOUR),
        (HOUR, 24 * HOUR),
        (24 * HOUR, 48 * HOUR),
    ] {
        for chance in [0, 200, 400, 13, 377] {
            let greylist = |_, since: Duration| {
                if since >= delay && since < window { reply("250 OK") } else { reply("451 4.7.1 greylisted") }
            };
            let run = run(&Schedule::default(), |_| chance, greylist);
            assert_eq!(run.ending.fate, Fate::Delivered, "{delay:?} {window:?}");
            let late = run.ending.after.saturating_sub(delay);
            assert!(late <= delay * 3 / 2 + 20 * MINUTE && late <= 4 * HOUR, "{delay:?}: {late:?} later than could be");
        }
    }
}

#[test]
fn what_the_peer_asks_for_is_waited_for() {
    let schedule = Schedule::default();
    let wait = |asked: Option<Duration>, accepted: Timestamp| {
        let outcome = Outcome::deferred(Cause::http(429, "slow down")).retry_after(asked);
        let window = Window::new(accepted, accepted.saturating_add(schedule.expire), START);
        let state = RecipientState::default().begun();
        match Progression::of(&state, &outcome, Fate::Relayed, window, &schedule, 200) {
            Progression::Retry(next) => Ok(next.since(START)),
            Progression::End(ending) => Err(ending.fate),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(wait(None, START), Ok(5 * MINUTE));
    assert_eq!(wait(Some(MINUTE), START), Ok(5 * MINUTE), "a shorter wait than ours does not hurry us");
    assert_eq!(wait(Some(7 * HOUR), START), Ok(7 * HOUR), "a longer one is honoured");
    assert_eq!(wait(Some(97 * HOUR), START), Err(Fate::Expired), "longer than is left ends it");
    assert_eq!(wait(Some(Duration::MAX), START), Err(Fate::Expired), "without an overflow");
    let near_the_end = START.saturating_sub(96 * HOUR - 5 * MINUTE);
    assert_eq!(wait(None, near_the_end), Ok(5 * MINUTE), "an attempt at the very end is made");
}

#[test]
fn doubt_is_repeated_under_the_same_key() {
    let doubt = Outcome::in_doubt(Cause::local("no answer to the final dot"));
    let mut state = RecipientState::default().begun();
    assert_eq!(state.repeat(), Repeat::First);
    let settle = |state: RecipientState, outcome: &Outcome| {
        state.after(&Settled::Retry { outcome: outcome.clone(), next: START })
    };
    state = settle(state, &doubt);
    assert_eq!((state.generation, state.repeat()), (0, Repeat::AfterDoubt));
    state = settle(state.begun(), &doubt);
    assert_eq!(
        (state.generation, state.steps, state.attempts),
        (0, 2, 2),
        "doubt is a step, so that it does not go on for ever"
    );
    state = state.begun().after(&Settled::Unmade { cause: Cause::local("no connection"), next: START });
    assert_eq!(
        (state.generation, state.steps, state.repeat()),
        (0, 2, Repeat::AfterDoubt),
        "what was not made answers nothing"
    );
    let domain = "mx.example.org".parse().unwrap();
    let unanswered = [
        Cause::network(NetworkFault::ConnectionRefused, "connection refused"),
        Cause::dns(DnsFault::Temporary, domain, "no answer"),
        Cause::tls("the certificate has expired"),
        Cause::local("the Mailer stopped"),
    ];
    for cause in unanswered {
        state = settle(state.begun(), &Outcome::deferred(cause));
        assert_eq!((state.generation, state.repeat()), (0, Repeat::AfterDoubt), "nobody said that it was not taken");
        assert_eq!(state.last.as_ref(), Some(&doubt), "and what is in doubt is told");
    }
    assert_eq!((state.steps, state.attempts), (6, 7), "each is a step");
    state = settle(state.begun(), &deferred());
    assert_eq!((state.generation, state.repeat()), (1, Repeat::AfterAnswer), "an answer ends the doubt");
    state = settle(
        state.begun(),
        &Outcome::deferred(Cause::network(NetworkFault::ConnectionRefused, "connection refused")),
    );
    assert_eq!((state.generation, state.repeat()), (2, Repeat::AfterAnswer), "where there was none, there is none");
    state = state.begun().abandoned();
    assert_eq!((state.generation, state.repeat(), state.attempts), (2, Repeat::AfterDoubt, 10), "a crash is doubt");
}

#[test]
fn who_waits_too_long_expires_with_the_last_word() {
    let (expires, now) = (START.saturating_add(HOUR), START.saturating_add(2 * HOUR));
    let window = Window::new(START, expires, now);
    assert!(window.is_over() && !Window::new(START, expires, expires).is_over());
    let state = RecipientState::default().begun().after(&Settled::Retry { outcome: deferred(), next: now });
    let ending = Progression::expired(&state, window, None);
    assert_eq!((ending.fate, ending.after, ending.attempts), (Fate::Expired, 2 * HOUR, 1));
    assert_eq!(ending.cause.as_ref(), Some(deferred().cause()));
    let told = Cause::local("the route is held");
    assert_eq!(Progression::expired(&state, window, Some(told.clone())).cause, Some(told));
    assert_eq!(Progression::expired(&RecipientState::default(), window, None).cause, None);
}

#[test]
fn a_clock_set_back_makes_no_negative_age() {
    let window = Window::new(START, START.saturating_add(HOUR), START.saturating_sub(HOUR));
    let judged = Progression::of(
        &RecipientState::default().begun(),
        &reply("250 OK"),
        Fate::Delivered,
        window,
        &Schedule::default(),
        0,
    );
    assert!(matches!(judged, Progression::End(ending) if ending.after == Duration::ZERO));
}

fn schedules() -> impl Strategy<Value = Schedule> {
    let delays = prop::collection::vec(0..20_000_u64, 0..6);
    (delays, 0..2000_u32, 0..900_000_u64).prop_map(|(delays, jitter, expire)| {
        let mut schedule = Schedule::default();
        schedule.delays = delays.into_iter().map(Duration::from_secs).collect();
        schedule.jitter_permille = jitter;
        // Enough for what takes long, not so much that a schedule of zeros runs for a day here.
        schedule.expire = Duration::from_secs(
            expire.min(2000 * schedule.delays.iter().map(Duration::as_secs).max().unwrap_or(300).max(1)),
        );
        schedule
    })
}

proptest! {
    #[test]
    fn jitter_stays_within_its_bounds(schedule in schedules(), steps in any::<u32>(), chance in any::<u32>()) {
        let base = schedule.delays.get(steps as usize).or(schedule.delays.last()).copied().unwrap_or(5 * MINUTE);
        let spread = schedule.jitter_permille.min(1000);
        let delay = schedule.delay(steps, chance);
        let least = (base * (1000 - spread) / 1000).max(Duration::from_secs(1));
        let most = (base * (1000 + spread) / 1000).max(Duration::from_secs(1));
        prop_assert!(least <= delay && delay <= most, "{least:?} {delay:?} {most:?}");
    }

    #[test]
    fn huge_waits_do_not_overflow(chance in any::<u32>(), jitter in any::<u32>()) {
        let mut schedule = Schedule::default();
        (schedule.delays, schedule.jitter_permille) = (vec![Duration::MAX], jitter);
        let delay = schedule.delay(0, chance);
        prop_assert!(delay >= Duration::from_secs(1));
        prop_assert!(START.saturating_add(delay) > START);
    }

    #[test]
    fn every_recipient_ends_once_in_time_and_as_it_was_answered(
        schedule in schedules(),
        chance in any::<u32>(),
        kinds in prop::collection::vec(0..10_u8, 1..40),
    ) {
        let answer = |n: usize, _| match kinds[n % kinds.len()] {
            0 => Outcome::accepted(Cause::local("taken")),
            1 => Outcome::refused(Cause::local("no")),
            2..4 => Outcome::in_doubt(Cause::local("who knows")),
            4 => deferred().retry_after(Some(7 * HOUR)),
            _ => deferred(),
        };
        let run = run(&schedule, |n| chance.wrapping_mul(n as u32 + 1), answer);
        let last = answer(run.attempts.len() - 1, Duration::ZERO);
        let fate = match last.kind() {
            OutcomeKind::Accepted => Fate::Delivered,
            OutcomeKind::Refused => Fate::Bounced,
            _ => Fate::Expired,
        };
        prop_assert_eq!(run.ending.fate, fate, "the last answer decides, and no earlier one could");
        let ended = |n: usize| matches!(answer(n, Duration::ZERO).kind(), OutcomeKind::Accepted | OutcomeKind::Refused);
        prop_assert!((0..run.attempts.len() - 1).all(|n| !ended(n)), "nothing is tried behind an end (I1)");
        prop_assert!(run.ending.after <= schedule.expire, "within its time");
        prop_assert_eq!(run.ending.attempts as usize, run.attempts.len());
    }
}
