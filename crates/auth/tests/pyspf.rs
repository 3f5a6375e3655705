//! pyspf, another implementation by other people, comes to the same results. Needs Debian's `python3-spf`; without it the
//! tests are skipped, except where `CI=true`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/peer.rs"]
mod peer;
#[path = "support/suite.rs"]
mod suite;
#[path = "support/worlds.rs"]
mod worlds;

use std::net::IpAddr;

use peer::{Pyspf, Said};
use posthaste_auth::spf::{Action, Match, Outcome, Query};
use posthaste_dns::{MemoryZone, RecordKind};
use posthaste_types::Text;

#[test]
fn pyspf_says_the_same_of_the_suite() {
    let Some(corpora) = std::env::var_os("POSTHASTE_CORPORA") else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "POSTHASTE_CORPORA must name the corpora in CI");
        println!("skipped: POSTHASTE_CORPORA is not set");
        return;
    };
    let Some(mut pyspf) = Pyspf::start() else { return };
    let file = std::path::PathBuf::from(corpora).join("spf/rfc7208-tests.yml");
    let cases = suite::run(&std::fs::read_to_string(file).unwrap()).unwrap();
    let mut tally = Tally::default();
    for case in &cases {
        let (zone, ip, helo, sender) = &case.world;
        tally.compare(&mut pyspf, zone, (*ip, helo, sender), || format!("{}, {}", case.scenario, case.name));
    }
    tally.show(200);
}

#[test]
fn pyspf_says_the_same_of_zones_made_by_chance() {
    let Some(mut pyspf) = Pyspf::start() else { return };
    let mut tally = Tally::default();
    for number in 1..=WORLDS {
        let world = worlds::world(number);
        for (ip, helo, sender) in &world.questions {
            tally.compare(&mut pyspf, &world.zone, (*ip, helo, sender), || format!("world {number}:\n{}", world.text));
        }
    }
    tally.show(800);
}

/// What was compared.
#[derive(Default)]
struct Tally {
    count: usize,
    /// How often each of [`DIFFERENCES`] showed.
    known: [usize; DIFFERENCES.len()],
    unknown: Vec<String>,
}

impl Tally {
    fn compare(
        &mut self,
        pyspf: &mut Pyspf,
        zone: &MemoryZone,
        (ip, helo, sender): (IpAddr, &str, &str),
        place: impl Fn() -> String,
    ) {
        self.count += 1;
        let ours = suite::evaluate(zone, Query::mail_from(ip, helo, sender));
        let theirs = pyspf.check(zone, ip, helo, sender);
        if is_same(&ours, &theirs) {
            return;
        }
        if let Some(index) = DIFFERENCES.iter().position(|(shows, _)| shows(&ours, &theirs)) {
            self.known[index] += 1;
            return;
        }
        let steps: Vec<String> = ours.trace.iter().map(|step| format!("    {step}")).collect();
        self.unknown.push(format!(
            "{ip} HELO {helo} MAIL FROM <{sender}>: {ours}, {:?}; pyspf {}: {}\n{}\n  {}",
            ours.explanation,
            theirs.result,
            theirs.text,
            steps.join("\n"),
            place()
        ));
    }

    fn show(&self, least: usize) {
        println!("{} cases, {} differ and are not known", self.count, self.unknown.len());
        for (count, (_, why)) in self.known.iter().zip(&DIFFERENCES).filter(|(count, _)| **count > 0) {
            println!("{count} differ: {why}");
        }
        assert!(self.count >= least);
        assert!(self.unknown.is_empty(), "\n{}", self.unknown.join("\n"));
        assert!(self.known.iter().sum::<usize>() * 10 < self.count, "too many differ to say anything");
    }
}

/// The same result, and for "fail" the same explanation.
fn is_same(ours: &Outcome, theirs: &Said) -> bool {
    let explained = match &ours.explanation {
        Some(text) => text.as_str() == theirs.text,
        None => theirs.result != "fail" || theirs.text == "SPF fail - not authorized",
    };
    explained && ours.verdict.as_str() == theirs.result
}

/// Whether a difference shows, and what RFC 7208 says of it.
type Difference = (fn(&Outcome, &Said) -> bool, &'static str);

const DIFFERENCES: [Difference; 6] = [
    (
        |_, theirs| theirs.text.contains("include has trivial recursion"),
        "§4.6: only what breaks the grammar ends a check beforehand; a record that includes itself does not, and ends it \
         when it is met, by the limit on lookups",
    ),
    (
        |ours, _| ours.to_string().contains("a macro that keeps no part"),
        "§7.3: \"If a DIGIT is specified, the value MUST be nonzero\", so `%{d0}` breaks the grammar",
    ),
    (
        |ours, theirs| theirs.text.contains("Void lookup limit") && asks_for_names(ours),
        "§4.6.4 and §5.5: the names of the client's address say nothing of the domain; what is void there is not counted",
    ),
    (
        |ours, theirs| theirs.result == "temperror" && matches_mx(ours),
        "§5.4: the hosts are looked at in turn, and the first that matches decides; the others are not asked for",
    ),
    (
        |ours, theirs| theirs.result == "temperror" && asks_for_names(ours),
        "§5.5: an error in the addresses of a name skips that name",
    ),
    (
        |ours, theirs| theirs.text == ours.explanation.as_ref().map_or("", Text::as_str).replace("postmaster@", "@"),
        "§4.3: a sender without a local part is postmaster",
    ),
];

fn asks_for_names(outcome: &Outcome) -> bool {
    outcome.trace.iter().any(|step| matches!(step.action, Action::Asked { kind: RecordKind::Ptr, .. }))
}

fn matches_mx(outcome: &Outcome) -> bool {
    outcome.trace.iter().any(|step| {
        matches!(&step.action, Action::Tried { directive, matched: Match::Yes } if directive.as_str().contains("mx"))
    })
}

const WORLDS: u64 = 120;
