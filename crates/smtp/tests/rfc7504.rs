//! RFC 7504: 521 of a host that takes no mail, and 556 for a domain that takes none.

mod common;

use common::*;
use posthaste_smtp::{Answer, ClientErrorKind, ClientEvent, ServerErrorKind, ServerEvent};
use posthaste_types::OutcomeKind;

/// §3, §4: no host behind 521 takes mail, now or later; the client says QUIT and goes.
#[test]
fn s3_521_client() {
    for replies in [&["521 mx.example.org does not accept mail\r\n"][..], &["220 a\r\n", "521 5.3.2 no mail\r\n"]] {
        let mut client = Client::new(client_config(), [mail(&["bob"])]);
        let sent = replies.iter().map(|reply| client.hear(reply)).last().expect("one");
        assert_eq!(sent, "QUIT\r\n");
        let Some(ClientEvent::Closed { error: Some(error), .. }) = client.events.last() else { panic!("open") };
        assert_eq!((error.kind(), error.is_transient()), (ClientErrorKind::Refused, false));
        assert_eq!(error.reply().map(|reply| reply.code()), Some(521));
    }
}

/// §5: 556 refuses a recipient for good, and nobody else.
#[test]
fn s5_556_client() {
    let mut client = Client::new(client_config(), [mail(&["a", "b"])]);
    ["220 a\r\n", "250 a\r\n", "250 ok\r\n", "556 5.1.10 null MX\r\n", "250 ok\r\n", "354 go\r\n", "250 ok\r\n"]
        .iter()
        .for_each(|reply| drop(client.hear(reply)));
    assert_eq!(client.kinds(), [[OutcomeKind::Refused, OutcomeKind::Accepted]]);
}

/// §3: a host may close behind 521, in place of a greeting or of an answer.
#[test]
fn s3_521_server() {
    for at in ["greeting", "EHLO"] {
        let rule: fn(&ServerEvent) -> Answer = match at {
            "greeting" => |_| Answer::RefuseAndClose(reply(521, "5.3.2 no mail here")),
            _ => |event| match event {
                ServerEvent::Hello { .. } => Answer::RefuseAndClose(reply(521, "5.3.2 no mail here")),
                _ => Answer::Accept,
            },
        };
        let mut server = Server::with_rule(server_config(), rule);
        let said = server.hear("") + &server.hear("EHLO a\r\nMAIL FROM:<>\r\n");
        assert!(said.ends_with("521 5.3.2 no mail here\r\n"), "{said}");
        assert_eq!(server.closed(), Some(ServerErrorKind::RefusedByHost), "{at}");
    }
}
