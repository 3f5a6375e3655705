//! Replies to verdicts: the order of the rules, the law, providers' rows, stages.

use posthaste_bounce::{Action, ListEffect, Scope, Severity, classify, classify_cause};
use posthaste_types::{BounceClass, Cause, DnsFault, DnsName, NetworkFault, ProviderId, Reply, Stage};
use proptest::prelude::*;

fn verdict(wire: &str, stage: Stage, provider: &str) -> posthaste_bounce::Verdict {
    let provider = (!provider.is_empty()).then(|| ProviderId::parse(provider).expect("a provider id"));
    classify(&Reply::parse(wire.as_bytes()).expect("a reply"), stage, provider.as_ref())
}

fn class(wire: &str, stage: Stage, provider: &str) -> &'static str {
    verdict(wire, stage, provider).class.as_str()
}

#[test]
fn the_order_of_the_rules() {
    for (wire, provider, wanted) in [
        // A provider's code before its phrases and before any enhanced status code.
        ("553 5.7.1 [BL21] Connections not accepted from IP addresses on Spamhaus", "yahoo", "blocklisted"),
        ("421 4.7.1 [TSS04] Messages temporarily deferred due to user complaints", "yahoo", "reputation"),
        ("550 SC-002 (COL004) mailbox unavailable, not accepted by policy", "microsoft_consumer", "reputation"),
        // A provider's phrase before a phrase of everybody.
        ("550 5.5.0 Requested action not taken: mailbox unavailable", "microsoft_consumer", "bad_mailbox"),
        ("550 5.4.1 Recipient address rejected: Access denied", "microsoft365", "bad_mailbox"),
        ("550 5.7.26 This mail has been blocked because the sender is unauthenticated", "google", "authentication"),
        // The codes of Gmail that mean something else in the registry, without words that the table knows.
        ("550 5.7.29 words that are new", "google", "tls"),
        ("550 5.7.30 words that are new", "google", "authentication"),
        ("550 5.7.27 words that are new", "google", "authentication"),
        ("550 5.7.27 words that are new", "", "sender_address"),
        ("550 5.7.30 words that are new", "", "tls"),
        // A phrase before the enhanced status code, that before the reply code.
        ("550 5.7.1 User unknown", "", "bad_mailbox"),
        ("550 5.1.1 words that are new", "", "bad_mailbox"),
        ("552 5.3.4 words that are new", "", "message_size"),
        ("552 words that are new", "", "quota"),
        ("550 words that are new", "", "unknown"),
        ("556 words that are new", "", "bad_domain"),
    ] {
        assert_eq!(class(wire, Stage::Rcpt, provider), wanted, "{wire} ({provider})");
    }
}

#[test]
fn what_concerns_the_sender_wins_over_what_concerns_the_recipient() {
    for (wire, wanted) in [
        ("550 no such user; your IP is listed at zen.spamhaus.org", "blocklisted"),
        ("550 5.1.1 message looks like spam, user unknown", "spam_content"),
        ("554 mailbox not available, SPF check failed", "authentication"),
        ("554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using dbl.spamhaus.org", "spam_content"),
    ] {
        let verdict = verdict(wire, Stage::Rcpt, "");
        assert_eq!(verdict.class.as_str(), wanted, "{wire}");
        assert_eq!(verdict.list_effect, ListEffect::None, "{wire}");
    }
}

#[test]
fn a_provider_is_known_by_the_marks_of_its_words() {
    let gmail = "550-5.7.29 new words\r\n550 5.7.29  a1-20020a05 - gsmtp";
    assert_eq!(class(gmail, Stage::EndOfData, ""), "tls");
    assert_eq!(class("550 5.2.0 Mail refused. LPN007_426", Stage::Rcpt, ""), "inactive_mailbox");
    assert_eq!(class("421 AUP#I-1310 too many", Stage::Connect, ""), "too_many_connections");
}

#[test]
fn before_rcpt_no_recipient_is_to_blame() {
    for stage in [Stage::Connect, Stage::Ehlo, Stage::Auth, Stage::Mail] {
        for wire in ["550 5.1.1 user unknown", "554 mailbox full", "550 does not exist", "550 5.2.1 disabled", "554 no"]
        {
            let verdict = verdict(wire, stage, "");
            assert_eq!(verdict.list_effect, ListEffect::None, "{wire} at {stage}: {verdict}");
        }
    }
    assert_eq!(class("554 no", Stage::Connect, ""), "reputation");
    assert_eq!(class("550 rejected", Stage::Mail, ""), "sender_address");
    assert_eq!(class("550 words that are new", Stage::Mail, ""), "sender_address");
    assert_eq!(class("552 words that are new", Stage::EndOfData, ""), "message_size");
}

#[test]
fn the_first_digit_of_the_reply_decides_whether_it_lasts() {
    let soft = verdict("450 5.1.1 user unknown", Stage::Rcpt, "");
    assert_eq!((soft.class, soft.severity), (BounceClass::BadMailbox, Severity::Transient));
    assert_eq!((soft.action, soft.list_effect), (Action::Retry, ListEffect::Soft));

    let hard = verdict("550 4.1.1 user unknown", Stage::Rcpt, "");
    assert_eq!(
        (hard.action, hard.list_effect, hard.scope),
        (Action::SuppressAddress, ListEffect::Hard, Scope::Recipient)
    );
    assert!(hard.suppresses() && !soft.suppresses());

    // RFC 5321 §4.5.3.1.10.
    let many = verdict("552 5.5.3 too many recipients", Stage::Rcpt, "");
    assert_eq!((many.severity, many.action), (Severity::Transient, Action::SplitRecipients));

    assert_eq!(class("250 2.0.0 OK", Stage::EndOfData, ""), "delivered");
}

#[test]
fn a_row_may_ask_for_a_milder_action_than_its_class() {
    let verdict = verdict("550 5.1.1 <bob@icloud.com>: inactive email address", Stage::Rcpt, "apple");
    assert_eq!((verdict.class, verdict.action), (BounceClass::InactiveMailbox, Action::SuppressAfterRepeats));
    assert_eq!(verdict.list_effect, ListEffect::Soft);
}

#[test]
fn a_verdict_says_why_and_what_to_do() {
    let verdict = verdict("550-5.1.1 no such\r\n550 5.1.1 user here", Stage::Rcpt, "");
    let text = verdict.to_string();
    assert!(text.starts_with(
        "bad_mailbox, permanent: suppress the address, because reply: 550 5.1.1 no such user here; rule: "
    ));
    assert!(text.contains("rule: no-such-user: no such user [KNOW 2026-11-24"), "{text}");
    assert!(verdict.advice().contains("another address"));
}

#[test]
fn causes_that_are_no_replies() {
    let name = DnsName::parse("example.org").unwrap();
    let dns = |fault| Cause::dns(fault, name.clone(), "");
    for (cause, class, severity, effect) in [
        (dns(DnsFault::NullMx), "bad_domain", Severity::Permanent, ListEffect::Hard),
        (dns(DnsFault::NoSuchDomain), "bad_domain", Severity::Permanent, ListEffect::Soft),
        (dns(DnsFault::Temporary), "dns_temp", Severity::Transient, ListEffect::None),
        (dns(DnsFault::Bogus), "dns_temp", Severity::Transient, ListEffect::None),
        (Cause::network(NetworkFault::ConnectionRefused, ""), "network", Severity::Transient, ListEffect::None),
        (Cause::network(NetworkFault::TimedOut, ""), "timeout", Severity::Transient, ListEffect::None),
        (Cause::tls("no trust"), "tls", Severity::Transient, ListEffect::None),
        (Cause::local("disk full"), "unknown", Severity::Transient, ListEffect::None),
        (Cause::http(429, "slow down"), "rate_limit", Severity::Transient, ListEffect::None),
        (Cause::http(401, "no such user"), "auth_config", Severity::Permanent, ListEffect::None),
        (Cause::http(503, ""), "server_error", Severity::Transient, ListEffect::None),
        (Cause::http(422, "550 5.1.1 no such user"), "bad_mailbox", Severity::Permanent, ListEffect::Hard),
        (Cause::http(400, "bad json"), "unknown", Severity::Permanent, ListEffect::None),
        (
            Cause::smtp(Reply::new(550, "5.1.1 no such user").unwrap(), Stage::Rcpt),
            "bad_mailbox",
            Severity::Permanent,
            ListEffect::Hard,
        ),
    ] {
        let verdict = classify_cause(&cause, None);
        assert_eq!(
            (verdict.class.as_str(), verdict.severity, verdict.list_effect),
            (class, severity, effect),
            "{cause}"
        );
    }
}

/// One reply for each provider of the table, as its pages print them.
#[test]
fn rows_of_providers() {
    for (provider, wire, wanted) in [
        ("google", "452 4.2.2 The recipient's inbox is out of storage space", "quota"),
        ("google", "552 5.2.2 The recipient's inbox is out of storage space and inactive", "inactive_mailbox"),
        (
            "google",
            "421 4.7.28 Gmail has detected an unusual rate of email originating from your IP address",
            "rate_limit",
        ),
        ("google", "421 4.7.32 From header isn't aligned with the SPF or DKIM organizational domain", "authentication"),
        ("google", "550 5.7.1 likely unsolicited mail", "spam_content"),
        ("google", "550 5.7.25 The sending IP has no PTR record", "ptr"),
        (
            "microsoft_consumer",
            "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent (S3150)",
            "blocklisted",
        ),
        (
            "microsoft_consumer",
            "550 5.7.515 Access denied, sending domain does not meet the required authentication level",
            "authentication",
        ),
        (
            "microsoft_consumer",
            "451 4.7.652 The mail server has exceeded the maximum number of connections",
            "too_many_connections",
        ),
        ("microsoft365_dane", "550 5.7.1 Unable to relay", "relay"),
        ("microsoft365", "550 5.7.502 Access denied, spam abuse detected", "reputation"),
        ("microsoft365", "550 5.7.950 anything that an administrator wrote", "policy"),
        (
            "yahoo",
            "554 30 Sorry, your message cannot be delivered. This mailbox is disabled (554.30)",
            "inactive_mailbox",
        ),
        ("apple", "550 5.7.1 [CS01] Message rejected due to local policy", "reputation"),
        ("comcast", "421 RL000010 throttled", "rate_limit"),
        ("cox", "554 IPBL0001 - rejected", "blocklisted"),
        ("spectrum", "554 AUP#1220 listed", "blocklisted"),
        ("orange", "550 5.2.0 Mail rejected. OFR005_417", "quota"),
        ("laposte", "550 5.5.0 LPN007_416", "bad_mailbox"),
        ("gmx_webde", "554 Nemesis ESMTP Service not available", "blocklisted"),
        ("mimecast", "451 Internal resources are temporarily unavailable", "greylist"),
        ("godaddy", "554 IB212 spam", "spam_content"),
        ("qq", "550 Ip frequency limited", "rate_limit"),
        ("netease163", "554 DT:SPM smtp", "spam_content"),
        ("mailru", "550 not accepted -- invalid mailbox", "bad_mailbox"),
        ("yahoo_japan", "553 VS98-IP0 deferred", "reputation"),
        ("t-online", "550 spam or virus classification", "spam_content"),
        ("netvigator", "421 Too many messages for this session", "rate_limit"),
    ] {
        assert_eq!(class(wire, Stage::EndOfData, provider), wanted, "{provider}: {wire}");
    }
}

proptest! {
    #[test]
    fn no_temporary_reply_suppresses(code in 400_u16..500, text in "[ -~]{0,120}") {
        let reply = Reply::new(code, &text).unwrap();
        for provider in [None, Some(&ProviderId::GOOGLE), Some(&ProviderId::MICROSOFT_CONSUMER)] {
            let verdict = classify(&reply, Stage::Rcpt, provider);
            prop_assert!(!verdict.suppresses());
        }
    }

    #[test]
    fn only_classes_of_the_recipient_count(
        code in 500_u16..600, words in proptest::collection::vec(prop::sample::select(WORDS), 0..6), wanted in 0_usize..3,
    ) {
        let text = format!("{}{}", ["", "5.1.1 ", "5.7.1 "][wanted], words.join(" "));
        let verdict = classify(&Reply::new(code, &text).unwrap(), Stage::Rcpt, None);
        let spared = ["reputation", "blocklisted", "policy", "authentication", "spam_content", "virus", "attachment",
            "message_size", "message_format", "tls", "ptr", "rate_limit", "too_many_connections"];
        if spared.contains(&verdict.class.as_str()) {
            prop_assert_eq!(verdict.list_effect, ListEffect::None);
        }
        if WORDS[..8].iter().any(|word| words.contains(word)) {
            prop_assert!(!verdict.suppresses(), "{}", verdict);
        }
    }
}

/// The first eight are about the sender.
const WORDS: &[&str] = &[
    "spamhaus",
    "poor reputation",
    "SPF fail",
    "DMARC policy",
    "no PTR",
    "STARTTLS required",
    "virus found",
    "looks like spam",
    "user unknown",
    "mailbox full",
    "does not exist",
    "account disabled",
    "rejected",
    "try again later",
    "host not found",
];
