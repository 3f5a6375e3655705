//! Our client to Postfix's smtpd, in clear: with and without each extension.

use std::collections::BTreeSet;
use std::sync::Arc;

use posthaste::dns::MemoryZone;
use posthaste::mx::{InwardAddresses, MxConfig, RelayConfig};
use posthaste::smtp::Pipelining;
use posthaste::{Attempt, Envelope, Mx, Notify, OutcomeKind, Recipient, Relay, Ret, Transport, Wanted};

use crate::real::{Postfix, Setup};
use crate::{Dialogue, all_accepted, envelope, in_front, kinds, large, mail, mail_in, relay, sample};

fn mailbox() -> Setup {
    Setup::new("mx.example.org").store("example.org, example.com")
}

fn url(postfix: &Postfix, port: usize) -> String {
    format!("smtp://{}", postfix.addresses()[port])
}

/// How mail goes by what a server offers; Postfix counts the commands that it heard.
#[tokio::test]
async fn postfix_with_and_without_its_extensions() {
    const OFFERS: &[(&str, bool, bool)] = &[
        // What is not offered, whether content goes by BDAT, which needs both, and commands in groups.
        ("", true, true),
        ("chunking", false, true),
        ("pipelining", false, false),
        ("chunking,pipelining", false, false),
        ("chunking,pipelining,dsn,enhancedstatuscodes,size,smtputf8,vrfy,etrn", false, false),
    ];
    let setup = OFFERS
        .iter()
        .fold(mailbox(), |setup, (discard, ..)| setup.smtpd(&[&format!("smtpd_discard_ehlo_keywords={discard}")]));
    let Some(postfix) = setup.start() else { return };
    for (port, (discard, by_bdat, in_groups)) in OFFERS.iter().enumerate() {
        let relay = relay(&url(&postfix, port));
        for (content, fits) in [(sample(), true), (large(), false)] {
            let dialogue = Dialogue::default();
            let outcomes = relay.deliver(&dialogue.of(&mail(&["bob@example.org"], content))).await.unwrap();
            assert!(all_accepted(&outcomes), "{discard}: {outcomes:?}\n{}", dialogue.text());
            assert_eq!(dialogue.has("C: BDAT "), *by_bdat && fits, "{discard}: {}", dialogue.text());
            let (answered, next) = (dialogue.place("S: 250 2.1.0"), dialogue.place("C: RCPT "));
            let answered = answered.or(dialogue.place("S: 250 Ok")).unwrap();
            assert_eq!(next.unwrap() < answered, *in_groups, "{discard}: {}", dialogue.text());
        }
        relay.close().await;
    }
    let sessions = [("data=1 bdat=1", 1), ("data=2", 4)];
    for (heard, count) in sessions {
        postfix.wait_for(count, &["disconnect from", &format!("ehlo=1 mail=2 rcpt=2 {heard} quit=1 commands=8")]);
    }
    let stored = postfix.stored(2 * OFFERS.len());
    for content in [sample(), large()] {
        let copies: Vec<_> = stored.iter().filter(|copy| copy.ends_with(&content)).collect();
        assert_eq!(copies.len(), OFFERS.len());
        for copy in copies {
            let front = in_front(copy, &content);
            assert!(
                front.starts_with("Return-Path: <ada@example.com>\r\nX-Original-To: bob@example.org\r\n"),
                "{front}"
            );
        }
    }
}

/// Several recipients, one refused for good and one for now: the others get it, in one transaction.
#[tokio::test]
async fn postfix_refuses_some_recipients() {
    let access = "smtpd_recipient_restrictions = check_recipient_access inline:{ { gone@example.org = 550 5.1.1 no such \
                  user }, { busy@example.org = 450 4.2.1 later } }, permit_mynetworks, reject";
    let ports: &[&[&str]] =
        &[&[], &["smtpd_discard_ehlo_keywords=chunking"], &["smtpd_discard_ehlo_keywords=pipelining"]];
    let setup = ports.iter().fold(mailbox().set(access), |setup, port| setup.smtpd(port));
    let Some(postfix) = setup.start() else { return };
    let to = ["bob@example.org", "gone@example.org", "busy@example.org", "eve@example.org"];
    for port in 0..ports.len() {
        let relay = relay(&url(&postfix, port));
        let dialogue = Dialogue::default();
        let outcomes = relay.deliver(&dialogue.of(&mail(&to, sample()))).await.unwrap();
        let expected = [OutcomeKind::Accepted, OutcomeKind::Refused, OutcomeKind::Deferred, OutcomeKind::Accepted];
        assert_eq!(kinds(&outcomes), expected, "{outcomes:?}\n{}", dialogue.text());
        assert!(outcomes.iter().nth(1).unwrap().to_string().contains("no such user"), "{outcomes:?}");

        // Nobody is left: nothing is sent, and the connection is good for the next mail.
        let outcomes = relay.deliver(&Attempt::of(&mail(&["gone@example.org"], sample()))).await.unwrap();
        assert_eq!(kinds(&outcomes), [OutcomeKind::Refused], "{outcomes:?}");
        let outcomes = relay.deliver(&Attempt::of(&mail(&["bob@example.org"], sample()))).await.unwrap();
        assert!(all_accepted(&outcomes), "{outcomes:?}");
        relay.close().await;
    }
    let stored = postfix.stored(3 * ports.len());
    let has = |to: &str| {
        stored.iter().filter(|copy| in_front(copy, &sample()).contains(&format!("Delivered-To: {to}"))).count()
    };
    assert_eq!((stored.len(), has("bob@example.org"), has("eve@example.org")), (9, 6, 3));
}

/// RFC 5321 §4.5.3.1.10: whom the server does not take in this transaction goes in another.
#[tokio::test]
async fn postfix_takes_few_recipients_at_a_time() {
    let setup = mailbox().smtpd(&["smtpd_recipient_limit=2"]);
    let Some(postfix) = setup.smtpd(&["smtpd_recipient_limit=2", "smtpd_discard_ehlo_keywords=chunking"]).start()
    else {
        return;
    };
    let to: Vec<String> = (0..5).map(|number| format!("to-{number}@example.org")).collect();
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    for port in 0..2 {
        let relay = relay(&url(&postfix, port));
        let dialogue = Dialogue::default();
        let outcomes = relay.deliver(&dialogue.of(&mail(&to, sample()))).await.unwrap();
        assert!(all_accepted(&outcomes) && kinds(&outcomes).len() == to.len(), "{outcomes:?}\n{}", dialogue.text());
        assert!(dialogue.has("S: 452 4.5.3"), "{}", dialogue.text());
        relay.close().await;
    }
    let stored = postfix.stored(2 * to.len());
    for to in to {
        let delivered = format!("Delivered-To: {to}\r\n");
        assert_eq!(stored.iter().filter(|copy| in_front(copy, &sample()).contains(&delivered)).count(), 2, "{to}");
    }
}

/// RFC 3461: ENVID, RET, NOTIFY and ORCPT come back in Postfix's own report.
#[tokio::test]
async fn postfix_reports_as_the_dsn_parameters_say() {
    let Some(postfix) = mailbox().smtpd(&[]).start() else { return };
    let mut told = Recipient::new("bob@example.org".parse().unwrap());
    told.notify = Notify::On { success: Wanted::Yes, failure: Wanted::Yes, delay: Wanted::No };
    told.original = Some(posthaste::OriginalRecipient::parse("rfc822;first+2@example.net").unwrap());
    let mut quiet = Recipient::new("eve@example.org".parse().unwrap());
    quiet.notify = Notify::Never;
    let from: posthaste::Address = "ada@example.com".parse().unwrap();
    let envelope = Envelope::new(from, [told, quiet]).unwrap();
    let envelope = envelope.with_envid(posthaste::EnvelopeId::parse("a+b=c").unwrap()).with_ret(Ret::Headers);
    let relay = relay(&url(&postfix, 0));
    let dialogue = Dialogue::default();
    let outcomes = relay.deliver(&dialogue.of(&mail_in(envelope, sample()))).await.unwrap();
    assert!(all_accepted(&outcomes), "{outcomes:?}\n{}", dialogue.text());
    relay.close().await;

    let stored = postfix.stored(3);
    let reports: Vec<_> = stored.iter().filter(|copy| !copy.ends_with(&sample())).collect();
    let [report] = &*reports else { panic!("one report:\n{}", postfix.log()) };
    let text = String::from_utf8_lossy(report);
    assert!(text.contains("Delivered-To: ada@example.com\r\n"), "{text}");
    assert!(text.contains("\r\nOriginal-Envelope-Id: a+b=c\r\n"), "{text}");
    assert!(text.contains("\r\nOriginal-Recipient: rfc822;first+2@example.net\r\n"), "{text}");
    assert!(text.contains("\r\nFinal-Recipient: rfc822; bob@example.org\r\n"), "{text}");
    assert!(text.contains("\r\nAction: delivered\r\n"), "{text}");
    // RET=HDRS: the header, and nothing of the body.
    assert!(text.contains("\r\nX-Long: a\r\n") && !text.contains("From here"), "{text}");
    assert!(!text.contains("eve@example.org"), "{text}");
}

/// RFC 6531: local part and domain beyond ASCII.
#[tokio::test]
async fn postfix_takes_smtputf8() {
    let setup = Setup::new("mx.example.org").store("example.org, xn--bcher-kva.example").smtpd(&[]);
    let Some(postfix) = setup.smtpd(&["smtpd_discard_ehlo_keywords=smtputf8"]).start() else { return };
    let to = ["j\u{f6}rg@example.org", "ada@b\u{fc}cher.example"];
    let octets = "Subject: gr\u{fc}\u{df}e\r\n\r\nhi\r\n".as_bytes().to_vec();
    let utf8_relay = relay(&url(&postfix, 0));
    let dialogue = Dialogue::default();
    let outcomes = utf8_relay.deliver(&dialogue.of(&mail(&to, octets.clone()))).await.unwrap();
    assert!(all_accepted(&outcomes), "{outcomes:?}\n{}", dialogue.text());
    utf8_relay.close().await;
    let stored = postfix.stored(2);
    for to in [to[0], "ada@xn--bcher-kva.example"] {
        let delivered = format!("Delivered-To: {to}\r\n");
        let copy = stored.iter().find(|copy| String::from_utf8_lossy(copy).contains(&delivered));
        let copy = copy.unwrap_or_else(|| panic!("{to}:\n{}", postfix.log()));
        assert!(in_front(copy, &octets).contains("with UTF8SMTP"), "{}", copy.escape_ascii());
    }

    // Where it is not offered, nothing is sent that the server could not pass on (RFC 6531 §3.5).
    let ascii_relay = relay(&url(&postfix, 1));
    let outcomes = ascii_relay.deliver(&Attempt::of(&mail(&to[..1], octets))).await.unwrap();
    assert_eq!(kinds(&outcomes), [OutcomeKind::Refused], "{outcomes:?}");
    ascii_relay.close().await;
    assert_eq!(postfix.stored(2).len(), 2);
}

/// Many at once, on connections that are used again: each arrives once, as it was sent.
#[tokio::test(flavor = "multi_thread")]
async fn postfix_takes_many_on_a_pool() {
    const EACH: usize = 15;
    let Some(postfix) = mailbox().smtpd(&[]).smtpd(&["smtpd_discard_ehlo_keywords=chunking"]).start() else { return };
    let ways = [Pipelining::Never, Pipelining::NextEnvelope, Pipelining::WhereOffered];
    let mut expected = BTreeSet::new();
    for (way, pipelining) in ways.into_iter().enumerate() {
        for port in 0..2 {
            let mut config = RelayConfig::from_url(&url(&postfix, port)).unwrap();
            config.pipelining = pipelining;
            config.pool.connections = 4;
            let relay = Arc::new(Relay::with_config(config).unwrap());
            let work = (0..8).map(|task| {
                let relay = Arc::clone(&relay);
                let mails: Vec<_> = (0..EACH)
                    .map(|number| {
                        let subject = format!("Subject: {way} {port} {task} {number}\r\n\r\n");
                        [subject.into_bytes(), b"..dots\r\n.\r\n".repeat(number * 97)].concat()
                    })
                    .collect();
                expected.extend(mails.iter().cloned());
                tokio::spawn(async move {
                    for octets in mails {
                        let outcomes = relay.deliver(&Attempt::of(&mail(&["bob@example.org"], octets))).await.unwrap();
                        assert!(all_accepted(&outcomes), "{outcomes:?}");
                    }
                })
            });
            for task in work.collect::<Vec<_>>() {
                task.await.unwrap();
            }
            relay.close().await;
        }
    }
    let stored = postfix.stored(expected.len());
    assert_eq!(stored.len(), expected.len());
    for copy in stored {
        let at = copy.windows(8).position(|octets| octets == b"Subject:").unwrap();
        assert!(expected.remove(&copy[at..]), "{}", copy.escape_ascii());
    }
}

/// RFC 5321 §5: the best host does not answer, so the next one gets it; one connection serves two domains of one site.
#[tokio::test]
async fn postfix_is_found_by_mx() {
    let Some(postfix) = mailbox().smtpd(&[]).start() else { return };
    let zone = "example.org MX 10 dead.example.org\nexample.org MX 20 mx.example.org\n\
                example.com MX 10 dead.example.org\nexample.com MX 20 mx.example.org\n\
                dead.example.org A 127.0.0.2\nmx.example.org A 127.0.0.1";
    let zone: MemoryZone = zone.parse().unwrap();
    let mut config = MxConfig::new("client.example".parse().unwrap());
    (config.port, config.inward) = (postfix.address().port(), InwardAddresses::Allow);
    let mx = Mx::new(Arc::new(zone), Arc::new(posthaste::SystemClock::new()), config);
    for to in ["bob@example.org", "eve@example.com"] {
        let dialogue = Dialogue::default();
        let outcomes = mx.deliver(&dialogue.of(&mail_in(envelope(&[to]), sample()))).await.unwrap();
        assert!(all_accepted(&outcomes), "{outcomes:?}\n{}", dialogue.text());
    }
    mx.close().await;
    let stored = postfix.stored(2);
    let front = in_front(&stored[0], &sample());
    assert!(front.contains("from client.example (unknown [127.0.0.1])\r\n"), "{front}");
    postfix.wait_for(1, &["disconnect from", "ehlo=1 mail=2 rcpt=2 bdat=2 quit=1"]);
}
