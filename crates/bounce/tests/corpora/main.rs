//! Real bounces, complaints and automatic answers: how many are read, and with which class.
//!
//! The folder comes from POSTHASTE_CORPORA. `docs/bounces.md` is made of the same grades; this writes it anew:
//!
//! ```sh
//! POSTHASTE_CORPORA=... POSTHASTE_WRITE=1 cargo test -p posthaste-bounce --test corpora
//! ```

mod grade;
mod maps;
mod page;

use std::path::{Path, PathBuf};

use grade::{Grades, Measure};
use posthaste_bounce::{ReportKind, read};

/// The folder with the corpora; required in CI.
fn corpora() -> Option<PathBuf> {
    let folder = std::env::var_os("POSTHASTE_CORPORA").map(PathBuf::from).filter(|folder| folder.is_dir());
    if folder.is_none() {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "POSTHASTE_CORPORA must name the corpora in CI");
        println!("skipped: POSTHASTE_CORPORA does not name a folder");
    }
    folder
}

/// What was measured, in tenths of a per cent, less a little; it may only rise.
const FLOORS: &[(Measure, usize)] = &[
    (Measure::SisimaiBounce, 985),
    (Measure::SisimaiRecipient, 993),
    (Measure::SisimaiPermanence, 980),
    (Measure::SisimaiClass, 930),
    (Measure::SisimaiAutoReply, 1000),
    (Measure::BounceParserBounce, 970),
    (Measure::BounceParserRecipient, 900),
    (Measure::BounceParserClass, 980),
    (Measure::FluflRecipient, 980),
    (Measure::KumoMta, 1000),
];

#[test]
fn grades_do_not_fall() {
    let Some(folder) = corpora() else { return };
    let grades = Grades::of(&folder.join("bounces"));
    for (measure, floor) in FLOORS {
        let count = grades.count(*measure);
        println!("{}: {} of {}", measure.name(), count.right, count.of);
        count.missed.iter().for_each(|missed| println!("  {missed}"));
        assert!(count.of > 0 && count.right * 1000 >= count.of * floor, "{}: below {floor}", measure.name());
    }
}

/// The law on real mail: what Sisimai calls a fault of the sender, the route or the message never takes an address off.
#[test]
fn faults_of_others_suppress_nobody() {
    let Some(folder) = corpora() else { return };
    let grades = Grades::of(&folder.join("bounces"));
    let spared = grades.count(Measure::Spared);
    assert!(spared.right * 1000 >= spared.of * 985, "{} of {}: {:#?}", spared.right, spared.of, spared.missed);
}

#[test]
fn ordinary_mail_is_no_bounce() {
    let Some(folder) = corpora().map(|folder| folder.join("messages/mail-parser/eml")) else { return };
    let files = grade::files(&folder);
    assert!(files.len() > 100);
    for file in files {
        let Ok(reading) = read(&std::fs::read(&file).expect("a message")) else { continue };
        let kind = reading.kind();
        assert!(!matches!(kind, ReportKind::Bounce | ReportKind::Delay), "{}: {reading}", file.display());
    }
}

#[test]
fn the_page_is_made_of_these_grades() {
    let Some(folder) = corpora() else { return };
    let grades = Grades::of(&folder.join("bounces"));
    let page = page::page(&grades);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/bounces.md");
    if std::env::var_os("POSTHASTE_WRITE").is_some() {
        std::fs::write(&file, &page).expect("docs/bounces.md can be written");
    }
    let known = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(known == page, "docs/bounces.md is not current: run with POSTHASTE_WRITE=1");
}
