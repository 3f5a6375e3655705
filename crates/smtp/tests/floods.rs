//! Peers that send too much, too early, or without an end: sessions end, and memory stays flat.

mod common;

use common::*;
use posthaste_smtp::{ClientErrorKind, EarlyTalk, Pipelining, ServerErrorKind, ServerEvent};

/// A greeting, or any other reply, that does not end: lines without an end, and replies without a last line.
#[test]
fn endless_replies() {
    for (piece, most) in [(&b"2"[..], 5_000), (b"220-more and more and more\r\n", 3_000), (b"220-\r\n", 12_000)] {
        for before in [&[][..], &["220 a\r\n"], &["220 a\r\n", "250 a\r\n"]] {
            let mut client = Client::new(client_config(), [mail(&["bob"])]);
            before.iter().for_each(|reply| drop(client.hear(reply)));
            let ended = (0..most).any(|_| client.session.handle_bytes(client.now, piece).is_err());
            assert!(ended, "{piece:?}");
            client.go_on();
            assert!(matches!(client.closed(), Some(ClientErrorKind::Protocol(_))));
        }
    }
}

/// Replies to nothing: the first one ends the session, however many there are.
#[test]
fn flood_of_replies() {
    for flood in ["250 ok\r\n", "354 go\r\n", "550 no\r\n", "220 hello\r\n"] {
        let config = client_config().with_pipelining(Pipelining::NextEnvelope);
        let mut client = Client::new(config, [mail(&["a", "b"])]);
        client.hear("220 a\r\n");
        client.hear("250-a\r\n250 PIPELINING\r\n");
        for _ in 0..1_000 {
            client.hear(&flood.repeat(100));
        }
        assert!(client.session.is_closed(), "{flood}");
        assert!(client.events.len() < 20, "{flood}: {}", client.events.len());
    }
}

/// A command line that does not end is told once, then dropped as it comes.
#[test]
fn endless_command_line() {
    let mut server = Server::new(server_config());
    server.hear("");
    let mut said = 0;
    for _ in 0..1_000 {
        said += server.hear(&"x".repeat(10_000)).len();
    }
    assert_eq!(said, "500 5.5.2 line too long\r\n".len());
    assert_eq!(server.hear("\r\nNOOP\r\n"), "250 2.0.0 ok\r\n");
}

/// Endless commands of every kind in one piece: what is said of them is bounded.
#[test]
fn flood_of_commands() {
    for command in [
        "NOOP\r\n",
        "RSET\r\n",
        "VRFY a\r\n",
        "EHLO a\r\n",
        "X\r\n",
        "MAIL FROM:<>\r\n",
        "AUTH PLAIN\r\n",
        "DATA\r\n",
        "BDAT 0\r\n",
        "\r\n",
        "RCPT TO:<a@example.org>\r\n",
    ] {
        let mut server = Server::new(server_config());
        server.hear("");
        server.hear("EHLO a\r\n");
        let said: usize = (0..100).map(|_| server.hear(&command.repeat(100)).len()).sum();
        assert_eq!(server.closed(), Some(ServerErrorKind::TooManyErrors), "{command:?}");
        assert!(said < 40_000, "{command:?}: {said}");
    }
}

/// Recipients beyond the limit are free a thousand times, and the session ends behind them.
#[test]
fn flood_of_recipients() {
    let mut server = Server::new(server_config());
    server.hear("");
    server.hear("EHLO a\r\nMAIL FROM:<>\r\n");
    for _ in 0..100 {
        server.hear(&"RCPT TO:<a@example.org>\r\n".repeat(100));
    }
    assert_eq!(server.closed(), Some(ServerErrorKind::TooManyErrors));
    let asked = server.events.iter().filter(|event| matches!(event, ServerEvent::Rcpt { .. })).count();
    assert_eq!(asked, 1000);
}

/// Content without an end: the host hears of it until the limit, and never again.
#[test]
fn endless_content() {
    for begin in ["DATA\r\n", "BDAT 18446744073709551615 LAST\r\n"] {
        let mut config = server_config();
        config.max_message = 100_000;
        let mut server = Server::new(config);
        server.hear("");
        server.hear("EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<a@example.org>\r\n");
        server.hear(begin);
        server.hear("\r\n");
        (0..1_000).for_each(|_| drop(server.hear(&"line\r\n".repeat(1_000))));
        assert!(server.open.content.len() <= 100_000, "{begin}");
        assert!(server.events.iter().any(|event| matches!(event, ServerEvent::Aborted { .. })));
        assert!(server.taken.is_empty());
    }
}

/// Octets before the greeting, where that is refused; elsewhere they are read in their turn.
#[test]
fn early_talkers() {
    let early = |talk: EarlyTalk| {
        let mut config = server_config();
        config.early_talk = talk;
        let mut server = Server::new(config);
        let _ = server.session.handle_bytes(server.now, b"EHLO a\r\n");
        server
    };
    let mut server = early(EarlyTalk::Refuse);
    assert_eq!(server.go_on(), b"554 5.5.0 the client talked before its turn\r\n");
    assert_eq!(server.closed(), Some(ServerErrorKind::EarlyTalk));
    let mut server = early(EarlyTalk::Tolerate);
    assert!(server.go_on().starts_with(b"220 "));
}

/// RFC 2920 §3.1: EHLO and DATA end a group; everything else may be followed.
#[test]
fn talkers_behind_the_end_of_a_group() {
    let begun = || {
        let mut config = server_config();
        config.early_talk = EarlyTalk::Refuse;
        let mut server = Server::new(config);
        server.hear("");
        server
    };
    for wire in ["EHLO a\r\nMAIL FROM:<>\r\n", "HELO a\r\nM"] {
        let mut server = begun();
        assert_eq!(server.hear(wire), "554 5.5.0 the client talked before its turn\r\n");
    }
    let mut server = begun();
    server.hear("EHLO a\r\n");
    let group = "MAIL FROM:<>\r\nRCPT TO:<a@example.org>\r\nDATA\r\n";
    assert!(server.hear(group).ends_with("354 end with CRLF . CRLF\r\n"));
    assert!(server.hear(&format!("hi\r\n.\r\n{group}")).ends_with("354 end with CRLF . CRLF\r\n"));
    server.hear(".\r\n");
    assert!(server.hear(&format!("{group}hi\r\n.\r\n")).ends_with("554 5.5.0 the client talked before its turn\r\n"));
    assert_eq!(server.taken.len(), 2);
    let mut server = begun();
    server.hear("EHLO a\r\n");
    let chunks = "MAIL FROM:<>\r\nRCPT TO:<a@example.org>\r\nBDAT 4 LAST\r\nhi\r\nQUIT\r\n";
    assert!(server.hear(chunks).ends_with("221 2.0.0 bye\r\n"), "a chunk needs no wait");
}

/// A peer that answers out of step where groups were sent is one to speak to in lock step from now on.
#[test]
fn out_of_step_is_told() {
    let offer = "250-a\r\n250 PIPELINING\r\n";
    let table: [(&[&str], bool); 6] = [
        (&["220 a\r\n220 b\r\n"], false),
        (&["220 a\r\n", "250 a\r\n", "354 go\r\n"], false),
        (&["220 a\r\n", offer, "354 go\r\n"], true),
        (&["220 a\r\n", offer, "250 ok\r\n354 go\r\n"], true),
        (&["220 a\r\n", offer, "250 ok\r\n250 ok\r\n250 go\r\n"], true),
        (&["220 a\r\n", offer, "250 ok\r\n250 ok\r\n421 down\r\n"], false),
    ];
    for (replies, out_of_step) in table {
        let mut client = Client::new(client_config(), [mail(&["a"])]);
        replies.iter().for_each(|reply| drop(client.hear(reply)));
        let Some(posthaste_smtp::ClientEvent::Closed { error: Some(error), .. }) = client.events.last() else {
            panic!("{replies:?}: {:?}", client.events)
        };
        assert_eq!(error.is_out_of_step(), out_of_step, "{replies:?}");
    }
}
