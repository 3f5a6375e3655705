//! Which of the recipients that are due may be tried now.

mod explain;
mod lanes;
mod site;
mod words;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use posthaste_types::{MailId, Text, Tick};

use crate::Due;
use lanes::Lanes;
use site::{Group, GroupKey, Rank, Site};
pub use words::{Batch, BatchId, Offered, SchedulerConfig, SiteKey};

/// Holds a bounded number of recipients that are due, and says which may be tried, within the limits.
///
/// A cache of the spool's order, not a store: it may forget a recipient at any time, because the spool
/// still has it due and it is offered again.
///
/// # Order
/// * Within a priority, sites take turns; a site's turns grow with the root of what waits there, so that a
///   large one is not held up by many small ones. Within a site the earliest goes first.
/// * Where memory is full, the site of which the most is in it makes room for a site of which less is: a slow
///   site with a long backlog cannot keep another one out.
/// * A higher priority goes first, but of four batches one belongs to the priority that went without for
///   longest: nothing starves.
/// * A batch is of one mail, one site, one generation. Recipients in doubt are never mixed with others:
///   those whose last attempt was one attempt (equal count and time) come together again.
///
/// # Time
/// It knows only [`Tick`]s, and those only for held routes: a jump of the wall clock neither holds nor
/// releases anything here.
///
/// # Limits
/// Memory is that of [`max_ready`](SchedulerConfig::max_ready) recipients, as many held routes, and of the
/// attempts under way: about 400 octets a recipient, whatever its last reply was. Every call costs
/// `O(log n)` for each recipient that it touches, but for [`explain`](Self::explain).
///
/// ```
/// use posthaste_queue::{Due, Offered, Scheduler, SchedulerConfig, SiteKey};
/// use posthaste_types::{MailId, Tick, Timestamp};
///
/// let (mail, now) = (MailId::from_bytes([7; 16]), Timestamp::from_unix_secs(1_800_000_000));
/// let mut scheduler = Scheduler::new(SchedulerConfig::default());
/// for place in 0..3 {
///     let due = Due::new(mail, place, "example.org".parse()?, now, now);
///     assert_eq!(scheduler.offer(due, SiteKey::new("mx.example.org")), Offered::Taken);
/// }
/// let batch = scheduler.next(Tick::default()).expect("three are ready");
/// assert_eq!(batch.recipients, [0, 1, 2]);
/// // ... begin, deliver, settle ...
/// scheduler.done(batch.id);
/// assert!(scheduler.is_idle());
/// # Ok::<(), posthaste_types::ParseError>(())
/// ```
#[derive(Debug)]
pub struct Scheduler {
    config: SchedulerConfig,
    sites: HashMap<SiteKey, Site>,
    lanes: Lanes,
    known: BTreeMap<(MailId, u32), Place>,
    /// Every ready recipient, best first, so that the worst can make room.
    ranks: BTreeSet<Rank>,
    /// How much is ready at each site where anything is, the most last.
    sizes: BTreeSet<(usize, SiteKey)>,
    attempts: HashMap<BatchId, UnderWay>,
    holds: BTreeSet<(Tick, SiteKey)>,
    last_batch: u64,
}

#[derive(Debug)]
enum Place {
    Ready(SiteKey, GroupKey, Rank),
    UnderWay,
}

#[derive(Debug)]
struct UnderWay {
    site: SiteKey,
    mail: MailId,
    recipients: Vec<u32>,
}

impl Scheduler {
    /// An empty scheduler.
    pub fn new(config: SchedulerConfig) -> Self {
        Self {
            config,
            sites: HashMap::new(),
            lanes: Lanes::default(),
            known: BTreeMap::new(),
            ranks: BTreeSet::new(),
            sizes: BTreeSet::new(),
            attempts: HashMap::new(),
            holds: BTreeSet::new(),
            last_batch: 0,
        }
    }

    /// The limits.
    pub fn config(&self) -> &SchedulerConfig {
        &self.config
    }

    /// Takes a recipient that is due and free, if there is room.
    ///
    /// Where there is none, one of lower priority is forgotten for it: at its site if that is full, else
    /// anywhere. If there is none of lower priority and its site is not full, the last one of the site of which
    /// the most is ready is forgotten, if that has more than its own will have then.
    pub fn offer(&mut self, due: Due, site: SiteKey) -> Offered {
        let rank = Rank::of(&due);
        if self.known.contains_key(&(due.mail, due.recipient)) {
            return Offered::Known;
        }
        let ready_there = self.sites.get(&site).map_or(0, |site| site.ready);
        let victim = if ready_there >= self.config.max_ready_per_site {
            let worst = self.sites.get(&site).and_then(Site::worst);
            worst.filter(|worst| worst.priority() < rank.priority())
        } else if self.ranks.len() >= self.config.max_ready {
            self.victim(rank, ready_there)
        } else {
            self.take(&due, site, rank);
            return Offered::Taken;
        };
        let Some(victim) = victim else { return Offered::Full };
        self.forget(victim.mail, victim.recipient);
        self.take(&due, site, rank);
        Offered::Taken
    }

    /// Who makes room in a full memory for one at a site where so many are ready.
    fn victim(&self, rank: Rank, ready_there: usize) -> Option<Rank> {
        let worst = self.ranks.last().copied()?;
        if worst.priority() < rank.priority() {
            return Some(worst);
        }
        let (most, largest) = self.sizes.last()?;
        let worst = self.sites.get(largest).and_then(Site::worst)?;
        (*most > ready_there + 1 && worst.priority() <= rank.priority()).then_some(worst)
    }

    /// The next batch, if the limits let one begin at `now`. It is under way until [`done`](Self::done).
    pub fn next(&mut self, now: Tick) -> Option<Batch> {
        self.release_until(now);
        if self.attempts.len() >= self.config.max_attempts {
            return None;
        }
        let (key, priority) = self.lanes.pop()?;
        let site = self.sites.get_mut(&key)?;
        let (group, members) = site.take_first(priority, self.config.max_recipients.max(1))?;
        site.under_way += 1;
        for rank in &members {
            self.ranks.remove(rank);
            self.known.insert((rank.mail, rank.recipient), Place::UnderWay);
        }
        self.last_batch += 1;
        let id = BatchId(self.last_batch);
        let mut recipients: Vec<u32> = members.iter().map(|rank| rank.recipient).collect();
        recipients.sort_unstable();
        let under_way = UnderWay { site: key.clone(), mail: group.mail, recipients: recipients.clone() };
        self.attempts.insert(id, under_way);
        self.queue_site(&key);
        let Group { mail, generation, repeat } = group;
        Some(Batch { id, site: key, mail, generation, repeat, recipients })
    }

    /// Ends a batch: its places are free, its recipients may be offered again. An unknown one is ignored.
    pub fn done(&mut self, id: BatchId) {
        let Some(batch) = self.attempts.remove(&id) else { return };
        for recipient in batch.recipients {
            self.known.remove(&(batch.mail, recipient));
        }
        if let Some(site) = self.sites.get_mut(&batch.site) {
            site.under_way = site.under_way.saturating_sub(1);
        }
        self.queue_site(&batch.site);
    }

    /// Forgets the ready recipients of a mail, as when it is cancelled; how many. What is under way stays.
    pub fn withdraw(&mut self, mail: MailId) -> usize {
        let of_mail: Vec<u32> = self.known.range((mail, 0)..=(mail, u32::MAX)).map(|(key, _)| key.1).collect();
        of_mail.into_iter().filter(|recipient| self.forget(mail, *recipient)).count()
    }

    /// Forgets one recipient, if it is ready; whether it was.
    pub fn forget(&mut self, mail: MailId, recipient: u32) -> bool {
        let Entry::Occupied(entry) = self.known.entry((mail, recipient)) else { return false };
        if !matches!(entry.get(), Place::Ready(..)) {
            return false;
        }
        if let Place::Ready(key, group, rank) = entry.remove() {
            self.ranks.remove(&rank);
            if let Some(site) = self.sites.get_mut(&key) {
                site.remove(&group, &rank);
            }
            self.queue_site(&key);
        }
        true
    }

    /// Holds a route: no batch of this site is given before `until`. A later word replaces an earlier one.
    ///
    /// At most [`max_ready`](SchedulerConfig::max_ready) are held; of more, the one that ends first is
    /// released.
    pub fn hold(&mut self, site: &SiteKey, until: Tick, why: Text) {
        self.release(site);
        if self.holds.len() >= self.config.max_ready.max(1)
            && let Some((_, first)) = self.holds.first().cloned()
        {
            self.release(&first);
        }
        self.holds.insert((until, site.clone()));
        self.sites.entry(site.clone()).or_default().hold = Some((until, why));
        self.queue_site(site);
    }

    /// Ends the hold of a route; whether it was held.
    pub fn release(&mut self, key: &SiteKey) -> bool {
        let Some((until, _)) = self.sites.get_mut(key).and_then(|site| site.hold.take()) else { return false };
        self.holds.remove(&(until, key.clone()));
        self.queue_site(key);
        true
    }

    /// When the next hold ends: nothing else here happens by time alone.
    pub fn next_release(&self) -> Option<Tick> {
        self.holds.first().map(|(until, _)| *until)
    }

    /// How many more recipients there is room for.
    pub fn room(&self) -> usize {
        self.config.max_ready.saturating_sub(self.ranks.len())
    }

    /// How many recipients are ready.
    pub fn ready(&self) -> usize {
        self.ranks.len()
    }

    /// How many batches are under way.
    pub fn under_way(&self) -> usize {
        self.attempts.len()
    }

    /// How many recipients of a mail are under way.
    pub fn in_flight(&self, mail: MailId) -> usize {
        let of_mail = self.known.range((mail, 0)..=(mail, u32::MAX));
        of_mail.filter(|(_, place)| matches!(place, Place::UnderWay)).count()
    }

    /// Which recipients of a mail are under way, by their places.
    pub fn under_way_of(&self, mail: MailId) -> HashSet<u32> {
        let of_mail = self.known.range((mail, 0)..=(mail, u32::MAX));
        of_mail.filter(|(_, place)| matches!(place, Place::UnderWay)).map(|((_, recipient), _)| *recipient).collect()
    }

    /// Whether nothing is ready and nothing under way.
    pub fn is_idle(&self) -> bool {
        self.ranks.is_empty() && self.attempts.is_empty()
    }

    fn take(&mut self, due: &Due, key: SiteKey, rank: Rank) {
        let group = GroupKey::of(due);
        self.sites.entry(key.clone()).or_default().insert(group, rank);
        self.ranks.insert(rank);
        self.queue_site(&key);
        self.known.insert((due.mail, due.recipient), Place::Ready(key, group, rank));
    }

    fn release_until(&mut self, now: Tick) {
        while let Some((until, key)) = self.holds.first().cloned()
            && until <= now
        {
            self.release(&key);
        }
    }

    /// Puts a site into the lanes where it has something to give, or out of them; drops it when empty.
    fn queue_site(&mut self, key: &SiteKey) {
        let Some(site) = self.sites.get_mut(key) else { return };
        let may = site.hold.is_none() && site.under_way < self.config.max_attempts_per_site;
        site.queue(key, may, &mut self.lanes);
        if site.counted != site.ready {
            self.sizes.remove(&(site.counted, key.clone()));
            site.counted = site.ready;
            if site.ready > 0 {
                self.sizes.insert((site.ready, key.clone()));
            }
        }
        if site.is_empty() {
            self.sites.remove(key);
        }
    }
}
