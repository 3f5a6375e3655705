//! RFC 5321 §4.5.3: sizes and timeouts, on either side.

mod common;

use common::*;
use posthaste_smtp::{ClientErrorKind, Pipelining, ServerErrorKind, ServerEvent, Transaction, Transmit};
use posthaste_types::{OutcomeKind, Stage};

/// §4.5.3.1.10: 552 at RCPT is temporary; what is postponed goes in a further transaction.
#[test]
fn s4_5_3_1_10_too_many_recipients() {
    let mut client = Client::new(client_config(), [mail(&["a", "b", "c", "full"])]);
    client.follow(&[
        ("220 a\r\n", "EHLO client.example.com\r\n"),
        ("250 a\r\n", "MAIL FROM:<ada@example.com>\r\n"),
        ("250 ok\r\n", "RCPT TO:<a@example.org>\r\n"),
        ("250 ok\r\n", "RCPT TO:<b@example.org>\r\n"),
        ("452 4.5.3 too many\r\n", "RCPT TO:<c@example.org>\r\n"),
        ("552 too many recipients\r\n", "RCPT TO:<full@example.org>\r\n"),
        ("552 5.2.2 mailbox full\r\n", "DATA\r\n"),
        ("354 go\r\n", MAIL_ON_WIRE),
        ("250 ok\r\n", "MAIL FROM:<ada@example.com>\r\n"),
        ("250 ok\r\n", "RCPT TO:<b@example.org>\r\n"),
        ("552 too many recipients\r\n", "RCPT TO:<c@example.org>\r\n"),
        ("250 ok\r\n", "DATA\r\n"),
        ("354 go\r\n", MAIL_ON_WIRE),
        ("250 ok\r\n", "QUIT\r\n"),
    ]);
    use OutcomeKind::{Accepted, Deferred, Refused};
    assert_eq!(client.kinds(), [[Accepted, Deferred, Accepted, Refused]]);
}

/// RFC 3463 §3.6: X.5.3 says so behind any code; where nobody was taken, the code decides.
#[test]
fn rfc3463_3_6_too_many_recipients() {
    use OutcomeKind::{Accepted, Deferred, Refused};
    let table = [
        ("452 4.5.3 too many", Accepted, Deferred),
        ("450 4.5.3 too many", Accepted, Deferred),
        ("550 5.5.3 too many", Accepted, Refused),
        ("552 5.5.3 too many", Accepted, Deferred),
        ("452 4.3.1 no room", Deferred, Deferred),
        ("552 5.2.2 mailbox full", Refused, Refused),
        ("550 5.1.1 no such user", Refused, Refused),
    ];
    for (answer, second, first) in table {
        let mut client = Client::new(client_config(), [mail(&["a", "b"])]);
        ["220 a", "250 a", "250 ok", "250 ok", answer, "354 go", "250 ok", "250 ok", "250 ok", "354 go", "250 ok"]
            .iter()
            .for_each(|reply| drop(client.hear(&format!("{reply}\r\n"))));
        assert_eq!(client.kinds(), [[Accepted, second]], "{answer}");
        let mut client = Client::new(client_config(), [mail(&["a"])]);
        ["220 a", "250 a", "250 ok", answer].iter().for_each(|reply| drop(client.hear(&format!("{reply}\r\n"))));
        assert_eq!(client.kinds(), [[first]], "{answer}");
    }
}

/// §4.5.3.1.8: not more than a hundred (here three) in one transaction.
#[test]
fn s4_5_3_1_8_rounds() {
    let names: Vec<String> = (0..8).map(|i| format!("r{i}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for pipelining in [true, false] {
        let mut client = Client::new(client_config().with_max_recipients(3), [mail(&names)]);
        let mut server = Server::new(server_config());
        if !pipelining {
            client =
                Client::new(client_config().with_max_recipients(3).with_pipelining(Pipelining::Never), [mail(&names)]);
        }
        converse(&mut client, &mut server, 1000);
        let sizes: Vec<usize> = server.taken.iter().map(|taken| taken.to.len()).collect();
        assert_eq!(sizes, [3, 3, 2]);
        assert_eq!(client.kinds(), [[OutcomeKind::Accepted; 8]]);
    }
}

#[test]
fn s4_5_3_1_server_limits() {
    let mut config = server_config();
    (config.max_line, config.max_recipients, config.max_message, config.max_header) = (100, 2, 60, 40);
    let mut server = Server::new(config);
    server.hear("");
    server.hear("EHLO a\r\n");
    let long = format!("NOOP {}\r\n", "x".repeat(94));
    assert!(server.hear(&long).starts_with("500 5.5.2 line too long"));
    assert!(server.hear(&long[1..]).starts_with("500 5.5.2 command"), "100 octets are a line");
    assert!(server.hear(&"x".repeat(1000)).starts_with("500"));
    assert_eq!(server.hear(&"x".repeat(1000)), "", "told once");
    assert_eq!(server.hear("\r\nNOOP\r\n"), "250 2.0.0 ok\r\n");
    server.hear("MAIL FROM:<>\r\nRCPT TO:<a@example.org>\r\nRCPT TO:<b@example.org>\r\n");
    assert_eq!(server.hear("RCPT TO:<c@example.org>\r\n"), "452 4.5.3 too many recipients\r\n");
    server.hear("DATA\r\n");
    assert_eq!(
        server.hear(&format!("a: b\r\n\r\n{}\r\n.\r\n", "x".repeat(60))),
        "552 5.3.4 the message is too large\r\n"
    );
    server.hear("MAIL FROM:<>\r\nRCPT TO:<a@example.org>\r\nDATA\r\n");
    assert_eq!(server.hear(&format!("a: {}\r\n\r\n.\r\n", "x".repeat(40))), "552 5.3.4 the header is too large\r\n");
    server.hear("MAIL FROM:<>\r\nRCPT TO:<a@example.org>\r\nDATA\r\n");
    assert_eq!(server.hear("a: b\r\n\r\n.............................\r\n.\r\n"), "250 2.0.0 taken\r\n");
    assert_eq!(server.taken.len(), 1);
}

#[test]
fn too_many_errors_end_the_session() {
    let mut server = Server::new(server_config());
    server.hear("");
    for _ in 0..19 {
        assert_eq!(server.hear("XXXX\r\n"), "500 5.5.2 command not recognized\r\n");
    }
    assert!(server.hear("XXXX\r\nNOOP\r\n").ends_with("421 4.7.0 too many errors\r\n"));
    assert_eq!(server.closed(), Some(ServerErrorKind::TooManyErrors));
    let mut server = Server::new(server_config());
    server.hear("");
    server.hear(&"NOOP\r\n".repeat(119));
    assert!(!server.session.is_closed());
    server.hear("NOOP\r\n");
    assert_eq!(server.closed(), Some(ServerErrorKind::TooManyErrors));
    let mut server = Server::new(server_config());
    server.hear("");
    assert_eq!(server.hear("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "421 4.7.0 this is a mail server\r\n");
}

/// §4.5.3.2: each deadline, and that a slow trickle does not move it.
#[test]
fn s4_5_3_2_client_timeouts() {
    let dialogue: [(&str, u64, Stage); 7] = [
        ("", 300, Stage::Connect),
        ("220 a\r\n", 300, Stage::Ehlo),
        ("250 a\r\n", 300, Stage::Mail),
        ("250 ok\r\n", 300, Stage::Rcpt),
        ("250 ok\r\n", 120, Stage::Data),
        ("354 go\r\n", 600, Stage::EndOfData),
        ("250 ok\r\n", 10, Stage::Connect),
    ];
    for at in 0..dialogue.len() {
        let mut client = Client::new(client_config(), [mail(&["bob"])]);
        for (i, (reply, ..)) in dialogue[..=at].iter().enumerate() {
            client.now = tick(1000 * i as u64);
            client.hear(reply);
        }
        let (_, wait, stage) = dialogue[at];
        let due = tick(1000 * at as u64 + wait);
        client.now = tick(1000 * at as u64 + wait - 1);
        client.hear("2");
        assert_eq!(client.session.poll_timeout(), Some(due), "{at}");
        assert_eq!(client.session.handle_timeout(client.now), Ok(()));
        assert!(!client.session.is_closed());
        let result = client.session.handle_timeout(due);
        client.go_on();
        if at + 1 == dialogue.len() {
            assert_eq!((result, client.closed()), (Ok(()), None), "an unanswered QUIT is no loss");
            continue;
        }
        let error = result.unwrap_err();
        assert_eq!((error.kind(), error.stage()), (ClientErrorKind::TimedOut, stage));
        let expected = if at == 5 { OutcomeKind::InDoubt } else { OutcomeKind::Deferred };
        if at >= 2 {
            assert_eq!(client.kinds(), [[expected]], "{at}");
        }
    }
}

#[test]
fn s4_5_3_2_5_block_timeout() {
    let body = "line of twenty bytes\n".repeat(10_000);
    let transaction = Transaction::new(envelope(&["bob"]), content(&format!("Subject: x\n\n{body}")));
    let mut client = Client::new(client_config(), [transaction]);
    ["220 a\r\n", "250 a\r\n", "250 ok\r\n", "250 ok\r\n"].iter().for_each(|reply| drop(client.hear(reply)));
    client.session.handle_bytes(tick(0), b"354 go\r\n").unwrap();
    let mut out = Vec::new();
    let mut blocks = 0;
    while let Some(Transmit::Octets) = client.session.poll_transmit(tick(100 * blocks), &mut out) {
        assert_eq!(client.session.poll_timeout(), Some(tick(100 * blocks + 180)));
        blocks += 1;
    }
    assert!(blocks >= 6, "{blocks}");
    let error = client.session.handle_timeout(tick(100 * (blocks - 1) + 180)).unwrap_err();
    assert_eq!(error.kind(), ClientErrorKind::TimedOut);
    client.go_on();
    assert_eq!(client.kinds(), [[OutcomeKind::Deferred]], "the final dot was never handed out");
}

#[test]
fn s4_5_3_2_7_server_timeouts_and_rate() {
    let mut server = Server::new(server_config());
    assert_eq!(server.session.poll_timeout(), None, "the host's time is its own");
    server.hear("");
    server.hear("EHLO a\r\n");
    assert_eq!(server.session.poll_timeout(), Some(tick(300)));
    server.now = tick(299);
    server.hear("NOO");
    assert_eq!(server.session.poll_timeout(), Some(tick(300)), "a part of a line buys no time");
    server.hear("P\r\nMAIL FROM:<>\r\nRCPT TO:<a@example.org>\r\nDATA\r\n");
    assert_eq!(server.session.poll_timeout(), Some(tick(599)));
    server.now = tick(500);
    server.hear(&"a".repeat(5000));
    assert_eq!(server.session.poll_timeout(), Some(tick(609)), "5,000 octets buy 10 s");
    server.hear(&"a".repeat(1_000_000));
    assert_eq!(server.session.poll_timeout(), Some(tick(800)), "never more than the whole from now");
    assert!(server.session.handle_timeout(tick(800)).is_err());
    assert!(server.go_on().starts_with(b"421 4.4.2 "));
    assert!(server.events.iter().any(|event| matches!(event, ServerEvent::Aborted { .. })));
    assert_eq!(server.closed(), Some(ServerErrorKind::TimedOut));
}

#[test]
fn a_client_that_floods_while_an_answer_is_due() {
    let mut server = Server::new(server_config());
    let chunk = [b'x'; 1000];
    let mut ended = None;
    for i in 0..1000 {
        if server.session.handle_bytes(server.now, &chunk).is_err() {
            ended = Some(i);
            break;
        }
    }
    assert_eq!(ended, Some(262));
    server.go_on();
    assert_eq!(server.closed(), Some(ServerErrorKind::Flood));
}

/// A further transaction that is forbidden meanwhile: nothing of it is handed out, and the session goes on.
#[test]
fn a_further_round_is_taken_back() {
    use OutcomeKind::{Accepted, Deferred};
    for (ehlo, pipelining) in [
        ("250 a\r\n", Pipelining::WhereOffered),
        ("250-a\r\n250 PIPELINING\r\n", Pipelining::WhereOffered),
        ("250-a\r\n250 PIPELINING\r\n", Pipelining::NextEnvelope),
    ] {
        for accepted in [true, false] {
            let mut client = Client::new(client_config().with_pipelining(pipelining), [mail(&["a", "b"])]);
            client.quits = false;
            let data = if accepted { "354 go\r\n" } else { "554 5.5.1 no\r\n" };
            ["220 a\r\n", ehlo, "250 ok\r\n", "250 ok\r\n", "452 4.5.3 too many\r\n"]
                .iter()
                .for_each(|reply| drop(client.hear(reply)));
            assert!(!client.session.begins_round(), "the first one is under way");
            client.session.withdraw_round(client.now);
            let last = if accepted {
                client.hear(data);
                "250 ok\r\n"
            } else {
                data
            };
            client.session.handle_bytes(client.now, last.as_bytes()).unwrap();
            assert!(client.session.begins_round());
            client.session.withdraw_round(client.now);
            assert!(!client.session.begins_round() && client.session.can_send());
            assert_eq!(client.go_on(), b"", "nothing of it");
            let first = if accepted { Accepted } else { OutcomeKind::Refused };
            assert_eq!(client.kinds(), [[first, Deferred]]);
            assert_eq!(client.session.poll_timeout(), None);
            // The peer still holds the transaction whose DATA it refused.
            client.mails.push_back(mail(&["c"]));
            let next = String::from_utf8(client.go_on()).unwrap();
            assert_eq!(next.starts_with("RSET"), !accepted, "{next}");
            assert!(!next.contains("b@example.org"), "{next}");
        }
    }
}

/// The line behind one that was too long has its own limit, however the octets come: AUTH may be longer than others.
#[test]
fn a_line_behind_one_that_was_too_long_has_its_own_limit() {
    let wire = format!("EHLO a\r\nAUTH {}\r\n{}\r\nQUIT\r\n", "x".repeat(200), "y".repeat(90));
    let said = |pieces: &[&[u8]]| {
        let mut config = posthaste_smtp::ServerConfig::new("mx.example.org".parse().unwrap());
        (config.max_line, config.max_auth_line) = (64, 100);
        config.auth = posthaste_smtp::AuthOffer::Anywhere;
        config.mechanisms = posthaste_smtp::Mechanism::ALL.to_vec();
        let now = posthaste_types::Tick::default();
        let mut server = posthaste_smtp::ServerSession::new(config, now);
        let mut octets = Vec::new();
        for piece in pieces {
            let _ = server.handle_bytes(now, piece);
            while let Some(event) = server.poll_event() {
                if event.is_question() {
                    server.answer(now, posthaste_smtp::Answer::Accept).unwrap();
                }
            }
            server.poll_transmit(&mut octets);
        }
        String::from_utf8(octets).unwrap()
    };
    let whole = said(&[wire.as_bytes()]);
    assert_eq!(whole, said(&wire.as_bytes().chunks(1).collect::<Vec<_>>()));
    assert_eq!(whole.matches("500 5.5.2 line too long").count(), 2, "{whole}");
}
