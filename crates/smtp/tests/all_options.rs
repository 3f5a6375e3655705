//! Client and server talked against each other in memory, all options of both at random: they agree on every mail.

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use common::*;
use posthaste_smtp::{
    Answer, AuthAllowed, AuthOffer, BinaryContent, ByMode, ByTrace, Chunking, ClientConfig, ClientEvent, Credentials,
    DeliverBy, EarlyTalk, FutureRelease, Hold, Mechanism, Offer, Pipelining, Priority, Protocol, ScramKeys, ScramOffer,
    ServerConfig, ServerEvent, TlsOffer, TlsUse, Transaction,
};
use posthaste_types::{
    Content, Envelope, Notify, Outcome, OutcomeKind, Random, Recipient, RequireTls, Ret, Timestamp, Wanted,
};
use proptest::prelude::*;

#[derive(Debug)]
struct Chance;

impl Random for Chance {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(0x5a);
    }
}

#[derive(Clone, Debug)]
struct Case {
    client: ClientConfig,
    server: ServerConfig,
    mails: Vec<Transaction>,
    piece: usize,
}

fn rule(event: &ServerEvent) -> Answer {
    match event {
        ServerEvent::ScramUser { .. } => {
            Answer::Keys(ScramKeys::derive("secret", b"0123456789abcdef", 4096).expect("fine"))
        }
        other => usual_rule(other),
    }
}

fn offer() -> impl Strategy<Value = Offer> {
    prop_oneof![3 => Just(Offer::Yes), 1 => Just(Offer::No)]
}

fn until(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

prop_compose! {
    fn client()(
        protocol in prop_oneof![3 => Just(Protocol::Smtp), 1 => Just(Protocol::Lmtp)],
        pipelining in prop_oneof![
            Just(Pipelining::Never), Just(Pipelining::WhereOffered), Just(Pipelining::NextEnvelope)
        ],
        chunking in prop_oneof![Just(Chunking::Ahead), Just(Chunking::Never), Just(Chunking::WhereOffered)],
        max_chunk in prop_oneof![Just(0usize), 30usize..300, Just(65_536)],
        max_recipients in 1usize..6,
        tls in prop_oneof![
            Just(TlsUse::Never), Just(TlsUse::Opportunistic), Just(TlsUse::Required), Just(TlsUse::Implicit)
        ],
        credentials in prop_oneof![4 => Just(0u8), 2 => Just(1), 1 => Just(2)],
        mechanisms in proptest::sample::subsequence(Mechanism::ALL.to_vec(), 1..=5),
    ) -> ClientConfig {
        let mut config = ClientConfig::new(domain("client.example.com"))
            .with_protocol(protocol).with_pipelining(pipelining).with_chunking(chunking)
            .with_max_recipients(max_recipients).with_tls(tls).with_random(Arc::new(Chance))
            .with_mechanisms(mechanisms);
        config.max_chunk = max_chunk;
        match credentials {
            0 => config,
            1 => config.with_credentials(Credentials::new("ada", "secret").expect("fine"), AuthAllowed::Anywhere),
            _ => config.with_credentials(Credentials::with_token("ada", "secret").expect("fine"), AuthAllowed::InsideTls),
        }
    }
}

prop_compose! {
    fn server()(
        (dsn, smtputf8, require_tls, chunking, binary) in (offer(), offer(), offer(), offer(), offer()),
        (limits, priority, deliver_by, future) in (offer(), offer(), offer(), offer()),
        tls in prop_oneof![1 => Just(TlsOffer::No), 4 => Just(TlsOffer::Optional), 1 => Just(TlsOffer::Required)],
        auth in prop_oneof![4 => Just(AuthOffer::Anywhere), 2 => Just(AuthOffer::InsideTls), 1 => Just(AuthOffer::No)],
        mechanisms in proptest::sample::subsequence(Mechanism::ALL.to_vec(), 3..=5),
        early in prop_oneof![Just(EarlyTalk::Refuse), Just(EarlyTalk::Tolerate)],
        max_recipients in 1usize..6,
        max_mails in proptest::option::weighted(0.2, 1u32..4),
        max_domains in proptest::option::weighted(0.2, 1usize..4),
    ) -> ServerConfig {
        let mut config = server_config();
        (config.dsn, config.smtputf8, config.require_tls) = (dsn, smtputf8, require_tls);
        (config.chunking, config.binary, config.limits) = (chunking, binary, limits);
        (config.priority, config.deliver_by) = (priority, deliver_by);
        config.future_release = (future == Offer::Yes).then(|| FutureRelease::new(100, until("2030-01-01T00:00:00Z")));
        (config.tls, config.auth, config.mechanisms, config.early_talk) = (tls, auth, mechanisms, early);
        config.scram = Some(ScramOffer::new(Arc::new(Chance), [1; 32], 4096));
        (config.max_recipients, config.max_mails, config.max_recipient_domains) = (max_recipients, max_mails, max_domains);
        config.max_errors = 10_000;
        config
    }
}

fn body() -> impl Strategy<Value = (bool, Vec<u8>)> {
    let text = "([.]{0,2}[a-z ]{0,30}(\r\n|\n)){0,9}".prop_map(|text| (false, text.into_bytes()));
    let eight = "([.]{0,2}[a-z\u{e4}\u{4e2d}]{0,30}\n){0,9}".prop_map(|text| (false, text.into_bytes()));
    let octets = proptest::collection::vec(any::<u8>(), 0..200).prop_map(|octets| (true, octets));
    prop_oneof![3 => text, 1 => eight, 1 => octets]
}

prop_compose! {
    fn one_mail()(
        (binary, body) in body(),
        utf8 in proptest::bool::weighted(0.1),
        to in proptest::collection::btree_set(("[a-f]|unknown|busy", "[xyz][.]example"), 1..7),
        from in prop_oneof![4 => Just("ada@example.com"), 1 => Just("ad\u{e4}@example.com")],
        priority in proptest::option::of(-9i8..=9),
        by in proptest::option::weighted(0.1, (1i32..100, any::<bool>())),
        hold in proptest::option::weighted(0.1, 1u32..150),
        (ret, notify, require_tls) in (any::<bool>(), any::<bool>(), proptest::bool::weighted(0.1)),
    ) -> (usize, Transaction) {
        let header = if utf8 { "Subject: \u{e4}\r\n" } else { "Subject: a\r\n" };
        let message = [header.as_bytes(), b"\r\n", &body].concat();
        let to = to.iter().map(|(name, domain)| {
            let mut recipient = Recipient::new(address(&format!("{name}@{domain}")));
            if notify {
                recipient.notify = Notify::On { success: Wanted::Yes, failure: Wanted::No, delay: Wanted::Yes };
            }
            recipient
        });
        let mut envelope = Envelope::new(address(from), to).expect("some");
        if ret {
            envelope = envelope.with_ret(Ret::Headers);
        }
        if require_tls {
            envelope = envelope.with_require_tls(RequireTls::Yes);
        }
        let mut mail = match Content::from_raw(message.clone()) {
            Ok((content, _)) if !binary => Transaction::new(envelope, content),
            _ => Transaction::binary(envelope, BinaryContent::new(message.clone()).expect("a header of lines")),
        };
        if let Some(level) = priority.and_then(Priority::new) {
            mail = mail.with_priority(level);
        }
        if let Some((seconds, returns)) = by {
            let mode = if returns { ByMode::Return } else { ByMode::Notify };
            mail = mail.with_deliver_by(DeliverBy::new(seconds, mode, ByTrace::No).expect("fine"));
        }
        if let Some(seconds) = hold {
            mail = mail.with_hold(Hold::For(seconds));
        }
        (message.len(), mail)
    }
}

prop_compose! {
    fn case()(
        client in client(),
        server in server(),
        mails in proptest::collection::vec(one_mail(), 0..5),
        piece in prop_oneof![1usize..30, Just(100_000)],
    ) -> Case {
        let mut server = server;
        server.protocol = client.protocol;
        if client.tls == TlsUse::Implicit {
            server.tls = TlsOffer::Implicit;
        }
        Case { client, server, mails: mails.into_iter().map(|(_, mail)| mail).collect(), piece }
    }
}

/// As `converse`, with the handshakes.
fn talk(client: &mut Client, server: &mut Server, piece: usize) {
    let mut handshakes = 0;
    let mut to_client = server.go_on();
    let mut to_server = client.go_on();
    loop {
        while !to_client.is_empty() || !to_server.is_empty() {
            for part in std::mem::take(&mut to_client).chunks(piece) {
                to_server.extend(client.hear_bytes(part));
            }
            for part in std::mem::take(&mut to_server).chunks(piece) {
                to_client.extend(server.hear_bytes(part));
            }
        }
        if client.events.last() != Some(&ClientEvent::StartTls) || server.events.last() != Some(&ServerEvent::StartTls)
        {
            break;
        }
        handshakes += 1;
        server.session.handle_tls(server.now);
        client.session.handle_tls(client.now);
        (to_client, to_server) = (server.go_on(), client.go_on());
    }
    assert!(handshakes <= 1, "one handshake");
}

/// Those of each mail, in the order in which they were begun: a mail that the peer cannot take is finished at once, also
/// behind one that has no answer yet.
fn outcomes(client: &Client) -> Vec<Vec<Outcome>> {
    let finished = client.events.iter().filter_map(|event| match event {
        ClientEvent::Finished { id, outcomes, .. } => Some((*id, outcomes.clone())),
        _ => None,
    });
    finished.collect::<BTreeMap<_, _>>().into_values().collect()
}

fn octets(mail: &Transaction) -> Vec<u8> {
    mail.content().map(|content| content.to_vec()).unwrap_or_default()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whom the client reports accepted, the server took with those octets, in that order and once; and nobody else.
    #[test]
    fn peers_agree(case in case()) {
        let mut client = Client::new(case.client.clone(), case.mails.clone());
        let mut server = Server::with_rule(case.server.clone(), rule);
        talk(&mut client, &mut server, case.piece);
        if !client.session.is_closed() {
            // MAILMAX or RCPTDOMAINMAX: the session is spent.
            prop_assert!(!client.session.can_send());
            client.session.quit(client.now);
            talk(&mut client, &mut server, case.piece);
        }
        prop_assert!(client.session.is_closed() && server.session.is_closed());
        let outcomes = outcomes(&client);
        prop_assert_eq!(outcomes.len() + client.mails.len(), case.mails.len());
        let mut taken = server.taken.iter();
        for (mail, outcomes) in case.mails.iter().zip(&outcomes) {
            let to = mail.envelope().to();
            prop_assert_eq!(outcomes.len(), to.len());
            let of_kind = |kind| to.iter().zip(outcomes).filter(move |(_, outcome)| outcome.kind() == kind);
            prop_assert_eq!(of_kind(OutcomeKind::InDoubt).count(), 0);
            let mut accepted: Vec<String> =
                of_kind(OutcomeKind::Accepted).map(|(recipient, _)| recipient.address.to_string()).collect();
            prop_assert!(!accepted.iter().any(|name| name.starts_with("unknown@") || name.starts_with("busy@")));
            while !accepted.is_empty() {
                let one = taken.next().expect("as many as the client says");
                if mail.content().is_some() {
                    prop_assert_eq!(&one.content, &octets(mail));
                }
                for name in &one.to {
                    let at = accepted.iter().position(|other| other == name);
                    accepted.remove(at.expect("a recipient of this mail"));
                }
            }
            // Nothing but a limit or a lack keeps anybody else back.
            let unlimited = case.server.max_mails.is_none() && case.server.max_recipient_domains.is_none();
            let session_wide = case.server.tls == TlsOffer::Required && case.client.tls == TlsUse::Never;
            if unlimited && !session_wide && outcomes.iter().any(|outcome| outcome.kind() == OutcomeKind::Accepted) {
                for (recipient, outcome) in to.iter().zip(outcomes) {
                    let expected = match recipient.address.local_part() {
                        "unknown" => OutcomeKind::Refused,
                        "busy" => OutcomeKind::Deferred,
                        _ => OutcomeKind::Accepted,
                    };
                    prop_assert_eq!(outcome.kind(), expected, "{}", outcome);
                }
            }
        }
        prop_assert!(taken.next().is_none(), "the server took what the client does not report");
    }

    /// However the octets are split, what is told is the same; but when the next mail may begin, which is the caller's to
    /// say, depends on it, and so does whose outcome is told first.
    #[test]
    fn any_split_is_the_same(case in case()) {
        let talk = |piece| {
            let mut client = Client::new(case.client.clone(), case.mails.clone());
            let mut server = Server::with_rule(case.server.clone(), rule);
            talk(&mut client, &mut server, piece);
            let of_mail = |event: &ClientEvent| matches!(event, ClientEvent::Settled { .. } | ClientEvent::Finished { .. });
            let others: Vec<ClientEvent> = client.events.iter().filter(|event| !of_mail(event)).cloned().collect();
            (outcomes(&client), others, server.events, server.taken)
        };
        prop_assert_eq!(talk(case.piece), talk(usize::MAX));
    }
}
