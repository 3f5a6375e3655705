//! The test suite of RFC 7208.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/suite.rs"]
mod suite;

/// Every result and every explanation is one that the suite takes for right.
#[test]
fn rfc7208_suite() {
    let file = std::env::var_os("POSTHASTE_CORPORA")
        .map(|folder| std::path::PathBuf::from(folder).join("spf/rfc7208-tests.yml"))
        .filter(|file| file.is_file());
    let Some(file) = file else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "POSTHASTE_CORPORA must name the corpora in CI");
        println!("skipped: POSTHASTE_CORPORA does not name a folder with the SPF suite");
        return;
    };
    let cases = suite::run(&std::fs::read_to_string(file).unwrap()).unwrap();
    let wrong: Vec<String> = cases.iter().filter(|case| !case.is_right()).map(described).collect();
    assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert_eq!(cases.len(), 203);
}

fn described(case: &suite::Case) -> String {
    let steps: Vec<String> = case.outcome.trace.iter().map(|step| format!("    {step}")).collect();
    format!(
        "{}, {}: {} ({}), expected {:?} ({:?})\n{}",
        case.scenario,
        case.name,
        case.outcome,
        case.explanation(),
        case.expected,
        case.expected_explanation,
        steps.join("\n")
    )
}
