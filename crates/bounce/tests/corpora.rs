//! Real bounces, complaints and automatic answers: how many are read, and with which class.
//!
//! The folder comes from POSTHASTE_CORPORA. The floors, in per cent, are what was measured; they may only rise.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use posthaste_bounce::{ReadError, Reading, ReportKind, read};
use serde_json::Value;

/// The folder with the corpora; required in CI.
fn corpora() -> Option<PathBuf> {
    let folder = std::env::var_os("POSTHASTE_CORPORA").map(PathBuf::from).filter(|folder| folder.is_dir());
    if folder.is_none() {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "POSTHASTE_CORPORA must name the corpora in CI");
        println!("skipped: POSTHASTE_CORPORA does not name a folder");
    }
    folder
}

fn rows(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).expect("a corpus has its expectations");
    text.lines().map(|line| serde_json::from_str(line).expect("a row is JSON")).collect()
}

fn reading(file: &Path) -> Result<Reading, ReadError> {
    read(&std::fs::read(file).expect("a corpus has its messages"))
}

/// The addresses that a reading finds failed or late.
fn found(reading: &Reading) -> BTreeSet<String> {
    let told = [ReportKind::Bounce, ReportKind::Delay];
    let recipients = reading.recipients().iter().filter(|recipient| told.contains(&recipient.kind));
    recipients.map(|recipient| recipient.address.as_str().to_lowercase()).collect()
}

/// Whether the reading is about just these addresses, each by its final or its original name.
fn names(reading: &Reading, wanted: &BTreeSet<String>) -> bool {
    let told = [ReportKind::Bounce, ReportKind::Delay];
    let mut names = BTreeSet::new();
    let all = reading.recipients().iter().filter(|recipient| told.contains(&recipient.kind)).all(|recipient| {
        let last = recipient.address.as_str().to_lowercase();
        let original = recipient.original.as_ref().map_or_else(String::new, |address| address.as_str().to_lowercase());
        let fine = wanted.contains(&last) || wanted.contains(&original);
        names.extend([last, original]);
        fine
    });
    all && wanted.is_subset(&names)
}

fn strings(value: &Value) -> BTreeSet<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_lowercase).collect()
}

/// A count, with what was missed.
#[derive(Default)]
struct Count {
    of: usize,
    right: usize,
}

impl Count {
    fn add(&mut self, right: bool, missed: impl FnOnce() -> String) {
        self.of += 1;
        self.right += usize::from(right);
        if !right {
            println!("  {}", missed());
        }
    }

    /// `floor` in per cent.
    fn at_least(&self, what: &str, floor: usize) {
        println!("{what}: {} of {}", self.right, self.of);
        assert!(
            self.of > 0 && self.right * 100 >= self.of * floor,
            "{what}: {} of {}, below {floor} %",
            self.right,
            self.of
        );
    }
}

/// Sisimai's reasons in our classes, and classes that say the same of an answer in finer or coarser words.
fn same_class(reason: &str, class: &str) -> bool {
    let classes: &[&str] = match reason {
        "authfailure" => &["authentication"],
        "badreputation" => &["reputation"],
        "blocked" => &["blocklisted", "reputation"],
        "contenterror" => &["message_format"],
        "delivered" => &["delivered"],
        "exceedlimit" | "mesgtoobig" => &["message_size"],
        "expired" => &["expired", "timeout", "network"],
        "failedstarttls" => &["tls"],
        "feedback" => &["complaint", "unsubscribe"],
        "filtered" => &["recipient_policy", "bad_mailbox"],
        "hasmoved" | "suspend" => &["inactive_mailbox", "mailbox_temp"],
        "hostunknown" | "notaccept" => &["bad_domain"],
        "mailboxfull" => &["quota"],
        "mailererror" | "systemerror" | "systemfull" => &["server_error", "server_unavailable"],
        "networkerror" => &["network", "dns_temp", "routing_loop", "timeout"],
        "norelaying" => &["relay"],
        "notcompliantrfc" => &["message_format"],
        "onhold" | "undefined" => &["unknown"],
        "policyviolation" | "securityerror" => &["policy"],
        "rejected" => &["sender_address"],
        "requireptr" => &["ptr"],
        "spamdetected" => &["spam_content"],
        "speeding" => &["rate_limit"],
        "syntaxerror" => &["protocol"],
        "toomanyconn" => &["too_many_connections"],
        "userunknown" => &["bad_mailbox"],
        "vacation" => &["auto_reply"],
        "virusdetected" => &["virus"],
        _ => &[],
    };
    classes.contains(&class)
}

#[test]
fn sisimai() {
    let Some(folder) = corpora().map(|folder| folder.join("bounces/sisimai")) else { return };
    let (mut decoded, mut recipient, mut class, mut standard) =
        (Count::default(), Count::default(), Count::default(), Count::default());
    for row in rows(&folder.join("expected.jsonl")) {
        let file = row["file"].as_str().expect("a file");
        let reading = reading(&folder.join(file)).expect("within the limits");
        let bounce = row["kind"] == "bounce";
        let is_standard = bounce && !row["dsn_fields"].as_array().is_none_or(Vec::is_empty);
        decoded.add(!reading.recipients().is_empty(), || format!("{file}: nothing read"));
        if is_standard {
            standard
                .add(!found(&reading).is_empty() || reading.kind() == ReportKind::Delivered, || format!("{file}: DSN"));
        }
        if bounce && row["recipient"].is_array() {
            let (told, wanted) = (found(&reading), strings(&row["recipient"]));
            recipient.add(names(&reading, &wanted), || format!("{file}: {told:?}, not {wanted:?}"));
        }
        if row["gradeable"] == true {
            let reasons: BTreeSet<&str> =
                row["outcomes"].as_array().into_iter().flatten().filter_map(|o| o["reason"].as_str()).collect();
            let classes: Vec<&str> = reading.recipients().iter().map(|r| r.class().as_str()).collect();
            let right = reasons.iter().any(|reason| classes.iter().any(|class| same_class(reason, class)));
            class.add(right, || {
                let why: Vec<String> = reading.recipients().iter().map(|r| r.verdict.to_string()).collect();
                format!("{file}: {reasons:?}: {why:?}")
            });
        }
    }
    standard.at_least("sisimai, RFC 3464", 99);
    decoded.at_least("sisimai, decoded", 97);
    recipient.at_least("sisimai, recipients", 97);
    class.at_least("sisimai, classes", 79);
}

/// The law on real mail: what Sisimai calls a fault of the sender, the route or the message never takes an
/// address off.
#[test]
fn sisimai_faults_of_others_suppress_nobody() {
    let Some(folder) = corpora().map(|folder| folder.join("bounces/sisimai")) else { return };
    let mut spared = Count::default();
    for row in rows(&folder.join("expected.jsonl")) {
        let outcomes = || row["outcomes"].as_array().into_iter().flatten().filter_map(|o| o["reason"].as_str());
        if row["gradeable"] != true
            || outcomes().next().is_none()
            || !outcomes().all(|reason| OF_OTHERS.contains(&reason))
        {
            continue;
        }
        let file = row["file"].as_str().expect("a file");
        let reading = reading(&folder.join(file)).expect("within the limits");
        let spares = reading.recipients().iter().all(|recipient| !recipient.verdict.suppresses());
        spared.add(spares, || format!("{file}: {reading}"));
    }
    spared.at_least("sisimai, faults of others that suppress nobody", 97);
}

const OF_OTHERS: &[&str] = &[
    "authfailure",
    "badreputation",
    "blocked",
    "contenterror",
    "exceedlimit",
    "expired",
    "failedstarttls",
    "mailererror",
    "mesgtoobig",
    "networkerror",
    "norelaying",
    "notcompliantrfc",
    "policyviolation",
    "rejected",
    "requireptr",
    "securityerror",
    "spamdetected",
    "speeding",
    "syntaxerror",
    "systemerror",
    "systemfull",
    "toomanyconn",
    "virusdetected",
];

#[test]
fn bounceparser() {
    let Some(folder) = corpora().map(|folder| folder.join("bounces/bounceparser")) else { return };
    let classes = HashMap::from([
        (
            "spam",
            vec![
                "spam_content",
                "blocklisted",
                "reputation",
                "policy",
                "authentication",
                "ptr",
                "virus",
                "sender_address",
            ],
        ),
        ("user_unknown", vec!["bad_mailbox", "inactive_mailbox", "recipient_policy"]),
        ("over_quota", vec!["quota"]),
        ("domain_error", vec!["bad_domain", "dns_temp"]),
        ("user_disabled", vec!["inactive_mailbox"]),
    ]);
    let (mut is_bounce, mut recipient, mut class) = (Count::default(), Count::default(), Count::default());
    for row in rows(&folder.join("expected.jsonl")) {
        let Some(expect) = row["expect"].as_object() else { continue };
        let file = row["file"].as_str().expect("a file");
        let reading = reading(&folder.join(file)).expect("within the limits");
        let told = found(&reading);
        if let Some(wanted) = expect.get("is_bounce").and_then(Value::as_u64) {
            is_bounce.add(told.is_empty() == (wanted == 0), || format!("{file}: {told:?}, is_bounce {wanted}"));
        }
        if let Some(wanted) = expect.get("addresses").map(strings).filter(|wanted| !wanted.is_empty()) {
            recipient.add(names(&reading, &wanted), || format!("{file}: {told:?}, not {wanted:?}"));
        }
        if let Some(wanted) = expect.get("std_reason").and_then(Value::as_str).and_then(|reason| classes.get(reason)) {
            let right = reading.recipients().iter().any(|r| wanted.contains(&r.class().as_str()));
            class.add(right, || format!("{file}: not {wanted:?}: {reading}"));
        }
    }
    is_bounce.at_least("bounceparser, bounces", 90);
    recipient.at_least("bounceparser, recipients", 90);
    class.at_least("bounceparser, classes", 98);
}

#[test]
fn flufl() {
    let Some(folder) = corpora().map(|folder| folder.join("bounces/flufl")) else { return };
    let mut recipient = Count::default();
    for row in rows(&folder.join("expected.jsonl")) {
        let file = row["file"].as_str().expect("a file");
        let reading = reading(&folder.join(file)).expect("within the limits");
        let mut wanted = strings(&row["expected_permanent"]);
        wanted.extend(strings(&row["expected_temporary"]));
        let told = found(&reading);
        recipient.add(names(&reading, &wanted), || format!("{file}: {told:?}, not {wanted:?}"));
    }
    recipient.at_least("flufl, recipients", 92);
}

#[test]
fn kumomta() {
    let Some(folder) = corpora().map(|folder| folder.join("bounces/kumomta/crates/kumo-log-types/data")) else {
        return;
    };
    let mut read = Count::default();
    for (kind, wanted) in [("rfc3464", ReportKind::Bounce), ("rfc5965", ReportKind::Complaint)] {
        for file in eml_files(&folder.join(kind)) {
            let reading = reading(&file).expect("within the limits");
            let right = reading.recipients().iter().any(|r| r.kind == wanted || r.kind == ReportKind::Delay);
            read.add(right, || format!("{}: {reading}", file.display()));
        }
    }
    read.at_least("kumomta", 100);
}

#[test]
fn ordinary_mail_is_no_bounce() {
    let Some(folder) = corpora().map(|folder| folder.join("messages/mail-parser/eml")) else { return };
    let mut quiet = Count::default();
    for file in eml_files(&folder) {
        let Ok(reading) = reading(&file) else { continue };
        quiet.add(reading.recipients().is_empty(), || format!("{}: {reading}", file.display()));
    }
    quiet.at_least("ordinary mail", 100);
}

fn eml_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(eml_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "eml" || extension == "msg") {
            files.push(path);
        }
    }
    files.sort();
    files
}
