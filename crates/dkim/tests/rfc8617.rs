//! RFC 8617: chains that we seal, and what is done to them.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use posthaste_auth::results::{AuthservId, MethodResult, Results};
use posthaste_dkim::{
    ArcField, ArcHistory, ArcReason, ArcResult, ArcSealer, ArcVerdicts, ChainStatus, CheckLimits, DkimErrorKind,
    DkimReason, SealErrorKind, check_arc, check_arc_octets,
};
use posthaste_dns::DnsErrorKind;
use posthaste_types::{Content, HeaderName};

use support::{AT, BY, Dns, MESSAGE, content, ed25519, rsa};

fn sealer(domain: &str) -> ArcSealer {
    let key = if domain.starts_with('a') { rsa() } else { ed25519() };
    ArcSealer::new(domain.parse().unwrap(), "s1".parse().unwrap(), key)
}

fn dns() -> Dns {
    Dns::of(&["a.example", "b.example", "c.example"].map(|domain| sealer(domain).record().unwrap()))
}

fn verdicts(domain: &str) -> ArcVerdicts {
    let found = MethodResult::new("dmarc", "pass").unwrap().property("header", "from", "news.example.com").unwrap();
    ArcVerdicts::Given(Results::new(AuthservId::parse(domain).unwrap()).with(found))
}

async fn arc(message: &Content) -> ArcResult {
    check_arc(message, &dns().0, AT, BY).await
}

async fn sealed(message: &Content, domain: &str) -> Content {
    let chain = arc(message).await;
    let fields = sealer(domain).seal(message, &chain, &verdicts(domain), AT).unwrap();
    message.with_headers(&fields)
}

async fn chain_of(domains: &[&str]) -> Content {
    let mut message = content(MESSAGE);
    for domain in domains {
        message = sealed(&message, domain).await;
    }
    message
}

fn edit(message: &Content, from: &str, to: &str) -> Content {
    let text = String::from_utf8(message.to_vec()).unwrap();
    assert!(text.contains(from), "{from} in {text}");
    content(&text.replacen(from, to, 1))
}

#[tokio::test]
async fn a_chain_passes_and_says_who_sealed_it() {
    let result = arc(&chain_of(&["a.example", "b.example", "a.example"]).await).await;
    assert_eq!(result.to_string(), "pass (i=3 d=a.example, i=2 d=b.example, i=1 d=a.example)");
    assert_eq!((result.highest, result.oldest_pass), (3, Some(0)));
    let said: Vec<_> = result.sets.iter().map(|set| (set.instance, set.chain, set.seal.key_bits)).collect();
    assert_eq!(
        said,
        [(1, ChainStatus::None, Some(2048)), (2, ChainStatus::Pass, Some(256)), (3, ChainStatus::Pass, Some(2048))]
    );
    let found = result.sets[0].results.as_ref().unwrap();
    assert_eq!(found.authserv_id().unwrap().as_str(), "a.example");
    assert_eq!(found.results()[0].value("header", "from"), Some("news.example.com"));
    let shown = Results::new("mx.example.org".parse().unwrap()).with(MethodResult::from(&result));
    let field = shown.to_field().unwrap();
    assert_eq!(field.as_str(), "Authentication-Results: mx.example.org;\r\n arc=pass header.oldest-pass=0\r\n");
}

#[tokio::test]
async fn mail_without_a_chain_is_none() {
    let result = arc(&content(MESSAGE)).await;
    assert_eq!((result.status, result.reason.as_ref(), result.highest), (ChainStatus::None, None, 0));
    assert_eq!(MethodResult::from(&result).result(), "none");
    assert_eq!(result.trusted(|_| true).count(), 0);
}

/// RFC 8617 §7.2.1: what a sealer says counts only if it and all behind it are trusted.
#[tokio::test]
async fn only_an_unbroken_run_of_trusted_sealers_is_believed() {
    let message = chain_of(&["a.example", "b.example", "c.example"]).await;
    let result = arc(&message).await;
    for (trusted, believed) in [
        (&["a.example", "b.example", "c.example"][..], &[3, 2, 1][..]),
        (&["b.example", "c.example"], &[3, 2]),
        (&["a.example", "c.example"], &[3]),
        (&["a.example", "b.example"], &[]),
    ] {
        let found: Vec<u8> =
            result.trusted(|domain| trusted.contains(&domain.as_str())).map(|set| set.instance).collect();
        assert_eq!(found, believed, "{trusted:?}");
    }
    let broken = arc(&edit(&message, "on its way", "lost")).await;
    assert_eq!(broken.trusted(|_| true).count(), 0, "{broken}");
}

/// §5.2: a change behind a set breaks its message signature; it is only the newest that must hold.
#[tokio::test]
async fn the_oldest_pass_tells_since_when_nothing_was_changed() {
    let message = edit(&chain_of(&["a.example", "b.example"]).await, "Subject: Your", "Subject: [list] Your");
    let fault = DkimReason::HeaderChanged;
    let broken = arc(&message).await;
    assert_eq!(broken.reason, Some(ArcReason::Fault { field: ArcField::Signature, instance: 2, fault }));

    let listed = edit(&chain_of(&["a.example"]).await, "Subject: Your", "Subject: [list] Your");
    // The list checked the chain before it changed the message.
    let before = arc(&chain_of(&["a.example"]).await).await;
    let fields = sealer("b.example").seal(&listed, &before, &verdicts("b.example"), AT).unwrap();
    let listed = sealed(&listed.with_headers(&fields), "c.example").await;
    let result = arc(&listed).await;
    assert_eq!((result.status, result.oldest_pass), (ChainStatus::Pass, Some(2)), "{result}");
    let mut limits = CheckLimits::default();
    limits.arc_history = ArcHistory::Skip;
    let result = check_arc_octets(&[&listed.to_vec()], &limits, &dns().0, AT, BY).await;
    assert_eq!((result.status, result.oldest_pass), (ChainStatus::Pass, None));
}

#[tokio::test]
async fn whatever_is_changed_in_a_set_breaks_the_chain() {
    let message = chain_of(&["a.example", "b.example"]).await;
    for (from, to) in [
        ("i=2; b.example; dmarc=pass", "i=2; b.example; dmarc=fail"),
        ("i=1; a.example; dmarc=pass", "i=1; a.example; dmarc=fail"),
        ("cv=none", "cv=pass"),
        ("ARC-Seal: i=1;", "ARC-Seal: i=2;"),
        ("ARC-Seal: i=2;", "ARC-Seal: i=3;"),
        ("ARC-Seal: i=2;", "X-Seal: i=2;"),
        ("ARC-Authentication-Results: i=1;", "X-Results: i=1;"),
        ("d=b.example;", "d=c.example; x2=1;"),
        ("s=s1;", "s=s2;"),
    ] {
        let result = arc(&edit(&message, from, to)).await;
        assert_eq!(result.status, ChainStatus::Fail, "{from} -> {to}: {result}");
        assert!(result.reason.is_some() && !result.is_transient());
    }
}

/// §5.1.2: a broken chain is sealed once, and then no more.
#[tokio::test]
async fn a_broken_chain_is_sealed_once() {
    let message = edit(&chain_of(&["a.example", "b.example"]).await, "on its way", "lost");
    let sealed = sealed(&message, "c.example").await;
    let text = String::from_utf8(sealed.to_vec()).unwrap();
    assert!(text.starts_with("ARC-Seal: i=3;") && text.contains("cv=fail;"), "{text}");
    let result = arc(&sealed).await;
    assert_eq!(result.reason, Some(ArcReason::SealedAsFailed { instance: 3 }));
    assert!(!result.can_be_sealed());
    assert!(sealer("a.example").seal(&sealed, &result, &verdicts("a.example"), AT).unwrap().is_empty());
}

#[tokio::test]
async fn a_chain_of_fifty_is_full() {
    let mut message = content("From: a@news.example.com\r\n\r\nhi\r\n");
    for _ in 0..50 {
        message = sealed(&message, "b.example").await;
    }
    let dns = dns();
    let result = check_arc(&message, &dns.0, AT, BY).await;
    assert_eq!((result.is_pass(), result.highest, dns.0.questions()), (true, 50, 1), "{result}");
    assert!(!result.can_be_sealed());
    assert!(sealer("a.example").seal(&message, &result, &verdicts("a.example"), AT).unwrap().is_empty());
}

#[tokio::test]
async fn a_dns_that_fails_breaks_the_chain_for_now() {
    let message = chain_of(&["a.example"]).await;
    let dns = Dns::default().failing("s1._domainkey.a.example", DnsErrorKind::ServFail);
    let result = check_arc(&message, &dns.0, AT, BY).await;
    assert_eq!((result.status, result.is_transient()), (ChainStatus::Fail, true));
    assert_eq!(MethodResult::from(&result).result(), "fail");
    assert!(MethodResult::from(&result).reason_text().unwrap().contains("the key is not known"));
}

#[tokio::test]
async fn what_cannot_be_sealed_says_why() {
    let one = chain_of(&["a.example"]).await;
    let other = content(MESSAGE);
    let (of_one, of_other) = (arc(&one).await, arc(&other).await);
    let seal = |content: &Content, chain: &ArcResult, verdicts: &ArcVerdicts| {
        sealer("b.example").seal(content, chain, verdicts, AT).unwrap_err().kind().clone()
    };
    assert_eq!(seal(&one, &of_other, &verdicts("b.example")), SealErrorKind::Chain);
    assert_eq!(seal(&other, &of_one, &verdicts("b.example")), SealErrorKind::Chain);
    let nobody = ArcVerdicts::Given(Results::parse("dmarc=pass").unwrap());
    assert_eq!(seal(&other, &of_other, &nobody), SealErrorKind::Verdicts);
    let malformed = content("From: a@news.example.com\r\nno field\r\n\r\n");
    let kind = seal(&malformed, &of_other, &verdicts("b.example"));
    assert!(matches!(kind, SealErrorKind::Malformed { at: 26, .. }), "{kind:?}");
    for name in ["arc-seal", "X;d=evil.example"] {
        let error = sealer("a.example").exactly([HeaderName::parse(name).unwrap()]).unwrap_err();
        assert!(matches!(error.kind(), DkimErrorKind::Header { .. }), "{name}");
    }
}

/// By default the DKIM-Signature fields are signed, and what DKIM oversigns.
#[tokio::test]
async fn the_default_covers_the_signatures_that_are_there() {
    let message = support::signed(&support::both(), &content(MESSAGE));
    let message = sealed(&message, "a.example").await;
    let result = arc(&message).await;
    let headers = &result.sets[0].signature.headers;
    let count = |name: &str| headers.iter().filter(|found| *found == name).count();
    assert_eq!((count("dkim-signature"), count("from"), count("subject")), (2, 2, 2), "{headers:?}");
    assert_eq!(arc(&edit(&message, "a=ed25519-sha256", "a=rsa-sha256")).await.status, ChainStatus::Fail);
}
