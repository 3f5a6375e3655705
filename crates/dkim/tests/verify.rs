//! The whole check of a message.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::pin::Pin;

use posthaste_auth::dmarc::{self, Disposition};
use posthaste_auth::{iprev, spf};
use posthaste_dkim::{Arrival, AuthorError, ChainStatus, MessageSettings, MessageVerdict, check_message};
use posthaste_dns::{DnsErrorKind, MemoryZone};
use posthaste_types::{Clock, Tick, Timestamp};
use proptest::prelude::*;

use support::{AT, MESSAGE, both, content, signed};

#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn wall(&self) -> Timestamp {
        AT
    }

    fn tick(&self) -> Tick {
        Tick::default()
    }

    fn sleep_until(&self, _: Tick) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::pending())
    }
}

/// The DNS of a sender who does all right.
fn dns() -> MemoryZone {
    let zone: MemoryZone = r#"
        25.2.0.192.in-addr.arpa.     IN PTR mail.example.com.
        mail.example.com.            IN A   192.0.2.25
        mail.example.com.            IN TXT "v=spf1 a -all"
        bounces.news.example.com.    IN TXT "v=spf1 ip4:192.0.2.0/24 -all"
        news.example.com.            IN A   192.0.2.80
        _dmarc.example.com.          IN TXT "v=DMARC1; p=reject"
    "#
    .parse()
    .unwrap();
    both().records().unwrap().iter().for_each(|record| zone.add(&record.to_string()).unwrap());
    zone
}

fn arrival() -> Arrival {
    Arrival::new("192.0.2.25".parse().unwrap(), "mail.example.com", "<b1@bounces.news.example.com>")
}

async fn check(message: &[u8], arrival: &Arrival, dns: &MemoryZone) -> MessageVerdict {
    check_message(&[message], arrival, dns, &Still, &MessageSettings::default()).await
}

fn mail() -> Vec<u8> {
    signed(&both(), &content(MESSAGE)).to_vec()
}

#[tokio::test]
async fn a_right_message_passes_everything() {
    let verdict = check(&mail(), &arrival(), &dns()).await;
    assert_eq!(verdict.iprev.verdict, iprev::Verdict::Pass);
    assert_eq!(
        (verdict.helo.outcome.verdict, verdict.mail_from.outcome.verdict),
        (spf::Verdict::Pass, spf::Verdict::Pass)
    );
    assert_eq!(verdict.dkim.iter().filter(|result| result.is_pass()).count(), 2);
    assert_eq!(verdict.arc.status, ChainStatus::None);
    assert_eq!(verdict.dmarc.as_ref().unwrap().verdict, dmarc::Verdict::Pass);
    assert_eq!(verdict.disposition(), Disposition::None);
    assert!(!verdict.is_transient());

    let field = verdict.results("mx.example.org".parse().unwrap()).to_field().unwrap();
    let text = field.as_str().replace("\r\n", "");
    let read = posthaste_auth::results::Results::parse(text.split_once(':').unwrap().1).unwrap();
    let words: Vec<String> = read.results().iter().map(|one| format!("{}={}", one.method(), one.result())).collect();
    assert_eq!(words, ["iprev=pass", "spf=pass", "spf=pass", "dkim=pass", "dkim=pass", "arc=none", "dmarc=pass"]);
    assert_eq!(read.results()[3].value("header", "d"), Some("news.example.com"));
    assert_eq!(read.results()[3].value("header", "b").map(str::len), Some(8));
    assert_eq!(read.results()[6].value("polrec", "p"), Some("reject"));

    let spf = verdict.received_spf(&"mx.example.org".parse().unwrap()).unwrap();
    assert!(spf.as_str().starts_with("Received-SPF: pass ("), "{spf:?}");
}

/// The message in any pieces has the same verdict.
#[tokio::test]
async fn pieces_make_no_difference() {
    let mail = mail();
    let whole = check(&mail, &arrival(), &dns()).await;
    for length in [1, 2, 7, 100] {
        let pieces: Vec<&[u8]> = mail.chunks(length).collect();
        let cut = check_message(&pieces, &arrival(), &dns(), &Still, &MessageSettings::default()).await;
        assert_eq!((&cut.dkim, &cut.arc), (&whole.dkim, &whole.arc), "by {length}");
        assert_eq!(cut.dmarc_in_words(), whole.dmarc_in_words(), "by {length}");
    }
}

/// What fails is said in words, and what the domain asks for follows.
#[tokio::test]
async fn a_forged_message_is_to_be_refused() {
    let mail = String::from_utf8(mail()).unwrap().replace("It is on its way.", "Pay here.");
    let arrival = Arrival::new("203.0.113.9".parse().unwrap(), "evil.example", "ceo@bounces.news.example.com");
    let verdict = check(mail.as_bytes(), &arrival, &dns()).await;
    assert_eq!(verdict.disposition(), Disposition::Reject);
    assert_eq!(
        verdict.dmarc_in_words(),
        "fail: no identifier of news.example.com passes: SPF of bounces.news.example.com fails, DKIM of \
         news.example.com fails, DKIM of news.example.com fails; sp=reject of example.com asks to reject"
    );
    assert!(verdict.dkim.iter().all(|result| result.to_string().starts_with("fail: the body was changed")));
}

#[tokio::test]
async fn rfc9989_section_5_3_1_author_domains() {
    let rest = "Subject: hi\r\n\r\nhi\r\n";
    for (header, expected) in [
        ("", Some(AuthorError::Missing)),
        ("From: nobody\r\n", Some(AuthorError::Missing)),
        ("From: <ceo@news.example.com\r\n", Some(AuthorError::Ambiguous)),
        ("From: <ceo@bank.example, a@news.example.com>\r\n", Some(AuthorError::Ambiguous)),
        ("From: a@news.example.com\r\nFROM : b@news.example.com\r\n", Some(AuthorError::SeveralFields)),
        (
            "From: a@a.example, a@b.example, a@c.example, a@d.example, a@e.example, a@f.example\r\n",
            Some(AuthorError::TooMany { limit: 5 }),
        ),
        ("From: a@news.example.com, b@News.Example.COM\r\n", None),
    ] {
        let verdict = check(format!("{header}{rest}").as_bytes(), &arrival(), &dns()).await;
        assert_eq!(verdict.dmarc.as_ref().err().copied(), expected, "{header}");
        // Who could be read as somebody else gets past no policy (RFC 7489 §6.6.1).
        let refused = !matches!(expected, None | Some(AuthorError::Missing));
        assert_eq!(verdict.disposition() == Disposition::Reject, refused, "{header}");
        let results = verdict.results("mx.example.org".parse().unwrap());
        let word = results.results().last().unwrap().result().to_owned();
        assert_eq!(word, if expected.is_some() { "permerror" } else { "pass" }, "{header}");
    }
}

/// A display name in Latin-1 does not take a forged message out of DMARC.
#[tokio::test]
async fn octets_that_are_no_utf8_hide_no_author() {
    let arrival = Arrival::new("203.0.113.9".parse().unwrap(), "evil.example", "eve@evil.example");
    let verdict = check(b"From: J\xf6rg <ceo@example.com>\r\n\r\nhi\r\n", &arrival, &dns()).await;
    assert_eq!(verdict.disposition(), Disposition::Reject);
}

/// The domain of the attacker, which passes, does not hide that of his victim.
#[tokio::test]
async fn the_strictest_of_several_authors_counts() {
    let dns = dns();
    dns.add("evil.example. IN TXT \"v=spf1 +all\"\n_dmarc.evil.example. IN TXT \"v=DMARC1; p=none\"").unwrap();
    let arrival = Arrival::new("203.0.113.9".parse().unwrap(), "evil.example", "eve@evil.example");
    for from in ["eve@evil.example, ceo@example.com", "ceo@example.com, eve@evil.example"] {
        let verdict = check(format!("From: {from}\r\n\r\nhi\r\n").as_bytes(), &arrival, &dns).await;
        assert_eq!(verdict.disposition(), Disposition::Reject, "{from}");
        assert_eq!(verdict.dmarc.unwrap().author.as_str(), "example.com", "{from}");
    }
}

/// RFC 6376 §3.6.1, `t=y`.
#[tokio::test]
async fn a_key_under_test_counts_for_nothing() {
    let zone: MemoryZone = "_dmarc.example.com. IN TXT \"v=DMARC1; p=reject\"".parse().unwrap();
    for record in both().records().unwrap() {
        zone.add(&record.to_string().replace("v=DKIM1;", "v=DKIM1; t=y;")).unwrap();
    }
    let verdict = check(&mail(), &Arrival::new("203.0.113.9".parse().unwrap(), "h.example", ""), &zone).await;
    assert!(verdict.dkim.iter().all(|result| result.is_pass() && result.testing), "{:?}", verdict.dkim);
    assert_eq!(verdict.disposition(), Disposition::Reject);
}

/// What is not known is no failure.
#[tokio::test]
async fn a_dns_that_fails_refuses_nobody() {
    let dns = dns();
    for name in ["rsa._domainkey.news.example.com", "ed._domainkey.news.example.com"] {
        dns.fail(&name.parse().unwrap(), DnsErrorKind::ServFail);
    }
    let arrival = Arrival::new("203.0.113.9".parse().unwrap(), "mail.example.com", "");
    let verdict = check(&mail(), &arrival, &dns).await;
    assert!(verdict.is_transient());
    assert_eq!(verdict.disposition(), Disposition::None);
    assert!(verdict.dmarc_in_words().starts_with("temperror: "), "{}", verdict.dmarc_in_words());
}

#[test]
fn it_can_be_awaited_in_any_handler() {
    fn is_send(_: impl Send) {}
    let (arrival, dns, settings) = (arrival(), dns(), MessageSettings::default());
    is_send(check_message(&[b"From: a@b.example\r\n\r\n"], &arrival, &dns, &Still, &settings));
}

proptest! {
    /// Whatever strangers say, the fields are each one field.
    #[test]
    fn nothing_breaks_out_of_the_fields(helo in ".{0,40}", from in ".{0,60}", header in "[ -~\r\n]{0,200}") {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let arrival = Arrival::new("192.0.2.25".parse().unwrap(), helo, from);
        let verdict = runtime.block_on(check(header.as_bytes(), &arrival, &dns()));
        let field = verdict.results("mx.example.org".parse().unwrap()).to_field().unwrap();
        for line in field.as_str().split_terminator("\r\n").skip(1) {
            prop_assert!(line.starts_with(' ') && !line.trim().is_empty() && !line.contains(['\r', '\n']), "{field:?}");
        }
        prop_assert!(verdict.received_spf(&"mx.example.org".parse().unwrap()).is_ok());
    }
}
