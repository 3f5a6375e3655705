//! The SPF cases of mail-auth: `auth/mail-auth/spf` of the corpora, whose folder `POSTHASTE_CORPORA` names.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/lines.rs"]
mod lines;

use std::path::Path;

/// Each case has the result that it expects, but for those of [`CONTRADICTIONS`].
#[test]
fn mail_auth_spf_cases() {
    let Some(corpora) = std::env::var_os("POSTHASTE_CORPORA") else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "POSTHASTE_CORPORA must name the corpora in CI");
        println!("skipped: POSTHASTE_CORPORA is not set");
        return;
    };
    let folder = Path::new(&corpora).join("auth/mail-auth/spf");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let (mut count, mut wrong) = (0, Vec::new());
    for file in files {
        let cases = lines::run(&std::fs::read_to_string(&file).unwrap()).unwrap();
        assert!(!cases.is_empty(), "{} has no cases", file.display());
        count += cases.len();
        let differing = cases.iter().filter(|case| !case.is_right());
        wrong.extend(differing.filter(|case| !is_contradiction(case)).map(described));
    }
    assert!(wrong.is_empty(), "{} of {count} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    println!("{count} cases");
}

fn is_contradiction(case: &lines::Case) -> bool {
    CONTRADICTIONS.iter().any(|(asked, expected, right, _)| {
        case.asked.starts_with(asked) && case.expected == *expected && case.found() == *right
    })
}

fn described(case: &lines::Case) -> String {
    let steps: Vec<String> = case.outcome.trace.iter().map(|step| format!("    {step}")).collect();
    format!(
        "{}, {}: {} ({}), expected {}\n{}",
        case.document,
        case.asked,
        case.found(),
        case.outcome,
        case.expected,
        steps.join("\n")
    )
}

/// What is asked, what is expected there, what RFC 7208 says, and where it says so.
const CONTRADICTIONS: [(&str, &str, &str, &str); 6] = [
    (
        "10.0.0.1 HELO test.org",
        "fail",
        "permerror",
        "§4.6: an unknown mechanism anywhere in the record is an error, behind `all` too",
    ),
    ("172.168.0.1 HELO ok.test.org", "softfail", "permerror", "§4.6.4: more than two lookups find nothing"),
    ("10.0.0.8 HELO mx.test.org", "pass", "permerror", "§4.6.4: more than ten mail hosts, whichever would match"),
    ("167.1.2.3 HELO ip6.test.org", "pass", "fail", "§5.7: `exists` asks for A, whatever the client's address is"),
    ("10.1.2.3 HELO test.org", "pass", "fail", "§5: an IPv4 address is never within an `ip6` network"),
    ("2001:db8::cb01 HELO mx.example.org", "pass", "fail", "§5.7: `exists` asks for A, and the name has AAAA alone"),
];
