//! Hostile messages and records: bounded work, a typed result, a stack of 256 KiB.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use posthaste_auth::results::{MethodResult, Results};
use posthaste_dkim::{
    ArcReason, ArcResult, CheckLimits, DkimOutcome, DkimReason, DkimResult, check_arc_octets, check_octets,
};
use posthaste_dns::{DnsErrorKind, MemoryZone};

use support::{AT, BY, Dns, MESSAGE, both, content, ed25519, signed};

/// Checks both ways on a small stack; the number is that of the questions to the DNS.
fn on_a_small_stack(octets: Vec<u8>, limits: CheckLimits, dns: Dns) -> (Vec<DkimResult>, ArcResult, u64) {
    let check = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let dkim = check_octets(&[&octets], &limits, &dns.0, AT, BY).await;
            let arc = check_arc_octets(&[&octets], &limits, &dns.0, AT, BY).await;
            (dkim, arc, dns.0.questions())
        })
    };
    std::thread::Builder::new().stack_size(256 * 1024).spawn(check).unwrap().join().unwrap()
}

/// Limits that let everything through to the parsers.
fn wide() -> CheckLimits {
    let mut limits = CheckLimits::default();
    limits.header_octets = 64 * 1024 * 1024;
    limits.header_fields = 1_000_000;
    limits
}

fn dns() -> Dns {
    Dns::of(&both().records().unwrap())
}

fn field() -> String {
    let signer = posthaste_dkim::Dkim::new("news.example.com".parse().unwrap()).key("ed".parse().unwrap(), ed25519());
    signer.sign_content(&content(MESSAGE), AT).unwrap()[0].to_string()
}

#[test]
fn ten_thousand_signatures() {
    let octets = format!("{}{MESSAGE}", field().repeat(10_000)).into_bytes();
    let (dkim, _, questions) = on_a_small_stack(octets.clone(), CheckLimits::default(), dns());
    assert_eq!((dkim.len(), questions), (1, 0));
    assert_eq!(dkim[0].reason, Some(DkimReason::HeaderTooLarge));
    let (dkim, _, questions) = on_a_small_stack(octets, wide(), dns());
    assert_eq!((dkim.len(), questions), (6, 1));
    assert!(dkim[..5].iter().all(DkimResult::is_pass));
    assert_eq!(dkim[5].reason, Some(DkimReason::TooManySignatures { ignored: 9_995 }));
}

/// Each signature names another key: no more questions than signatures that are evaluated.
#[test]
fn ten_thousand_keys() {
    let octets: String = (0..10_000).map(|i| field().replace("s=ed;", &format!("s=ed{i};"))).collect();
    let (dkim, _, questions) = on_a_small_stack((octets + MESSAGE).into_bytes(), wide(), dns());
    assert_eq!((dkim.len(), questions), (6, 5));
    assert!(dkim[..5].iter().all(|result| result.reason == Some(DkimReason::KeyMissing)));
}

#[test]
fn tags_of_a_megabyte() {
    let megabyte = 1024 * 1024;
    for (tag, reason) in [
        (format!("h=From:{};", "x:".repeat(megabyte / 2)), DkimReason::Syntax("h")),
        (format!("b={};", "A".repeat(megabyte)), DkimReason::DuplicateTag),
        (format!("z={};", "|x".repeat(megabyte / 2)), DkimReason::HeaderChanged),
        (";".repeat(megabyte), DkimReason::HeaderChanged),
        ("a1=;".repeat(megabyte / 4), DkimReason::DuplicateTag),
        ((0..200_000).map(|i| format!("t{i}=;")).collect(), DkimReason::Syntax("?")),
        (format!("{}=1;", "n".repeat(megabyte)), DkimReason::HeaderChanged),
        (format!("d={}.example;", "a.".repeat(megabyte / 2)), DkimReason::DuplicateTag),
        (format!("q={};", "x:".repeat(megabyte / 2)), DkimReason::Unsupported("q")),
        (format!("i={}@news.example.com;", "a".repeat(megabyte)), DkimReason::HeaderChanged),
    ] {
        let own = field();
        let signature = if tag.starts_with("h=") { own.replace("h=From", &format!("{tag} hh=From")) } else { own };
        let extra = if tag.starts_with("h=") { "" } else { &tag };
        let octets = format!("{}{MESSAGE}", signature.replacen("v=1;", &format!("v=1; {extra}"), 1)).into_bytes();
        let (dkim, ..) = on_a_small_stack(octets.clone(), CheckLimits::default(), dns());
        assert_eq!(dkim[0].reason, Some(DkimReason::HeaderTooLarge));
        let (dkim, _, questions) = on_a_small_stack(octets, wide(), dns());
        assert_eq!(dkim[0].reason, Some(reason), "{:.30}", tag);
        assert!(questions <= 1);
    }
}

#[test]
fn aliases_that_go_round_are_a_temporary_error() {
    let zone: MemoryZone = "ed._domainkey.news.example.com. IN CNAME a.example.\na.example. IN CNAME b.example.\n\
                            b.example. IN CNAME a.example."
        .parse()
        .unwrap();
    let octets = signed(&both(), &content(MESSAGE)).to_vec();
    let (dkim, ..) = on_a_small_stack(octets, CheckLimits::default(), Dns(zone));
    assert!(dkim[1].is_transient(), "{}", dkim[1]);
    assert!(matches!(dkim[1].reason, Some(DkimReason::Dns(_))));
}

/// A record may hold any octets: they end in no header field.
#[test]
fn line_ends_in_a_record_are_white_space_or_an_error() {
    let key = both().records().unwrap()[1].value.clone();
    let name = "ed._domainkey.news.example.com";
    let octets = signed(&both(), &content(MESSAGE)).to_vec();
    for (text, passes) in [
        (key.replace("; ", ";\r\n "), true),
        (key.replace("p=", "p=\r\n"), true),
        (key.replace("v=DKIM1", "v=DKIM1\r\nX-Forged: 1"), false),
        (format!("{key}\r\nX-Forged: 1"), false),
        (format!("{key}; n=\r\n\r\nforged body"), true),
        (format!("{key}; t=y\r\n:\r\ns"), true),
        (key.replace("p=", "p=\0"), false),
    ] {
        let (dkim, ..) = on_a_small_stack(octets.clone(), CheckLimits::default(), Dns::default().with(name, &[&text]));
        assert_eq!(dkim[1].is_pass(), passes, "{text:?}: {}", dkim[1]);
        let shown = Results::new("mx.example.org".parse().unwrap()).with(MethodResult::from(&dkim[1]));
        assert!(!shown.to_field().unwrap().as_str().contains("Forged"));
    }
}

/// What a signature says of itself cannot leave its place in Authentication-Results.
#[test]
fn a_forged_tag_stays_in_its_place() {
    for tag in ["s=ed;dkim=pass", "s=a\r\n b", "s=\"; spf=pass", "i=\"x\r\n\ty\"@news.example.com", "s=a)(b"] {
        let octets = format!("{}{MESSAGE}", field().replace("s=ed;", &format!("s=ed; {tag};"))).into_bytes();
        let plain = format!("{}{MESSAGE}", field().replace("s=ed;", &format!("{tag};"))).into_bytes();
        for octets in [octets, plain] {
            let (dkim, arc, _) = on_a_small_stack(octets, CheckLimits::default(), dns());
            let own = "mx.example.org".parse().unwrap();
            let shown = Results::new(own).with(MethodResult::from(&dkim[0])).with(MethodResult::from(&arc));
            let field = shown.to_field().unwrap();
            let read = Results::parse(field.as_str().split_once(':').unwrap().1).unwrap();
            let methods: Vec<_> = read.results().iter().map(|one| (one.method(), one.result())).collect();
            assert_eq!(methods, [("dkim", dkim[0].outcome.as_str()), ("arc", "none")], "{tag:?}");
        }
    }
}

#[test]
fn more_arc_sets_than_there_may_be() {
    let set = |i: usize| {
        format!(
            "ARC-Seal: i={i}; a=rsa-sha256; cv=pass; d=example.org; s=s; b=AAAA\r\n\
             ARC-Message-Signature: i={i}; a=rsa-sha256; d=example.org; s=s; h=from; bh=AAAA; b=AAAA\r\n\
             ARC-Authentication-Results: i={i}; example.org; none\r\n"
        )
    };
    let message = |sets: &mut dyn Iterator<Item = usize>| {
        let sets: String = sets.map(set).collect();
        format!("{sets}{MESSAGE}").into_bytes()
    };
    for (octets, expected) in [
        (message(&mut (1..=10_000)), None),
        (message(&mut (1..=51)), None),
        (message(&mut (51..=51)), None),
        (message(&mut std::iter::repeat_n(1, 10_000)), Some("stands twice")),
        (message(&mut (1..=50).filter(|i| *i != 25)), Some("is missing")),
        (message(&mut (1..=50)), Some("cv=pass has no place")),
    ] {
        let (_, arc, questions) = on_a_small_stack(octets, wide(), dns());
        let said = arc.to_string();
        assert!(said.starts_with("fail: ") && said.contains(expected.unwrap_or("i= cannot be read")), "{said}");
        assert_eq!(questions, 0);
    }
    let mut limits = wide();
    limits.arc_sets = 10;
    let (_, arc, _) = on_a_small_stack(message(&mut (1..=11)), limits, dns());
    assert_eq!(arc.reason, Some(ArcReason::TooManySets { limit: 10 }));
}

#[test]
fn a_server_that_fails_is_not_a_forgery() {
    let octets = signed(&both(), &content(MESSAGE)).to_vec();
    let name = "ed._domainkey.news.example.com";
    for kind in [DnsErrorKind::ServFail, DnsErrorKind::Timeout, DnsErrorKind::Bogus, DnsErrorKind::Refused] {
        let (dkim, ..) = on_a_small_stack(octets.clone(), CheckLimits::default(), Dns::default().failing(name, kind));
        assert_eq!((dkim[1].outcome, dkim[1].is_transient()), (DkimOutcome::TempError, true));
        assert_eq!(dkim[0].outcome, DkimOutcome::PermError, "the other key does not exist");
    }
}
