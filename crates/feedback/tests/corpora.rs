//! Reports and other mail that nobody here wrote.

mod support;

use posthaste_feedback::{Form, Kind, read};
use support::files;

#[test]
fn feedback_reports_are_read() {
    let Some(bounces) = files("bounces", "eml") else { return };
    let others = files("auth/mail-auth/arf", "eml").unwrap();
    let mut found = 0;
    for (name, octets) in bounces.iter().chain(&others) {
        let says_so = octets.windows(23).any(|it| it.eq_ignore_ascii_case(b"message/feedback-report"));
        let report = read(octets).unwrap();
        let is_arf = report.as_ref().is_some_and(|it| it.form == Form::Arf);
        assert_eq!(is_arf, says_so, "{name}");
        let Some(report) = report else { continue };
        if report.form == Form::Arf {
            found += 1;
            assert_ne!(report.kind, Kind::Other, "{name}: {:?}", report.evidence);
            assert!(report.original.is_some() || octets.windows(8).any(|it| it == b"REDACTED"), "{name}");
        }
        println!("{name}: {} {} {:?}", report.form, report.kind, report.recipients);
    }
    assert!(found >= 10, "{found}");
}

/// Ordinary mail and bounces are no complaints of people.
#[test]
fn no_false_complaint() {
    let Some(messages) = files("messages", "eml") else { return };
    let bounces = files("bounces", "eml").unwrap();
    for (name, octets) in messages.iter().chain(&bounces) {
        if let Ok(Some(report)) = read(octets) {
            assert_ne!(report.form, Form::Forwarded, "{name}: {:?}", report.evidence);
        }
    }
}
