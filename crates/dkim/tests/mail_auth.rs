//! mail-auth's own verifier, whole, on what we sign, with our check beside it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "support/arc.rs"]
mod arc;
mod support;

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::time::Instant;

use mail_auth::common::crypto::Ed25519Key;
use mail_auth::common::headers::HeaderWriter;
use mail_auth::common::parse::TxtRecordParser;
use mail_auth::common::verify::DomainKey;
use mail_auth::dkim::DkimSigner;
use mail_auth::{
    AuthenticatedMessage, DkimResult, DnsError, Error, MessageAuthenticator, Parameters, ResolverCache, Txt,
};
use posthaste_dkim::{Canonicalization, CheckLimits, check_octets};

use support::{AT, BY, Dns, MESSAGE, Messages, both, ed25519, passes, signed};

/// Has an answer to every question, so that mail-auth puts none to the network.
struct Keys(HashMap<Box<str>, Txt>);

impl ResolverCache<Box<str>, Txt> for Keys {
    fn get<Q>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let missing = Txt::Error(Error::Dns(DnsError::InvalidRecordType));
        Some(self.0.get(name).cloned().unwrap_or(missing))
    }

    fn remove<Q>(&self, _: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _: Box<str>, _: Txt, _: Instant) {}
}

async fn mail_auth_passes(authenticator: &MessageAuthenticator, keys: &Keys, octets: &[u8]) -> bool {
    let message = AuthenticatedMessage::parse(octets).unwrap();
    let results = authenticator.verify_dkim(Parameters::new(&message).with_txt_cache(keys)).await;
    assert_eq!(results.len(), 2);
    let passed = results.iter().filter(|output| *output.result() == DkimResult::Pass).count();
    assert!(passed == 0 || passed == 2, "the keys disagree: {results:?}");
    passed == 2
}

/// Whether a relaxed body ends with a line of white space alone, which mail-auth hashes though RFC 6376 §3.4.4
/// takes the white space and then the empty line away.
fn ends_with_white_space_alone(octets: &[u8]) -> bool {
    let lines = octets.split(|octet| *octet == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lines.rev().take_while(|line| line.trim_ascii().is_empty()).any(|line| !line.is_empty())
}

#[tokio::test]
async fn mail_auth_and_our_check_agree_on_random_messages() {
    let authenticator = MessageAuthenticator::new_cloudflare().unwrap();
    let records = both().records().unwrap();
    let txt = |value: &str| Txt::from(DomainKey::parse(value.as_bytes()));
    let keys = Keys(records.iter().map(|record| (format!("{}.", record.name).into(), txt(&record.value))).collect());
    let forms = [Canonicalization::Relaxed, Canonicalization::Simple];
    let mut messages = Messages::seeded(2);
    let mut shown = 0;
    for i in 0..400_usize {
        let signer = both().canonicalization(forms[i / 2 % 2], forms[i % 2]);
        let mail = signed(&signer, &messages.next());
        let octets = mail.to_vec();
        assert!(passes(&signer, &mail).await, "{}", String::from_utf8_lossy(&octets));
        if i % 2 == 0 && ends_with_white_space_alone(&octets) {
            continue;
        }
        shown += 1;
        assert!(mail_auth_passes(&authenticator, &keys, &octets).await, "{:?}", String::from_utf8_lossy(&octets));
        let bad = String::from_utf8(octets).unwrap().replace("Ada <ada@", "Ada <eve@");
        assert!(!mail_auth_passes(&authenticator, &keys, bad.as_bytes()).await);
        assert!(!passes(&signer, &support::content(&bad)).await);
    }
    assert!(shown >= 200, "only {shown} messages were shown to mail-auth");
}

/// `l=` is never written by us; who writes it leaves the end of the body to anybody, and is reported.
#[tokio::test]
async fn what_mail_auth_signs_passes_here_and_a_body_length_is_reported() {
    let key = Ed25519Key::from_pkcs8_maybe_unchecked_der(&ed25519().to_der().unwrap()).unwrap();
    let signer =
        DkimSigner::from_key(key).domain("news.example.com").selector("ed").headers(["From", "To", "Subject", "From"]);
    let plain = signer.sign(MESSAGE.as_bytes()).unwrap().to_header();
    let partial = signer.body_length(true).sign(MESSAGE.as_bytes()).unwrap().to_header();
    let dns = Dns::of(&both().records().unwrap());
    for (header, behind, length, expected) in [
        (&plain, "", None, true),
        (&plain, "more\r\n", None, false),
        (&partial, "", Some(19), true),
        (&partial, "more\r\n", Some(19), true),
    ] {
        let text = format!("{header}{MESSAGE}{behind}");
        let results = check_octets(&[text.as_bytes()], &CheckLimits::default(), &dns.0, AT, BY).await;
        assert_eq!((results[0].is_pass(), results[0].body_length), (expected, length), "{}: {text}", results[0]);
    }
}

/// Why chains are read and judged here: mail-auth has another opinion on some cases of the ARC test suite. When this test
/// fails, it has none any more.
#[tokio::test]
async fn mail_auth_differs_from_the_arc_suite() {
    let Some(cases) = arc::cases("arc-draft-validation-tests.yml") else { return };
    let authenticator = MessageAuthenticator::new_cloudflare().unwrap();
    let (mut checked, mut wrong) = (0, Vec::new());
    for case in cases.iter().filter(|case| !case.text("cv").is_empty()) {
        let txt = |(name, text): (String, String)| {
            (format!("{name}.").into_boxed_str(), Txt::from(DomainKey::parse(text.as_bytes())))
        };
        let keys = Keys(case.other_records().into_iter().map(txt).collect());
        let text = case.message();
        let result = match AuthenticatedMessage::parse(text.as_bytes()) {
            Some(message) => {
                authenticator.verify_arc(Parameters::new(&message).with_txt_cache(&keys)).await.result().clone()
            }
            None => DkimResult::None,
        };
        let said = match result {
            DkimResult::Pass => "pass",
            DkimResult::None => "none",
            _ => "fail",
        };
        checked += 1;
        if !said.eq_ignore_ascii_case(case.text("cv")) {
            wrong.push(format!("{}: {said}", case.name));
        }
    }
    println!("mail-auth differs in {} of {checked}: {}", wrong.len(), wrong.join(", "));
    assert!(!wrong.is_empty());
}
