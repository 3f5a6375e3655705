//! RFC 3030: CHUNKING.

mod common;

use common::*;
use posthaste_smtp::{
    Abort, Answer, BareLineEnds, Chunking, ClientErrorKind, Offer, Pipelining, Protocol, ServerErrorKind, ServerEvent,
    Transaction, Transmit,
};
use posthaste_types::{OutcomeKind, Stage};

const OFFER: &str = "250-a\r\n250-PIPELINING\r\n250 CHUNKING\r\n";
const CHUNK: &str = "BDAT 24 LAST\r\nSubject: hi\r\n\r\n.hidden\r\n";

fn group(names: &[&str]) -> String {
    let rcpt: String = names.iter().map(|name| format!("RCPT TO:<{name}@example.org>\r\n")).collect();
    format!("MAIL FROM:<ada@example.com>\r\n{rcpt}{CHUNK}")
}

fn client(mails: &[&[&str]]) -> Client {
    let config = client_config().with_chunking(Chunking::Ahead);
    let mut client = Client::new(config, mails.iter().map(|names| mail(names)));
    client.hear("220 a\r\n");
    client
}

/// §4.2: an envelope and its content in one group, without dots of transparency.
#[test]
fn s4_2_pipelined() {
    let mut client = client(&[&["a", "b"]]);
    client.follow(&[
        (OFFER, &group(&["a", "b"])),
        ("250 ok\r\n250 ok\r\n550 5.1.1 no\r\n", ""),
        ("250 24 octets\r\n", "QUIT\r\n"),
    ]);
    assert_eq!(client.kinds(), [[OutcomeKind::Accepted, OutcomeKind::Refused]]);
}

/// By default the last octet waits for the answers to the recipients.
#[test]
fn the_last_octet_waits() {
    let all_but_one = |text: String| text[..text.len() - 1].to_owned();
    let mut client = Client::new(client_config(), [mail(&["a", "b"]), mail(&["c"])]);
    client.hear("220 a\r\n");
    client.follow(&[
        (OFFER, &all_but_one(group(&["a", "b"]))),
        ("250 ok\r\n250 ok\r\n", ""),
        ("550 5.1.1 no\r\n", "\n"),
        ("250 taken\r\n", &all_but_one(group(&["c"]))),
        ("250 ok\r\n550 no\r\n", "\n"),
        ("503 nobody\r\n", "QUIT\r\n"),
    ]);
    assert_eq!(client.kinds(), [vec![OutcomeKind::Accepted, OutcomeKind::Refused], vec![OutcomeKind::Refused]]);
}

/// A chunk goes only where it is offered with PIPELINING; DATA goes elsewhere.
#[test]
fn where_it_pays() {
    let offers = ["250-a\r\n250 CHUNKING\r\n", "250-a\r\n250 PIPELINING\r\n", OFFER];
    for (offer, expected) in offers.into_iter().zip(["", "DATA\r\n", CHUNK]) {
        assert!(client(&[&["a"]]).hear(offer).ends_with(expected));
    }
    let settings = [
        client_config().with_chunking(Chunking::Never),
        client_config().with_pipelining(Pipelining::Never),
        client_config().with_protocol(Protocol::Lmtp),
        {
            let mut config = client_config();
            config.max_chunk = 23;
            config
        },
    ];
    for config in settings {
        let mut client = Client::new(config, [mail(&["a"])]);
        client.hear("220 a\r\n");
        assert!(!client.hear(OFFER).contains("BDAT"));
    }
}

/// Behind a silence the connection may be gone: the last octet waits.
#[test]
fn not_behind_a_silence() {
    for (at, last) in [(1, "\n"), (2, "")] {
        let mut client = client(&[]);
        client.quits = false;
        client.hear(OFFER);
        client.mails.push_back(mail(&["a"]));
        client.now = tick(at);
        assert!(String::from_utf8(client.go_on()).unwrap().ends_with(&format!(".hidden\r{last}")), "{at}");
    }
}

/// §2: RSET behind a BDAT that failed, and behind nobody's.
#[test]
fn s2_rset_behind_a_failure() {
    for replies in ["250 ok\r\n550 no\r\n503 nobody\r\n", "250 ok\r\n250 ok\r\n552 too large\r\n"] {
        let mut client = client(&[&["a"], &["b"]]);
        client.follow(&[
            (OFFER, &group(&["a"])),
            (replies, &format!("RSET\r\n{}", group(&["b"]))),
            ("250 reset\r\n250 ok\r\n250 ok\r\n250 taken\r\n", "QUIT\r\n"),
        ]);
        assert_eq!(client.kinds(), [[OutcomeKind::Refused], [OutcomeKind::Accepted]]);
    }
    let mut client = client(&[&["a"], &["b"]]);
    client.follow(&[(OFFER, &group(&["a"])), ("550 not you\r\n503 no\r\n503 no\r\n", &group(&["b"]))]);
}

/// The next envelope goes behind a chunk when all recipients of that are answered; its own chunk waits.
#[test]
fn next_envelope_behind_a_chunk() {
    let config = client_config().with_pipelining(Pipelining::NextEnvelope).with_chunking(Chunking::Ahead);
    let mut client = Client::new(config, [mail(&["a"]), mail(&["b"])]);
    client.hear("220 a\r\n");
    client.follow(&[
        (OFFER, &group(&["a"])),
        ("250 ok\r\n", ""),
        ("250 ok\r\n", "RSET\r\nMAIL FROM:<ada@example.com>\r\nRCPT TO:<b@example.org>\r\n"),
        ("250 taken\r\n", CHUNK),
        ("250 reset\r\n250 ok\r\n250 ok\r\n250 taken\r\n", "QUIT\r\n"),
    ]);
    assert_eq!(client.kinds(), [[OutcomeKind::Accepted], [OutcomeKind::Accepted]]);
}

/// The connection cut at every octet of a session with a chunk: nobody is in doubt before its last octet was
/// written; behind it, whoever has no answer yet is.
#[test]
fn cut_at_every_octet() {
    use OutcomeKind::{Accepted, Deferred, InDoubt, Refused};
    let sent = group(&["a", "b"]).len();
    for cut in 0..=sent {
        let mut client = client(&[&["a", "b"]]);
        assert_eq!(client.hear(OFFER).len(), sent);
        client.session.handle_close(client.now, sent - cut);
        client.go_on();
        let expected = if cut == sent { InDoubt } else { Deferred };
        assert_eq!(client.kinds(), [[expected; 2]], "{cut}");
    }
    let replies = ["250 ok\r\n", "550 5.1.1 no\r\n", "250 ok\r\n", "250 taken\r\n"];
    let expected = [[InDoubt, InDoubt], [Refused, InDoubt], [Refused, InDoubt], [Refused, Accepted]];
    for step in 0..replies.len() {
        for end in ["", "250", "2"] {
            let mut client = client(&[&["a", "b"]]);
            client.quits = false;
            client.hear(OFFER);
            replies[..=step].iter().for_each(|reply| drop(client.hear(reply)));
            client.hear(end);
            client.session.handle_close(client.now, 0);
            client.go_on();
            assert_eq!(client.kinds(), [expected[step]], "{step}");
        }
    }
}

/// The same where the last octet waits: only whom the peer took, and only behind that octet.
#[test]
fn cut_while_the_last_octet_waits() {
    use OutcomeKind::{Accepted, Deferred, InDoubt, Refused};
    let replies = [OFFER, "250 ok\r\n", "550 5.1.1 no\r\n", "250 ok\r\n", "250 taken\r\n"];
    let carl = [Deferred, Deferred, Deferred, InDoubt, Accepted];
    for step in 0..replies.len() {
        let mut length = 0;
        let mut cut = 0;
        while cut <= length {
            let mut client = Client::new(client_config(), [mail(&["bob", "carl"])]);
            client.quits = false;
            client.hear("220 a\r\n");
            let sent = replies[..=step].iter().map(|reply| client.hear(reply)).last().unwrap();
            length = sent.len();
            client.session.handle_close(client.now, length - cut);
            client.go_on();
            let bob = if step >= 2 { Refused } else { Deferred };
            let carl = if step == 3 && cut == 0 { Deferred } else { carl[step] };
            assert_eq!(client.kinds(), [[bob, carl]], "step {step}, {cut} of {length}");
            cut += 1;
        }
    }
}

/// 421 in answer to the envelope says that the chunk behind it was not read; 421 in answer to it is its answer.
#[test]
fn service_closing() {
    for before in 0..4 {
        let mut client = client(&[&["a", "b"]]);
        client.hear(OFFER);
        client.hear(&"250 ok\r\n".repeat(before));
        client.hear("421 4.3.2 down\r\n");
        assert_eq!(client.closed(), Some(ClientErrorKind::ServiceClosing));
        assert_eq!(client.kinds(), [[OutcomeKind::Deferred; 2]], "{before}");
    }
}

/// A mail can be withdrawn until the last octet of its chunk.
#[test]
fn withdrawn() {
    let mut client = client(&[]);
    client.quits = false;
    client.hear(OFFER);
    client.session.send(client.now, mail(&["a"])).unwrap();
    let mut out = Vec::new();
    let completing = loop {
        match client.session.poll_transmit(client.now, &mut out) {
            Some(Transmit::Completing(id)) => break id,
            other => assert_eq!(other, Some(Transmit::Octets)),
        }
    };
    assert_eq!(client.session.poll_transmit(client.now, &mut out), Some(Transmit::Completing(completing)));
    assert_eq!(out.len() + 1, group(&["a"]).len());
    client.session.withdraw(client.now);
    client.go_on();
    assert_eq!(client.closed(), Some(ClientErrorKind::Withdrawn));
    assert_eq!(client.kinds(), [[OutcomeKind::Deferred]]);
}

/// A chunk that is under way for nobody any more is completed without a question, and answered early or late.
#[test]
fn answered_while_it_is_written() {
    let long = format!("Subject: x\n\n{}", "line\n".repeat(10_000));
    let begin = || {
        let mut client = client(&[]);
        client.quits = false;
        client.hear(OFFER);
        client.session.send(client.now, Transaction::new(envelope(&["a"]), content(&long))).unwrap();
        let mut out = Vec::new();
        while out.len() < 1000 {
            client.session.poll_transmit(client.now, &mut out);
        }
        client
    };
    let mut nobody = begin();
    nobody.session.handle_bytes(nobody.now, b"250 ok\r\n550 5.1.1 no\r\n").unwrap();
    let mut out = Vec::new();
    while let Some(transmit) = nobody.session.poll_transmit(nobody.now, &mut out) {
        assert_eq!(transmit, Transmit::Octets);
    }
    assert!(out.ends_with(b"line\r\n"));
    nobody.hear("503 nobody\r\n");
    assert_eq!(nobody.kinds(), [[OutcomeKind::Refused]]);
    assert!(nobody.session.can_send());

    let mut early = begin();
    early.session.handle_bytes(early.now, b"250 ok\r\n250 ok\r\n").unwrap();
    assert_eq!(early.session.poll_timeout(), Some(tick(180)), "a block, not the end of data");
    early.session.handle_bytes(early.now, b"552 5.3.4 too large\r\n").unwrap_err();
    early.go_on();
    assert_eq!(early.closed(), Some(ClientErrorKind::AnsweredEarly));
    assert_eq!(early.kinds(), [[OutcomeKind::Refused]]);

    let mut liar = begin();
    liar.session.handle_bytes(liar.now, b"250 ok\r\n250 ok\r\n").unwrap();
    let error = liar.session.handle_bytes(liar.now, b"250 taken\r\n").unwrap_err();
    assert_eq!(
        (error.kind(), error.stage()),
        (ClientErrorKind::Protocol("a reply came before its command was sent"), Stage::Data)
    );
    liar.go_on();
    assert_eq!(liar.kinds(), [[OutcomeKind::Deferred]]);
}

fn begun(change: impl FnOnce(&mut posthaste_smtp::ServerConfig)) -> Server {
    let mut config = server_config();
    change(&mut config);
    let hello = if config.protocol == Protocol::Lmtp { "LHLO a\r\n" } else { "EHLO a\r\n" };
    let mut server = Server::new(config);
    server.hear("");
    server.hear(hello);
    server.hear("MAIL FROM:<eve@example.com>\r\nRCPT TO:<a@example.org>\r\nRCPT TO:<b@example.org>\r\n");
    server
}

/// §4.2's dialogue in our words: chunks, the last of which may be empty; dots are text.
#[test]
fn s4_2_server() {
    let mut server = begun(|_| {});
    server.follow(&[
        ("BDAT 10\r\nTo: x\r\n\r\n.", "250 2.0.0 10 octets\r\n"),
        ("BDAT 5\r\n\r\n.\r\n", "250 2.0.0 5 octets\r\n"),
        ("NOOP\r\n", "250 2.0.0 ok\r\n"),
        ("BDAT 0 last\r\n", "250 2.0.0 taken\r\n"),
        (
            "MAIL FROM:<>\r\nRCPT TO:<a@example.org>\r\nBDAT 3 LAST\r\na\r\nQUIT\r\n",
            "250 2.1.0 ok\r\n250 2.1.5 ok\r\n250 2.0.0 taken\r\n221 2.0.0 bye\r\n",
        ),
    ]);
    let contents: Vec<&[u8]> = server.taken.iter().map(|taken| &taken.content[..]).collect();
    assert_eq!(contents, [&b"To: x\r\n\r\n.\r\n.\r\n"[..], b"a\r\n"]);
}

/// A last line without an end gets it: hosts are handed whole lines alone.
#[test]
fn a_last_line_without_an_end() {
    for (chunk, expected) in [("BDAT 3 LAST\r\na: ", &b"a: \r\n"[..]), ("BDAT 0 LAST\r\n", b"")] {
        let mut server = begun(|_| {});
        assert_eq!(server.hear(chunk), "250 2.0.0 taken\r\n");
        assert_eq!(server.taken[0].content, expected);
    }
}

/// §2: out of order is 503, and the octets of the chunk are dropped, never executed.
#[test]
fn s2_out_of_order() {
    let chunk = "BDAT 6 LAST\r\nQUIT\r\n";
    let mut server = Server::new(server_config());
    server.hear("");
    assert_eq!(server.hear(chunk), "503 5.5.1 CHUNKING was not offered\r\n");
    server.hear("HELO a\r\n");
    assert_eq!(server.hear(chunk), "503 5.5.1 CHUNKING was not offered\r\n");
    server.hear("EHLO a\r\n");
    assert_eq!(server.hear(chunk), "503 5.5.1 say MAIL first\r\n");
    server.hear("MAIL FROM:<>\r\n");
    assert_eq!(server.hear(chunk), "503 5.5.1 no valid recipients\r\n");
    server.hear("RCPT TO:<a@example.org>\r\n");
    server.follow(&[
        ("BDAT 2\r\n\r\n", "250 2.0.0 2 octets\r\n"),
        ("DATA\r\n", "503 5.5.1 BDAT was said before\r\n"),
        ("RCPT TO:<b@example.org>\r\n", "503 5.5.1 the content has begun\r\n"),
        ("MAIL FROM:<>\r\n", "503 5.5.1 a transaction is open\r\n"),
        ("RSET\r\n", "250 2.0.0 reset\r\n"),
        (chunk, "503 5.5.1 say MAIL first\r\n"),
    ]);
    assert!(server.events.iter().any(|event| matches!(event, ServerEvent::Aborted { why: Abort::Reset, .. })));
    assert!(server.taken.is_empty() && !server.session.is_closed());

    let mut unoffered = begun(|config| config.chunking = Offer::No);
    assert_eq!(unoffered.hear(chunk), "503 5.5.1 CHUNKING was not offered\r\n");
    let mut refused = Server::with_rule(server_config(), |_| Answer::Refuse(reply(554, "5.3.2 no service")));
    refused.follow(&[("", "554 5.3.2 no service\r\n"), (chunk, "503 5.5.1 no service: QUIT is left\r\n")]);
}

/// Where the octets of a BDAT end that has no size, nobody knows: nothing behind it is read.
#[test]
fn a_command_without_a_size() {
    for command in
        ["BDAT", "BDAT LAST", "BDAT -1", "BDAT +1", "BDAT 1 FIRST", "BDAT 1 LAST 2", "BDAT 99999999999999999999"]
    {
        let mut server = begun(|_| {});
        assert_eq!(server.hear(&format!("{command}\r\nQUIT\r\n")), "521 5.5.4 syntax: BDAT size [LAST]\r\n");
        assert_eq!(server.closed(), Some(ServerErrorKind::BadChunk), "{command}");
    }
}

/// The host says no to content: behind the octets of the chunk, and of those that are on their way.
#[test]
fn refused_by_the_host() {
    let rule: fn(&ServerEvent) -> Answer = |event| match event {
        ServerEvent::Data => Answer::Refuse(reply(450, "4.2.0 not now")),
        _ => Answer::Accept,
    };
    let mut server = Server::with_rule(server_config(), rule);
    server.hear("");
    server.hear("EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<a@example.org>\r\n");
    server.follow(&[
        ("BDAT 6\r\nQUIT", ""),
        ("\r\n", "450 4.2.0 not now\r\n"),
        ("BDAT 6 LAST\r\nQUIT\r\n", "503 5.5.1 say MAIL first\r\n"),
    ]);
    assert!(server.events.contains(&ServerEvent::Reset));
}

/// Sizes count over all chunks; what is announced too large is dropped as it comes.
#[test]
fn limits() {
    let large = "552 5.3.4 the message is too large\r\n";
    let mut server = begun(|config| config.max_message = 10);
    server.follow(&[("BDAT 6\r\na: b\r\n", "250 2.0.0 6 octets\r\n"), ("BDAT 6 LAST\r\n", "")]);
    assert!(
        server.events.iter().any(|event| matches!(event, ServerEvent::Aborted { why: Abort::MessageTooLarge, .. }))
    );
    server.follow(&[("QUIT\r\n", large), ("BDAT 0 LAST\r\n", "503 5.5.1 say MAIL first\r\n")]);
    let mut server = begun(|config| config.max_header = 10);
    assert_eq!(server.hear("BDAT 13\r\na: bbbbbb\r\n\r\n"), "552 5.3.4 the header is too large\r\n");
    assert!(server.taken.is_empty());
}

/// What arrives of a chunk pays for time at the least rate, as behind DATA.
#[test]
fn slow_chunks_end() {
    let mut server = begun(|_| {});
    server.hear("BDAT 1000000 LAST\r\n");
    assert_eq!(server.session.poll_timeout(), Some(tick(300)));
    server.now = tick(200);
    server.hear(&"a".repeat(5000));
    assert_eq!(server.session.poll_timeout(), Some(tick(310)));
    assert!(server.session.handle_timeout(tick(310)).is_err());
    server.go_on();
    assert!(server.events.iter().any(|event| matches!(event, ServerEvent::Aborted { why: Abort::SessionEnded, .. })));
}

/// RFC 2033 §4.2: behind the last chunk, an answer for each recipient; behind others, one.
#[test]
fn lmtp() {
    let mut server = begun(|config| config.protocol = Protocol::Lmtp);
    server.follow(&[
        ("BDAT 3\r\na\r\n", "250 2.0.0 3 octets\r\n"),
        ("BDAT 3 LAST\r\nb\r\n", "250 2.0.0 taken\r\n250 2.0.0 taken\r\n"),
    ]);
    let mut server = begun(|config| (config.protocol, config.max_message) = (Protocol::Lmtp, 1));
    assert_eq!(server.hear("BDAT 3 LAST\r\na\r\n").matches("552 ").count(), 2);
}

/// Every line end that is not CRLF, within a chunk and over the seam of two, at every split of the stream.
#[test]
fn smuggling_bare_line_ends() {
    let contents = ["a\nb", "a\rb", "\n.\n", "\r.\r\n", "\r\n.\n", "a\r", "\n", "\r\r\n", "a\r\n\n.\r\n"];
    for content in contents {
        for seam in 0..=content.len() {
            let (first, second) = content.split_at(seam);
            let wire = format!("BDAT {}\r\n{first}BDAT {} LAST\r\n{second}", first.len(), second.len());
            for cut in 0..=wire.len() {
                let mut server = begun(|_| {});
                let answer = server.hear(&wire[..cut]) + &server.hear(&wire[cut..]) + &server.hear("QUIT\r\n");
                assert!(
                    answer.ends_with("521 5.5.2 bare CR or LF received: lines end with CRLF\r\n"),
                    "{wire:?} at {cut}: {answer}"
                );
                assert_eq!(server.closed(), Some(ServerErrorKind::BareLineEnd));
                assert!(server.taken.is_empty());
            }
            let mut server = begun(|config| config.bare_line_ends = BareLineEnds::Normalize);
            assert!(server.hear(&wire).ends_with("250 2.0.0 taken\r\n"), "{wire:?}");
            let text = String::from_utf8(server.taken[0].content.clone()).unwrap();
            assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "{text:?}");
        }
    }
}

/// Content that looks like its own end and like commands, at every seam and split: text, and one message.
#[test]
fn smuggling_commands_in_chunks() {
    let content = "hi\r\n.\r\nMAIL FROM:<x@example.org>\r\nBDAT 9 LAST\r\nRSET\r\n.\r\n";
    for seam in 0..=content.len() {
        let (first, second) = content.split_at(seam);
        let wire = format!("BDAT {}\r\n{first}BDAT {} LAST\r\n{second}QUIT\r\n", first.len(), second.len());
        let mut server = begun(|_| {});
        let answer = server.hear(&wire[..seam]) + &server.hear(&wire[seam..]);
        assert_eq!(answer, format!("250 2.0.0 {seam} octets\r\n250 2.0.0 taken\r\n221 2.0.0 bye\r\n"));
        assert_eq!(server.taken[0].content, content.as_bytes());
        assert_eq!(server.events.iter().filter(|event| matches!(event, ServerEvent::Mail { .. })).count(), 1);
    }
}

/// Octets are on their way behind a BDAT that cannot be read: none of them is taken for a command, at any split.
#[test]
fn smuggling_behind_a_chunk_that_cannot_be_read() {
    let spaces = " ".repeat(3000);
    let heads: [&[u8]; 9] = [
        b"BDAT",
        b"BDAT x LAST",
        b"BDAT 31\0 LAST",
        b"BDAT 31 LAST\x07",
        b"BDAT 31 \xc3\xa9",
        b"BDAT\xff31 LAST",
        b" BDAT 31 LAST",
        b"bdat\x0b31",
        &[b"BDAT 31 LAST", spaces.as_bytes()].concat(),
    ];
    for head in heads {
        let wire = [head, b"\r\nRSET\r\nMAIL FROM:<x@example.org>\r\n"].concat();
        for cut in (0..wire.len()).step_by(if head.len() > 100 { 97 } else { 1 }) {
            let mut server = begun(|_| {});
            let answer = [server.hear_bytes(&wire[..cut]), server.hear_bytes(&wire[cut..])].concat();
            let shown = format!("{} at {cut}", head.escape_ascii());
            assert_eq!(String::from_utf8_lossy(&answer), "521 5.5.4 syntax: BDAT size [LAST]\r\n", "{shown}");
            assert_eq!(server.closed(), Some(ServerErrorKind::BadChunk), "{shown}");
        }
    }
    assert!(begun(|_| {}).hear("BDATA 5\r\nRSET\r\n").ends_with("250 2.0.0 reset\r\n"), "another word");
}

/// Chunks of one octet buy no time: all of them together keep to the least rate, as DATA does.
#[test]
fn chunks_keep_to_the_rate() {
    let last_until = |size: usize, every: u64| {
        let mut server = begun(|_| {});
        server.hear("BDAT 2\r\n\r\n");
        let chunk = format!("BDAT {size}\r\n{}", "x".repeat(size));
        for secs in (0..3000).step_by(usize::try_from(every).unwrap()) {
            server.now = tick(secs);
            if server.session.handle_timeout(server.now).is_err() {
                return Some(secs);
            }
            assert_eq!(server.hear(&chunk), format!("250 2.0.0 {size} octets\r\n"));
        }
        None
    };
    assert_eq!(last_until(1, 10), Some(310), "32 octets are paid with 64 ms");
    assert_eq!(last_until(500 * 10, 10), None);
}

/// One that is empty brings the end no nearer.
#[test]
fn empty_chunks_come_to_an_end() {
    let mut server = begun(|_| {});
    let answer = server.hear(&"BDAT 0\r\n".repeat(1000));
    assert_eq!(answer.matches("250 2.0.0 0 octets\r\n").count(), 120);
    assert!(answer.ends_with("421 4.7.0 too many errors\r\n"));
    assert_eq!(begun(|_| {}).hear("BDAT 2\r\n\r\nBDAT 0\r\nBDAT 0 LAST\r\n").matches("250").count(), 3);
}

/// What is refused is read for nobody up to a limit, and the refusal comes then, at any split.
#[test]
fn refused_content_has_an_end() {
    let change = |protocol| {
        move |config: &mut posthaste_smtp::ServerConfig| {
            config.protocol = protocol;
            (config.max_message, config.max_dropped, config.max_header) = (40, 100, 20);
        }
    };
    let large = "552 5.3.4 the message is too large\r\n";
    let header = "552 5.3.4 the header is too large\r\n";
    let bare = "521 5.5.2 bare CR or LF received: lines end with CRLF\r\n";
    // What is sent, what is said, and whether the session ends before the end of what is sent.
    let table = [
        (format!("DATA\r\n\r\n{}\r\n.\r\nNOOP\r\n", "x".repeat(100)), large, false),
        (format!("DATA\r\n\r\n{}\r\n.\r\nNOOP\r\n", "x".repeat(200)), large, true),
        (format!("DATA\r\na: {}\r\n\r\n.\r\nNOOP\r\n", "x".repeat(90)), header, false),
        (format!("DATA\r\na: {}\r\n\r\n.\r\nNOOP\r\n", "x".repeat(200)), header, true),
        (format!("DATA\r\n\r\na\n{}", "x".repeat(200)), bare, true),
        (format!("BDAT 100 LAST\r\n{}NOOP\r\n", "x".repeat(100)), large, false),
        ("BDAT 101 LAST\r\n".to_owned(), large, true),
        ("BDAT 99999999999999999\r\n".to_owned(), large, true),
        ("RSET\r\nBDAT 101 LAST\r\n".to_owned(), "503 5.5.1 say MAIL first\r\n", true),
        (format!("RSET\r\nBDAT 99\r\n{}BDAT 2\r\n", "x".repeat(99)), "503 5.5.1 say MAIL first\r\n", true),
    ];
    for (wire, refusal, ends) in table {
        for piece in [1, 7, 1000] {
            let mut server = begun(change(Protocol::Smtp));
            let answers =
                wire.as_bytes().chunks(piece).map(|piece| String::from_utf8(server.hear_bytes(piece)).unwrap());
            let answer: String = answers.collect();
            let expected = if ends { refusal.to_owned() } else { format!("{refusal}250 2.0.0 ok\r\n") };
            assert!(answer.ends_with(&expected), "{wire} in {piece}: {answer}");
            assert_eq!(server.session.is_closed(), ends, "{wire} in {piece}");
            if ends {
                let kind = if refusal == bare { ServerErrorKind::BareLineEnd } else { ServerErrorKind::TooMuchDropped };
                assert_eq!(server.closed(), Some(kind), "{wire}");
            }
        }
    }
    // RFC 2033 §4.2: to each recipient his own.
    for wire in [format!("DATA\r\n\r\n{}", "x".repeat(200)), "BDAT 101 LAST\r\n".to_owned()] {
        assert!(begun(change(Protocol::Lmtp)).hear(&wire).ends_with(&large.repeat(2)), "{wire}");
    }
    // An accepted message makes up for what was dropped before.
    let mut server = begun(change(Protocol::Smtp));
    let envelope = "MAIL FROM:<>\r\nRCPT TO:<a@example.org>\r\n";
    for _ in 0..3 {
        let dropped = format!("RSET\r\nBDAT 60 LAST\r\n{}{envelope}BDAT 2 LAST\r\n\r\n", "x".repeat(60));
        assert!(server.hear(&dropped).ends_with("250 2.0.0 taken\r\n"));
    }
}

/// Which of several faults is told is that of the first octet that is wrong, however the octets are split.
#[test]
fn the_first_fault_is_told() {
    let table = [
        ("a: b\n\r\nxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n", Abort::BareLineEnd),
        ("a: bbbbbbbb\n\r\nxxxxxxxxxxxxxxxxxxxx\r\n", Abort::HeaderTooLarge),
        ("a: b\r\n\r\nxxxxxxxxxxxxxxxxxxxx\n\r\n", Abort::MessageTooLarge),
        ("a: b\r\n\r\nxxxxxxxxxxx\nxxxxxxxxx\r\n", Abort::BareLineEnd),
        ("a: b\r\n\r\nxxxxxxxxxxxx\nxxxxxxxxx\r\n", Abort::BareLineEnd),
        ("a: b\r\n\r\nxxxxxxxxxxxxx\nxxxxxxxx\r\n", Abort::MessageTooLarge),
        ("a: b\r\n\r\nxxxxxxxxxxxxx\rxxxxxxxx\r\n", Abort::MessageTooLarge),
    ];
    for (content, expected) in table {
        for (head, end) in [("DATA\r\n".to_owned(), ".\r\n"), (format!("BDAT {} LAST\r\n", content.len()), "")] {
            // What BDAT announces is too large at once.
            let expected = if end.is_empty() { Abort::MessageTooLarge } else { expected };
            for piece in [1, 2, 3, 1000] {
                let mut server = begun(|config| (config.max_header, config.max_message) = (10, 20));
                server.hear(&head);
                format!("{content}{end}").as_bytes().chunks(piece).for_each(|piece| drop(server.hear_bytes(piece)));
                let told = server.events.iter().find_map(|event| match event {
                    ServerEvent::Aborted { why, .. } => Some(*why),
                    _ => None,
                });
                assert_eq!(told, Some(expected), "{content:?} in {piece}");
                assert_eq!(server.closed(), Some(ServerErrorKind::BareLineEnd), "{content:?} in {piece}");
            }
        }
    }
}
