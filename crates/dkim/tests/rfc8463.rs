//! RFC 8463, Appendix A: the signed message verifies, and our signer's work with its key does too.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use data_encoding::BASE64;
use posthaste_dkim::{Algorithm, Dkim, DkimKey, DkimOutcome, check};
use posthaste_types::Content;

use support::{AT, BY, Dns, content, signed};

/// §A.2.
fn dns() -> Dns {
    Dns::default()
        .with(
            "brisbane._domainkey.football.example.com",
            &["v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="],
        )
        .with(
            "test._domainkey.football.example.com",
            &["v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bd\
               OKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLz\
               BfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"],
        )
}

/// §A.1, in base64.
fn key() -> DkimKey {
    let seed = BASE64.decode(b"nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=").unwrap();
    DkimKey::from_ed25519_seed(&seed.try_into().unwrap()).unwrap()
}

/// §A.3.
fn message() -> Content {
    let text = "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
";
    content(&text.replace('\n', "\r\n"))
}

#[tokio::test]
async fn both_signatures_of_the_example_pass() {
    let results = check(&message(), &dns().0, AT, BY).await;
    let algorithms: Vec<_> = results.iter().map(|result| (result.outcome, result.algorithm)).collect();
    let expected = [Algorithm::Ed25519Sha256, Algorithm::RsaSha256].map(|a| (DkimOutcome::Pass, Some(a)));
    assert_eq!(algorithms, expected, "{results:?}");
    assert_eq!(results[0].to_string(), "pass (d=football.example.com s=brisbane a=ed25519-sha256)");
}

#[tokio::test]
async fn neither_passes_when_the_message_is_changed() {
    let text = String::from_utf8(message().to_vec()).unwrap();
    for (from, to) in [("lost", "won"), ("Is dinner", "is dinner"), ("Hi.", "Hi. \r\nx")] {
        let results = check(&content(&text.replace(from, to)), &dns().0, AT, BY).await;
        assert!(results.iter().all(|result| result.outcome == DkimOutcome::Fail), "{from}: {results:?}");
    }
}

#[tokio::test]
async fn our_signature_with_the_key_of_the_example_passes() {
    let signer = Dkim::new("football.example.com".parse().unwrap()).key("brisbane".parse().unwrap(), key());
    let text = String::from_utf8(message().to_vec()).unwrap();
    let unsigned = content(&text[text.find("From:").unwrap()..]);
    let fields = signer.sign_content(&unsigned, AT).unwrap();
    // The body hash of the example: the same body, canonicalised the same way.
    assert!(fields[0].as_str().contains("bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;"));
    let results = check(&signed(&signer, &unsigned), &dns().0, AT, BY).await;
    assert!(results[0].is_pass(), "{results:?}");
    assert_eq!(
        signer.records().unwrap()[0].value,
        "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    );
}
