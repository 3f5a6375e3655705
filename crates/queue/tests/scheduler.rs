//! Who goes first: turns, priorities, doubt, holds, and what is told of it.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::time::Duration;

use posthaste_queue::{Batch, Due, Offered, Scheduler, SchedulerConfig, SiteKey};
use posthaste_types::{Cause, Constraint, MailId, Outcome, Repeat, Text, Tick, Timestamp};

fn at(secs: i64) -> Timestamp {
    Timestamp::from_unix_secs(1_800_000_000 + secs)
}

fn tick(secs: u64) -> Tick {
    Tick::from_start(Duration::from_secs(secs))
}

fn id(n: u32) -> MailId {
    MailId::from_bytes(u128::from(n).to_be_bytes())
}

fn due(mail: u32, recipient: u32) -> Due {
    Due::new(id(mail), recipient, "example.org".parse().unwrap(), at(0), at(3600))
}

fn urgent(mail: u32, priority: i8) -> Due {
    let mut due = due(mail, 0);
    due.priority = priority;
    due
}

fn site(name: &str) -> SiteKey {
    SiteKey::new(name)
}

fn scheduler(attempts: usize, per_site: usize) -> Scheduler {
    let mut config = SchedulerConfig::default();
    (config.max_attempts, config.max_attempts_per_site) = (attempts, per_site);
    Scheduler::new(config)
}

/// Gives batches one after the other, each done before the next.
fn sequence(scheduler: &mut Scheduler, count: usize) -> Vec<Batch> {
    let mut given = Vec::new();
    while given.len() < count
        && let Some(batch) = scheduler.next(Tick::default())
    {
        scheduler.done(batch.id);
        given.push(batch);
    }
    given
}

fn sites(given: &[Batch]) -> Vec<&str> {
    given.iter().map(|batch| batch.site.as_str()).collect()
}

#[test]
fn equal_sites_take_turns() {
    let mut scheduler = scheduler(10, 10);
    for mail in 0..9 {
        scheduler.offer(due(mail, 0), site(["a", "b", "c"][mail as usize / 3]));
    }
    let given = sequence(&mut scheduler, 9);
    for round in sites(&given).chunks(3) {
        let mut round = round.to_vec();
        round.sort_unstable();
        assert_eq!(round, ["a", "b", "c"], "{:?}", sites(&given));
    }
}

#[test]
fn a_large_site_neither_starves_small_ones_nor_is_starved_by_them() {
    let mut scheduler = scheduler(256, 20);
    for mail in 0..1600 {
        scheduler.offer(due(mail, 0), site("large"));
    }
    for small in 0..1000 {
        scheduler.offer(due(10_000 + small, 0), site(&format!("small-{small}")));
    }
    let given = sequence(&mut scheduler, 2600);
    assert_eq!(given.len(), 2600, "everybody comes out");
    let is_large = |batch: &Batch| batch.site.as_str() == "large";
    let last_small = given.iter().rposition(|batch| !is_large(batch)).unwrap();
    let meanwhile = last_small - 999;
    assert!((10..100).contains(&meanwhile), "the large one has turns among the small ones, by the root: {meanwhile}");
    let longest = given[..last_small].chunk_by(|a, b| is_large(a) == is_large(b)).map(<[Batch]>::len).max().unwrap();
    assert!(longest < 700, "and they are spread: {longest}");
}

#[test]
fn a_slow_site_cannot_take_every_place() {
    let mut scheduler = scheduler(10, 4);
    for mail in 0..50 {
        scheduler.offer(due(mail, 0), site("slow"));
    }
    let mut under_way = 0;
    while scheduler.next(tick(0)).is_some() {
        under_way += 1;
    }
    assert_eq!(under_way, 4, "a site has its share of places and no more");
    scheduler.offer(due(100, 0), site("other"));
    assert_eq!(scheduler.next(tick(0)).map(|batch| batch.site), Some(site("other")));
}

#[test]
fn a_higher_priority_goes_first_and_the_lower_is_not_starved() {
    let mut scheduler = scheduler(10, 10);
    for mail in 0..400 {
        scheduler.offer(urgent(mail, -5), site("a"));
        scheduler.offer(urgent(1000 + mail, 0), site("b"));
    }
    let mut given = BTreeMap::<i8, usize>::new();
    let mut gaps = BTreeMap::<i8, usize>::new();
    let mut last = BTreeMap::<i8, usize>::new();
    for turn in 0..400_usize {
        // Urgent mail never ends.
        scheduler.offer(urgent(100_000 + turn as u32, 9), site("a"));
        scheduler.offer(urgent(200_000 + turn as u32, 9), site("b"));
        let batch = sequence(&mut scheduler, 1).remove(0);
        let priority = match batch.mail {
            mail if mail < id(1000) => -5,
            mail if mail < id(100_000) => 0,
            _ => 9,
        };
        *given.entry(priority).or_default() += 1;
        let gap = turn - last.insert(priority, turn).unwrap_or(0);
        gaps.entry(priority).and_modify(|most| *most = gap.max(*most)).or_insert(gap);
    }
    assert_eq!(given[&9], 300, "three of four are urgent: {given:?}");
    assert_eq!((given[&0], given[&-5]), (50, 50), "the others share the fourth: {given:?}");
    assert!(gaps.values().all(|gap| *gap <= 8), "nobody waits for long: {gaps:?}");
}

#[test]
fn a_recipient_waits_for_a_bounded_number_of_turns() {
    // Everybody else comes back as soon as it is done, and new sites come all the time.
    let mut scheduler = scheduler(1, 1);
    for n in 0..50 {
        scheduler.offer(due(n, 0), site(&format!("back-{n}")));
    }
    scheduler.offer(due(7777, 0), site("patient"));
    let mut turns = 0;
    loop {
        let batch = sequence(&mut scheduler, 1).remove(0);
        if batch.mail == id(7777) {
            break;
        }
        let mut back = due(0, 0);
        back.mail = batch.mail;
        scheduler.offer(back, batch.site);
        scheduler.offer(due(10_000 + turns, 0), site(&format!("new-{turns}")));
        turns += 1;
        assert!(turns < 200, "starved");
    }
    assert!(turns <= 120, "others go before it twice at most: {turns}");
}

#[test]
fn urgent_mail_finds_room_in_a_full_scheduler() {
    let mut config = SchedulerConfig::default();
    (config.max_ready, config.max_ready_per_site) = (4, 2);
    let mut scheduler = Scheduler::new(config);
    for mail in 0..4 {
        assert_eq!(scheduler.offer(due(mail, 0), site(["a", "b"][mail as usize / 2])), Offered::Taken);
    }
    assert_eq!(scheduler.offer(due(9, 0), site("a")), Offered::Full, "an equal one finds no room");
    assert_eq!(scheduler.offer(urgent(10, 1), site("a")), Offered::Taken, "a higher one does, at a full site");
    assert_eq!(scheduler.offer(urgent(11, 1), site("c")), Offered::Taken, "and in a full scheduler");
    assert_eq!((scheduler.ready(), scheduler.room()), (4, 0), "and the bound holds (I6)");
    let mails: Vec<MailId> = sequence(&mut scheduler, 9).iter().map(|batch| batch.mail).collect();
    assert!(mails[..2].contains(&id(10)) && mails[..2].contains(&id(11)), "{mails:?}");
    assert_eq!(mails.len(), 4);
    assert!(!mails.contains(&id(1)) && !mails.contains(&id(3)), "the last of the lower ones made room: {mails:?}");
}

#[test]
fn slow_sites_that_fill_the_memory_make_room_for_others() {
    let mut config = SchedulerConfig::default();
    (config.max_ready, config.max_ready_per_site) = (12, 6);
    let mut scheduler = Scheduler::new(config);
    for mail in 0..12 {
        assert_eq!(scheduler.offer(due(mail, 0), site(["a", "b"][mail as usize / 6])), Offered::Taken);
    }
    let taken = (100..112).filter(|mail| scheduler.offer(due(*mail, 0), site("c")) == Offered::Taken).count();
    assert_eq!(taken, 4, "no more than the others have then");
    let back = [5, 11].map(|mail| scheduler.offer(due(mail, 0), site(["a", "b"][mail as usize / 6])));
    assert_eq!(back, [Offered::Full; 2], "and it is not turned out again");
    assert_eq!(scheduler.offer(urgent(200, -1), site("d")), Offered::Full, "for a lower priority nobody makes room");
    assert_eq!((scheduler.ready(), scheduler.room()), (12, 0), "the bound holds (I6)");
    let given = sequence(&mut scheduler, 99);
    let of = |name: &str| given.iter().filter(|batch| batch.site == site(name)).count();
    assert_eq!((of("a"), of("b"), of("c"), given.len()), (4, 4, 4, 12));
}

#[test]
fn a_batch_is_of_one_mail_site_and_generation() {
    let mut scheduler = scheduler(99, 99);
    for recipient in 0..250 {
        scheduler.offer(due(1, recipient), site("a"));
    }
    scheduler.offer(due(2, 0), site("a"));
    scheduler.offer(due(1, 300), site("b"));
    let mut next_generation = due(1, 301);
    next_generation.state.generation = 1;
    next_generation.state.last = Some(Outcome::deferred(Cause::local("later")));
    scheduler.offer(next_generation, site("a"));
    let given = sequence(&mut scheduler, 99);
    let mut sizes: Vec<(u32, usize)> = given.iter().map(|batch| (batch.generation, batch.recipients.len())).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [(0, 1), (0, 1), (0, 50), (0, 100), (0, 100), (1, 1)]);
}

#[test]
fn those_in_doubt_together_come_again_together_and_with_nobody_else() {
    let mut scheduler = scheduler(99, 99);
    let doubt = |recipient, next, attempts| {
        let mut due = due(1, recipient);
        due.at = at(next);
        due.state.attempts = attempts;
        due.state.last = Some(Outcome::in_doubt(Cause::local("no answer")));
        due
    };
    let answered = |recipient| {
        let mut due = due(1, recipient);
        due.state.last = Some(Outcome::deferred(Cause::local("later")));
        due
    };
    for due in [doubt(0, 10, 1), answered(1), doubt(2, 10, 1), doubt(3, 20, 1), due(1, 4), doubt(5, 10, 2), answered(6)]
    {
        scheduler.offer(due, site("a"));
    }
    let mut given: Vec<(Repeat, Vec<u32>)> =
        sequence(&mut scheduler, 99).into_iter().map(|batch| (batch.repeat, batch.recipients)).collect();
    given.sort_by(|a, b| a.1.cmp(&b.1));
    let expected = [
        (Repeat::AfterDoubt, vec![0, 2]),
        (Repeat::AfterAnswer, vec![1, 6]),
        (Repeat::AfterDoubt, vec![3]),
        (Repeat::First, vec![4]),
        (Repeat::AfterDoubt, vec![5]),
    ];
    assert_eq!(given, expected);
}

#[test]
fn nothing_is_given_of_a_held_route_until_its_time() {
    let mut scheduler = scheduler(9, 9);
    scheduler.offer(due(1, 0), site("a"));
    scheduler.hold(&site("a"), tick(60), Text::lossy("the password was refused"));
    scheduler.offer(due(2, 0), site("a"));
    assert_eq!(scheduler.next(tick(59)), None);
    assert_eq!(scheduler.next_release(), Some(tick(60)));
    let told = scheduler.explain(id(1), 0, tick(59));
    assert_eq!(told, [Constraint::RouteHeld { why: Text::lossy("the password was refused") }]);
    assert!(scheduler.next(tick(60)).is_some(), "a hold ends by itself");
    scheduler.hold(&site("a"), tick(900), Text::lossy("again"));
    assert_eq!(scheduler.next(tick(61)), None);
    assert!(scheduler.release(&site("a")) && !scheduler.release(&site("a")));
    assert!(scheduler.next(tick(61)).is_some(), "or by a word");
}

#[test]
fn held_routes_are_bounded() {
    let mut config = SchedulerConfig::default();
    config.max_ready = 3;
    let mut scheduler = Scheduler::new(config);
    for n in 0..100 {
        scheduler.hold(&site(&format!("site-{n}")), tick(100 - n), Text::lossy("held"));
    }
    let held = (0..100).filter(|n| !scheduler.explain_site(&site(&format!("site-{n}")), tick(0)).is_empty());
    assert_eq!(held.collect::<Vec<_>>(), [0, 1, 99], "of too many holds the one that ends first goes (I6)");
}

#[test]
fn what_holds_a_recipient_is_told() {
    let mut scheduler = scheduler(2, 1);
    for mail in 0..3 {
        scheduler.offer(due(mail, 0), site("a"));
        scheduler.offer(due(mail, 1), site("a"));
    }
    let explain = |scheduler: &Scheduler, mail| scheduler.explain(id(mail), 1, tick(0));
    assert_eq!(explain(&scheduler, 0), [], "the first one waits for nothing");
    assert_eq!(explain(&scheduler, 2), [Constraint::Backlog { ahead: 4 }]);
    let first = scheduler.next(tick(0)).unwrap();
    assert_eq!(explain(&scheduler, 0), [], "nothing is told of what is under way");
    let at_limit = Constraint::Shape { rule: Text::lossy("attempts at a"), used: 1, limit: 1 };
    assert_eq!(explain(&scheduler, 1), std::slice::from_ref(&at_limit));
    assert_eq!(explain(&scheduler, 2), [at_limit.clone(), Constraint::Backlog { ahead: 2 }]);
    assert_eq!(scheduler.explain_site(&site("a"), tick(0)), [at_limit, Constraint::Backlog { ahead: 4 }]);
    scheduler.offer(due(9, 0), site("b"));
    scheduler.next(tick(0)).unwrap();
    scheduler.offer(due(9, 1), site("b"));
    let in_all = Constraint::Shape { rule: Text::lossy("attempts in all"), used: 2, limit: 2 };
    assert!(explain(&scheduler, 1).contains(&in_all));
    scheduler.done(first.id);
    assert_eq!(explain(&scheduler, 1), [], "a place that is free is told as free");
    assert_eq!(scheduler.explain(id(77), 0, tick(0)), [], "nothing is known of what is not here");
}

#[test]
fn a_cancelled_mail_is_withdrawn_but_for_what_is_under_way() {
    let mut scheduler = scheduler(9, 9);
    scheduler.offer(due(1, 0), site("a"));
    let batch = scheduler.next(tick(0)).unwrap();
    for recipient in 0..4 {
        scheduler.offer(due(1, recipient), site("a"));
    }
    assert_eq!(scheduler.withdraw(id(1)), 3);
    assert_eq!((scheduler.ready(), scheduler.in_flight(id(1))), (0, 1));
    assert_eq!(scheduler.offer(due(1, 0), site("a")), Offered::Known, "what is under way is known");
    scheduler.done(batch.id);
    assert_eq!(scheduler.offer(due(1, 0), site("a")), Offered::Taken, "what is done may come again");
}

#[test]
fn limits_of_nothing_give_nothing_and_do_not_panic() {
    let mut config = SchedulerConfig::default();
    config.max_recipients = 0;
    let mut one = Scheduler::new(config.clone());
    one.offer(due(1, 0), site("a"));
    one.offer(due(1, 1), site("a"));
    assert_eq!(one.next(tick(0)).map(|batch| batch.recipients), Some(vec![0]), "an attempt has at least one recipient");
    for field in 0..4 {
        let mut none = config.clone();
        match field {
            0 => none.max_attempts = 0,
            1 => none.max_attempts_per_site = 0,
            2 => none.max_ready = 0,
            _ => none.max_ready_per_site = 0,
        }
        let mut scheduler = Scheduler::new(none);
        scheduler.offer(due(1, 0), site("a"));
        scheduler.hold(&site("b"), tick(9), Text::lossy("held"));
        assert_eq!(scheduler.next(tick(0)), None);
    }
}
