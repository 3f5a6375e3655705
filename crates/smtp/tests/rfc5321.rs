//! RFC 5321: the dialogues of its appendix D, and what its sections demand of either side.

mod common;

use common::*;
use posthaste_smtp::{Answer, ClientErrorKind, SendError, ServerEvent, Transmit};
use posthaste_types::{Cause, OutcomeKind, Stage};

/// D.1, with the parameters that the server offers.
#[test]
fn d1_typical_transaction_client() {
    let mut client = Client::new(client_config(), [mail(&["jones", "green", "brown"])]);
    client.follow(&[
        ("220 foo.com Simple Mail Transfer Service Ready\r\n", "EHLO client.example.com\r\n"),
        (
            "250-foo.com greets bar.com\r\n250-8BITMIME\r\n250-SIZE\r\n250-DSN\r\n250 HELP\r\n",
            "MAIL FROM:<ada@example.com> SIZE=24\r\n",
        ),
        ("250 OK\r\n", "RCPT TO:<jones@example.org>\r\n"),
        ("250 OK\r\n", "RCPT TO:<green@example.org>\r\n"),
        ("550 No such user here\r\n", "RCPT TO:<brown@example.org>\r\n"),
        ("250 OK\r\n", "DATA\r\n"),
        ("354 Start mail input; end with <CRLF>.<CRLF>\r\n", MAIL_ON_WIRE),
        ("250 OK\r\n", "QUIT\r\n"),
        ("221 foo.com Service closing transmission channel\r\n", ""),
    ]);
    assert_eq!(client.kinds(), [[OutcomeKind::Accepted, OutcomeKind::Refused, OutcomeKind::Accepted]]);
    assert_eq!(client.closed(), None);
    let refused = &client.outcomes()[0][1];
    assert!(matches!(refused.cause(), Cause::Smtp { stage: Stage::Rcpt, .. }), "{refused}");
}

/// D.1 from the other side.
#[test]
fn d1_typical_transaction_server() {
    let mut server = Server::new(server_config());
    server.follow(&[
        ("", "220 mx.example.org ESMTP\r\n"),
        (
            "EHLO bar.com\r\n",
            "250-mx.example.org\r\n250-PIPELINING\r\n250-SIZE 26214400\r\n250-CHUNKING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-LIMITS RCPTMAX=1000\r\n250 ENHANCEDSTATUSCODES\r\n",
        ),
        ("MAIL FROM:<Smith@bar.com>\r\n", "250 2.1.0 ok\r\n"),
        ("RCPT TO:<Jones@foo.com>\r\n", "250 2.1.5 ok\r\n"),
        ("RCPT TO:<unknown@foo.com>\r\n", "550 5.1.1 no such user\r\n"),
        ("RCPT TO:<Brown@foo.com>\r\n", "250 2.1.5 ok\r\n"),
        ("DATA\r\n", "354 end with CRLF . CRLF\r\n"),
        ("Blah blah blah...\r\n...etc. etc. etc.\r\n.\r\n", "250 2.0.0 taken\r\n"),
        ("QUIT\r\n", "221 2.0.0 bye\r\n"),
    ]);
    assert_eq!(server.taken.len(), 1);
    assert_eq!(server.taken[0].from, "<Smith@bar.com>");
    assert_eq!(server.taken[0].to, ["Jones@foo.com", "Brown@foo.com"]);
    assert_eq!(server.taken[0].content, b"Blah blah blah...\r\n..etc. etc. etc.\r\n");
    assert_eq!(server.closed(), None);
}

/// D.2: RSET ends a transaction.
#[test]
fn d2_aborted_transaction() {
    let mut server = Server::new(server_config());
    server.hear("");
    server.hear("HELO bar.com\r\n");
    server.follow(&[
        ("MAIL FROM:<Smith@bar.com>\r\n", "250 2.1.0 ok\r\n"),
        ("RCPT TO:<Jones@foo.com>\r\n", "250 2.1.5 ok\r\n"),
        ("RSET\r\n", "250 2.0.0 reset\r\n"),
        ("DATA\r\n", "503 5.5.1 say MAIL first\r\n"),
    ]);
    assert!(server.events.contains(&ServerEvent::Reset));
}

#[test]
fn s3_1_greetings() {
    let table = [
        ("554 no service\r\n", ClientErrorKind::Refused),
        ("421 busy\r\n", ClientErrorKind::ServiceClosing),
        ("450 later\r\n", ClientErrorKind::Refused),
        ("250 odd\r\n", ClientErrorKind::Protocol("the greeting is not 220")),
        ("SSH-2.0-OpenSSH_9.2\r\n", ClientErrorKind::Protocol("not a reply")),
    ];
    for (greeting, kind) in table {
        let mut client = Client::new(client_config(), [mail(&["bob"])]);
        let sent = client.hear(greeting);
        assert_eq!(client.closed(), Some(kind), "{greeting}");
        assert_eq!(sent, if kind == ClientErrorKind::Refused { "QUIT\r\n" } else { "" }, "{greeting}");
        assert_eq!(client.session.poll_timeout(), None);
        assert_eq!(client.session.send(client.now, mail(&["x"])), Err(SendError::Ended));
    }
}

#[test]
fn s3_1_a_server_that_refuses_waits_for_quit() {
    let mut server = Server::with_rule(server_config(), |event| match event {
        ServerEvent::Connected => Answer::Refuse(reply(554, "5.3.2 no service")),
        _ => Answer::Accept,
    });
    server.follow(&[
        ("", "554 5.3.2 no service\r\n"),
        ("EHLO x\r\n", "503 5.5.1 no service: QUIT is left\r\n"),
        ("QUIT\r\n", "221 2.0.0 bye\r\n"),
    ]);
}

/// §3.2: a client falls back to HELO, and then uses no extension.
#[test]
fn s3_2_helo() {
    for unknown in ["500 what?\r\n", "502 not here\r\n", "504 no\r\n"] {
        let mut client = Client::new(client_config(), [mail(&["bob"])]);
        client.follow(&[
            ("220 old\r\n", "EHLO client.example.com\r\n"),
            (unknown, "HELO client.example.com\r\n"),
            ("250-old\r\n250 SIZE\r\n", "MAIL FROM:<ada@example.com>\r\n"),
        ]);
    }
    let mut client = Client::new(client_config(), [mail(&["bob"])]);
    client.follow(&[("220 old\r\n", "EHLO client.example.com\r\n"), ("550 5.7.1 not you\r\n", "QUIT\r\n")]);
    assert_eq!(client.closed(), Some(ClientErrorKind::Refused));
}

/// §3.8: 421 at every point. Unanswered recipients are deferred; after the final dot, it is an answer.
#[test]
fn s3_8_service_closing_anywhere() {
    let dialogue = ["220 a\r\n", "250 a\r\n", "250 ok\r\n", "250 ok\r\n", "550 5.1.1 no\r\n", "354 go\r\n"];
    for at in 2..=dialogue.len() {
        let mut client = Client::new(client_config(), [mail(&["bob", "carl"])]);
        dialogue[..at].iter().for_each(|reply| drop(client.hear(reply)));
        client.hear("421 4.3.2 going down\r\n");
        assert_eq!(client.closed(), Some(ClientErrorKind::ServiceClosing), "{at}");
        let carl = if at >= 5 { OutcomeKind::Refused } else { OutcomeKind::Deferred };
        assert_eq!(client.kinds(), [[OutcomeKind::Deferred, carl]], "{at}");
        let cause = client.outcomes()[0][0].cause().clone();
        assert_eq!(cause.reply().map(|reply| reply.code()), Some(421));
    }
}

#[test]
fn s4_1_1_3_postmaster_and_source_routes() {
    let mut server = Server::new(server_config());
    server.hear("");
    server.hear("EHLO a\r\nMAIL FROM:<@relay.example,@other.example:ada@example.com>\r\n");
    for (path, expected) in [
        ("<Postmaster>", "250"),
        ("<@hop.example:bob@example.org>", "250"),
        ("<\"a b\\\" >\"@example.org>", "250"),
        (" <bob@example.org> ", "250"),
        ("bob@example.org", "250"),
        ("<bob@example.org", "501"),
        ("<bob@example.org>x", "501"),
        ("<>", "501"),
        ("<bob>", "501"),
        ("", "501"),
        ("<bob@[192.0.2.1]>", "501"),
        ("<bob@example.org\u{0}>", "501"),
    ] {
        let answer = server.hear(&format!("RCPT TO:{path}\r\n"));
        assert!(answer.starts_with(expected), "{path}: {answer}");
    }
    assert_eq!(server.open.from, "<ada@example.com>");
    assert_eq!(server.open.to[..2], ["Postmaster@mx.example.org", "bob@example.org"]);
    assert_eq!(server.open.to[2], "\"a b\\\" >\"@example.org");
}

/// §4.1.1.11, §4.2.4: unknown commands, parameters and arguments.
#[test]
fn s4_2_4_replies_to_nonsense() {
    for (line, code) in [
        ("WIZ", "500"),
        ("", "500"),
        ("MAIL", "501"),
        ("MAIL TO:<a@example.com>", "501"),
        ("MAIL FROM:<a@example.com> X-UNKNOWN=1", "555"),
        ("MAIL FROM:<a@example.com> RET=FULL", "555"),
        ("MAIL FROM:<a@example.com> SIZE=x", "501"),
        ("MAIL FROM:<a@example.com> SIZE=1 SIZE=1", "501"),
        ("MAIL FROM:<a@example.com> BODY=BINARYMIME", "555"),
        ("MAIL FROM:<a@example.com> SIZE=26214401", "552"),
        ("MAIL FROM:<a@example.com> SIZE=99999999999999999999", "552"),
        ("MAIL FROM:<\u{e4}@example.com>", "553"),
        ("RCPT TO:<a@example.com>", "503"),
        ("DATA", "503"),
        ("DATA now", "501"),
        ("VRFY", "501"),
        ("VRFY bob", "252"),
        ("EXPN list", "502"),
        ("HELP", "214"),
        ("NOOP whatever", "250"),
        ("HELO", "501"),
        ("LHLO a", "500"),
        ("STARTTLS", "502"),
        ("AUTH PLAIN AGEAYg==", "502"),
        ("TURN", "500"),
    ] {
        let mut server = Server::new(server_config());
        server.hear("");
        server.hear("EHLO a\r\n");
        let answer = server.hear(&format!("{line}\r\n"));
        assert!(answer.starts_with(code), "{line}: {answer}");
    }
    let mut server = Server::new(server_config());
    server.hear("");
    assert!(server.hear("MAIL FROM:<a@example.com>\r\n").starts_with("503"), "EHLO comes first");
}

/// §4.1.4: a new EHLO ends the transaction; a nested MAIL is refused.
#[test]
fn s4_1_4_order_of_commands() {
    let mut server = Server::new(server_config());
    server.hear("");
    server.hear("EHLO a\r\nMAIL FROM:<>\r\n");
    assert!(server.hear("MAIL FROM:<>\r\n").starts_with("503"));
    assert!(server.hear("DATA\r\n").starts_with("503"), "no recipient yet");
    assert!(server.hear("EHLO a\r\n").starts_with("250-"));
    assert!(server.hear("RCPT TO:<bob@example.org>\r\n").starts_with("503"));
}

/// What a peer answers out of step ends the session, and nobody is told accepted for it.
#[test]
fn replies_out_of_step() {
    let table: [&[&str]; 8] = [
        &["220 a\r\n220 a\r\n"],
        &["220 a\r\n", "354 go\r\n"],
        &["220 a\r\n", "250 a\r\n", "354 go\r\n"],
        &["220 a\r\n", "250 a\r\n", "250 ok\r\n250 ok\r\n"],
        &["220 a\r\n", "250 a\r\n", "250 ok\r\n", "354 go\r\n"],
        &["220 a\r\n", "250 a\r\n", "250 ok\r\n", "250 ok\r\n", "250 taken?\r\n"],
        &["220 a\r\n", "250 a\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n250 already?\r\n"],
        &["220 a\r\n", "250 a\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n", "354 more\r\n"],
    ];
    for dialogue in table {
        let mut client = Client::new(client_config(), [mail(&["bob"])]);
        dialogue.iter().for_each(|reply| drop(client.hear(reply)));
        assert!(matches!(client.closed(), Some(ClientErrorKind::Protocol(_))), "{dialogue:?}");
        let in_doubt = dialogue.len() == 6;
        let expected = if in_doubt { OutcomeKind::InDoubt } else { OutcomeKind::Deferred };
        assert!(client.kinds().iter().flatten().all(|kind| *kind == expected), "{dialogue:?}: {:?}", client.kinds());
    }
}

/// A server may refuse content before it is complete; the answer counts, the session does not.
#[test]
fn an_early_answer_to_content() {
    let mut client = Client::new(client_config(), [mail(&["bob", "carl"])]);
    for reply in ["220 a\r\n", "250 a\r\n", "250 ok\r\n", "250 ok\r\n", "550 5.1.1 no\r\n"] {
        client.hear(reply);
    }
    assert!(client.session.handle_bytes(client.now, b"354 go\r\n552 5.3.4 too big\r\n").is_err());
    client.go_on();
    assert_eq!(client.closed(), Some(ClientErrorKind::AnsweredEarly));
    assert_eq!(client.kinds(), [[OutcomeKind::Refused, OutcomeKind::Refused]]);
}

/// The connection cut at every octet that the client writes.
#[test]
fn cut_at_every_octet() {
    use OutcomeKind::{Accepted, Deferred, InDoubt, Refused};
    let replies =
        ["220 a\r\n", "250 a\r\n", "250 ok\r\n", "250 ok\r\n", "550 5.1.1 no\r\n", "354 go\r\n", "250 ok\r\n"];
    for (step, _) in replies.iter().enumerate() {
        let mut length = 1;
        let mut cut = 0;
        while cut <= length {
            let mut client = Client::new(client_config(), [mail(&["bob", "carl"])]);
            client.quits = false;
            replies[..step].iter().for_each(|reply| drop(client.hear(reply)));
            let sent = client.hear(replies[step]);
            length = sent.len();
            client.session.handle_close(client.now, length - cut);
            client.go_on();
            let bob = match step {
                5 if cut == length => InDoubt,
                6 => Accepted,
                _ => Deferred,
            };
            let carl = if step >= 4 { Refused } else { Deferred };
            if step >= 1 {
                let expected: Vec<_> = client.kinds();
                assert_eq!(expected, [[bob, carl]], "step {step}, {cut} of {length}");
            }
            cut += 1;
        }
    }
}

#[test]
fn a_withdrawn_mail_is_not_completed() {
    let mut client = Client::new(client_config(), [mail(&["bob"])]);
    for reply in ["220 a\r\n", "250 a\r\n", "250 ok\r\n", "250 ok\r\n"] {
        client.hear(reply);
    }
    client.session.withdraw(client.now);
    assert!(!client.session.is_closed(), "nothing is due yet");
    client.session.handle_bytes(client.now, b"354 go\r\n").unwrap();
    let mut out = Vec::new();
    assert_eq!(client.session.poll_transmit(client.now, &mut out), Some(Transmit::Octets));
    let Some(Transmit::Completing(_)) = client.session.poll_transmit(client.now, &mut out) else { panic!("not asked") };
    client.session.withdraw(client.now);
    assert_eq!(client.session.poll_transmit(client.now, &mut out), None);
    assert!(!out.ends_with(b"\r\n.\r\n"), "{out:?}");
    client.go_on();
    assert_eq!(client.closed(), Some(ClientErrorKind::Withdrawn));
    assert_eq!(client.kinds(), [[OutcomeKind::Deferred]]);
}

/// RSET only where the peer still holds a transaction.
#[test]
fn rset_where_needed() {
    let mut client = Client::new(client_config(), [mail(&["a"]), mail(&["b"]), mail(&["c"])]);
    client.follow(&[
        ("220 a\r\n", "EHLO client.example.com\r\n"),
        ("250 a\r\n", "MAIL FROM:<ada@example.com>\r\n"),
        ("550 5.1.8 not from you\r\n", "MAIL FROM:<ada@example.com>\r\n"),
        ("250 ok\r\n", "RCPT TO:<b@example.org>\r\n"),
        ("550 5.1.1 no\r\n", "RSET\r\n"),
        ("250 ok\r\n", "MAIL FROM:<ada@example.com>\r\n"),
        ("250 ok\r\n", "RCPT TO:<c@example.org>\r\n"),
        ("250 ok\r\n", "DATA\r\n"),
        ("354 go\r\n", MAIL_ON_WIRE),
        ("450 4.2.0 later\r\n", "QUIT\r\n"),
        ("221 bye\r\n", ""),
    ]);
    assert_eq!(client.kinds(), [[OutcomeKind::Refused], [OutcomeKind::Refused], [OutcomeKind::Deferred]]);
}

#[test]
fn answers_must_fit_their_question() {
    use posthaste_smtp::AnswerError;
    let mut server = Server::new(server_config());
    let now = server.now;
    let session = &mut server.session;
    assert_eq!(session.poll_event(), Some(ServerEvent::Connected));
    assert_eq!(session.answer(now, Answer::AcceptWith(reply(250, "x"))), Err(AnswerError::WrongClass(250)));
    assert_eq!(session.answer(now, Answer::Refuse(reply(220, "x"))), Err(AnswerError::WrongClass(220)));
    assert_eq!(session.answer_each(now, vec![Answer::Accept]), Err(AnswerError::NotAsked));
    session.answer(now, Answer::AcceptWith(reply(220, "mx.example.org welcomes you"))).unwrap();
    assert_eq!(session.answer(now, Answer::Accept), Err(AnswerError::NotAsked));
    server.follow(&[("", "220 mx.example.org welcomes you\r\n")]);
}
