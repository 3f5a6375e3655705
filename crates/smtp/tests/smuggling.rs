//! SMTP smuggling: what one server takes for the end of content, and another for content.

mod common;

use common::*;
use posthaste_smtp::{Abort, BareLineEnds, Protocol, ServerErrorKind, ServerEvent};

/// Every end-of-data that some server once took for one, but for CRLF `.` CRLF.
const VARIANTS: [&str; 12] = [
    "\n.\n",
    "\n.\r\n",
    "\r\n.\n",
    "\r.\r",
    "\r.\r\n",
    "\r\n.\r",
    "\n.\r",
    "\r.\n",
    "\n\n.\r\n",
    "\r\r\n.\r\r\n",
    "\r\n.\r\r\n",
    "\r\n\n.\n\r\n",
];
const SMUGGLED: &str = "MAIL FROM:<admin@example.org>\r\nRCPT TO:<victim@example.org>\r\nDATA\r\nevil\r\n.\r\n";

fn begun(rule: BareLineEnds, protocol: Protocol, content: &str) -> Server {
    let mut config = server_config();
    (config.bare_line_ends, config.protocol) = (rule, protocol);
    let mut server = Server::new(config);
    server.hear("");
    server.hear(if protocol == Protocol::Lmtp { "LHLO a\r\n" } else { "EHLO a\r\n" });
    server.hear("MAIL FROM:<eve@example.com>\r\nRCPT TO:<a@example.org>\r\nRCPT TO:<b@example.org>\r\n");
    server.hear(content);
    server
}

/// Nothing is taken, nothing behind it is executed, at every split; the answer is 521, then the end.
#[test]
fn refused_by_default() {
    for variant in VARIANTS {
        let wire = format!("Subject: hi\r\n\r\nhello{variant}{SMUGGLED}QUIT\r\n");
        for cut in 0..=wire.len() {
            let mut server = begun(BareLineEnds::Refuse, Protocol::Smtp, "DATA\r\n");
            let answer = server.hear(&wire[..cut]) + &server.hear(&wire[cut..]);
            assert_eq!(answer, "521 5.5.2 bare CR or LF received: lines end with CRLF\r\n", "{variant:?} at {cut}");
            assert!(server.taken.is_empty());
            assert!(server.events.iter().any(|e| matches!(e, ServerEvent::Aborted { why: Abort::BareLineEnd, .. })));
            assert_eq!(mails(&server), 1, "{variant:?} at {cut} smuggled a command");
            let Some(ServerEvent::Closed { error: Some(error), .. }) = server.events.last() else { panic!("open") };
            assert_eq!(error.kind(), ServerErrorKind::BareLineEnd);
        }
    }
}

/// What some server took for line ends, or for a dot, and is neither: text, at every split and by either command.
const TEXT: [&str; 9] = [
    "\r\n..\r\n",
    "\r\n. \r\n",
    "\r\n.\t\r\n",
    "\r\n.\0\r\n",
    "\r\n\0.\r\n",
    "\0.\0",
    "\u{85}.\u{85}",
    "\u{2028}.\u{2028}",
    "\u{b}.\u{c}",
];

#[test]
fn what_is_text() {
    for variant in TEXT {
        let content = format!("Subject: hi\r\n\r\nhello{variant}{}", SMUGGLED.replace("\r\n.\r\n", "\r\n"));
        let data = format!("DATA\r\n{content}.\r\n");
        let chunk = format!("BDAT {} LAST\r\n{content}", content.len());
        for (wire, dots) in [(data, true), (chunk, false)] {
            let wire = wire.as_bytes();
            for cut in 0..=wire.len() {
                let mut server = begun(BareLineEnds::Refuse, Protocol::Smtp, "");
                server.hear_bytes(&wire[..cut]);
                server.hear_bytes(&wire[cut..]);
                assert_eq!(server.taken.len(), 1, "{variant:?} at {cut}");
                // One dot of those that begin a line is one of transparency.
                let expected = if dots { content.replace("\r\n.", "\r\n") } else { content.clone() };
                assert_eq!(String::from_utf8_lossy(&server.taken[0].content), expected, "{variant:?} at {cut}");
                assert_eq!(mails(&server), 1, "{variant:?} at {cut} smuggled a command");
            }
        }
    }
}

/// The same table by BDAT: in one chunk at every split, and in two at every seam.
#[test]
fn refused_by_default_in_chunks() {
    let refused = "521 5.5.2 bare CR or LF received: lines end with CRLF\r\n";
    for variant in VARIANTS {
        let content = format!("Subject: hi\r\n\r\nhello{variant}{SMUGGLED}");
        let wire = format!("BDAT {} LAST\r\n{content}QUIT\r\n", content.len());
        for cut in 0..=wire.len() {
            let mut server = begun(BareLineEnds::Refuse, Protocol::Smtp, "");
            assert_eq!(server.hear(&wire[..cut]) + &server.hear(&wire[cut..]), refused, "{variant:?} at {cut}");
            assert!(server.taken.is_empty() && mails(&server) == 1, "{variant:?} at {cut}");
        }
        for seam in 0..=content.len() {
            let (first, second) = content.split_at(seam);
            let mut server = begun(BareLineEnds::Refuse, Protocol::Smtp, "");
            let answer = server.hear(&format!("BDAT {seam}\r\n{first}BDAT {} LAST\r\n{second}QUIT\r\n", second.len()));
            assert!(answer.ends_with(refused), "{variant:?} at {seam}: {answer}");
            assert!(server.taken.is_empty() && mails(&server) == 1, "{variant:?} at {seam}");
        }
    }
}

fn mails(server: &Server) -> usize {
    server.events.iter().filter(|event| matches!(event, ServerEvent::Mail { .. })).count()
}

/// Told to normalize, all is one message: the smuggled one is its text.
#[test]
fn normalized_when_told_so() {
    for variant in VARIANTS {
        let mut server = begun(BareLineEnds::Normalize, Protocol::Smtp, "DATA\r\n");
        let wire = format!("Subject: hi\r\n\r\nhello{variant}{SMUGGLED}");
        assert_eq!(server.hear(&wire), "250 2.0.0 taken\r\n", "{variant:?}");
        assert_eq!(server.taken.len(), 1);
        let text = String::from_utf8(server.taken[0].content.clone()).unwrap();
        assert!(text.contains("MAIL FROM:<admin@example.org>\r\n"), "{text:?}");
        assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "{text:?}");
    }
}

#[test]
fn lmtp_answers_everybody() {
    let mut server = begun(BareLineEnds::Refuse, Protocol::Lmtp, "DATA\r\n");
    let answer = server.hear("a\nb\r\n.\r\n");
    assert_eq!(answer.matches("521 ").count(), 2);
}

/// A command line that ends with LF alone: the same fault one floor below.
#[test]
fn commands() {
    let mut server = Server::new(server_config());
    server.hear("");
    assert!(server.hear("EHLO a\nMAIL FROM:<>\r\n").starts_with("521 5.5.2"));
    assert!(server.session.is_closed());
    let mut config = server_config();
    config.bare_line_ends = BareLineEnds::Normalize;
    let mut server = Server::new(config);
    server.hear("");
    assert!(server.hear("EHLO a\nMAIL FROM:<>\n").ends_with("250 2.1.0 ok\r\n"));
    assert!(server.hear("RCPT TO:<a\r@example.org>\r\n").starts_with("501"), "a bare CR is a control");
}

/// The same at the end of a line that is too long, at every split of its end.
#[test]
fn commands_behind_a_line_that_is_too_long() {
    let line = format!("NOOP {}", "x".repeat(3000));
    for end in ["\n", "\r\n"] {
        let wire = format!("{line}{end}MAIL FROM:<>\r\n");
        for cut in [0, 2000, line.len() - 1, line.len(), line.len() + 1, wire.len()] {
            let hear = |rule| {
                let mut config = server_config();
                config.bare_line_ends = rule;
                let mut server = Server::new(config);
                server.hear("");
                server.hear("EHLO a\r\n");
                server.hear(&wire[..cut]) + &server.hear(&wire[cut..])
            };
            let (told, taken) = ("500 5.5.2 line too long\r\n", "250 2.1.0 ok\r\n");
            let refused = "521 5.5.2 a line ends with CRLF, not with LF alone\r\n";
            let last = if end == "\n" { refused } else { taken };
            assert_eq!(hear(BareLineEnds::Refuse), format!("{told}{last}"), "{end:?} at {cut}");
            assert_eq!(hear(BareLineEnds::Normalize), format!("{told}{taken}"), "{end:?} at {cut}");
        }
    }
}

/// What a sender can put into a mail cannot end its content on the wire.
#[test]
fn the_client_smuggles_nothing() {
    for variant in VARIANTS {
        let raw = format!("Subject: hi\r\n\r\nhello{variant}{SMUGGLED}");
        let mail = posthaste_smtp::Transaction::new(envelope(&["bob"]), content(&raw));
        let expected = mail.content().unwrap().to_vec();
        let (mut client, mut server) = (Client::new(client_config(), [mail]), Server::new(server_config()));
        converse(&mut client, &mut server, 11);
        assert_eq!(server.taken.len(), 1, "{variant:?}");
        assert_eq!(server.taken[0].content, expected);
    }
}
