//! OpenDMARC, another implementation by other people, comes to the same results where RFC 7489 and RFC 9989 agree. Needs
//! Debian's `libopendmarc-dev`; without it the tests are skipped, except where `CI=true`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use posthaste_auth::dmarc::{self, Authenticated, Identifiers, Outcome, Verdict};
use posthaste_dns::MemoryZone;
use posthaste_types::Tick;

/// One message: the domain of its From field, and what was authenticated.
struct Message {
    author: String,
    identifiers: Vec<(&'static str, String, &'static str)>,
}

/// A DNS, given as records of domains, and messages.
#[derive(Default)]
struct Cases {
    zone: MemoryZone,
    script: String,
    messages: Vec<Message>,
}

impl Cases {
    fn record(&mut self, domain: &str, record: &str) {
        self.zone.add(&format!("{domain}. IN A 192.0.2.1\n_dmarc.{domain}. IN TXT \"{record}\"")).unwrap();
        let _ = writeln!(self.script, "record _dmarc.{domain} {record}");
    }

    fn message(&mut self, author: &str, identifiers: Vec<(&'static str, String, &'static str)>) {
        let _ = write!(self.script, "check {author}");
        for (method, domain, result) in &identifiers {
            let _ = write!(self.script, " {method}:{domain}:{result}");
        }
        self.script.push('\n');
        self.messages.push(Message { author: author.to_owned(), identifiers });
    }

    async fn ours(&self) -> Vec<Outcome> {
        let mut all = Vec::new();
        for message in &self.messages {
            let mut identifiers = Identifiers::new(message.author.parse().unwrap());
            for (method, domain, result) in &message.identifiers {
                let (domain, result) = (domain.parse().unwrap(), authenticated(result));
                identifiers = match *method {
                    "spf" => identifiers.spf(domain, result),
                    _ => identifiers.dkim(domain, result),
                };
            }
            all.push(dmarc::check(&self.zone, &identifiers, Tick::default()).await);
        }
        all
    }

    /// `None` where the library is not installed, which is no error but where `CI=true`.
    fn theirs(&self) -> Option<Vec<String>> {
        let python = |arguments: &[&str]| {
            let mut command = Command::new("/usr/bin/python3");
            command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
            command
        };
        let load = "import ctypes; ctypes.CDLL('libopendmarc.so.2')";
        let found = python(&["-c", load]).stderr(Stdio::null()).status();
        if !found.is_ok_and(|status| status.success()) {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "libopendmarc-dev is required in CI");
            println!("skipped: libopendmarc-dev is not installed");
            return None;
        }
        let mut child = python(&[concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/opendmarc.py")]).spawn().unwrap();
        // It reads all before it writes.
        let script = format!("suffix example\nsuffix co.example\n{}", self.script);
        child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        Some(String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect())
    }
}

fn authenticated(result: &str) -> Authenticated {
    match result {
        "pass" => Authenticated::Pass,
        "temperror" => Authenticated::TempError,
        _ => Authenticated::Fail,
    }
}

/// As `opendmarc.py` says it.
fn in_words(outcome: &Outcome) -> String {
    let Some(applied) = &outcome.applied else { return "absent".to_owned() };
    let word = match outcome.verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => outcome.disposition.as_str(),
        other => other.as_str(),
    };
    // `np` stands for `sp` where it is not said.
    let tag = if applied.tag == dmarc::Tag::P || applied.record.subdomain.is_none() { "p" } else { "sp" };
    format!("{word} {tag} {}", applied.domain)
}

/// Records at organisational domains, and below them; every way to authenticate.
#[tokio::test]
async fn opendmarc_says_the_same() {
    let mut cases = Cases::default();
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    for number in 0..WORLDS {
        let ours = format!("w{number}{}", chance.of(&[".example", ".co.example"]));
        let other = format!("v{number}{}", chance.of(&[".example", ".co.example"]));
        if chance.below(10) > 0 {
            cases.record(&ours, &record(&mut chance));
            // Without one of the organisation, the tree walk ends elsewhere: see below.
            if chance.below(3) == 0 {
                cases.record(&format!("a.{ours}"), &record(&mut chance));
            }
        }
        if chance.below(2) == 0 {
            cases.record(&other, &record(&mut chance));
        }
        let domains = [ours.clone(), format!("a.{ours}"), format!("b.a.{ours}"), format!("c.{ours}"), other];
        for _ in 0..6 {
            let author = chance.of(&domains[..4]).clone();
            let mut identifiers = vec![("spf", chance.of(&domains).clone(), *chance.of(&RESULTS))];
            for _ in 0..chance.below(3) {
                identifiers.push(("dkim", chance.of(&domains).clone(), *chance.of(&RESULTS)));
            }
            cases.message(&author, identifiers);
        }
    }
    let Some(theirs) = cases.theirs() else { return };
    let ours = cases.ours().await;
    assert_eq!((ours.len(), theirs.len()), (WORLDS * 6, WORLDS * 6));
    let mut known = [0; DIFFERENCES.len()];
    let mut wrong = Vec::new();
    for ((message, ours), theirs) in cases.messages.iter().zip(&ours).zip(&theirs) {
        if in_words(ours) == *theirs {
            continue;
        }
        match DIFFERENCES.iter().position(|(shows, _)| shows(ours, theirs)) {
            Some(index) => known[index] += 1,
            None => wrong.push(format!("{} {:?}: {ours}; opendmarc {theirs}", message.author, message.identifiers)),
        }
    }
    println!("{} cases, {} differ and are not known", ours.len(), wrong.len());
    for (count, (_, why)) in known.iter().zip(&DIFFERENCES) {
        println!("{count} differ: {why}");
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(known.iter().sum::<usize>() * 10 < ours.len(), "too many differ to say anything");
    for word in ["absent", "pass", "none", "quarantine", "reject"] {
        let count = ours.iter().filter(|said| in_words(said).starts_with(word)).count();
        assert!(count > 20, "{word}: {count}");
    }
}

/// Whether a difference shows, and what the standards say of it.
type Difference = (fn(&Outcome, &str) -> bool, &'static str);

const DIFFERENCES: [Difference; 2] = [
    (
        |ours, theirs| {
            let strict = |applied: &dmarc::Applied| {
                [applied.record.dkim, applied.record.spf].contains(&dmarc::Alignment::Strict)
            };
            theirs.starts_with("pass") && ours.verdict == Verdict::Fail && ours.applied.as_ref().is_some_and(strict)
        },
        "RFC 7489 §3.1.1, RFC 9989 §4.4.1: strict alignment wants equal domains, not those of one organisation",
    ),
    (
        |ours, theirs| {
            let failed = |one: &dmarc::Identifier| one.authenticated == Authenticated::Fail;
            !theirs.starts_with("pass") && ours.verdict == Verdict::Pass && ours.identifiers.iter().any(failed)
        },
        "RFC 7489 §3.1.1, RFC 9989 §4.4.1: one aligned signature that passes is enough, whatever the others do",
    ),
];

/// Where the two standards differ: what RFC 9989 makes of it, which is ours, and what OpenDMARC makes of it by RFC 7489.
#[tokio::test]
async fn where_rfc_9989_changes_what_rfc_7489_said() {
    let mut cases = Cases::default();
    for (records, author, identifiers, ..) in CHANGES {
        records.iter().for_each(|(domain, record)| cases.record(domain, record));
        cases.message(
            author,
            identifiers.iter().map(|(how, domain, word)| (*how, (*domain).to_owned(), *word)).collect(),
        );
    }
    let Some(theirs) = cases.theirs() else { return };
    let ours = cases.ours().await;
    for ((outcome, theirs), (_, author, _, new, old, why)) in ours.iter().zip(&theirs).zip(CHANGES) {
        assert_eq!((in_words(outcome).as_str(), theirs.as_str()), (new, old), "{author}: {why}: {outcome}");
    }
}

/// Records, the author domain, identifiers; the result by RFC 9989 and that by RFC 7489; the section.
type Change = (
    &'static [(&'static str, &'static str)],
    &'static str,
    &'static [(&'static str, &'static str, &'static str)],
    &'static str,
    &'static str,
    &'static str,
);

const FAIL: &[(&str, &str, &str)] = &[("spf", "elsewhere.example", "fail")];
const CHANGES: [Change; 9] = [
    (
        &[("np.example", "v=DMARC1; p=none; sp=quarantine; np=reject")],
        "missing.np.example",
        FAIL,
        "reject sp np.example",
        "quarantine sp np.example",
        "§4.7, np: for subdomains that do not exist",
    ),
    (
        &[("t.example", "v=DMARC1; p=reject; t=y")],
        "t.example",
        FAIL,
        "quarantine p t.example",
        "reject p t.example",
        "§4.7, t: a policy on trial is applied one level lower",
    ),
    (
        &[("co.example", "v=DMARC1; p=reject; psd=y; sp=quarantine")],
        "suffix.co.example",
        FAIL,
        "quarantine sp co.example",
        "absent",
        "§4.10.1: a public suffix domain speaks for those who do not",
    ),
    (
        &[("b.walk.example", "v=DMARC1; p=reject; sp=quarantine")],
        "a.b.walk.example",
        FAIL,
        "quarantine sp b.walk.example",
        "absent",
        "§4.10: the walk finds a record between the author domain and the one below the public suffix",
    ),
    (
        &[("a.alone.example", "v=DMARC1; p=reject")],
        "a.alone.example",
        &[("spf", "alone.example", "pass")],
        "reject p a.alone.example",
        "pass p a.alone.example",
        "§4.10.2: without a record at the top the organisations differ",
    ),
    (
        &[("psd-n.example", "v=DMARC1; p=reject"), ("n.psd-n.example", "v=DMARC1; p=quarantine; psd=n")],
        "n.psd-n.example",
        &[("dkim", "psd-n.example", "pass")],
        "quarantine p n.psd-n.example",
        "pass p n.psd-n.example",
        "§4.10.2: psd=n makes a domain an organisation of its own",
    ),
    (
        &[("no-p.example", "v=DMARC1; rua=mailto:dmarc@no-p.example")],
        "no-p.example",
        FAIL,
        "none p no-p.example",
        "absent",
        "§4.7, p: without it, it is none",
    ),
    (
        &[("bad-p.example", "v=DMARC1; p=strict; rua=mailto:dmarc@bad-p.example")],
        "bad-p.example",
        FAIL,
        "none p bad-p.example",
        "absent",
        "§4.7, and RFC 7489 §6.6.3: a policy that is none counts as none where somebody can be told",
    ),
    (
        &[("temporary.example", "v=DMARC1; p=reject")],
        "temporary.example",
        &[("spf", "temporary.example", "temperror")],
        "temperror p temporary.example",
        "reject p temporary.example",
        "§5.3: what is not known now neither passes nor fails; RFC 7489 §6.6.2 leaves it open",
    ),
];

fn record(chance: &mut Chance) -> String {
    let equals = chance.of(&["=", " = ", "= "]);
    let mut tags = vec![format!("p{equals}{}", chance.of(&["none", "quarantine", "reject", "REJECT"]))];
    if chance.below(2) == 0 {
        tags.push(format!("sp={}", chance.of(&["none", "quarantine", "reject"])));
    }
    for tag in ["adkim", "aspf"] {
        if chance.below(3) == 0 {
            tags.push(format!("{tag}={}", chance.of(&["r", "s"])));
        }
    }
    if chance.below(4) == 0 {
        tags.push("rua=mailto:dmarc@example".to_owned());
    }
    if chance.below(4) == 0 {
        tags.push("fo=1".to_owned());
    }
    let between = chance.of(&["; ", ";", " ; "]);
    format!("v=DMARC1{between}{}{}", tags.join(between), chance.of(&["", ";"]))
}

/// xorshift (Marsaglia 2003).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }

    fn of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }
}

const WORLDS: usize = 100;
const RESULTS: [&str; 3] = ["pass", "pass", "fail"];
