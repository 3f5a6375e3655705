//! What a check refuses, and under which name.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use data_encoding::BASE64;
use posthaste_auth::results::MethodResult;
use posthaste_dkim::{
    Canonicalization, CheckLimits, DkimNote, DkimOutcome, DkimReason, DkimResult, check, check_octets,
};
use posthaste_dns::DnsErrorKind;
use posthaste_types::{Content, Timestamp};

use support::{AT, BY, Dns, MESSAGE, both, content, ed25519, rsa, signed};

const KEY: &str = "ed._domainkey.news.example.com";

/// A message signed with Ed25519 alone.
fn mail() -> Content {
    let signer = posthaste_dkim::Dkim::new("news.example.com".parse().unwrap()).key("ed".parse().unwrap(), ed25519());
    signed(&signer, &content(MESSAGE))
}

fn record(extra: &str) -> String {
    format!("v=DKIM1; k=ed25519;{extra} p={}", BASE64.encode(&ed25519().public_key().unwrap()))
}

fn dns() -> Dns {
    Dns::default().with(KEY, &[&record("")])
}

fn edit(from: &str, to: &str) -> Content {
    let text = String::from_utf8(mail().to_vec()).unwrap();
    assert!(text.contains(from), "{from} in {text}");
    content(&text.replacen(from, to, 1))
}

async fn first(content: &Content, dns: &Dns) -> DkimResult {
    check(content, &dns.0, AT, BY).await.swap_remove(0)
}

#[tokio::test]
async fn unsigned_mail_is_none() {
    let results = check(&content(MESSAGE), &dns().0, AT, BY).await;
    assert_eq!(results.len(), 1);
    assert_eq!((results[0].outcome, results[0].reason.clone()), (DkimOutcome::None, None));
    assert_eq!(results[0].to_string(), "none");
}

#[tokio::test]
async fn signatures_are_refused_before_any_question_is_asked() {
    use DkimOutcome::{Fail, PermError, Policy};
    let cases = [
        ("h=From:From:", "h=To:To:", PermError, DkimReason::FromNotSigned),
        ("a=ed25519-sha256", "a=rsa-sha1", Policy, DkimReason::Sha1),
        ("a=ed25519-sha256", "a=dsa-sha256", PermError, DkimReason::Unsupported("a")),
        ("c=relaxed/relaxed", "c=nofws/relaxed", PermError, DkimReason::Unsupported("c")),
        ("v=1;", "v=2;", PermError, DkimReason::Unsupported("v")),
        ("v=1;", "v=1; q=dns/ftp;", PermError, DkimReason::Unsupported("q")),
        ("v=1;", "v=1; d=evil.example;", PermError, DkimReason::DuplicateTag),
        ("v=1;", "v=1; D=evil.example;", PermError, DkimReason::DuplicateTag),
        ("v=1;", "", PermError, DkimReason::MissingTag("v")),
        ("d=news.example.com;", "", PermError, DkimReason::MissingTag("d")),
        ("d=news.example.com;", "d=-;", PermError, DkimReason::Syntax("d")),
        ("s=ed;", "", PermError, DkimReason::MissingTag("s")),
        ("s=ed;", "s=e..d;", PermError, DkimReason::Syntax("s")),
        ("v=1;", "v=1; i=ada@example.com;", PermError, DkimReason::IdentityOutside),
        ("v=1;", "v=1; i=ada@notnews.example.com;", PermError, DkimReason::IdentityOutside),
        ("v=1;", "v=1; x=1789999999;", PermError, DkimReason::Syntax("x")),
        ("t=1790000000;", "x=1789999999;", Fail, DkimReason::Expired),
        ("t=1790000000;", "t=soon;", PermError, DkimReason::Syntax("t")),
        ("v=1;", "v=1; l=many;", PermError, DkimReason::Syntax("l")),
        ("v=1;", "v=1; l=9999;", Fail, DkimReason::BodyTooShort),
        ("bh=", "bh=AA", PermError, DkimReason::Syntax("bh")),
        ("v=1;", "v=1; oops;", PermError, DkimReason::Syntax("?")),
        ("on its way", "off", Fail, DkimReason::BodyChanged),
    ];
    for (from, to, outcome, reason) in cases {
        let dns = dns();
        let result = first(&edit(from, to), &dns).await;
        assert_eq!((result.outcome, result.reason.as_ref()), (outcome, Some(&reason)), "{from} -> {to}: {result}");
        assert_eq!(dns.0.questions(), 0, "{from} -> {to}");
    }
}

#[tokio::test]
async fn keys_are_refused_by_name() {
    use DkimOutcome::{PermError, TempError};
    let rsa_key = BASE64.encode(&rsa().public_key().unwrap());
    let cases: [(Dns, DkimOutcome, DkimReason); 14] = [
        (Dns::default(), PermError, DkimReason::KeyMissing),
        (Dns::default().with(KEY, &[]), PermError, DkimReason::KeyMissing),
        (Dns::default().failing(KEY, DnsErrorKind::ServFail), TempError, DkimReason::Dns(DnsErrorKind::ServFail)),
        (Dns::default().failing(KEY, DnsErrorKind::Timeout), TempError, DkimReason::Dns(DnsErrorKind::Timeout)),
        (Dns::default().with(KEY, &["v=spf1 -all"]), PermError, DkimReason::KeySyntax),
        (Dns::default().with(KEY, &["v=DKIM1; k=ed25519; p="]), PermError, DkimReason::KeyRevoked),
        (Dns::default().with(KEY, &["k=ed25519; v=DKIM1; p=AAAA"]), PermError, DkimReason::KeySyntax),
        (Dns::default().with(KEY, &["v=DKIM1; k=ed25519; p=!"]), PermError, DkimReason::KeySyntax),
        (Dns::default().with(KEY, &["v=DKIM1; k=dsa; p=AAAA"]), PermError, DkimReason::Unsupported("k")),
        (Dns::default().with(KEY, &[&format!("v=DKIM1; p={rsa_key}")]), PermError, DkimReason::KeyMismatch),
        (Dns::default().with(KEY, &[&record(" h=sha1;")]), PermError, DkimReason::KeyMismatch),
        (Dns::default().with(KEY, &[&record(" s=tlsrpt;")]), PermError, DkimReason::NotForEmail),
        (Dns::default().with(KEY, &["v=DKIM1; k=ed25519; p=AAAA"]), DkimOutcome::Fail, DkimReason::HeaderChanged),
        (Dns::default().with(KEY, &["p=a; p=b"]), PermError, DkimReason::KeySyntax),
    ];
    for (dns, outcome, reason) in cases {
        let result = first(&mail(), &dns).await;
        assert_eq!((result.outcome, result.reason.as_ref()), (outcome, Some(&reason)), "{dns:?}: {result}");
    }
}

#[tokio::test]
async fn records_with_what_they_may_hold_pass() {
    for text in [
        record(""),
        record(" t=s; s=*;"),
        record(" s=email; h=sha256:sha1;"),
        record("").replace("v=DKIM1; ", ""),
        record(" n=a note;"),
    ] {
        let result = first(&mail(), &Dns::default().with(KEY, &[&text])).await;
        assert!(result.is_pass(), "{text}: {result}");
    }
    let beside = Dns::default().with(KEY, &["v=spf1 -all", &record("")]);
    assert!(first(&mail(), &beside).await.is_pass());
    let testing = first(&mail(), &Dns::default().with(KEY, &[&record(" t=y:s;")])).await;
    assert!(testing.is_pass() && testing.testing);
}

/// RFC 8301 §3.2. The key is of 512 bits, far from what aws-lc signs with; it is refused before it is used.
#[tokio::test]
async fn short_rsa_keys_do_not_pass() {
    let short = "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBALcRbQXK9bXYBXM6xOtU1Z0yDgtMhFKi1+C1p6PUeVsyZBkMDsJ8y9Y+EhWEGMMVrKIeO5dPfGUhBvBv\
                 8x4cMPUCAwEAAQ==";
    let dns = Dns::default().with("rsa._domainkey.news.example.com", &[&format!("v=DKIM1; p={short}")]);
    let result = first(&signed(&both(), &content(MESSAGE)), &dns).await;
    assert_eq!((result.outcome, result.reason), (DkimOutcome::Policy, Some(DkimReason::KeyTooShort { bits: 512 })));
}

#[tokio::test]
async fn at_most_five_signatures_are_evaluated() {
    let text = String::from_utf8(mail().to_vec()).unwrap();
    let field = &text[..text.find("From: ").unwrap()];
    let dns = dns();
    let results = check(&content(&format!("{}{text}", field.repeat(7))), &dns.0, AT, BY).await;
    assert_eq!(results.len(), 6);
    assert_eq!(dns.0.questions(), 1, "one key is asked for once");
    assert!(results[..5].iter().all(DkimResult::is_pass));
    assert_eq!(results[5].outcome, DkimOutcome::Policy);
    assert_eq!(results[5].reason, Some(DkimReason::TooManySignatures { ignored: 3 }));
}

#[tokio::test]
async fn the_time_is_the_argument() {
    let signer = both().expire_after(std::time::Duration::from_secs(60));
    let mail = signed(&signer, &content(MESSAGE));
    let dns = Dns::of(&signer.records().unwrap());
    for (at, outcome) in
        [(1_790_000_060, DkimOutcome::Pass), (1_790_000_061, DkimOutcome::Fail), (0, DkimOutcome::Pass)]
    {
        let results = check(&mail, &dns.0, Timestamp::from_unix_secs(at), BY).await;
        assert!(results.iter().all(|result| result.outcome == outcome), "{at}: {results:?}");
    }
}

#[tokio::test]
async fn results_name_the_signature_even_when_it_fails() {
    let result = first(&edit("on its way", "off"), &dns()).await;
    assert_eq!(result.to_string(), "fail: the body was changed (d=news.example.com s=ed a=ed25519-sha256)");
    let result = first(&edit("v=1;", "v=1; l=7;"), &dns()).await;
    assert_eq!(result.body_length, Some(7));
}

#[tokio::test]
async fn a_header_beyond_the_limits_is_not_evaluated() {
    let mail = mail().to_vec();
    let mut limits = CheckLimits::default();
    limits.header_fields = 21;
    let results = check_octets(&[&mail], &limits, &dns().0, AT, BY).await;
    assert_eq!(results[0].reason, Some(DkimReason::HeaderTooLarge));
    limits.header_fields = 22;
    assert!(check_octets(&[&mail], &limits, &dns().0, AT, BY).await[0].is_pass());
    limits.header_octets = 500;
    let results = check_octets(&[&mail], &limits, &dns().0, AT, BY).await;
    assert_eq!((results.len(), results[0].outcome), (1, DkimOutcome::PermError));
}

/// Whatever octets come, in whatever pieces, there is an answer and no panic.
#[tokio::test]
async fn hostile_octets_are_answered() {
    let mail = mail().to_vec();
    for cut in (0..mail.len()).step_by(7) {
        let mut bad = mail.clone();
        bad[cut] = [0, b'\r', b'\n', b';', b'=', b':', 0xff][cut % 7];
        let (a, b) = bad.split_at(cut);
        assert!(!check_octets(&[a, b], &CheckLimits::default(), &dns().0, AT, BY).await.is_empty());
        assert!(!check_octets(&[&bad[..cut]], &CheckLimits::default(), &dns().0, AT, BY).await.is_empty());
    }
    for bad in [
        &b""[..],
        b"DKIM-Signature:",
        b"DKIM-Signature: \r\n",
        b"DKIM-Signature:;;;\n\n",
        b"\n",
        b"DKIM-Signature: b=;bh",
    ] {
        assert_eq!(check_octets(&[bad], &CheckLimits::default(), &dns().0, AT, BY).await.len(), 1);
    }
}

/// RFC 6376 §8.15: a second From above the signed one is what a reader would see.
#[tokio::test]
async fn every_from_must_be_signed() {
    let signer = posthaste_dkim::Dkim::new("news.example.com".parse().unwrap()).key("ed".parse().unwrap(), ed25519());
    let once = mail_auth_signed(&["From", "To", "Subject"]);
    assert!(check_octets(&[once.as_bytes()], &CheckLimits::default(), &dns().0, AT, BY).await[0].is_pass());
    for text in
        [format!("From: eve@evil.example\r\n{once}"), once.replacen("\r\n\r\n", "\r\nFrom: eve@x.example\r\n\r\n", 1)]
    {
        let results = check_octets(&[text.as_bytes()], &CheckLimits::default(), &dns().0, AT, BY).await;
        assert_eq!(results[0].reason, Some(DkimReason::FromNotSigned), "{}", results[0]);
    }
    let mail = String::from_utf8(signed(&signer, &content(MESSAGE)).to_vec()).unwrap();
    let results = check_octets(
        &[format!("From: eve@evil.example\r\n{mail}").as_bytes()],
        &CheckLimits::default(),
        &dns().0,
        AT,
        BY,
    )
    .await;
    assert_eq!(results[0].reason, Some(DkimReason::HeaderChanged), "oversigned: the addition takes the empty place");
}

fn mail_auth_signed(names: &[&str]) -> String {
    use mail_auth::common::headers::HeaderWriter;
    let key =
        mail_auth::common::crypto::Ed25519Key::from_pkcs8_maybe_unchecked_der(&ed25519().to_der().unwrap()).unwrap();
    let signer = mail_auth::dkim::DkimSigner::from_key(key).domain("news.example.com").selector("ed");
    let signer = signer.headers(names.iter().map(|name| (*name).to_owned()));
    format!("{}{MESSAGE}", signer.sign(MESSAGE.as_bytes()).unwrap().to_header())
}

#[tokio::test]
async fn a_result_carries_its_evidence() {
    let signer = both().expire_after(std::time::Duration::from_secs(60));
    let mail = signed(&signer, &content(MESSAGE));
    let results = check(&mail, &Dns::of(&signer.records().unwrap()).0, AT, BY).await;
    assert_eq!(results.iter().map(|result| result.key_bits).collect::<Vec<_>>(), [Some(2048), Some(256)]);
    let relaxed = Canonicalization::Relaxed;
    assert_eq!(results[0].canonicalization, Some((relaxed, relaxed)));
    assert_eq!(results[0].signed_at, Some(AT));
    assert_eq!(results[0].expires, Some(Timestamp::from_unix_secs(1_790_000_060)));
    assert!(results[0].oversigned.iter().any(|name| name == "from"));
    assert!(!results[0].oversigned.iter().any(|name| name == "sender"));
    assert_eq!(results[0].headers.iter().filter(|name| *name == "subject").count(), 2);
    assert!(results.iter().all(|result| result.notes.is_empty()), "{results:?}");
    let start = results[0].signature_start.as_deref().unwrap();
    assert!(start.len() == 8 && String::from_utf8(mail.to_vec()).unwrap().contains(&format!("b={start}")));
    let shown = MethodResult::from(&results[0]);
    assert_eq!((shown.method(), shown.result(), shown.reason_text()), ("dkim", "pass", None));
    for (name, value) in [("d", "news.example.com"), ("s", "rsa"), ("a", "rsa-sha256"), ("b", start)] {
        assert_eq!(shown.value("header", name), Some(value));
    }
}

#[tokio::test]
async fn what_else_is_worth_saying() {
    let short = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5i\
                 jSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB";
    for (text, notes) in [
        (record(" t=y;"), vec![DkimNote::Testing]),
        (record(" t=y : s;"), vec![DkimNote::Testing, DkimNote::StrictIdentity]),
        (record(" g=*;"), vec![DkimNote::Granularity]),
        (record(" g=;"), vec![DkimNote::Granularity]),
    ] {
        let result = first(&mail(), &Dns::default().with(KEY, &[&text])).await;
        assert_eq!((result.is_pass(), &result.notes), (true, &notes), "{text}: {result}");
        assert_eq!(result.testing, notes.contains(&DkimNote::Testing));
    }
    // The key is another than the signature's, but long enough to be tried.
    let dns = Dns::default().with("rsa._domainkey.news.example.com", &[&format!("v=DKIM1; p={short}")]);
    let result = first(&signed(&both(), &content(MESSAGE)), &dns).await;
    assert_eq!((result.reason, result.key_bits), (Some(DkimReason::HeaderChanged), Some(1024)));
    assert_eq!(result.notes, [DkimNote::ShortKey { bits: 1024 }]);
}

/// `t=s` (RFC 6376 §3.6.1): no identity in a subdomain; `i=` without it (§3.5): in the domain or below.
#[tokio::test]
async fn an_identity_is_in_the_domain_or_below_it() {
    let result = |identity: &'static str, flags: &'static str| async move {
        let mail = edit("v=1;", &format!("v=1; i={identity};"));
        first(&mail, &Dns::default().with(KEY, &[&record(flags)])).await.reason
    };
    // The signature does not cover the identity that was put in: what is allowed fails later.
    let allowed = Some(DkimReason::HeaderChanged);
    assert_eq!(result("@news.example.com", "").await, allowed);
    assert_eq!(result("ada@NEWS.example.com", " t=s;").await, allowed);
    assert_eq!(result("ada@a.news.example.com", "").await, allowed);
    assert_eq!(result("ada@a.news.example.com", " t=s;").await, Some(DkimReason::IdentityOutside));
    assert_eq!(result("ada@example.com", "").await, Some(DkimReason::IdentityOutside));
}

/// Wherever a message is cut, also within a line end and at a bare LF.
#[tokio::test]
async fn pieces_make_no_difference() {
    let text = String::from_utf8(mail().to_vec()).unwrap();
    for text in [text.replace("on its", "on\nits"), text] {
        let octets = text.as_bytes();
        let whole = check_octets(&[octets], &CheckLimits::default(), &dns().0, AT, BY).await;
        for cut in 0..=octets.len() {
            let (a, b) = octets.split_at(cut);
            let cut = check_octets(&[a, b], &CheckLimits::default(), &dns().0, AT, BY).await;
            assert_eq!(cut, whole);
        }
    }
}
