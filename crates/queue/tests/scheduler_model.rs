//! The scheduler against a model that is too simple to be wrong.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use posthaste_queue::{Batch, Due, Offered, Scheduler, SchedulerConfig, SiteKey};
use posthaste_types::{Cause, Constraint, MailId, Outcome, Text, Tick, Timestamp};
use proptest::prelude::*;

const LIMITS: [usize; 5] = [5, 2, 12, 5, 3];
const SITES: u8 = 4;

#[derive(Clone, Debug)]
enum Op {
    Offer { mail: u8, recipient: u32, site: u8, at: i64, generation: u32, doubt: u32 },
    Next { wait: u64 },
    Done { which: usize },
    Withdraw { mail: u8 },
    Forget { mail: u8, recipient: u32 },
    Hold { site: u8, wait: u64 },
    Release { site: u8 },
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    // The times are of a wall clock that jumps: any order, far apart.
    let at = prop::sample::select(vec![-9_000_000_000, 0, 1, 2, 9_000_000_000_i64]);
    let offer = (0..6_u8, 0..5_u32, 0..SITES, at, 0..2_u32, 0..3_u32).prop_map(
        |(mail, recipient, site, at, generation, doubt)| Op::Offer { mail, recipient, site, at, generation, doubt },
    );
    let one = prop_oneof![
        8 => offer,
        6 => (0..3_u64).prop_map(|wait| Op::Next { wait }),
        4 => (0..8_usize).prop_map(|which| Op::Done { which }),
        1 => (0..6_u8).prop_map(|mail| Op::Withdraw { mail }),
        1 => (0..6_u8, 0..5_u32).prop_map(|(mail, recipient)| Op::Forget { mail, recipient }),
        1 => (0..SITES, 0..9_u64).prop_map(|(site, wait)| Op::Hold { site, wait }),
        1 => (0..SITES).prop_map(|site| Op::Release { site }),
    ];
    prop::collection::vec(one, 1..200)
}

/// A mail's priority is its own.
fn priority(mail: u8) -> i8 {
    [0, 0, 5, -5, 0, 5][usize::from(mail)]
}

fn mail_id(mail: u8) -> MailId {
    MailId::from_bytes([mail; 16])
}

fn site_key(site: u8) -> SiteKey {
    SiteKey::new(format!("site-{site}"))
}

fn due(op: &Op) -> Option<(Due, u8)> {
    let Op::Offer { mail, recipient, site, at, generation, doubt } = op else { return None };
    let at = Timestamp::from_unix_secs(1_800_000_000 + at);
    let mut due = Due::new(mail_id(*mail), *recipient, "example.org".parse().unwrap(), at, at);
    due.priority = priority(*mail);
    due.state.generation = *generation;
    due.state.last = match doubt {
        0 => None,
        1 => Some(Outcome::in_doubt(Cause::local("doubt"))),
        _ => Some(Outcome::deferred(Cause::local("later"))),
    };
    Some((due, *site))
}

type Rank = (Reverse<i8>, Timestamp, MailId, u32);

fn rank(due: &Due) -> Rank {
    (Reverse(due.priority), due.at, due.mail, due.recipient)
}

#[derive(Default)]
struct Model {
    ready: BTreeMap<(MailId, u32), (Due, u8)>,
    under_way: Vec<(Batch, u8)>,
    holds: BTreeMap<u8, Tick>,
}

impl Model {
    fn knows(&self, due: &Due) -> bool {
        let same = |batch: &Batch| batch.mail == due.mail && batch.recipients.contains(&due.recipient);
        self.ready.contains_key(&(due.mail, due.recipient)) || self.under_way.iter().any(|(batch, _)| same(batch))
    }

    fn at_site(&self, site: u8) -> impl Iterator<Item = &Due> {
        self.ready.values().filter(move |(_, its)| *its == site).map(|(due, _)| due)
    }

    fn attempts_at(&self, site: u8) -> usize {
        self.under_way.iter().filter(|(_, its)| *its == site).count()
    }

    fn may_begin(&self, site: u8) -> bool {
        self.at_site(site).next().is_some() && self.attempts_at(site) < LIMITS[1] && !self.holds.contains_key(&site)
    }

    fn offer(&mut self, due: Due, site: u8) -> Offered {
        if self.knows(&due) {
            return Offered::Known;
        }
        let lower = |victim: &&Due| victim.priority < due.priority;
        let last_of = |site| self.at_site(site).max_by_key(|due| rank(due));
        let there = self.at_site(site).count();
        let victim = if there >= LIMITS[3] {
            last_of(site).filter(lower)
        } else if self.ready.len() >= LIMITS[2] {
            let last = self.ready.values().map(|(due, _)| due).max_by_key(|due| rank(due));
            let largest = (0..SITES).max_by_key(|site| (self.at_site(*site).count(), *site)).unwrap();
            let may = |victim: &&Due| self.at_site(largest).count() > there + 1 && victim.priority <= due.priority;
            last.filter(lower).or_else(|| last_of(largest).filter(may))
        } else {
            self.ready.insert((due.mail, due.recipient), (due, site));
            return Offered::Taken;
        };
        match victim.map(|victim| (victim.mail, victim.recipient)) {
            None => Offered::Full,
            Some(victim) => {
                self.ready.remove(&victim);
                self.ready.insert((due.mail, due.recipient), (due, site));
                Offered::Taken
            }
        }
    }

    /// Checks a batch and takes it over.
    fn given(&mut self, batch: Batch) -> Result<(), TestCaseError> {
        let site = (0..SITES).find(|site| site_key(*site) == batch.site).unwrap();
        prop_assert!(self.may_begin(site), "{batch:?} of a site that may not begin");
        prop_assert!(batch.recipients.is_sorted() && !batch.recipients.is_empty());
        let mut members = Vec::new();
        for recipient in &batch.recipients {
            let (due, its) = self.ready.remove(&(batch.mail, *recipient)).expect("given what was not ready");
            prop_assert_eq!(its, site);
            prop_assert_eq!((due.state.generation, due.state.repeat()), (batch.generation, batch.repeat));
            members.push(due);
        }
        let group = |due: &Due| {
            let doubt = due.state.repeat() == posthaste_types::Repeat::AfterDoubt;
            (due.mail, due.state.generation, due.state.repeat(), doubt.then_some((due.state.attempts, due.at)))
        };
        let first = members.iter().min_by_key(|due| rank(due)).unwrap();
        prop_assert!(members.iter().all(|due| group(due) == group(first)), "a batch of two kinds: {members:?}");
        let same_priority = self.at_site(site).filter(|due| due.priority == first.priority);
        for due in same_priority {
            prop_assert!(rank(first) < rank(due), "{due:?} was first");
            let left_out = group(due) == group(first);
            prop_assert!(!left_out || batch.recipients.len() == LIMITS[4], "{due:?} would have fitted in");
        }
        prop_assert!(batch.recipients.len() <= LIMITS[4]);
        self.under_way.push((batch, site));
        Ok(())
    }

    fn check(&self, scheduler: &Scheduler, now: Tick) -> Result<(), TestCaseError> {
        prop_assert_eq!(scheduler.ready(), self.ready.len());
        prop_assert_eq!(scheduler.under_way(), self.under_way.len());
        prop_assert_eq!(scheduler.room(), LIMITS[2] - self.ready.len());
        prop_assert_eq!(scheduler.is_idle(), self.ready.is_empty() && self.under_way.is_empty());
        prop_assert!(self.under_way.len() <= LIMITS[0] && self.ready.len() <= LIMITS[2]);
        for site in 0..SITES {
            prop_assert!(self.attempts_at(site) <= LIMITS[1] && self.at_site(site).count() <= LIMITS[3]);
        }
        for mail in 0..6 {
            let of_mail = self.under_way.iter().filter(|(batch, _)| batch.mail == mail_id(mail));
            let count: usize = of_mail.map(|(batch, _)| batch.recipients.len()).sum();
            prop_assert_eq!(scheduler.in_flight(mail_id(mail)), count);
        }
        prop_assert_eq!(scheduler.next_release(), self.holds.values().min().copied());
        for ((mail, recipient), (_, site)) in &self.ready {
            let told = scheduler.explain(*mail, *recipient, now);
            let held = self.holds.get(site).is_some_and(|until| now < *until);
            prop_assert_eq!(held, told.iter().any(|one| matches!(one, Constraint::RouteHeld { .. })));
            let shapes = told.iter().filter(|one| matches!(one, Constraint::Shape { .. })).count();
            let limits =
                usize::from(self.attempts_at(*site) >= LIMITS[1]) + usize::from(self.under_way.len() >= LIMITS[0]);
            prop_assert_eq!(shapes, limits);
        }
        Ok(())
    }
}

fn config() -> SchedulerConfig {
    let mut config = SchedulerConfig::default();
    let [all, per_site, ready, ready_per_site, recipients] = LIMITS;
    (config.max_attempts, config.max_attempts_per_site) = (all, per_site);
    (config.max_ready, config.max_ready_per_site, config.max_recipients) = (ready, ready_per_site, recipients);
    config
}

fn apply(op: Op, scheduler: &mut Scheduler, model: &mut Model, now: &mut Tick) -> Result<(), TestCaseError> {
    if let Some((due, site)) = due(&op) {
        prop_assert_eq!(scheduler.offer(due.clone(), site_key(site)), model.offer(due, site));
    }
    match op {
        Op::Offer { .. } => {}
        Op::Next { wait } => {
            *now = now.saturating_add(Duration::from_secs(wait));
            model.holds.retain(|_, until| *now < *until);
            match scheduler.next(*now) {
                Some(batch) => {
                    prop_assert!(model.under_way.len() < LIMITS[0]);
                    model.given(batch)?;
                }
                None => {
                    let idle = model.under_way.len() >= LIMITS[0] || !(0..SITES).any(|site| model.may_begin(site));
                    prop_assert!(idle, "something could have begun");
                }
            }
        }
        Op::Done { which } if which < model.under_way.len() => {
            let (batch, _) = model.under_way.swap_remove(which);
            scheduler.done(batch.id);
            scheduler.done(batch.id);
        }
        Op::Done { .. } => {}
        Op::Withdraw { mail } => {
            let before = model.ready.len();
            model.ready.retain(|(its, _), _| *its != mail_id(mail));
            prop_assert_eq!(scheduler.withdraw(mail_id(mail)), before - model.ready.len());
        }
        Op::Forget { mail, recipient } => {
            let was = model.ready.remove(&(mail_id(mail), recipient)).is_some();
            prop_assert_eq!(scheduler.forget(mail_id(mail), recipient), was);
        }
        Op::Hold { site, wait } => {
            let until = now.saturating_add(Duration::from_secs(wait));
            scheduler.hold(&site_key(site), until, Text::lossy("a wrong password"));
            model.holds.insert(site, until);
        }
        Op::Release { site } => {
            prop_assert_eq!(scheduler.release(&site_key(site)), model.holds.remove(&site).is_some());
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_scheduler_does_what_the_model_allows(ops in ops()) {
        let (mut scheduler, mut model, mut now) = (Scheduler::new(config()), Model::default(), Tick::default());
        for op in ops {
            apply(op, &mut scheduler, &mut model, &mut now)?;
            model.check(&scheduler, now)?;
        }
        // Whatever is ready comes out, once, and nothing is left behind.
        let mut left: BTreeSet<(MailId, u32)> = model.ready.keys().copied().collect();
        for site in 0..SITES {
            scheduler.release(&site_key(site));
        }
        for (batch, _) in model.under_way {
            scheduler.done(batch.id);
        }
        while let Some(batch) = scheduler.next(now) {
            for recipient in &batch.recipients {
                prop_assert!(left.remove(&(batch.mail, *recipient)), "given twice, or never ready: {batch:?} {left:?}");
            }
            scheduler.done(batch.id);
        }
        prop_assert!(left.is_empty(), "never given: {left:?}");
        prop_assert!(scheduler.is_idle());
        let inside = format!("{scheduler:?}");
        prop_assert!(inside.contains("sites: {}") && inside.contains("known: {}") && inside.contains("ranks: {}"), "{inside}");
        prop_assert!(inside.contains("sizes: {}"), "{inside}");
    }
}
