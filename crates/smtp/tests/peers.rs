//! Client and server talked against each other, split anyhow, and hostile input.

mod common;

use std::sync::Arc;

use common::*;
use posthaste_smtp::{
    Answer, AuthAllowed, AuthOffer, BinaryContent, Chunking, ClientEvent, ClientSession, Credentials, FutureRelease,
    Mechanism, Offer, Pipelining, Protocol, ScramOffer, ServerConfig, ServerEvent, Transaction, Transmit,
};
use posthaste_types::{Content, OutcomeKind, Random};
use proptest::prelude::*;

fn raw_content() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        "[.]{0,3}[a-z:. ]{0,60}".prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>().prop_filter("no NUL", |octet| *octet != 0), 0..80),
        "[a-z]{900}".prop_map(String::into_bytes),
    ];
    let end = prop_oneof![Just(&b"\r\n"[..]), Just(&b"\n"[..]), Just(&b"\r"[..]), Just(&b"\r\n.\r\n"[..])];
    let lines = proptest::collection::vec((line, end), 1..40);
    lines.prop_map(|lines| lines.into_iter().flat_map(|(line, end)| [&line[..], end].concat()).collect())
}

fn mails() -> impl Strategy<Value = Vec<(Content, Vec<String>)>> {
    let name = prop_oneof!["[a-z]{1,8}", Just("unknown".to_owned()), Just("busy".to_owned())];
    let to = proptest::collection::btree_set(name, 1..7).prop_map(|names| names.into_iter().collect::<Vec<_>>());
    let content = raw_content().prop_filter_map("lines too long", |raw| Content::from_raw(raw).ok());
    proptest::collection::vec((content.prop_map(|(content, _)| content), to), 1..5)
}

fn expected_kind(name: &str) -> OutcomeKind {
    match name {
        "unknown" => OutcomeKind::Refused,
        "busy" => OutcomeKind::Deferred,
        _ => OutcomeKind::Accepted,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// The server takes exactly the octets and the recipients that the client reports accepted.
    #[test]
    fn peers_agree(
        mails in mails(),
        piece in prop_oneof![1usize..20, Just(100_000)],
        pipelining in prop_oneof![
            Just(Pipelining::Never), Just(Pipelining::WhereOffered), Just(Pipelining::NextEnvelope)
        ],
        protocol in prop_oneof![Just(Protocol::Smtp), Just(Protocol::Lmtp)],
        chunking in prop_oneof![Just(Chunking::Ahead), Just(Chunking::Never), Just(Chunking::WhereOffered)],
        max in 1usize..4,
    ) {
        let transactions = mails.iter().map(|(content, to)| {
            Transaction::new(envelope(&to.iter().map(String::as_str).collect::<Vec<_>>()), content.clone())
        });
        let settings = client_config().with_pipelining(pipelining).with_protocol(protocol).with_max_recipients(max)
            .with_chunking(chunking);
        let mut client = Client::new(settings, transactions);
        let mut config = server_config();
        (config.protocol, config.dsn, config.max_errors, config.max_header) = (protocol, Offer::Yes, 10_000, 1 << 20);
        let mut server = Server::new(config);
        converse(&mut client, &mut server, piece);

        let kinds: Vec<Vec<OutcomeKind>> =
            mails.iter().map(|(_, to)| to.iter().map(|name| expected_kind(name)).collect()).collect();
        prop_assert_eq!(client.kinds(), kinds);
        let mut taken = server.taken.into_iter();
        for (content, to) in &mails {
            let mut accepted: Vec<String> = to.iter().filter(|name| expected_kind(name) == OutcomeKind::Accepted)
                .map(|name| format!("{name}@example.org")).collect();
            while !accepted.is_empty() {
                let one = taken.next().unwrap();
                prop_assert_eq!(&one.content, &content.to_vec());
                for name in one.to {
                    prop_assert_eq!(&accepted.remove(0), &name);
                }
            }
        }
        prop_assert!(taken.next().is_none());
        prop_assert!(client.session.is_closed() && server.session.is_closed());
    }

    /// However the octets of the client are split, the server answers and tells the same.
    #[test]
    fn server_split_invariance(lines in proptest::collection::vec(client_line(), 1..12), cuts in cuts()) {
        let wire = lines.concat();
        let hear = |pieces: &[&[u8]]| {
            let mut server = Server::with_rule(full_config(), refusing_rule);
            let mut said = server.go_on();
            pieces.iter().for_each(|piece| said.extend(server.hear_bytes(piece)));
            (String::from_utf8(said).unwrap(), server.events, server.taken)
        };
        prop_assert_eq!(hear(&split(&wire, &cuts)), hear(&[&wire]));
    }

    /// However the octets of the server are split, the client sends and tells the same.
    #[test]
    fn client_split_invariance(
        replies in proptest::collection::vec(server_reply(), 1..14),
        cuts in cuts(),
        chunking in prop_oneof![Just(Chunking::Ahead), Just(Chunking::Never), Just(Chunking::WhereOffered)],
        mechanism in proptest::sample::select(&Mechanism::ALL[..]),
    ) {
        let hear = |cuts: &[usize]| {
            let mut config = client_config().with_pipelining(Pipelining::NextEnvelope).with_chunking(chunking);
            config = config.with_random(Arc::new(Same)).with_mechanisms([mechanism]);
            if let Some(credentials) = credentials(mechanism) {
                config = config.with_credentials(credentials, AuthAllowed::Anywhere);
            }
            let binary = BinaryContent::new(b"A: b\r\n\r\n\n\0".to_vec()).expect("a header");
            let mails = [mail(&["a", "b"]), Transaction::binary(envelope(&["c"]), binary)];
            let mut client = Client::new(config, mails);
            let mut sent = client.hear_bytes(b"220 a\r\n");
            sent.extend(client.hear_bytes(
                b"250-a\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250-AUTH SCRAM-SHA-256 XOAUTH2 OAUTHBEARER\r\n250 PIPELINING\r\n",
            ));
            for reply in &replies {
                // What comes before its command is a fault whose moment depends on the split: one at a time.
                split(reply.as_bytes(), cuts).iter().for_each(|piece| sent.extend(client.hear_bytes(piece)));
            }
            (sent, client.events)
        };
        prop_assert_eq!(hear(&cuts), hear(&[]));
    }

    /// Anything at all: no panic, an end that is told once, one outcome for each recipient of each mail.
    #[test]
    fn hostile_server(
        wire in proptest::collection::vec(server_noise(), 0..30),
        close in any::<bool>(),
        protocol in prop_oneof![Just(Protocol::Smtp), Just(Protocol::Lmtp)],
        chunking in prop_oneof![Just(Chunking::Ahead), Just(Chunking::Never), Just(Chunking::WhereOffered)],
        mechanism in proptest::option::of(proptest::sample::select(&Mechanism::ALL[..])),
        binary in any::<bool>(),
    ) {
        let mut config = client_config().with_pipelining(Pipelining::NextEnvelope).with_protocol(protocol)
            .with_chunking(chunking).with_random(Arc::new(Same));
        if let Some(credentials) = mechanism.and_then(credentials) {
            config = config.with_credentials(credentials, AuthAllowed::Anywhere);
        }
        let octets = BinaryContent::new(b"A: b\r\n\r\n\n\0".to_vec()).expect("a header");
        let first = if binary { Transaction::binary(envelope(&["a", "b"]), octets) } else { mail(&["a", "b"]) };
        let mut client = Client::new(config, [first, mail(&["c"])]);
        for piece in wire {
            client.hear_bytes(&piece);
        }
        let begun = 2 - client.mails.len();
        if close {
            client.session.handle_close(client.now, 0);
        } else {
            while let Some(due) = client.session.poll_timeout() {
                let _ = client.session.handle_timeout(due);
            }
        }
        client.go_on();
        let ended = client.session.is_closed();
        if ended {
            let ends = client.events.iter().filter(|event| matches!(event, ClientEvent::Closed { .. })).count();
            prop_assert_eq!(ends, 1);
            let finished = client.events.iter().filter_map(|event| match event {
                ClientEvent::Finished { id, outcomes, .. } => Some((*id, outcomes.len())),
                _ => None,
            });
            let mut finished: Vec<_> = finished.collect();
            finished.sort_unstable();
            let counts: Vec<usize> = finished.into_iter().map(|(_, count)| count).collect();
            prop_assert_eq!(&counts[..], &[2, 1][..begun]);
            let settled = client.events.iter().filter(|event| matches!(event, ClientEvent::Settled { .. })).count();
            prop_assert_eq!(settled, counts.iter().sum::<usize>(), "each recipient is told once");
        } else {
            prop_assert!(!close);
        }
    }

    #[test]
    fn hostile_client(wire in proptest::collection::vec(client_line(), 0..40)) {
        let mut server = Server::new(server_config());
        server.go_on();
        for piece in wire {
            server.hear_bytes(&piece);
        }
        server.session.handle_close(server.now);
        server.go_on();
        prop_assert!(server.session.is_closed());
        let ends = server.events.iter().filter(|e| matches!(e, posthaste_smtp::ServerEvent::Closed { .. })).count();
        prop_assert_eq!(ends, 1);
        prop_assert_eq!(server.session.poll_timeout(), None);
    }
}

/// Everything is offered.
fn full_config() -> ServerConfig {
    let mut config = server_config();
    (config.auth, config.mechanisms) = (AuthOffer::Anywhere, Mechanism::ALL.to_vec());
    config.scram = Some(ScramOffer::new(Arc::new(Same), [1; 32], 4096));
    (config.binary, config.dsn, config.priority, config.deliver_by) = (Offer::Yes, Offer::Yes, Offer::Yes, Offer::Yes);
    config.future_release = Some(FutureRelease::new(60, "2030-01-01T00:00:00Z".parse().expect("a time")));
    (config.max_mails, config.max_recipient_domains) = (Some(3), Some(1));
    config
}

/// For those mechanisms that the peer offers; without AUTH for the others.
fn credentials(mechanism: Mechanism) -> Option<Credentials> {
    match mechanism {
        Mechanism::ScramSha256 => Credentials::new("user", "pencil").ok(),
        Mechanism::OAuthBearer | Mechanism::XOAuth2 => Credentials::with_token("user", "token").ok(),
        _ => None,
    }
}

/// Nobody is known.
fn refusing_rule(event: &ServerEvent) -> Answer {
    match event {
        ServerEvent::ScramUser { .. } | ServerEvent::Auth { .. } => Answer::Refuse(reply(535, "5.7.8 wrong")),
        other => usual_rule(other),
    }
}

#[derive(Debug)]
struct Same;

impl Random for Same {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(0x5a);
    }
}

fn cuts() -> impl Strategy<Value = Vec<usize>> {
    proptest::collection::vec(0usize..400, 0..10)
}

fn split<'a>(wire: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (wire.len() + 1)).collect();
    cuts.extend([0, wire.len()]);
    cuts.sort_unstable();
    cuts.windows(2).map(|pair| &wire[pair[0]..pair[1]]).collect()
}

fn client_line() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        Just("EHLO a"),
        Just("HELO a"),
        Just("MAIL FROM:<a@example.com>"),
        Just("MAIL FROM:<> BODY=8BITMIME SIZE=9"),
        Just("RCPT TO:<b@example.org>"),
        Just("RCPT TO:<unknown@example.org>"),
        Just("RCPT TO:<\"a b>\"@example.org>"),
        Just("DATA"),
        Just("BDAT 7"),
        Just("BDAT 9 LAST"),
        Just("BDAT 0 LAST"),
        Just("."),
        Just("..a"),
        Just("text"),
        Just(""),
        Just("RSET"),
        Just("NOOP"),
        Just("QUIT"),
        Just("VRFY a"),
        Just("AUTH PLAIN"),
        Just("STARTTLS"),
        Just("LHLO a"),
        Just("MAIL FROM:<\u{fc}@example.com> SMTPUTF8"),
        Just("MAIL FROM:<> BODY=BINARYMIME"),
        Just("MAIL FROM:<> MT-PRIORITY=3 BY=60;R HOLDFOR=60"),
        Just("AUTH SCRAM-SHA-256 biwsbj11c2VyLHI9YWJj"),
        Just("AUTH SCRAM-SHA-256"),
        Just("biwsbj11c2VyLHI9YWJj"),
        Just("AUTH OAUTHBEARER biwsAWF1dGg9QmVhcmVyIHgBAQ=="),
        Just("AUTH XOAUTH2 dXNlcj1hAWF1dGg9QmVhcmVyIHgBAQ=="),
        Just("*"),
    ]
    .prop_map(|line| format!("{line}\r\n").into_bytes());
    prop_oneof![
        20 => line,
        1 => proptest::collection::vec(any::<u8>(), 0..40),
        1 => proptest::collection::vec(Just(b'x'), 2040..2060),
        1 => Just(b"a\nb\r\n".to_vec()),
        2 => Just(b"EHLO a\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.org>\r\nDATA\r\nhi\r\n.\r\n".to_vec()),
    ]
}

fn server_reply() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        8 => Just("250 ok\r\n"), 4 => Just("354 go\r\n"), 2 => Just("550-5.1.1 no\r\n550 5.1.1 no\r\n"),
        1 => Just("452 4.5.3 too many\r\n"), 1 => Just("421 down\r\n"), 1 => Just("junk\r\n"), 1 => Just("503 no\r\n"),
        2 => Just("235 ok\r\n"), 1 => Just("334 \r\n"), 1 => Just("535 no\r\n"), 1 => Just("334 ZT1pbnZhbGlkLXByb29m\r\n"),
    ]
}

fn server_noise() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => Just(b"220 a\r\n".to_vec()),
        4 => Just(b"250-a\r\n250 PIPELINING\r\n".to_vec()),
        4 => Just(b"250-a\r\n250-CHUNKING\r\n250 PIPELINING\r\n".to_vec()),
        4 => Just(b"250-a\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250 AUTH SCRAM-SHA-256 XOAUTH2\r\n".to_vec()),
        1 => Just(b"250-a\r\n250-PIPELINING\r\n250 LIMITS MAILMAX=1 RCPTMAX=1 RCPTDOMAINMAX=1\r\n".to_vec()),
        6 => Just(b"250 ok\r\n250 ok\r\n".to_vec()),
        12 => server_reply().prop_map(|reply| reply.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..40),
    ]
}

/// A transaction without octets of its own: content is shared, never copied, and handed out in blocks.
#[test]
fn blocks_are_bounded() {
    let body = "x".repeat(900) + "\r\n";
    let mail = Transaction::new(envelope(&["bob"]), content(&format!("Subject: x\n\n{}", body.repeat(1000))));
    let mut client = Client::new(client_config(), [mail]);
    for reply in ["220 a\r\n", "250 a\r\n", "250 ok\r\n", "250 ok\r\n"] {
        client.hear(reply);
    }
    client.session.handle_bytes(client.now, b"354 go\r\n").unwrap();
    let mut out = Vec::new();
    while let Some(Transmit::Octets) = client.session.poll_transmit(client.now, &mut out) {
        assert!(out.len() <= ClientSession::BLOCK + 1, "{}", out.len());
        out.clear();
    }
}
