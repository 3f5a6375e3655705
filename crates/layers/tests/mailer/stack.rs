//! A whole stack: failover, routes, throttle, tee.

use std::num::NonZeroU32;

use posthaste_layers::{Dialogues, Failover, Limits, Rate, RouteBy, Suppress, Tee, Throttle, Timeout, Trace};
use posthaste_suppression::MemoryStore;
use posthaste_types::Clock;

use super::*;

/// The first relay cannot be reached, hangs or is up; the second is up. The rate is kept, and each mail is copied once.
#[tokio::test]
async fn thirty_mails_by_two_relays_a_throttle_a_list_and_an_archive() {
    let [near, far, archive] = [(); 3].map(|()| Arc::new(Memory::relay()));
    let dialogues = Dialogues::new(100);
    let (mailer, inbox) = mailer(|clock| {
        let first = Timeout::new(Trace::new(near.clone(), dialogues.sink()), Duration::from_secs(20), clock.clone());
        let both = Failover::new(first, clock.clone()).then(far.clone());
        let list = Arc::new(MemoryStore::new());
        let stack = Suppress::new(Tee::new(both, archive.clone()), list, clock.clone());
        let one_a_second = Rate::new(60.try_into().unwrap(), MINUTE);
        Throttle::new(stack, clock).overall(Limits::unlimited().rate(one_a_second).at_a_time(4))
    })
    .await;
    let names: Vec<String> = (0..30).map(|n| format!("reader{n}@example.org")).collect();
    for (n, name) in names.iter().enumerate() {
        let first = [Answer::Accept, Answer::CutBefore, Answer::Hang][n % 3].clone();
        near.plan(&address(name), [first]);
    }
    let began = mailer.now();
    let mut receipts = Vec::new();
    for name in &names {
        receipts.push(mailer.send(message(&[name])).await.unwrap());
    }
    inbox.advance(10 * MINUTE).await;
    for (n, name) in names.iter().enumerate() {
        assert_eq!(fates(&receipts[n]).await, [Some(Fate::Relayed)], "{name}");
        let by = (taken(&near, name), taken(&far, name), taken(&archive, name));
        assert_eq!(by, if n % 3 == 0 { (1, 0, 1) } else { (0, 1, 1) }, "{name}");
    }
    assert_eq!(dialogues.list().len(), 30, "the first relay was asked once for each mail");
    let mut at: Vec<u64> = Vec::new();
    for course in courses(&mailer).await.values() {
        assert_eq!(course.endings.len(), 1, "I1");
        at.push(course.endings[0].at.since(began).as_secs());
    }
    at.sort_unstable();
    // One a second begins; of those that hang for 20 s, four at a time hold the others up.
    assert!(at[0] <= 1 && at[29] >= 29, "{at:?}");
}

/// One mail to three places: each recipient goes where he belongs, and each ends by his own answer.
#[tokio::test]
async fn the_recipients_of_one_mail_go_by_their_domains() {
    let [intranet, partner, rest] = [(); 3].map(|()| Arc::new(Memory::relay()));
    let (mailer, inbox) = mailer(|_| {
        RouteBy::new(rest.clone())
            .within("corp.example".parse().unwrap(), intranet.clone())
            .domain("partner.example".parse().unwrap(), partner.clone())
    })
    .await;
    let to = ["ada@corp.example", "bob@hq.corp.example", "eve@partner.example", "zoe@example.org"];
    intranet.plan(&address(to[1]), [reply(550, "5.1.1 no such user")]);
    partner.plan(&address(to[2]), [reply(451, "4.7.1 later")]);
    rest.plan(&address(to[3]), [Answer::CutBefore]);
    let receipt = mailer.send(message(&to)).await.unwrap();
    inbox.settle().await;
    assert_eq!(fates(&receipt).await, [Some(Fate::Relayed), Some(Fate::Bounced), None, None]);
    inbox.advance(60 * MINUTE).await;
    let relayed = Some(Fate::Relayed);
    assert_eq!(fates(&receipt).await, [relayed, Some(Fate::Bounced), relayed, relayed]);
    let all = [&intranet, &partner, &rest];
    let times = to.map(|to| all.map(|memory| taken(memory, to)));
    assert_eq!(times, [[1, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 1]]);
    assert!(courses(&mailer).await.values().all(|course| course.endings.len() == 1), "I1");
}

/// What would have to wait too long for its turn is no failure of the recipient's.
#[tokio::test]
async fn who_finds_no_turn_in_time_is_not_bounced() {
    let relay = Arc::new(Memory::relay());
    let (mailer, inbox) = mailer(|clock| {
        let one_an_hour = Rate::new(1.try_into().unwrap(), 60 * MINUTE);
        Throttle::new(relay.clone(), clock).overall(Limits::unlimited().rate(one_an_hour))
    })
    .await;
    let first = mailer.send(message(&["ada@example.org"])).await.unwrap();
    inbox.settle().await;
    let second = mailer.send(message(&["bob@example.org"])).await.unwrap();
    inbox.advance(59 * MINUTE).await;
    assert_eq!((fates(&first).await, fates(&second).await), (vec![Some(Fate::Relayed)], vec![None]));
    inbox.advance(2 * MINUTE).await;
    assert_eq!(fates(&second).await, [Some(Fate::Relayed)]);
    let courses = courses(&mailer).await;
    let attempts = courses["bob@example.org"].endings[0].attempts;
    assert!(attempts <= 3, "he was told when to come again: {attempts} attempts");
    assert!(inbox.clock().tick().since_start() >= 61 * MINUTE);
}

/// Whoever waits for a turn, or for another try, waits for nothing that a stop, a cancellation or the list decides.
#[tokio::test]
async fn a_stop_does_not_wait_for_who_waits() {
    let rate = |clock: Arc<VirtualClock>| {
        let one_an_hour = Rate::new(NonZeroU32::MIN, 60 * MINUTE);
        Throttle::new(Memory::relay(), clock).overall(Limits::unlimited().rate(one_an_hour).at_a_time(1))
    };
    let settings = || {
        let mut settings = posthaste_engine::Settings::default();
        settings.attempt_timeout = 24 * 60 * MINUTE;
        settings
    };
    let test = TestMailer::new();
    let clock = Arc::new(test.clock());
    let test = test.with(|builder| builder.transport(rate(clock.clone())).settings(settings()));
    let (mailer, inbox) = test.start().await.unwrap();
    let all = ["ada@example.org", "bob@example.net", "eve@example.com"];
    let mut receipts = Vec::new();
    for to in all {
        receipts.push(mailer.send(message(&[to])).await.unwrap());
        inbox.settle().await;
    }
    mailer.cancel(receipts[1].id()).await.unwrap();
    inbox.settle().await;
    assert_eq!(fates(&receipts[1]).await, [Some(Fate::Cancelled)], "at once, and not when its turn comes");
    let before = clock.tick();
    let stopped = mailer.stop().await;
    assert_eq!(clock.tick(), before, "no time passes");
    assert_eq!((stopped.in_doubt, stopped.waiting), (0, 1));
}
