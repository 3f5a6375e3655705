//! DKIM2 chains, made by mail-auth's signer.

#![cfg(feature = "dkim2")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use mail_auth::common::crypto::Ed25519Key;
use mail_auth::dkim2::{Dkim2Signer, Hop};
use posthaste_dkim::dkim2::{Dkim2Envelope, Dkim2Reason, Dkim2Result, check_octets};
use posthaste_dkim::{CheckLimits, DkimOutcome};
use posthaste_dns::DnsErrorKind;

use support::{BY, Dns, MESSAGE, both, ed25519};

const FROM: &str = "<ada@news.example.com>";
const TO: &str = "<bob@example.org>";

fn signed() -> String {
    let key = Ed25519Key::from_pkcs8_maybe_unchecked_der(&ed25519().to_der().unwrap()).unwrap();
    let signer = Dkim2Signer::from_key(key).domain("news.example.com").selector("ed");
    let hop: Hop<_, _, String> = Hop::real(FROM, [TO]);
    format!("{}{MESSAGE}", signer.sign(MESSAGE.as_bytes(), hop).unwrap().to_header())
}

fn dns() -> Dns {
    Dns::of(&both().records().unwrap())
}

async fn check(message: &str, to: &str, dns: &Dns) -> Dkim2Result {
    let envelope = Dkim2Envelope::new(FROM, [to]);
    check_octets(message.as_bytes(), &envelope, &CheckLimits::default(), &dns.0, BY).await
}

#[tokio::test]
async fn a_chain_holds_with_its_envelope() {
    let (message, dns) = (signed(), dns());
    let result = check(&message, TO, &dns).await;
    assert_eq!((result.outcome, &result.reason), (DkimOutcome::Pass, &None), "{result}\n{message}");
    assert_eq!((result.domains, dns.0.questions()), (vec!["news.example.com".to_owned()], 1));
    let other = check(&message, "<eve@example.net>", &dns).await;
    assert_eq!(other.outcome, DkimOutcome::PermError, "{other}");
    for (from, to) in [("on its way", "lost"), ("Subject: Your", "Subject: My"), ("d=news.", "d=mews.")] {
        let changed = message.replacen(from, to, 1);
        assert_ne!(changed, message);
        let result = check(&changed, TO, &dns).await;
        assert!(matches!(result.outcome, DkimOutcome::Fail | DkimOutcome::PermError), "{from}: {result}");
        assert!(matches!(result.reason, Some(Dkim2Reason::Refused(_))));
    }
    assert_eq!(check(MESSAGE, TO, &dns).await.outcome, DkimOutcome::None);
}

#[tokio::test]
async fn keys_come_from_the_port_alone() {
    let message = signed();
    let name = "ed._domainkey.news.example.com";
    let failing = check(&message, TO, &Dns::default().failing(name, DnsErrorKind::Timeout)).await;
    assert_eq!(failing.outcome, DkimOutcome::TempError, "{failing}");
    assert_eq!(check(&message, TO, &Dns::default()).await.outcome, DkimOutcome::PermError);
}

#[tokio::test]
async fn what_would_cost_too_much_is_not_evaluated() {
    let message = signed();
    let revised = format!("Message-Instance: m=2; h=sha256:AAAA:AAAA; r=e30=\r\n{message}");
    let crowded = format!("{}{message}", "DKIM-Signature: v=1\r\n".repeat(17));
    for (message, reason) in [(revised, Dkim2Reason::Revised), (crowded, Dkim2Reason::TooLarge)] {
        let result = check(&message, TO, &dns()).await;
        assert_eq!((result.outcome, result.reason), (DkimOutcome::Policy, Some(reason)));
    }
}
