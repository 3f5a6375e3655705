//! What is told, so that it can be compared with what happens.

use posthaste::Fate;

use crate::ledger::{self, Ledger};
use crate::page::Promises;

/// What is told of one recipient.
pub(crate) struct AsTold {
    to: &'static str,
    fate: Fate,
    /// How often it was tried, at least and at most.
    attempts: (u32, u32),
    /// What decided, or what came back in the end.
    why: &'static str,
}

const fn told(to: &'static str, fate: Fate, attempts: (u32, u32), why: &'static str) -> AsTold {
    AsTold { to, fate, attempts, why }
}

/// Holds a campaign to what was told of it.
pub(crate) fn compare(ledger: &Ledger, as_told: &[AsTold], promises: &mut Promises) {
    for AsTold { to, fate, attempts: (least, most), why } in as_told {
        let entry = ledger.entry(to);
        let Some((entry, ending)) = entry.and_then(|entry| Some((entry, entry.ending.as_ref()?))) else {
            promises.check(format!("{to}: has no ending"), false);
            continue;
        };
        let said = entry.returned.as_ref().map_or_else(|| ledger::why(ending), |(_, _, why)| why.clone());
        let what = format!(
            "{to}: {fate}, {least} to {most} attempts, {why:?}; not {ending}, {} attempts, {said:?}",
            ending.attempts
        );
        let is_kept = ending.fate == *fate && (*least..=*most).contains(&ending.attempts) && said.contains(why);
        promises.check(what, is_kept);
    }
    promises.check("nobody else got a letter", ledger.ended() == as_told.len());
}

/// How many letters are taken.
pub(crate) fn delivered(as_told: &[AsTold]) -> usize {
    as_told.iter().filter(|told| told.fate == Fate::Delivered).count()
}

/// Strangers are tried twice; what was taken may still come back.
pub(crate) const SPRING_AS_TOLD: &[AsTold] = &[
    told("Lea.OHara@garden.example", Fate::Delivered, (2, 2), "250"),
    told("ada@garden.example", Fate::Delivered, (2, 2), "250"),
    told("bruno@garden.example", Fate::Delivered, (2, 2), "250"),
    told("dora@garden.example", Fate::Delivered, (2, 2), "250"),
    told("emil@garden.example", Fate::Bounced, (1, 1), "550 5.1.1 no such user here"),
    told("flora@garden.example", Fate::Expired, (2, 7), "452 4.2.2 mailbox full"),
    told("gus@harbour.example", Fate::Delivered, (1, 1), "250"),
    told("hana@harbour.example", Fate::Delivered, (1, 1), "250"),
    told("ivo@harbour.example", Fate::Delivered, (1, 1), "5.1.1"),
    told("kim@harbour.example", Fate::Delivered, (1, 1), "abuse"),
    told("nils@quiet.example", Fate::Bounced, (1, 1), "null MX"),
    told("olga@gone.example", Fate::Bounced, (1, 1), "no such domain"),
    told("ülo@harbour.example", Fate::Delivered, (1, 1), "250"),
];

/// The suppressed are skipped without an attempt; nobody is a stranger any more.
pub(crate) const SUMMER_AS_TOLD: &[AsTold] = &[
    told("Lea.OHara@garden.example", Fate::Suppressed, (0, 0), "unsubscribe"),
    told("ada@garden.example", Fate::Delivered, (1, 1), "250"),
    told("bruno@garden.example", Fate::Delivered, (1, 1), "250"),
    told("dora@garden.example", Fate::Delivered, (1, 1), "250"),
    told("emil@garden.example", Fate::Suppressed, (0, 0), "550 5.1.1 no such user here"),
    told("flora@garden.example", Fate::Delivered, (1, 1), "250"),
    told("gus@harbour.example", Fate::Delivered, (1, 1), "250"),
    told("hana@harbour.example", Fate::Delivered, (1, 1), "250"),
    told("ivo@harbour.example", Fate::Suppressed, (0, 0), "5.1.1"),
    told("kim@harbour.example", Fate::Suppressed, (0, 0), "complaint"),
    told("nils@quiet.example", Fate::Suppressed, (0, 0), "null MX"),
    told("olga@gone.example", Fate::Bounced, (1, 1), "no such domain"),
    told("ülo@harbour.example", Fate::Delivered, (1, 1), "250"),
];

/// The suppression list in the end. A name that is missing once may be a mistake of the DNS: gone.example is not on it.
pub(crate) const LISTED: [&str; 5] = [
    "*@quiet.example: bounce (bad_domain)",
    "emil@garden.example: bounce (bad_mailbox)",
    "ivo@harbour.example: bounce (inactive_mailbox)",
    "kim@harbour.example: complaint",
    "lea.ohara@garden.example: unsubscribe",
];
