//! RFC 3207: STARTTLS, its refusals, and what may not stand behind it in clear.

mod common;

use common::*;
use posthaste_smtp::{ClientErrorKind, ClientEvent, ServerErrorKind, ServerEvent, TlsOffer, TlsUse};
use posthaste_types::OutcomeKind;

const GREETING: (&str, &str) = ("220 a\r\n", "EHLO client.example.com\r\n");

fn client(tls: TlsUse) -> Client {
    Client::new(client_config().with_tls(tls), [mail(&["bob"])])
}

fn error(client: &Client) -> Option<ClientErrorKind> {
    match client.events.last() {
        Some(ClientEvent::Closed { error: Some(error), .. }) => Some(error.kind()),
        _ => None,
    }
}

/// §5's example: EHLO again inside TLS, and only its second answer counts (§4.2).
#[test]
fn s5_example() {
    for tls in [TlsUse::Opportunistic, TlsUse::Required] {
        let mut client = client(tls);
        client.follow(&[
            GREETING,
            ("250-a\r\n250-STARTTLS\r\n250-PIPELINING\r\n250 SIZE 1\r\n", "STARTTLS\r\n"),
            ("220 Go ahead\r\n", ""),
        ]);
        assert_eq!(client.events.last(), Some(&ClientEvent::StartTls));
        assert_eq!(client.session.poll_timeout(), Some(tick(300)));
        client.session.handle_tls(client.now);
        assert!(client.session.is_encrypted() && client.session.capabilities().keywords().next().is_none());
        client.follow(&[("", "EHLO client.example.com\r\n"), ("250 a\r\n", "MAIL FROM:<ada@example.com>\r\n")]);
    }
}

#[test]
fn not_offered_or_refused() {
    let offer = "250-a\r\n250 STARTTLS\r\n";
    let mut bold = client(TlsUse::Opportunistic);
    bold.follow(&[GREETING, ("250 a\r\n", "MAIL FROM:<ada@example.com>\r\n")]);
    for refusal in ["454 TLS not available\r\n", "501 no\r\n"] {
        let mut bold = client(TlsUse::Opportunistic);
        bold.follow(&[GREETING, (offer, "STARTTLS\r\n"), (refusal, "MAIL FROM:<ada@example.com>\r\n")]);
        assert!(bold.events.iter().any(|event| matches!(event, ClientEvent::TlsRefused { .. })));
        let mut strict = client(TlsUse::Required);
        strict.follow(&[GREETING, (offer, "STARTTLS\r\n"), (refusal, "QUIT\r\n")]);
        assert_eq!(error(&strict), Some(ClientErrorKind::TlsRefused));
    }
    let mut strict = client(TlsUse::Required);
    strict.follow(&[GREETING, ("250 a\r\n", "QUIT\r\n")]);
    assert_eq!(error(&strict), Some(ClientErrorKind::TlsUnavailable));
    let mut strict = client(TlsUse::Required);
    strict.follow(&[GREETING, ("502 no EHLO\r\n", "HELO client.example.com\r\n"), ("250 a\r\n", "QUIT\r\n")]);
    assert_eq!(error(&strict), Some(ClientErrorKind::TlsUnavailable));
    let mut never = client(TlsUse::Never);
    never.follow(&[GREETING, (offer, "MAIL FROM:<ada@example.com>\r\n")]);
    let mut implicit = client(TlsUse::Implicit);
    implicit.follow(&[GREETING, (offer, "MAIL FROM:<ada@example.com>\r\n")]);
    assert!(implicit.session.is_encrypted());
}

/// §6: response injection, in one piece and in two, and replies sent ahead of their commands.
#[test]
fn octets_behind_the_reply() {
    let offer = "250-a\r\n250 STARTTLS\r\n";
    for (first, second) in [("220 go\r\n250 injected\r\n", ""), ("220 go\r\n", "2"), ("220 go\r\n\0", "")] {
        let mut client = client(TlsUse::Opportunistic);
        client.follow(&[GREETING, (offer, "STARTTLS\r\n")]);
        client.hear(first);
        client.hear(second);
        client.session.handle_tls(client.now);
        assert_eq!(client.go_on(), b"");
        assert_eq!(error(&client), Some(ClientErrorKind::OctetsBehindStartTls), "{first:?} {second:?}");
        assert!(!client.session.is_encrypted());
    }
    let mut client = client(TlsUse::Opportunistic);
    client.hear("220 a\r\n");
    client.hear(&format!("{offer}220 go\r\n"));
    assert!(matches!(error(&client), Some(ClientErrorKind::Protocol(_))), "no reply before its command");
}

#[test]
fn cut_in_the_handshake() {
    let mut client = client(TlsUse::Required);
    client.follow(&[GREETING, ("250-a\r\n250 STARTTLS\r\n", "STARTTLS\r\n"), ("220 go\r\n", "")]);
    client.session.handle_close(client.now, 0);
    client.go_on();
    assert_eq!(error(&client), Some(ClientErrorKind::Closed));
    assert_eq!(client.kinds(), Vec::<Vec<OutcomeKind>>::new(), "no mail had begun");
}

fn server(tls: TlsOffer) -> Server {
    let mut config = server_config();
    config.tls = tls;
    let mut server = Server::new(config);
    server.hear("");
    server
}

#[test]
fn server_upgrades_and_forgets() {
    let mut server = server(TlsOffer::Required);
    assert!(server.hear("EHLO a\r\n").contains("250-STARTTLS\r\n"));
    server.follow(&[
        ("MAIL FROM:<>\r\n", "530 5.7.0 say STARTTLS first\r\n"),
        ("STARTTLS now\r\n", "501 5.5.4 syntax error in the argument\r\n"),
        ("STARTTLS\r\n", "220 2.0.0 ready for TLS\r\n"),
    ]);
    assert_eq!(server.events.last(), Some(&ServerEvent::StartTls));
    assert!(!server.session.wants_bytes());
    server.session.handle_tls(server.now);
    assert!(server.hear("MAIL FROM:<>\r\n").starts_with("503"), "EHLO is forgotten");
    assert!(!server.hear("EHLO a\r\n").contains("STARTTLS"));
    server.follow(&[("STARTTLS\r\n", "503 5.5.1 TLS is active\r\n"), ("MAIL FROM:<>\r\n", "250 2.1.0 ok\r\n")]);
}

#[test]
fn server_ends_a_transaction_that_was_open() {
    let mut server = server(TlsOffer::Optional);
    server.hear("EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\n");
    server.hear("STARTTLS\r\n");
    server.session.handle_tls(server.now);
    server.hear("EHLO a\r\n");
    assert!(server.hear("DATA\r\n").starts_with("503"));
    assert!(server.events.contains(&ServerEvent::Reset));
}

/// §6: command injection (CVE-2011-0411), in one piece and in two: nothing of it is executed.
#[test]
fn server_octets_behind_the_command() {
    for (first, second) in [
        ("STARTTLS\r\nRSET\r\n", ""),
        ("STARTTLS\r\nMAIL FROM:<eve@example.org>\r\n", ""),
        ("STARTTLS\r\n\0", ""),
        ("STARTTLS\r\n", "RSET\r\n"),
    ] {
        let mut server = server(TlsOffer::Optional);
        server.hear("EHLO a\r\n");
        server.hear(first);
        server.hear(second);
        let Some(ServerEvent::Closed { error: Some(error), .. }) = server.events.last() else {
            panic!("{first:?} {second:?}: {:?}", server.events)
        };
        assert_eq!(error.kind(), ServerErrorKind::OctetsBehindStartTls);
        server.session.handle_tls(server.now);
        assert!(!server.session.is_encrypted());
        assert_eq!(server.hear("EHLO a\r\n"), "");
    }
}

/// The same at every split of what is injected: nothing that was read in clear takes part in what is inside TLS.
#[test]
fn injection_at_every_split() {
    let offer = "250-a\r\n250 STARTTLS\r\n";
    let replies = "220 go\r\n250-a\r\n250 AUTH PLAIN\r\n250 ok\r\n";
    let line_end = replies.find('\n').expect("a line") + 1;
    for cut in 0..=replies.len() {
        let mut client = client(TlsUse::Required);
        client.follow(&[GREETING, (offer, "STARTTLS\r\n")]);
        client.hear(&replies[..cut]);
        client.hear(&replies[cut..]);
        client.session.handle_tls(client.now);
        assert_eq!(client.go_on(), b"");
        let expected = Some(ClientErrorKind::OctetsBehindStartTls);
        assert_eq!(error(&client), expected, "{cut} of {line_end}");
        assert!(client.session.capabilities().keywords().all(|keyword| keyword != "AUTH"));
    }
    let commands = "STARTTLS\r\nEHLO eve\r\nMAIL FROM:<eve@example.org>\r\nRCPT TO:<bob@example.org>\r\n";
    for cut in 0..=commands.len() {
        let mut server = server(TlsOffer::Optional);
        server.hear("EHLO a\r\n");
        server.hear(&commands[..cut]);
        server.hear(&commands[cut..]);
        server.session.handle_tls(server.now);
        assert!(!server.session.is_encrypted() && server.session.is_closed(), "{cut}");
        assert!(!server.events.iter().any(|event| matches!(event, ServerEvent::Mail { .. })), "{cut}");
    }
}

/// Any octet at all behind the line or the reply, with it or in a piece of its own; with none, TLS begins.
#[test]
fn any_octet_behind_ends_the_session() {
    let offer = "250-a\r\n250 STARTTLS\r\n";
    for octet in (0..=u8::MAX).map(Some).chain([None]) {
        for pieces in [2, 1] {
            let split = |line: &[u8]| match pieces {
                1 => vec![[line, octet.as_slice()].concat()],
                _ => vec![line.to_vec(), octet.as_slice().to_vec()],
            };
            let mut client = client(TlsUse::Required);
            client.follow(&[GREETING, (offer, "STARTTLS\r\n")]);
            split(b"220-go\r\n220 ahead\r\n").iter().for_each(|piece| drop(client.hear_bytes(piece)));
            let expected = octet.map(|_| ClientErrorKind::OctetsBehindStartTls);
            assert_eq!(error(&client), expected, "{octet:?}");
            client.session.handle_tls(client.now);
            assert_eq!(client.session.is_encrypted(), octet.is_none(), "{octet:?}");

            let mut server = server(TlsOffer::Optional);
            server.hear("EHLO a\r\n");
            split(b"STARTTLS\r\n").iter().for_each(|piece| drop(server.hear_bytes(piece)));
            server.session.handle_tls(server.now);
            assert_eq!(server.session.is_encrypted(), octet.is_none(), "{octet:?}");
            let closed = server.events.iter().find_map(|event| match event {
                ServerEvent::Closed { error: Some(error), .. } => Some(error.kind()),
                _ => None,
            });
            assert_eq!(closed, octet.map(|_| ServerErrorKind::OctetsBehindStartTls), "{octet:?}");
        }
    }
}

/// RFC 8314 §3.3: TLS from the first octet, and no STARTTLS in it.
#[test]
fn server_implicit() {
    let mut server = server(TlsOffer::Implicit);
    assert!(server.session.is_encrypted());
    assert!(!server.hear("EHLO a\r\n").contains("STARTTLS"));
    assert_eq!(server.hear("STARTTLS\r\n"), "503 5.5.1 TLS is active\r\n");
}
