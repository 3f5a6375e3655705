//! RFC 6376, Appendix A: the signed message verifies; and the hashes of empty bodies in §3.4.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use posthaste_dkim::{Canonicalization, DkimOutcome, check};

use support::{AT, BY, Dns, both, content};

/// Appendix C.
const KEY: &str = "v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYt\
    IxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWT\
    oIMmPSPDdQPNUYckcQ2QIDAQAB";

/// §A.2.
const SIGNED: &str = "DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;
      c=simple/simple; q=dns/txt; i=joe@football.example.com;
      h=Received : From : To : Subject : Date : Message-ID;
      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB
      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut
      KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV
      4bmp/YzhwvcubU4=;
Received: from client1.football.example.com  [192.0.2.1]
      by submitserver.example.com with SUBMISSION;
      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game. Are you hungry yet?

Joe.
";

#[tokio::test]
async fn the_example_passes_and_its_forgeries_do_not() {
    let dns = Dns::default().with("brisbane._domainkey.example.com", &[KEY]);
    let text = SIGNED.replace('\n', "\r\n");
    let results = check(&content(&text), &dns.0, AT, BY).await;
    assert_eq!(results[0].outcome, DkimOutcome::Pass, "{results:?}");
    assert_eq!(results[0].identity.as_deref(), Some("joe@football.example.com"));
    for (from, to) in [("Hi.", "Ho."), ("To: Suzie", "To:  Suzie"), ("[192.0.2.1]", "[192.0.2.2]")] {
        let results = check(&content(&text.replace(from, to)), &dns.0, AT, BY).await;
        assert_eq!(results[0].outcome, DkimOutcome::Fail, "{from}");
    }
}

#[test]
fn empty_bodies_have_the_hashes_of_section_3_4() {
    for (form, hash) in [
        (Canonicalization::Simple, "bh=frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=;"),
        (Canonicalization::Relaxed, "bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;"),
    ] {
        let signer = both().canonicalization(Canonicalization::Relaxed, form);
        for empty in [
            "From: a@news.example.com\r\n",
            "From: a@news.example.com\r\n\r\n",
            "From: a@news.example.com\r\n\r\n\r\n\r\n",
        ] {
            let field = signer.sign_content(&content(empty), AT).unwrap()[0].to_string();
            assert!(field.contains(hash), "{form} {empty:?}: {field}");
        }
    }
}
