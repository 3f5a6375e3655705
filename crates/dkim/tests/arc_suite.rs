//! The ARC test suite of ValiMail: `arc/tests` of the corpora, whose folder `POSTHASTE_CORPORA` names.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "support/arc.rs"]
mod arc;
mod support;

use posthaste_auth::results::AuthservId;
use posthaste_dkim::{ArcSealer, ArcVerdicts, ChainStatus, CheckLimits, check_arc, check_arc_octets};
use posthaste_types::{Content, HeaderName, Timestamp};

use arc::{Case, cases};
use support::{AT, BY, rsa};

/// Every validation case that expects something has that result.
#[tokio::test]
async fn validation_cases() {
    let Some(cases) = cases("arc-draft-validation-tests.yml") else { return };
    let mut wrong = Vec::new();
    let mut checked = 0;
    for case in &cases {
        let expected = case.text("cv").to_ascii_lowercase();
        if expected.is_empty() {
            continue;
        }
        checked += 1;
        let message = case.message();
        let result = check_arc_octets(&[message.as_bytes()], &CheckLimits::default(), &case.dns.0, AT, BY).await;
        if result.status.as_str() != expected {
            wrong.push(format!("{}: {result}, expected {expected}", case.name));
        }
    }
    println!("{checked} cases");
    assert!(wrong.is_empty(), "{} of {checked} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(checked > 0);
}

/// The tags of a field, white space within left out, and the sorted rest.
fn tag(field: &str, name: &str) -> Option<String> {
    let tags = field.split(';').filter_map(|tag| tag.split_once('='));
    let mut values = tags.filter(|(found, _)| found.trim() == name);
    values.next().map(|(_, value)| value.split_whitespace().collect())
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_lowercase()
}

/// What each signing case expects, but for the signatures: its key has 1024 bits, with which nothing is signed here.
#[tokio::test]
async fn signing_cases() {
    let Some(cases) = cases("arc-draft-sign-tests.yml") else { return };
    for case in &cases {
        let content = Content::from_canonical(case.message().into_bytes()).unwrap();
        let chain = check_arc(&content, &case.dns.0, AT, BY).await;
        let names = case.text("sig-headers");
        let names = names.split(':').map(|name| HeaderName::parse(name.trim()).unwrap());
        let (domain, selector) = (case.text("domain"), case.text("sel"));
        let sealer = ArcSealer::new(domain.parse().unwrap(), selector.parse().unwrap(), rsa());
        let sealer = sealer.exactly(names).unwrap();
        let verdicts = ArcVerdicts::InMessage(AuthservId::parse(case.text("srv-id")).unwrap());
        let at = Timestamp::from_unix_secs(case.text("t").parse().unwrap());
        let fields = sealer.seal(&content, &chain, &verdicts, at).unwrap();
        if case.text("AS").is_empty() {
            assert!(fields.is_empty(), "{}: {fields:?}", case.name);
            continue;
        }
        compare(case, &fields.iter().map(|field| field.as_str()).collect::<Vec<_>>());
        if chain.status != ChainStatus::Fail {
            // The earlier sets are signed with the suite's key, the new one with ours.
            let sealed = content.with_headers(&fields);
            let dns = case.dns_with(&sealer.record().unwrap());
            let again = check_arc(&sealed, &dns.0, AT, BY).await;
            let newest = again.sets.last().unwrap();
            assert_eq!(
                (newest.signature.key_bits, newest.seal.key_bits.is_some()),
                (Some(2048), true),
                "{}",
                case.name
            );
            if chain.sets.is_empty() {
                assert!(again.is_pass(), "{}: {again}", case.name);
            }
        }
    }
    assert!(!cases.is_empty());
}

fn compare(case: &Case, fields: &[&str]) {
    let [seal, signature, results] = fields else { panic!("{}: {fields:?}", case.name) };
    for (field, expected, tags) in [
        (seal, case.text("AS"), &["a", "cv", "d", "i", "s", "t"][..]),
        (signature, case.text("AMS"), &["a", "bh", "c", "d", "h", "i", "s", "t"][..]),
    ] {
        let field = field.split_once(':').unwrap().1;
        for name in tags {
            assert_eq!(tag(field, name), tag(expected, name), "{}: {name}= of {field}", case.name);
        }
    }
    assert_eq!(squeezed(results.split_once(':').unwrap().1), squeezed(case.text("AAR")), "{}", case.name);
}
