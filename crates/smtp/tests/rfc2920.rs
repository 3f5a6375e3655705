//! RFC 2920: PIPELINING, and the next envelope behind the content of the last mail.

mod common;

use common::*;
use posthaste_smtp::{ClientErrorKind, ClientEvent, Pipelining};
use posthaste_types::{Outcome, OutcomeKind, Stage};

const HELLO: (&str, &str) = ("220 a\r\n", "EHLO client.example.com\r\n");
const OFFER: &str = "250-a\r\n250 PIPELINING\r\n";
const GROUP: &str = "MAIL FROM:<ada@example.com>\r\nRCPT TO:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n";

/// §5: a whole envelope in one group, the content in the next.
#[test]
fn s5_example() {
    let mut client = Client::new(client_config(), [mail(&["a", "b"])]);
    client.follow(&[
        HELLO,
        (OFFER, GROUP),
        ("250 sender ok\r\n250 recipient ok\r\n250 recipient ok\r\n354 go\r\n", MAIL_ON_WIRE),
        ("250 sent\r\n", "QUIT\r\n"),
        ("221 bye\r\n", ""),
    ]);
    assert_eq!(client.kinds(), [[OutcomeKind::Accepted; 2]]);
}

#[test]
fn s5_example_server() {
    let mut server = Server::new(server_config());
    server.hear("");
    server.hear("EHLO a\r\n");
    server.follow(&[
        (
            "MAIL FROM:<a@example.com>\r\nRCPT TO:<x@example.org>\r\nRCPT TO:<unknown@example.org>\r\nDATA\r\n",
            "250 2.1.0 ok\r\n250 2.1.5 ok\r\n550 5.1.1 no such user\r\n354 end with CRLF . CRLF\r\n",
        ),
        (
            "1\r\n.\r\nMAIL FROM:<b@example.com>\r\nRCPT TO:<y@example.org>\r\nDATA\r\n2\r\n.\r\nQUIT\r\n",
            "250 2.0.0 taken\r\n250 2.1.0 ok\r\n250 2.1.5 ok\r\n354 end with CRLF . CRLF\r\n250 2.0.0 taken\r\n221 2.0.0 bye\r\n",
        ),
    ]);
    let contents: Vec<&[u8]> = server.taken.iter().map(|taken| &taken.content[..]).collect();
    assert_eq!(contents, [b"1\r\n", b"2\r\n"]);
}

/// Each reply settles its own recipient as soon as it is read.
#[test]
fn settled_early() {
    let mut client = Client::new(client_config(), [mail(&["a", "b"])]);
    client.follow(&[HELLO, (OFFER, GROUP), ("250 ok\r\n550 5.1.1 no\r\n", "")]);
    let settled = |client: &Client| {
        let settled = |event: &ClientEvent| match event {
            ClientEvent::Settled { recipient, outcome, .. } => Some((*recipient, outcome.kind())),
            _ => None,
        };
        client.events.iter().filter_map(settled).collect::<Vec<_>>()
    };
    assert_eq!(settled(&client), [(0, OutcomeKind::Refused)]);
    client.follow(&[("250 ok\r\n", ""), ("354 go\r\n", MAIL_ON_WIRE), ("450 4.3.0 later\r\n", "QUIT\r\n")]);
    assert_eq!(settled(&client), [(0, OutcomeKind::Refused), (1, OutcomeKind::Deferred)]);
}

/// §3.1: "the client cannot assume that the DATA command will be rejected just because none of the RCPT TO
/// commands worked": a lone dot, whose answer means nothing, and no RSET behind it.
#[test]
fn s3_1_data_accepted_without_recipients() {
    for answer in ["554 no valid recipients\r\n", "250 if you say so\r\n"] {
        let mut client = Client::new(client_config(), [mail(&["a", "b"]), mail(&["c"])]);
        client.follow(&[
            HELLO,
            (OFFER, GROUP),
            ("250 ok\r\n550 no\r\n450 no\r\n354 go\r\n", ".\r\n"),
            (answer, "MAIL FROM:<ada@example.com>\r\nRCPT TO:<c@example.org>\r\nDATA\r\n"),
        ]);
        assert_eq!(client.kinds(), [[OutcomeKind::Refused, OutcomeKind::Deferred]]);
    }
}

/// §3.1: "If the DATA command was properly rejected the client SMTP can just issue RSET", here in front of
/// the next mail.
#[test]
fn s3_1_data_rejected_without_recipients() {
    let mut client = Client::new(client_config(), [mail(&["a", "b"]), mail(&["c"])]);
    let next = "RSET\r\nMAIL FROM:<ada@example.com>\r\nRCPT TO:<c@example.org>\r\nDATA\r\n";
    client.follow(&[
        HELLO,
        (OFFER, GROUP),
        ("250 ok\r\n550 no\r\n550 no\r\n503 no recipients\r\n", next),
        ("250 reset\r\n250 ok\r\n250 ok\r\n354 go\r\n", MAIL_ON_WIRE),
        ("250 ok\r\n", "QUIT\r\n"),
    ]);
    assert_eq!(client.kinds(), [vec![OutcomeKind::Refused; 2], vec![OutcomeKind::Accepted]]);
}

#[test]
fn a_refused_mail_refuses_all_and_needs_no_reset() {
    let mut client = Client::new(client_config(), [mail(&["a", "b"]), mail(&["c"])]);
    let next = "MAIL FROM:<ada@example.com>\r\nRCPT TO:<c@example.org>\r\nDATA\r\n";
    client.follow(&[
        HELLO,
        (OFFER, GROUP),
        ("550 5.7.1 not you\r\n503 no\r\n503 no\r\n503 no\r\n", next),
        ("450 4.7.1 later\r\n503 no\r\n503 no\r\n", "QUIT\r\n"),
    ]);
    assert_eq!(client.kinds(), [vec![OutcomeKind::Refused; 2], vec![OutcomeKind::Deferred]]);
    let first: Vec<u16> = client.outcomes()[0].iter().filter_map(|o| o.cause().reply()).map(|r| r.code()).collect();
    assert_eq!(first, [550, 550], "the answer to MAIL, not the 503 behind it");
}

/// A server that refuses MAIL and takes a recipient would take an empty message with the lone dot.
#[test]
fn a_recipient_taken_behind_a_refused_mail() {
    let mut client = Client::new(client_config(), [mail(&["a", "b"])]);
    client.follow(&[HELLO, (OFFER, GROUP), ("550 no\r\n250 ok\r\n250 ok\r\n354 go\r\n", "")]);
    assert!(client.session.is_closed());
    assert_eq!(client.kinds(), [[OutcomeKind::Refused; 2]]);
}

#[test]
fn lock_step_where_told_so() {
    let mut client = Client::new(client_config().with_pipelining(Pipelining::Never), [mail(&["a"])]);
    client.follow(&[HELLO, (OFFER, "MAIL FROM:<ada@example.com>\r\n"), ("250 ok\r\n", "RCPT TO:<a@example.org>\r\n")]);
}

/// The next envelope goes behind the final dot; its content and QUIT never do.
#[test]
fn next_envelope() {
    let config = client_config().with_pipelining(Pipelining::NextEnvelope);
    let mut client = Client::new(config, [mail(&["a"]), mail(&["b"]), mail(&["c"])]);
    let envelope = |name| format!("MAIL FROM:<ada@example.com>\r\nRCPT TO:<{name}@example.org>\r\nDATA\r\n");
    let mail_and = |name| format!("{MAIL_ON_WIRE}{}", envelope(name));
    client.follow(&[
        HELLO,
        (OFFER, &envelope("a")),
        ("250 ok\r\n250 ok\r\n354 go\r\n", &mail_and("b")),
        ("250 ", ""),
        ("taken\r\n250 ok\r\n250 ok\r\n", ""),
        ("354 go\r\n", &mail_and("c")),
        ("250 taken\r\n250 ok\r\n550 no\r\n503 nobody\r\n", "QUIT\r\n"),
        ("221 bye\r\n", ""),
    ]);
    use OutcomeKind::{Accepted, Refused};
    assert_eq!(client.kinds(), [[Accepted], [Accepted], [Refused]]);
}

/// A cut while one mail's answer is due and the next one's envelope is on its way.
#[test]
fn next_envelope_cut() {
    for (unwritten, first) in [(0, OutcomeKind::InDoubt), (60, OutcomeKind::InDoubt), (61, OutcomeKind::Deferred)] {
        let config = client_config().with_pipelining(Pipelining::NextEnvelope);
        let mut client = Client::new(config, [mail(&["a"]), mail(&["b"])]);
        client.hear(HELLO.0);
        client.hear(OFFER);
        let sent = client.hear("250 ok\r\n250 ok\r\n354 go\r\n");
        assert_eq!(sent.len() - MAIL_ON_WIRE.len(), 60);
        client.session.handle_close(client.now, unwritten);
        client.go_on();
        assert_eq!(client.kinds(), [[first], [OutcomeKind::Deferred]], "{unwritten}");
        let Some(ClientEvent::Closed { error: Some(error), .. }) = client.events.last() else { panic!("no end") };
        assert_eq!(error.kind(), ClientErrorKind::Closed);
    }
}

/// A peer that lost a part of what came behind a content says so with 500, 502 or 503: it knew these commands before. Such
/// a reply refuses nobody, and the site is one to speak to in lock step. On its own it is the answer that it is.
#[test]
fn next_envelope_lost_in_part() {
    use OutcomeKind::{Deferred, Refused};
    let table = [
        ("503 MAIL first\r\n503 MAIL first\r\n", Deferred, Some(Stage::Mail)),
        ("500 what\r\n", Deferred, Some(Stage::Mail)),
        ("250 ok\r\n502 what\r\n", Deferred, Some(Stage::Rcpt)),
        ("250 ok\r\n250 ok\r\n503 what\r\n", Deferred, Some(Stage::Data)),
        ("354 go\r\n", Deferred, Some(Stage::Mail)),
        ("550 no\r\n503 MAIL first\r\n503 MAIL first\r\n", Refused, None),
        ("250 ok\r\n550 no\r\n503 nobody\r\n", Refused, None),
        ("250 ok\r\n250 ok\r\n554 no\r\n", Refused, None),
    ];
    for (replies, second, stage) in table {
        let config = client_config().with_pipelining(Pipelining::NextEnvelope);
        let mut client = Client::new(config, [mail(&["a"]), mail(&["b"])]);
        for reply in [HELLO.0, OFFER, "250 ok\r\n250 ok\r\n354 go\r\n", &format!("250 taken\r\n{replies}")] {
            client.hear(reply);
        }
        assert_eq!(client.kinds(), [[OutcomeKind::Accepted], [second]], "{replies:?}");
        let ended = client.events.iter().find_map(|event| match event {
            ClientEvent::Closed { error: Some(error), .. } => Some((error.stage(), error.is_out_of_step())),
            _ => None,
        });
        assert_eq!(ended, stage.map(|stage| (stage, true)), "{replies:?}");
    }
    let mut alone = Client::new(client_config(), [mail(&["a"])]);
    for reply in [HELLO.0, OFFER, "503 log in first\r\n503 MAIL first\r\n503 MAIL first\r\n"] {
        alone.hear(reply);
    }
    assert_eq!(alone.kinds(), [[Refused]]);
}

/// 421 in the midst of a group: it answers one, and stands for all that are unanswered.
#[test]
fn service_closing_within_a_group() {
    let mut client = Client::new(client_config(), [mail(&["a", "b"])]);
    client.follow(&[HELLO, (OFFER, GROUP), ("250 ok\r\n550 5.1.1 no\r\n421 4.3.2 down\r\n", "")]);
    let told: Vec<String> = client.outcomes()[0].iter().map(Outcome::to_string).collect();
    assert_eq!(told, ["refused (550 5.1.1 no)", "deferred (421 4.3.2 down)"]);
}
