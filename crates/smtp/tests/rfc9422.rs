//! RFC 9422: LIMITS, on either side.

mod common;

use common::*;
use posthaste_smtp::{Offer, Pipelining, Transaction};
use posthaste_types::{Envelope, OutcomeKind};

fn to_domains(names: &[&str]) -> Transaction {
    let envelope = Envelope::new(address("ada@example.com"), names.iter().map(|name| address(name)));
    Transaction::new(envelope.expect("some"), content("Subject: hi\n\nx\n"))
}

/// §4.2: RCPTMAX, where it is less than our own limit.
#[test]
fn s4_2_rcptmax() {
    for (ours, theirs, sizes) in [(100, 2, vec![2, 2, 1]), (3, 1000, vec![3, 2])] {
        let mut config = server_config();
        config.max_recipients = theirs;
        let mut server = Server::new(config);
        let mut client = Client::new(client_config().with_max_recipients(ours), [mail(&["a", "b", "c", "d", "e"])]);
        converse(&mut client, &mut server, 50);
        assert_eq!(server.taken.iter().map(|taken| taken.to.len()).collect::<Vec<_>>(), sizes);
        assert_eq!(client.kinds(), [[OutcomeKind::Accepted; 5]]);
    }
}

/// §4.3: RCPTDOMAINMAX counts the domains of a session: to those of the first ones the mail goes, in as many
/// transactions as it takes; the others are deferred, in their places. The session is spent then.
#[test]
fn s4_3_rcptdomainmax() {
    use OutcomeKind::{Accepted, Deferred};
    let names = ["a@x.example", "b@y.example", "c@x.example", "d@z.example", "e@y.example", "f@z.example"];
    let table: [(usize, &[&[usize]]); 4] =
        [(1, &[&[0, 2]]), (2, &[&[0, 1, 2], &[4]]), (3, &[&[0, 1, 2], &[3, 4, 5]]), (4, &[&[0, 1, 2], &[3, 4, 5]])];
    for pipelining in [Pipelining::Never, Pipelining::WhereOffered, Pipelining::NextEnvelope] {
        for (most, rounds) in table {
            let mut config = server_config();
            config.max_recipient_domains = Some(most);
            let mut server = Server::new(config);
            let settings = client_config().with_max_recipients(3).with_pipelining(pipelining);
            let mut client = Client::new(settings, [to_domains(&names)]);
            client.quits = false;
            converse(&mut client, &mut server, 50);
            let expected: Vec<Vec<&str>> =
                rounds.iter().map(|round| round.iter().map(|index| names[*index]).collect()).collect();
            assert_eq!(server.taken.iter().map(|taken| taken.to.clone()).collect::<Vec<_>>(), expected);
            let kinds: Vec<OutcomeKind> =
                (0..6).map(|index| if rounds.concat().contains(&index) { Accepted } else { Deferred }).collect();
            assert_eq!(client.kinds(), [kinds]);
            assert_eq!(client.session.can_send(), most == 4, "{most}");
        }
    }
}

/// §4.3 for a client that does not heed it. A domain whose recipient was refused takes no place.
#[test]
fn s4_3_server() {
    let mut config = server_config();
    config.max_recipient_domains = Some(1);
    let mut server = Server::new(config);
    server.hear("");
    assert!(server.hear("EHLO a\r\n").contains("250-LIMITS RCPTMAX=1000 RCPTDOMAINMAX=1\r\n"));
    server.hear("MAIL FROM:<>\r\n");
    server.follow(&[
        ("RCPT TO:<unknown@x.example>\r\n", "550 5.1.1 no such user\r\n"),
        ("RCPT TO:<a@y.example>\r\n", "250 2.1.5 ok\r\n"),
        ("RCPT TO:<b@Y.example>\r\n", "250 2.1.5 ok\r\n"),
        ("RCPT TO:<c@z.example>\r\n", "452 4.5.3 too many domains of recipients in this session\r\n"),
        ("RSET\r\n", "250 2.0.0 reset\r\n"),
        ("MAIL FROM:<>\r\n", "250 2.1.0 ok\r\n"),
        ("RCPT TO:<c@z.example>\r\n", "452 4.5.3 too many domains of recipients in this session\r\n"),
        ("RCPT TO:<d@y.example>\r\n", "250 2.1.5 ok\r\n"),
    ]);
}

/// §4.1: MAILMAX. The session is spent; a mail that needs more transactions is deferred for the rest.
#[test]
fn s4_1_mailmax() {
    for pipelining in [Pipelining::Never, Pipelining::WhereOffered, Pipelining::NextEnvelope] {
        let mut config = server_config();
        (config.max_mails, config.max_recipients) = (Some(2), 2);
        let mut server = Server::new(config);
        let settings = client_config().with_pipelining(pipelining);
        let mut client = Client::new(settings.clone(), [mail(&["a"]), mail(&["b"]), mail(&["c"])]);
        converse(&mut client, &mut server, 50);
        assert_eq!(client.kinds(), [[OutcomeKind::Accepted], [OutcomeKind::Accepted]]);
        assert!(!client.session.can_send() && !client.session.is_closed());
        client.session.quit(client.now);
        assert_eq!(client.go_on(), b"QUIT\r\n");
        let mut server = Server::new({
            let mut config = server_config();
            (config.max_mails, config.max_recipients) = (Some(2), 2);
            config
        });
        let mut client = Client::new(settings, [mail(&["a", "b", "c", "d", "e"])]);
        converse(&mut client, &mut server, 50);
        use OutcomeKind::{Accepted, Deferred};
        assert_eq!(client.kinds(), [[Accepted, Accepted, Accepted, Accepted, Deferred]]);
    }
}

/// §4.1 for a client that does not heed it; what the host refused does not count.
#[test]
fn s4_1_server() {
    let mut config = server_config();
    config.max_mails = Some(1);
    let mut server = Server::new(config);
    server.hear("");
    server.hear("EHLO a\r\n");
    server.follow(&[
        ("MAIL FROM:<>\r\n", "250 2.1.0 ok\r\n"),
        ("RSET\r\n", "250 2.0.0 reset\r\n"),
        ("MAIL FROM:<>\r\n", "452 4.5.3 no further transaction in this session\r\n"),
    ]);
}

/// §3: what cannot be read is no limit; nor is what is not offered.
#[test]
fn s3_what_is_no_limit() {
    for line in [
        "",
        "250-LIMITS\r\n",
        "250-LIMITS RCPTMAX\r\n",
        "250-LIMITS RCPTMAX=x RCPTMAX=1\r\n",
        "250-LIMITS RCPTMAX=0\r\n",
    ] {
        let mut client = Client::new(client_config(), []);
        client.quits = false;
        client.hear("220 a\r\n");
        client.hear(&format!("250-a\r\n{line}250 PIPELINING\r\n"));
        assert_eq!(client.session.capabilities().limit("RCPTMAX"), None, "{line}");
    }
    let mut config = server_config();
    config.limits = Offer::No;
    let mut server = Server::new(config);
    server.hear("");
    assert!(!server.hear("EHLO a\r\n").contains("LIMITS"));
}

/// Beyond the limits, RCPT is free within reason alone.
#[test]
fn overshoot() {
    let mut config = server_config();
    (config.max_recipients, config.max_overshoot, config.max_errors) = (1, 5, 3);
    let mut server = Server::new(config);
    server.hear("");
    server.hear("EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<a@example.org>\r\n");
    for _ in 0..7 {
        assert_eq!(server.hear("RCPT TO:<b@example.org>\r\n"), "452 4.5.3 too many recipients\r\n");
    }
    assert!(server.hear("RCPT TO:<b@example.org>\r\n").ends_with("421 4.7.0 too many errors\r\n"));
}
