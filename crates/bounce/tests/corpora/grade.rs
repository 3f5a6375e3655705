//! The corpora against what is read of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use posthaste_bounce::{Permanence, Reading, RecipientReport, ReportKind, read};
use serde_json::Value;

use crate::maps::{BOUNCE_PARSER, OF_OTHERS, PERMANENCE_DIFFERS, same_class};

macro_rules! measures {
    ($($variant:ident = $name:literal, $wanted:literal;)*) => {
        /// What is counted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Measure {
            $($variant,)*
        }

        impl Measure {
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)*];

            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What is aimed at, in tenths of a per cent; 0: nothing is said.
            pub(crate) fn wanted(self) -> usize {
                match self { $(Self::$variant => $wanted,)* }
            }
        }
    };
}

measures! {
    SisimaiBounce = "Sisimai: a bounce is one", 990;
    SisimaiRecipient = "Sisimai: recipient", 990;
    SisimaiPermanence = "Sisimai: hard or soft", 980;
    SisimaiClass = "Sisimai: class, or its neighbour", 970;
    SisimaiExact = "Sisimai: class, no neighbours", 0;
    SisimaiAutoReply = "Sisimai: automatic answers", 1000;
    Spared = "Sisimai: faults of others take nobody off", 1000;
    BounceParserBounce = "BounceParser: is a bounce or is none", 990;
    BounceParserRecipient = "BounceParser: recipients", 990;
    BounceParserClass = "BounceParser: class", 970;
    FluflRecipient = "flufl.bounce: addresses", 1000;
    KumoMta = "KumoMTA: reports and complaints", 1000;
}

/// A count, with what was missed.
#[derive(Debug, Default)]
pub(crate) struct Count {
    pub(crate) of: usize,
    pub(crate) right: usize,
    pub(crate) missed: Vec<String>,
}

/// The grades of all corpora.
#[derive(Debug, Default)]
pub(crate) struct Grades {
    counts: BTreeMap<Measure, Count>,
    /// Expected and found class: how often.
    pub(crate) confusion: BTreeMap<(String, String), usize>,
}

impl Grades {
    pub(crate) fn of(folder: &Path) -> Self {
        let mut grades = Self::default();
        grades.sisimai(&folder.join("sisimai"));
        grades.bounceparser(&folder.join("bounceparser"));
        grades.flufl(&folder.join("flufl"));
        grades.kumomta(&folder.join("kumomta/crates/kumo-log-types/data"));
        grades
    }

    pub(crate) fn count(&self, measure: Measure) -> &Count {
        &self.counts[&measure]
    }

    fn add(&mut self, measure: Measure, right: bool, missed: impl FnOnce() -> String) {
        let count = self.counts.entry(measure).or_default();
        count.of += 1;
        count.right += usize::from(right);
        if !right {
            count.missed.push(missed());
        }
    }

    fn sisimai(&mut self, folder: &Path) {
        for row in rows(&folder.join("expected.jsonl")) {
            let (file, reading) = reading(folder, &row);
            let reasons: BTreeSet<&str> =
                row["outcomes"].as_array().into_iter().flatten().filter_map(|o| o["reason"].as_str()).collect();
            let why = || format!("{file}: {reasons:?}: {reading}");
            match row["kind"].as_str() {
                Some("bounce") => {
                    let told = !told(&reading).is_empty() || reading.kind() == ReportKind::Delivered;
                    self.add(Measure::SisimaiBounce, told || reasons.contains("feedback"), why);
                    let wanted = strings(&row["recipient"]);
                    if !wanted.is_empty() {
                        self.add(Measure::SisimaiRecipient, !names(&reading).is_disjoint(&wanted), why);
                    }
                }
                Some("auto-reply") => {
                    self.add(Measure::SisimaiAutoReply, reading.kind() == ReportKind::AutoReply, why);
                }
                _ => {}
            }
            if row["gradeable"] == true && !reasons.is_empty() {
                self.sisimai_classes(&row, &reasons, &reading, &why);
            }
        }
    }

    fn sisimai_classes(&mut self, row: &Value, reasons: &BTreeSet<&str>, reading: &Reading, why: &dyn Fn() -> String) {
        let classes: Vec<&str> = reading.recipients().iter().map(|r| r.class().as_str()).collect();
        let any = |same: &dyn Fn(&str, &str) -> bool| reasons.iter().any(|r| classes.iter().any(|c| same(r, c)));
        let exact = |reason: &str, class: &str| expected(reason) == class;
        self.add(Measure::SisimaiClass, any(&same_class), why);
        self.add(Measure::SisimaiExact, any(&exact), why);
        let pair = classes.iter().flat_map(|c| reasons.iter().map(move |r| (expected(r), *c)));
        let best = pair.clone().find(|(wanted, found)| wanted == found).or_else(|| pair.clone().next());
        let (wanted, found) =
            best.unwrap_or((reasons.iter().next().map_or("unknown", |reason| expected(reason)), "nothing"));
        *self.confusion.entry((wanted.to_owned(), found.to_owned())).or_default() += 1;
        if reasons.iter().all(|reason| OF_OTHERS.contains(reason)) {
            let spares = reading.recipients().iter().all(|recipient| !recipient.verdict.suppresses());
            self.add(Measure::Spared, spares, why);
        }
        if reasons.iter().any(|reason| PERMANENCE_DIFFERS.contains(reason)) {
            return;
        }
        let outcomes = row["outcomes"].as_array().into_iter().flatten();
        let wanted: BTreeSet<bool> = outcomes.filter_map(|outcome| outcome["hardbounce"].as_bool()).collect();
        let found: BTreeSet<bool> =
            told(reading).iter().map(|recipient| recipient.permanence() == Permanence::Hard).collect();
        self.add(Measure::SisimaiPermanence, !wanted.is_disjoint(&found), why);
    }

    fn bounceparser(&mut self, folder: &Path) {
        for row in rows(&folder.join("expected.jsonl")) {
            let Some(expect) = row["expect"].as_object() else { continue };
            let (file, reading) = reading(folder, &row);
            let why = || format!("{file}: {expect:?}: {reading}");
            if let Some(wanted) = expect.get("is_bounce").and_then(Value::as_u64) {
                self.add(Measure::BounceParserBounce, told(&reading).is_empty() == (wanted == 0), why);
            }
            let wanted = expect.get("addresses").map(strings).unwrap_or_default();
            if !wanted.is_empty() {
                self.add(Measure::BounceParserRecipient, wanted.is_subset(&names(&reading)), why);
            }
            let reason = expect.get("std_reason").and_then(Value::as_str);
            if let Some((_, wanted)) = BOUNCE_PARSER.iter().find(|(name, _)| Some(*name) == reason) {
                let right = reading.recipients().iter().any(|r| wanted.contains(&r.class().as_str()));
                self.add(Measure::BounceParserClass, right, why);
            }
        }
    }

    fn flufl(&mut self, folder: &Path) {
        for row in rows(&folder.join("expected.jsonl")) {
            let (file, reading) = reading(folder, &row);
            let mut wanted = strings(&row["expected_permanent"]);
            wanted.extend(strings(&row["expected_temporary"]));
            let right = wanted.is_subset(&names(&reading));
            self.add(Measure::FluflRecipient, right, || format!("{file}: not {wanted:?}: {reading}"));
        }
    }

    fn kumomta(&mut self, folder: &Path) {
        for (kind, wanted) in [("rfc3464", ReportKind::Bounce), ("rfc5965", ReportKind::Complaint)] {
            for file in files(&folder.join(kind)) {
                let reading = read(&std::fs::read(&file).expect("a message")).expect("within the limits");
                let right = reading.recipients().iter().any(|r| r.kind == wanted || r.kind == ReportKind::Delay);
                self.add(Measure::KumoMta, right, || format!("{}: {reading}", file.display()));
            }
        }
    }
}

fn expected(reason: &str) -> &'static str {
    crate::maps::SISIMAI.iter().find(|(name, _)| *name == reason).map_or("unknown", |(_, class)| class)
}

fn rows(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).expect("a corpus has its expectations");
    text.lines().map(|line| serde_json::from_str(line).expect("a row is JSON")).collect()
}

fn reading<'a>(folder: &Path, row: &'a Value) -> (&'a str, Reading) {
    let file = row["file"].as_str().expect("a file");
    let raw = std::fs::read(folder.join(file)).expect("a corpus has its messages");
    (file, read(&raw).expect("within the limits"))
}

/// The recipients that failed or are late.
fn told(reading: &Reading) -> Vec<&RecipientReport> {
    let told = [ReportKind::Bounce, ReportKind::Delay];
    reading.recipients().iter().filter(|recipient| told.contains(&recipient.kind)).collect()
}

/// Their final and original addresses.
fn names(reading: &Reading) -> BTreeSet<String> {
    let both = |recipient: &&RecipientReport| [Some(recipient.address.clone()), recipient.original.clone()];
    let all = told(reading).into_iter().flat_map(|recipient| both(&recipient)).flatten();
    all.map(|address| address.as_str().to_lowercase()).collect()
}

fn strings(value: &Value) -> BTreeSet<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_lowercase).collect()
}

/// The messages of a folder, in order.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "eml" || extension == "msg") {
            found.push(path);
        }
    }
    found.sort();
    found
}
