//! RFC 3030 §3: BINARYMIME, on either side.

mod common;

use common::*;
use posthaste_smtp::{
    BareLineEnds, BinaryContent, Chunking, ClientErrorKind, Offer, Pipelining, Protocol, ServerErrorKind, ServerEvent,
    Transaction,
};
use posthaste_types::{BodyKind, ContentErrorKind, OutcomeKind};
use proptest::prelude::*;

const HEADER: &[u8] = b"MIME-Version: 1.0\r\nContent-Type: image/gif\r\nContent-Transfer-Encoding: binary\r\n\r\n";
const BODY: &[u8] = b"\r\n.\r\n\n.\n\r.\r\0\xFF\r";

fn binary(body: &[u8]) -> BinaryContent {
    BinaryContent::new([HEADER, body].concat()).expect("a header of lines")
}

fn binary_mail(names: &[&str]) -> Transaction {
    Transaction::binary(envelope(names), binary(BODY))
}

fn begun(change: impl FnOnce(&mut posthaste_smtp::ServerConfig)) -> Server {
    let mut config = server_config();
    config.binary = Offer::Yes;
    change(&mut config);
    let hello = if config.protocol == Protocol::Lmtp { "LHLO a\r\n" } else { "EHLO a\r\n" };
    let mut server = Server::new(config);
    server.hear("");
    assert!(server.hear(hello).contains("250-CHUNKING\r\n250-BINARYMIME\r\n"));
    server.hear("MAIL FROM:<a@example.com> BODY=BINARYMIME\r\nRCPT TO:<b@example.org>\r\n");
    server
}

/// Who does not offer both gets nothing: the outcome says why, and the session is of use for other mail.
#[test]
fn s3_not_offered() {
    for offer in ["250 a\r\n", "250-a\r\n250 CHUNKING\r\n", "250-a\r\n250 BINARYMIME\r\n", "250-a\r\n250 8BITMIME\r\n"]
    {
        let mut client = Client::new(client_config(), [binary_mail(&["a", "b"])]);
        client.hear("220 a\r\n");
        assert_eq!(client.hear(offer), "QUIT\r\n");
        assert_eq!(client.kinds(), [[OutcomeKind::Refused; 2]]);
        let text = client.outcomes()[0][0].to_string();
        assert!(text.contains("5.6.3 the mail needs BINARYMIME (RFC 3030)"), "{text}");
    }
}

/// By BDAT whatever else is set, without PIPELINING too; the last octet waits for the recipients.
#[test]
fn s3_client() {
    let announced = format!("BDAT {} LAST\r\n", HEADER.len() + BODY.len());
    for chunking in [Chunking::Never, Chunking::WhereOffered, Chunking::Ahead] {
        let mut config = client_config().with_chunking(chunking);
        config.max_chunk = 1;
        let mut client = Client::new(config, [binary_mail(&["a"])]);
        client.follow(&[
            ("220 a\r\n", "EHLO client.example.com\r\n"),
            ("250-a\r\n250-CHUNKING\r\n250 BINARYMIME\r\n", "MAIL FROM:<ada@example.com> BODY=BINARYMIME\r\n"),
            ("250 ok\r\n", "RCPT TO:<a@example.org>\r\n"),
        ]);
        assert_eq!(client.hear_bytes(b"250 ok\r\n"), [announced.as_bytes(), HEADER, BODY].concat());
        assert_eq!(client.hear("250 ok\r\n"), "QUIT\r\n");
        assert_eq!(client.kinds(), [[OutcomeKind::Accepted]]);
    }
    let mut nobody = Client::new(client_config(), [binary_mail(&["a"])]);
    ["220 a\r\n", "250-a\r\n250-CHUNKING\r\n250 BINARYMIME\r\n", "250 ok\r\n"]
        .iter()
        .for_each(|reply| drop(nobody.hear(reply)));
    assert_eq!(nobody.hear("550 5.1.1 no\r\n"), "QUIT\r\n", "lock step knows that nobody would get it");
}

/// RFC 2033 §4.2: an answer for each recipient whom the peer took, who are known before BDAT is said.
#[test]
fn lmtp() {
    let config = client_config().with_protocol(Protocol::Lmtp);
    let mut client = Client::new(config, [binary_mail(&["a", "b", "c"])]);
    client.hear("220 a\r\n");
    let sent = client.hear("250-a\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 BINARYMIME\r\n");
    assert!(sent.ends_with("RCPT TO:<c@example.org>\r\n"));
    assert_eq!(client.hear("250 ok\r\n250 ok\r\n550 5.1.1 no\r\n"), "");
    assert!(client.hear_bytes(b"250 ok\r\n").starts_with(b"BDAT "));
    client.hear("250 ok\r\n452 4.2.2 full\r\n");
    use OutcomeKind::{Accepted, Deferred, Refused};
    assert_eq!(client.kinds(), [[Accepted, Refused, Deferred]]);

    let cut = |replies: &str| {
        let config = client_config().with_protocol(Protocol::Lmtp);
        let mut client = Client::new(config, [binary_mail(&["a", "b"])]);
        client.quits = false;
        client.hear("220 a\r\n");
        client.hear("250-a\r\n250-CHUNKING\r\n250 BINARYMIME\r\n");
        ["250 ok\r\n", "250 ok\r\n"].iter().for_each(|reply| drop(client.hear(reply)));
        let sent = client.hear_bytes(b"250 ok\r\n");
        assert!(sent.starts_with(b"BDAT ") && sent.ends_with(b"\r"));
        client.hear(replies);
        let wait = client.session.poll_timeout();
        client.session.handle_close(client.now, usize::from(replies.is_empty()));
        client.go_on();
        (wait, client.kinds())
    };
    let wait = Some(tick(600));
    assert_eq!(cut(""), (wait, vec![vec![Deferred, Deferred]]), "the last octet was not written");
    assert_eq!(cut("250 ok\r\n"), (wait, vec![vec![Accepted, OutcomeKind::InDoubt]]));
}

/// §3: BDAT alone, 503 for DATA; octets pass as they are, over any seam and at every split.
#[test]
fn s3_server() {
    let mut server = begun(|_| {});
    assert_eq!(server.hear("DATA\r\n"), "503 5.5.1 BINARYMIME wants BDAT\r\n");
    let Some(ServerEvent::Mail { parameters, .. }) =
        server.events.iter().find(|event| matches!(event, ServerEvent::Mail { .. }))
    else {
        panic!("no mail")
    };
    assert_eq!(parameters.body(), Some(BodyKind::Binary));
    let message = [HEADER, BODY].concat();
    for seam in 0..=message.len() {
        let (first, second) = message.split_at(seam);
        let heads = [format!("BDAT {seam}\r\n"), format!("BDAT {} LAST\r\n", second.len())];
        let wire = [heads[0].as_bytes(), first, heads[1].as_bytes(), second, b"QUIT\r\n"].concat();
        for cut in [0, seam, seam + heads[0].len(), wire.len() / 2, wire.len()] {
            let mut server = begun(|_| {});
            let said = [server.hear_bytes(&wire[..cut]), server.hear_bytes(&wire[cut..])].concat();
            let expected = format!("250 2.0.0 {seam} octets\r\n250 2.0.0 taken\r\n221 2.0.0 bye\r\n");
            assert_eq!(String::from_utf8(said).expect("ASCII"), expected, "{seam} {cut}");
            assert_eq!(server.taken[0].content, message);
        }
    }
}

/// A bare CR or LF is for the body of a binary message alone: in its header, or in other messages, it is refused.
#[test]
fn bare_line_ends_elsewhere() {
    let refused = "521 5.5.2 bare CR or LF received: lines end with CRLF\r\n";
    for message in ["A: b\nC: d\r\n\r\n", "A: b\r\n\n", "A: b\rC: d\r\n\r\n", "\rA: b\r\n\r\n", "A: b\r", "A: b\r\n\r"]
    {
        for cut in 0..=message.len() {
            let mut server = begun(|_| {});
            server.hear(&format!("BDAT {} LAST\r\n", message.len()));
            let said = server.hear(&message[..cut]) + &server.hear(&message[cut..]);
            assert_eq!(said, refused, "{message:?} at {cut}");
            assert_eq!(server.closed(), Some(ServerErrorKind::BareLineEnd));
            assert!(server.taken.is_empty());
        }
        let mut server = begun(|config| config.bare_line_ends = BareLineEnds::Normalize);
        server.hear(&format!("BDAT {} LAST\r\n", message.len()));
        assert_eq!(server.hear(message), "250 2.0.0 taken\r\n");
        assert_eq!(server.taken[0].content, message.as_bytes(), "octets are passed on as they are");
    }
    // The next message is lines again.
    let mut server = begun(|_| {});
    server.hear("BDAT 9 LAST\r\nA: b\r\n\r\n\n");
    assert_eq!(server.taken.len(), 1);
    server.hear("MAIL FROM:<> BODY=8BITMIME\r\nRCPT TO:<b@example.org>\r\n");
    assert_eq!(server.hear("BDAT 9 LAST\r\nA: b\r\n\r\n\n"), refused);
}

#[test]
fn offered_with_chunking_alone() {
    for (binary, chunking) in [(Offer::No, Offer::Yes), (Offer::Yes, Offer::No), (Offer::No, Offer::No)] {
        let mut config = server_config();
        (config.binary, config.chunking) = (binary, chunking);
        let mut server = Server::new(config);
        server.hear("");
        assert!(!server.hear("EHLO a\r\n").contains("BINARYMIME"));
        assert!(server.hear("MAIL FROM:<> BODY=BINARYMIME\r\n").starts_with("555 5.5.4"));
    }
}

/// The header of a binary message is checked as every header; what has no empty line is all header.
#[test]
fn headers_are_lines() {
    let table: [(&[u8], ContentErrorKind, usize); 6] = [
        (b"", ContentErrorKind::Empty, 0),
        (b"A: b\nBcc: c\r\n\r\n", ContentErrorKind::BareLineEnd, 4),
        (b"A: b\rBcc: c\r\n\r\n", ContentErrorKind::BareLineEnd, 4),
        (b"A: \0\r\n\r\n", ContentErrorKind::Nul, 3),
        (b"A: b", ContentErrorKind::NoLastLineEnd, 4),
        (b"A: b\r\n\n\xFF", ContentErrorKind::BareLineEnd, 6),
    ];
    for (octets, kind, at) in table {
        let error = BinaryContent::new(octets.to_vec()).expect_err("no header");
        assert_eq!((error.kind(), error.at()), (kind, at), "{octets:?}");
    }
    assert!(BinaryContent::new(b"\r\n\0".to_vec()).is_ok(), "no header at all");
    let utf8 = BinaryContent::new("Subject: \u{e4}\r\n\r\n".into()).expect("lines");
    assert!(Transaction::binary(envelope(&["b"]), utf8).needs_smtputf8());
    assert!(!Transaction::binary(envelope(&["b"]), binary(BODY)).needs_smtputf8());
    assert!(Transaction::binary(envelope(&["b"]), binary(BODY)).content().is_none());
}

/// A peer that answers out of its turn while a binary message is under way for LMTP recipients.
#[test]
fn lmtp_answered_early() {
    for (reply, kind, outcome) in [
        ("552 5.3.4 too large\r\n", ClientErrorKind::AnsweredEarly, OutcomeKind::Refused),
        ("250 ok\r\n", ClientErrorKind::Protocol("a reply to nothing"), OutcomeKind::Deferred),
    ] {
        let config = client_config().with_protocol(Protocol::Lmtp);
        let mail = Transaction::binary(envelope(&["a"]), binary(&[b'x'; 100_000]));
        let mut client = Client::new(config, [mail]);
        client.quits = false;
        ["220 a\r\n", "250-a\r\n250-CHUNKING\r\n250 BINARYMIME\r\n", "250 ok\r\n"]
            .iter()
            .for_each(|reply| drop(client.hear(reply)));
        client.session.handle_bytes(client.now, b"250 ok\r\n").expect("open");
        client.session.poll_transmit(client.now, &mut Vec::new());
        client.hear(reply);
        assert_eq!((client.closed(), client.kinds()), (Some(kind), vec![vec![outcome]]));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any octets arrive as they are, whichever way everything else goes.
    #[test]
    fn peers_agree(
        body in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'\r'), Just(b'\n'), Just(b'.')], 0..300),
        piece in prop_oneof![1usize..20, Just(100_000)],
        names in proptest::collection::btree_set("[a-c]|unknown|busy", 1..4),
        pipelining in prop_oneof![
            Just(Pipelining::Never), Just(Pipelining::WhereOffered), Just(Pipelining::NextEnvelope)
        ],
        protocol in prop_oneof![Just(Protocol::Smtp), Just(Protocol::Lmtp)],
        chunking in prop_oneof![Just(Chunking::Ahead), Just(Chunking::Never), Just(Chunking::WhereOffered)],
    ) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let settings = client_config().with_pipelining(pipelining).with_protocol(protocol).with_chunking(chunking);
        let binary = Transaction::binary(envelope(&names), binary(&body));
        let mut client = Client::new(settings, [binary, mail(&["b"])]);
        let mut config = server_config();
        (config.protocol, config.binary) = (protocol, Offer::Yes);
        let mut server = Server::new(config);
        converse(&mut client, &mut server, piece);
        let expected = |name: &&str| match *name {
            "unknown" => OutcomeKind::Refused,
            "busy" => OutcomeKind::Deferred,
            _ => OutcomeKind::Accepted,
        };
        let kinds: Vec<OutcomeKind> = names.iter().map(expected).collect();
        prop_assert_eq!(client.kinds(), vec![kinds.clone(), vec![OutcomeKind::Accepted]]);
        if kinds.contains(&OutcomeKind::Accepted) {
            prop_assert_eq!(&server.taken[0].content, &[HEADER, &body].concat());
        }
        prop_assert_eq!(&server.taken.last().expect("lines").content, b"Subject: hi\r\n\r\n.hidden\r\n");
    }
}
