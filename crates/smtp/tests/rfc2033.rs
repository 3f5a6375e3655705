//! RFC 2033: LMTP, with an answer for each recipient.

mod common;

use common::*;
use posthaste_smtp::{Answer, AnswerError, Protocol, ServerEvent};
use posthaste_types::OutcomeKind::{Accepted, Deferred, InDoubt, Refused};

/// §4.2's example, as client.
#[test]
fn s4_2_example_client() {
    let mut client = Client::new(client_config().with_protocol(Protocol::Lmtp), [mail(&["pat", "jones", "green"])]);
    let group = "MAIL FROM:<ada@example.com>\r\nRCPT TO:<pat@example.org>\r\nRCPT TO:<jones@example.org>\r\n\
                 RCPT TO:<green@example.org>\r\nDATA\r\n";
    client.follow(&[
        ("220 foo.edu LMTP server ready\r\n", "LHLO client.example.com\r\n"),
        ("250-foo.edu\r\n250-PIPELINING\r\n250 SIZE\r\n", &group.replace("com>", "com> SIZE=24")),
        ("250 OK\r\n250 OK\r\n550 No such user here\r\n250 OK\r\n354 Start mail input\r\n", MAIL_ON_WIRE),
        ("250 OK\r\n", ""),
        ("452 <green@foo.edu> is temporarily over quota\r\n", "QUIT\r\n"),
        ("221 foo.edu closing connection\r\n", ""),
    ]);
    assert_eq!(client.kinds(), [[Accepted, Refused, Deferred]]);
}

#[test]
fn s4_2_example_server() {
    let mut config = server_config();
    config.protocol = Protocol::Lmtp;
    let mut server = Server::new(config);
    assert_eq!(server.hear(""), "220 mx.example.org LMTP\r\n");
    assert!(server.hear("EHLO foo.edu\r\n").starts_with("500 "), "§4.1");
    assert!(server.hear("LHLO foo.edu\r\n").starts_with("250-mx.example.org\r\n250-PIPELINING\r\n"));
    server.follow(&[
        (
            "MAIL FROM:<>\r\nRCPT TO:<unknown@example.org>\r\nDATA\r\n",
            "250 2.1.0 ok\r\n550 5.1.1 no such user\r\n503 5.5.1 no valid recipients\r\n",
        ),
        ("RCPT TO:<a@example.org>\r\nRCPT TO:<b@example.org>\r\n", "250 2.1.5 ok\r\n250 2.1.5 ok\r\n"),
        ("DATA\r\nx\r\n.\r\n", "354 end with CRLF . CRLF\r\n250 2.0.0 taken\r\n250 2.0.0 taken\r\n"),
    ]);
}

#[test]
fn an_answer_for_each() {
    let mut config = server_config();
    config.protocol = Protocol::Lmtp;
    let mut server = Server::new(config);
    server.hear("");
    server.hear("LHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n");
    server.session.handle_bytes(server.now, b"x\r\n.\r\n").unwrap();
    let session = &mut server.session;
    while session.poll_event().is_some_and(|event| event != ServerEvent::EndOfData) {}
    let wrong = session.answer_each(server.now, vec![Answer::Accept]);
    assert_eq!(wrong, Err(AnswerError::WrongCount { given: 1, wanted: 2 }));
    let answers = vec![Answer::Refuse(reply(452, "4.2.2 full")), Answer::AcceptWith(reply(250, "2.0.0 as 17"))];
    session.answer_each(server.now, answers).unwrap();
    assert_eq!(server.hear(""), "452 4.2.2 full\r\n250 2.0.0 as 17\r\n");
}

/// A cut between the answers: who was answered is settled, the others are in doubt; 421 likewise.
#[test]
fn cut_between_answers() {
    for end in ["", "421 4.3.2 down\r\n"] {
        let mut client = Client::new(client_config().with_protocol(Protocol::Lmtp), [mail(&["a", "b", "c"])]);
        for wire in ["220 a\r\n", "250 a\r\n", "250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n"] {
            client.hear(wire);
        }
        client.hear(&format!("550 5.2.1 no\r\n{end}"));
        client.session.handle_close(client.now, 0);
        client.go_on();
        let second = if end.is_empty() { InDoubt } else { Deferred };
        assert_eq!(client.kinds(), [[Refused, second, InDoubt]]);
    }
}

/// §4.2: without a recipient DATA must fail; a server that takes it leaves no answer to wait for.
#[test]
fn data_taken_without_recipients() {
    let mut client = Client::new(client_config().with_protocol(Protocol::Lmtp), [mail(&["a"])]);
    client.hear("220 a\r\n");
    client.hear("250-a\r\n250 PIPELINING\r\n");
    assert_eq!(client.hear("250 ok\r\n550 no\r\n354 go\r\n"), "");
    assert!(client.session.is_closed());
    assert_eq!(client.kinds(), [[Refused]]);
}

/// There is no HELO to fall back to.
#[test]
fn no_fallback() {
    let mut client = Client::new(client_config().with_protocol(Protocol::Lmtp), [mail(&["a"])]);
    assert_eq!(client.hear("220 smtp server\r\n"), "LHLO client.example.com\r\n");
    assert_eq!(client.hear("500 what?\r\n"), "QUIT\r\n");
    assert!(client.session.is_closed());
}
