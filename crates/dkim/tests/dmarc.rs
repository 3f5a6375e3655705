//! What DMARC makes of signatures, and of a chain where a list has broken them.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use posthaste_auth::dmarc::{self, Identifiers, Verdict};
use posthaste_auth::results::{MethodResult, Results};
use posthaste_dkim::{ArcSealer, ArcVerdicts, DkimResult, check, check_arc};
use posthaste_types::Content;

use support::{AT, BY, Dns, MESSAGE, both, content, rsa, signed};

fn list() -> ArcSealer {
    ArcSealer::new("lists.example.org".parse().unwrap(), "s1".parse().unwrap(), rsa())
}

fn dns() -> Dns {
    let records = [both().records().unwrap(), vec![list().record().unwrap()]].concat();
    Dns::of(&records).with("_dmarc.news.example.com", &["v=DMARC1; p=reject"])
}

async fn dmarc(message: &Content, dns: &Dns) -> dmarc::Outcome {
    let author = Identifiers::new("news.example.com".parse().unwrap());
    let results = check(message, &dns.0, AT, BY).await;
    let identifiers = results.iter().filter_map(DkimResult::identifier);
    let message = identifiers.fold(author, |message, (domain, found)| message.dkim(domain, found));
    dmarc::check(&dns.0, &message, BY).await
}

#[tokio::test]
async fn an_aligned_signature_passes_dmarc() {
    let message = signed(&both(), &content(MESSAGE));
    assert_eq!(dmarc(&message, &dns()).await.verdict, Verdict::Pass);
    assert_eq!(dmarc(&content(MESSAGE), &dns()).await.verdict, Verdict::Fail);
}

/// RFC 6376 §3.6.1: mail that a key under test has signed is treated as unsigned mail.
#[tokio::test]
async fn a_key_under_test_authenticates_nobody() {
    let tested = both().records().unwrap().iter().fold(Dns::default(), |dns, record| {
        dns.with(record.name.as_str(), &[&record.value.replace("; p=", "; t=y; p=")])
    });
    let tested = tested.with("_dmarc.news.example.com", &["v=DMARC1; p=reject"]);
    let message = signed(&both(), &content(MESSAGE));
    assert!(check(&message, &tested.0, AT, BY).await.iter().all(|result| result.is_pass() && result.testing));
    assert_eq!(dmarc(&message, &tested).await.verdict, Verdict::Fail);
}

/// RFC 8617 §7.2.1: the list changes the subject; what it found before outweighs the failure, if the receiver trusts it.
#[tokio::test]
async fn a_trusted_list_outweighs_a_broken_signature() {
    let (message, dns) = (signed(&both(), &content(MESSAGE)), dns());
    let found = dmarc(&message, &dns).await;
    let chain = check_arc(&message, &dns.0, AT, BY).await;
    let text = String::from_utf8(message.to_vec()).unwrap().replace("Subject: ", "Subject: [list] ");
    let listed = content(&text);
    let results = Results::new("mx.lists.example.org".parse().unwrap()).with(MethodResult::dmarc(&found));
    let fields = list().seal(&listed, &chain, &ArcVerdicts::Given(results), AT).unwrap();
    let listed = listed.with_headers(&fields);

    assert_eq!(dmarc(&listed, &dns).await.verdict, Verdict::Fail);
    let chain = check_arc(&listed, &dns.0, AT, BY).await;
    let passed = |trusted: &str| {
        let results = chain.trusted(|domain| domain.as_str() == trusted).filter_map(|set| set.results.as_ref());
        let mut found = results.flat_map(|results| results.results().iter());
        found.any(|one| (one.method(), one.result()) == ("dmarc", "pass"))
    };
    assert!(passed("lists.example.org"), "{chain}");
    assert!(!passed("other.example"));
}
