//! Postfix's smtp and lmtp clients to our receiver. Its clients speak no CHUNKING.

use std::collections::BTreeSet;

use posthaste::{Attempt, Transport};
use posthaste_testkit::{Arrived, Plan, TestCa, TestReceiver};

use crate::real::{PATIENCE, Postfix, Setup, find, run};
use crate::{all_accepted, in_front, large, mail, relay, sample};

fn passing_on(receiver: &TestReceiver) -> Setup {
    receiver.plan("ada@example.com", Plan::reply("550 5.1.1 no reports, please"));
    Setup::new("relay.example").smtpd(&[]).relay_to(receiver.local_addr())
}

/// Hands a mail to Postfix.
async fn submit(postfix: &Postfix, to: &[&str], octets: Vec<u8>) {
    let relay = relay(&format!("smtp://{}", postfix.address()));
    let outcomes = relay.deliver(&Attempt::of(&mail(to, octets))).await.unwrap();
    assert!(all_accepted(&outcomes), "{outcomes:?}");
    relay.close().await;
}

async fn arrived(receiver: &TestReceiver, postfix: &Postfix, count: usize) -> Vec<Arrived> {
    let arrived = tokio::time::timeout(PATIENCE, receiver.wait_for(count)).await;
    let arrived = arrived.unwrap_or_else(|_| panic!("{count} do not come:\n{}", postfix.log()));
    assert_eq!(arrived.len(), count);
    arrived
}

/// With and without pipelining, small and large, to several recipients at once.
#[tokio::test(flavor = "multi_thread")]
async fn postfix_hands_on_what_it_got() {
    for keywords in ["", "pipelining", "pipelining,size,8bitmime,enhancedstatuscodes,dsn,starttls"] {
        let receiver = TestReceiver::start().await;
        receiver.plan("gone@example.org", Plan::reply("550 5.1.1 no such user"));
        let setup = passing_on(&receiver).set(&format!("smtp_discard_ehlo_keywords = {keywords}"));
        let Some(postfix) = setup.start() else { return };
        let seven_bits = b"Subject: seven\r\n\r\n.\r\n..\r\n\r\n.".to_vec();
        let seven_bits = [seven_bits, b"\r\n".to_vec(), b"From \r\n".repeat(3)].concat();
        let eight_bits = if keywords.contains("8bitmime") { seven_bits.clone() } else { sample() };
        for octets in [&seven_bits, &eight_bits, &large()] {
            submit(&postfix, &["bob@example.org", "gone@example.org", "eve@example.org"], octets.clone()).await;
        }
        let arrived = arrived(&receiver, &postfix, 3).await;
        for octets in [seven_bits, eight_bits, large()] {
            let copy = arrived.iter().find(|copy| copy.octets.ends_with(&octets));
            let copy = copy.unwrap_or_else(|| panic!("{keywords}: changed\n{}", postfix.log()));
            assert!(in_front(&copy.octets, &octets).starts_with("Received: from "));
            let to: BTreeSet<String> = copy.to().map(ToString::to_string).collect();
            assert_eq!(to, ["bob@example.org", "eve@example.org"].map(String::from).into());
            assert_eq!(copy.hello, "relay.example");
        }
        postfix.wait_for(3, &["to=<gone@example.org>", "dsn=5.1.1", "status=bounced"]);
    }
}

/// Postfix keeps a connection while it has more for the same host.
#[tokio::test(flavor = "multi_thread")]
async fn postfix_sends_many_on_one_connection() {
    const MESSAGES: usize = 100;
    let receiver = TestReceiver::start().await;
    let address = receiver.local_addr();
    let caching = format!(
        "smtp_connection_cache_destinations = [{}]:{}\ndefault_destination_concurrency_limit = 1",
        address.ip(),
        address.port()
    );
    let Some(source) = find("smtp-source") else { return };
    let Some(postfix) = passing_on(&receiver).set(&caching).start() else { return };
    let (count, target) = (MESSAGES.to_string(), postfix.address().to_string());
    let fixed = ["-d", "-s", "4", "-l", "2000", "-f", "ada@example.com", "-t", "bob@example.org"];
    run(&source, &[&fixed[..], &["-m", &count, &target]].concat()).await;
    arrived(&receiver, &postfix, MESSAGES).await;
    postfix.wait_for(MESSAGES, &["to=<bob@example.org>", "status=sent"]);
    assert_eq!(postfix.count(&["conn_use="]), MESSAGES - receiver.connections(), "{}", postfix.log());
    assert!(receiver.connections() <= MESSAGES / 4, "{} connections", receiver.connections());
    println!("{MESSAGES} messages on {} connections", receiver.connections());
}

/// Inside TLS that Postfix verifies, with AUTH by each of our mechanisms.
#[tokio::test(flavor = "multi_thread")]
async fn postfix_authenticates_inside_tls() {
    let ca = TestCa::new();
    for mechanism in ["plain", "login"] {
        let receiver = TestReceiver::builder().require_tls(ca.server_tls(&["mx.example.org"])).user("ada", "secret");
        let receiver = receiver.start().await;
        let settings = format!(
            "smtp_tls_security_level = secure\nsmtp_tls_secure_cert_match = mx.example.org\nsmtp_tls_loglevel = 1\n\
             smtp_tls_CAfile = $config_directory/root.pem\nsmtp_sasl_auth_enable = yes\n\
             smtp_sasl_password_maps = static:ada:secret\nsmtp_sasl_security_options =\n\
             smtp_sasl_mechanism_filter = {mechanism}"
        );
        let setup = passing_on(&receiver).file("root.pem", ca.root_pem()).set(&settings);
        let Some(postfix) = setup.start() else { return };
        submit(&postfix, &["bob@example.org"], sample()).await;
        let arrived = arrived(&receiver, &postfix, 1).await;
        in_front(&arrived[0].octets, &sample());
        assert!(arrived[0].tls.is_some(), "{mechanism}");
        assert_eq!(arrived[0].authenticated.as_deref(), Some("ada"), "{mechanism}");
        postfix.wait_for(1, &["Verified TLS connection established to"]);
    }
}

/// Put off at RCPT, and put off at the end of data: Postfix comes again, and one copy arrives.
#[tokio::test(flavor = "multi_thread")]
async fn postfix_comes_again_after_4xx() {
    let receiver = TestReceiver::start().await;
    receiver.plan("grey@example.org", Plan::Greylist { attempts: 1 });
    receiver.plan_next("late@example.org", [Plan::reply_to_data("451 4.3.0 not now")]);
    let Some(postfix) = passing_on(&receiver).start() else { return };
    for to in ["grey@example.org", "late@example.org"] {
        submit(&postfix, &[to], sample()).await;
        postfix.wait_for(1, &[to, "status=deferred"]);
    }
    for copy in arrived(&receiver, &postfix, 2).await {
        in_front(&copy.octets, &sample());
    }
    for to in ["grey@example.org", "late@example.org"] {
        postfix.wait_for(1, &[to, "status=sent"]);
        assert_eq!(receiver.attempts(to).len(), 2, "{to}");
    }
}

/// RFC 2033: the answers behind the content are one for each recipient.
#[tokio::test(flavor = "multi_thread")]
async fn postfix_by_lmtp() {
    let receiver = TestReceiver::builder().lmtp().start().await;
    receiver.plan("gone@example.org", Plan::reply("550 5.1.1 no such user"));
    receiver.plan("full@example.org", Plan::reply_to_data("552 5.2.2 the mailbox is full"));
    receiver.plan_next("busy@example.org", [Plan::reply_to_data("451 4.2.0 the mailbox is locked")]);
    let address = receiver.local_addr();
    receiver.plan("ada@example.com", Plan::reply("550 5.1.1 no reports, please"));
    let transport = format!("default_transport = lmtp:inet:{}:{}", address.ip(), address.port());
    let Some(postfix) = Setup::new("relay.example").smtpd(&[]).set(&transport).start() else { return };
    let to = ["bob@example.org", "gone@example.org", "full@example.org", "busy@example.org", "eve@example.org"];
    submit(&postfix, &to, sample()).await;
    for (to, status) in to.iter().zip(["sent", "bounced", "bounced", "deferred", "sent"]) {
        postfix.wait_for(1, &[&format!("to=<{to}>"), &format!("status={status}")]);
    }
    postfix.wait_for(1, &["to=<busy@example.org>", "status=sent"]);
    let arrived = arrived(&receiver, &postfix, 2).await;
    let to = |copy: &Arrived| copy.to().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(to(&arrived[0]), ["bob@example.org", "eve@example.org"]);
    assert_eq!(to(&arrived[1]), ["busy@example.org"]);
    for copy in arrived {
        in_front(&copy.octets, &sample());
    }
}
