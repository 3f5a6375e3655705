//! Authentication-Results and iprev (RFC 8601).

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use posthaste_auth::iprev::{self, Verdict};
use posthaste_auth::results::{AuthservId, MethodResult, Results, strip};
use posthaste_auth::{dmarc, spf};
use posthaste_dns::{DnsErrorKind, MemoryZone};
use posthaste_types::{Tick, Timestamp};
use proptest::prelude::*;

fn id(text: &str) -> AuthservId {
    text.parse().unwrap()
}

fn shown(results: &Results) -> Vec<String> {
    let one = |result: &MethodResult| {
        let properties: Vec<String> =
            result.properties().iter().map(|p| format!(" {}.{}={}", p.ptype(), p.name(), p.value())).collect();
        let reason = result.reason_text().map(|reason| format!(" [{reason}]")).unwrap_or_default();
        format!("{}={}{reason}{}", result.method(), result.result(), properties.concat())
    };
    results.results().iter().map(one).collect()
}

/// The examples of appendix B.
#[test]
fn appendix_b() {
    let table: [(&str, Option<&str>, &[&str]); 6] = [
        ("example.org 1; none", Some("example.org"), &[]),
        (
            "example.com;\r\n spf=pass smtp.mailfrom=example.net",
            Some("example.com"),
            &["spf=pass smtp.mailfrom=example.net"],
        ),
        (
            "example.com;\r\n auth=pass (cram-md5) smtp.auth=sender@example.net;\r\n spf=pass smtp.mailfrom=example.net",
            Some("example.com"),
            &["auth=pass smtp.auth=sender@example.net", "spf=pass smtp.mailfrom=example.net"],
        ),
        (
            "example.com;\r\n dkim=pass reason=\"good signature\"\r\n header.i=@mail-router.example.net;\r\n dkim=fail \
             reason=\"bad signature\" header.i=@newyork.example.com",
            Some("example.com"),
            &[
                "dkim=pass [good signature] header.i=@mail-router.example.net",
                "dkim=fail [bad signature] header.i=@newyork.example.com",
            ],
        ),
        (
            "foo.example.net (foobar) 1 (baz);\r\n dkim (Because I like it) / 1 (One yay) = (wait for it) fail\r\n policy \
             (A dot can go here) . (like that) expired\r\n (this surprised me) = (as I wasn't expecting it) 1362471462",
            Some("foo.example.net"),
            &["dkim=fail policy.expired=1362471462"],
        ),
        ("\"a b\"", None, &[]),
    ];
    for (text, host, results) in table {
        match (Results::parse(text), host) {
            (Ok(read), Some(host)) => {
                assert_eq!(read.authserv_id(), Some(&id(host)), "{text}");
                assert_eq!(shown(&read), results, "{text}");
            }
            (read, _) => assert!(read.is_err(), "{text}: {read:?}"),
        }
    }
}

#[test]
fn what_real_hosts_write() {
    let read = Results::parse(
        "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=example.com; dkim=pass (signature was verified) \
         header.d=example.com;dmarc=pass action=none header.from=example.com;compauth=pass reason=100",
    )
    .unwrap();
    assert_eq!(read.authserv_id(), None);
    assert_eq!(read.results().len(), 4);
    assert_eq!(read.results()[2].value("header", "from"), Some("example.com"));
    assert!(read.to_field().is_err());
    let read = Results::parse(
        "mx.google.example; dkim=pass header.i=@example.com header.s=s1 header.b=\"Ab/c+d=\"; dmarc=pass (p=REJECT \
         sp=REJECT dis=NONE) header.from=example.com",
    )
    .unwrap();
    assert_eq!(read.results()[0].value("header", "b"), Some("Ab/c+d="));
}

#[test]
fn bad_fields_have_their_place() {
    for (text, at) in [
        ("", 0),
        ("a (x", 2),
        ("a; spf", 6),
        ("a; spf=", 7),
        ("a; spf=pass smtp.=x", 12),
        ("a; spf=pass smtp.mailfrom=", 26),
        ("a; spf=pass reason=\"x", 19),
        ("a b; spf=pass", 2),
    ] {
        assert_eq!(Results::parse(text).unwrap_err().at(), at, "{text}");
    }
    assert!(Results::parse(&"(".repeat(60_000)).is_err());
    assert!(Results::parse(&format!("a{}", "; spf=pass".repeat(101))).is_err());
    assert!(Results::parse(&format!("a; spf=pass{}", " smtp.helo=a".repeat(51))).is_err());
    assert!(Results::parse(&"a".repeat(1 << 20)).is_err());
}

#[test]
fn section_5_own_ids_are_stripped() {
    let own = id("mx.example.org");
    let message = "Authentication-Results: other.example; spf=pass\r\n\
                   AUTHENTICATION-RESULTS : (x) \"mx.example.org\";\r\n spf=pass\r\n\
                   Received: by mx.example.org\r\n\
                   Authentication-Results: mx.example.org; ((broken\r\n\
                   Authentication-Results: spf=pass smtp.helo=a\r\n\
                   Authentication-Results: other.example; ((broken\r\n\
                   authentication-results:\r\n\tMX.EXAMPLE.ORG 1; dkim=pass\r\n\
                   Subject: x\r\n\r\nAuthentication-Results: mx.example.org; in=the.body\r\n";
    let (kept, count) = strip(message.as_bytes(), &own);
    assert_eq!(count, 4);
    assert_eq!(
        std::str::from_utf8(&kept).unwrap(),
        "Authentication-Results: other.example; spf=pass\r\nReceived: by mx.example.org\r\n\
         Authentication-Results: other.example; ((broken\r\nSubject: x\r\n\r\n\
         Authentication-Results: mx.example.org; in=the.body\r\n"
    );
    assert_eq!(strip(b"Subject: x\n\nbody", &own), (b"Subject: x\n\nbody".as_slice().into(), 0));
    assert_eq!(strip(b"", &own).1, 0);
}

#[tokio::test]
async fn our_own_results() {
    let dns: MemoryZone =
        "example.com. IN TXT \"v=spf1 -all\"\n_dmarc.example.com. IN TXT \"v=DMARC1; p=reject\"".parse().unwrap();
    let query = spf::Query::mail_from("192.0.2.1".parse().unwrap(), "h", "ada@example.com");
    let mut check =
        spf::Check::new(query.clone(), spf::Settings::default(), Tick::default(), Timestamp::from_unix_secs(0));
    let outcome = loop {
        match check.step(Tick::default()) {
            spf::Step::Ask { name, kind } => check.answer(dns.lookup(&name, kind)),
            spf::Step::Done(outcome) => break outcome,
        }
    };
    let message = dmarc::Identifiers::new("example.com".parse().unwrap())
        .spf("example.com".parse().unwrap(), outcome.verdict.into());
    let dmarc = dmarc::check(&dns, &message, Tick::default()).await;
    let iprev = iprev::check(&dns, "192.0.2.1".parse().unwrap(), Tick::default()).await;
    let results = Results::new(id("mx.example.org"))
        .with(MethodResult::spf(&query, &outcome))
        .with(MethodResult::dmarc(&dmarc))
        .with(MethodResult::iprev(&iprev));
    assert_eq!(
        results.to_field().unwrap().as_str(),
        "Authentication-Results: mx.example.org;\r\n spf=fail reason=\"`-all` in the record of example.com \
         matches\"\r\n  smtp.mailfrom=ada@example.com;\r\n dmarc=fail header.from=example.com polrec.p=reject \
         polrec.domain=example.com;\r\n iprev=permerror policy.iprev=192.0.2.1\r\n"
    );
    assert_eq!(Results::new(id("a")).to_field().unwrap().as_str(), "Authentication-Results: a; none\r\n");
}

#[tokio::test]
async fn section_2_7_3_iprev() {
    let dns: MemoryZone =
        "1.2.0.192.in-addr.arpa. IN PTR a.example.com.\n1.2.0.192.in-addr.arpa. IN PTR b.example.com.\n\
         a.example.com. IN A 192.0.2.9\nb.example.com. IN A 192.0.2.1\n2.2.0.192.in-addr.arpa. IN PTR a.example.com.\n\
         3.2.0.192.in-addr.arpa. IN PTR nothing.example.com."
            .parse()
            .unwrap();
    dns.fail(&"4.2.0.192.in-addr.arpa".parse().unwrap(), DnsErrorKind::Timeout);
    for (ip, verdict) in [
        ("192.0.2.1", Verdict::Pass),
        ("::ffff:192.0.2.1", Verdict::Pass),
        ("192.0.2.2", Verdict::Fail),
        ("192.0.2.3", Verdict::PermError),
        ("192.0.2.4", Verdict::TempError),
        ("2001:db8::1", Verdict::PermError),
    ] {
        let outcome = iprev::check(&dns, ip.parse().unwrap(), Tick::default()).await;
        assert_eq!(outcome.verdict, verdict, "{outcome}");
    }
}

proptest! {
    /// Whatever the values are: one field, which reads back with the same results and nothing more.
    #[test]
    fn nothing_is_smuggled_in(values in proptest::collection::vec(".{0,30}|[\"\\\\();= \r\n]{0,12}", 1..6), reason in ".{0,40}") {
        let mut result = MethodResult::new("spf", "pass").unwrap().reason(&reason);
        for value in &values {
            result = result.property("smtp", "mailfrom", value).unwrap();
        }
        let field = Results::new(id("mx.example.org")).with(result).to_field().unwrap();
        let read = Results::parse(field.as_str().split_once(':').unwrap().1).unwrap();
        prop_assert_eq!(read.authserv_id(), Some(&id("mx.example.org")));
        prop_assert_eq!(read.results().len(), 1);
        prop_assert_eq!(read.results()[0].properties().len(), values.len());
    }

    #[test]
    fn reading_never_panics(text in "[a-z.;=/ ()\"\\\\@é\r\n]{0,80}") {
        let _ = Results::parse(&text);
        let message = format!("Authentication-Results:{text}\r\n\r\n");
        let _ = strip(message.as_bytes(), &id("a"));
    }
}
