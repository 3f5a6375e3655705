//! However the octets of a client are split, the server answers and tells the same.

#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use posthaste_fuzz::{Same, arrivals};
use posthaste_smtp::{
    Answer, AuthOffer, BareLineEnds, FutureRelease, Mechanism, Offer, Protocol, ScramKeys, ScramOffer, ServerConfig,
    ServerEvent, ServerSession,
};
use posthaste_types::{Reply, Tick};

fuzz_target!(|input: &[u8]| {
    let &[settings, seed, ref wire @ ..] = input else { return };
    let [whole, others @ ..] = arrivals(wire, seed).map(|pieces| hear(config(settings, seed), &pieces));
    others.iter().for_each(|other| assert_eq!(other, &whole));
});

/// What a server said, and told its host; content in one piece, and none that was given up.
type Heard = (String, Vec<ServerEvent>);

fn hear(config: ServerConfig, pieces: &[&[u8]]) -> Heard {
    let now = Tick::default();
    let mut server = ServerSession::new(config, now);
    let mut heard = Heard::default();
    go_on(&mut server, now, &mut heard);
    for piece in pieces {
        let _ = server.handle_bytes(now, piece);
        go_on(&mut server, now, &mut heard);
    }
    server.handle_close(now);
    go_on(&mut server, now, &mut heard);
    assert!(server.is_closed() && server.poll_timeout().is_none());
    let ends = heard.1.iter().filter(|event| matches!(event, ServerEvent::Closed { .. })).count();
    assert_eq!(ends, 1);
    heard
}

/// `further` also decides how the input is cut, which has nothing to do with it.
fn config(settings: u8, further: u8) -> ServerConfig {
    let is = |bit: u8| settings & (1 << bit) != 0;
    let offer = |bit: u8| if further & (1 << bit) != 0 { Offer::Yes } else { Offer::No };
    let mut config = ServerConfig::new("mx.example.org".parse().expect("a domain"));
    config.protocol = if is(0) { Protocol::Lmtp } else { Protocol::Smtp };
    config.bare_line_ends = if is(1) { BareLineEnds::Normalize } else { BareLineEnds::Refuse };
    config.auth = if is(2) { AuthOffer::Anywhere } else { AuthOffer::No };
    config.dsn = if is(3) { Offer::Yes } else { Offer::No };
    config.max_line = if is(4) { 64 } else { 2048 };
    config.max_header = if is(5) { 64 } else { 102_400 };
    config.binary = if is(6) { Offer::Yes } else { Offer::No };
    if is(7) {
        (config.max_mails, config.max_recipients, config.max_recipient_domains) = (Some(2), 2, Some(1));
        (config.max_message, config.max_auth_line) = (100, 100);
    }
    config.mechanisms = Mechanism::ALL.to_vec();
    config.scram = Some(ScramOffer::new(Arc::new(Same), [1; 32], 4096));
    (config.chunking, config.smtputf8, config.limits) = (offer(0), offer(1), offer(2));
    (config.priority, config.deliver_by) = (offer(3), offer(4));
    if offer(5) == Offer::Yes {
        let until = "2030-01-01T00:00:00Z".parse().expect("a time");
        config.future_release = Some(FutureRelease::new(86_400, until));
    }
    config
}

fn go_on(server: &mut ServerSession, now: Tick, (said, events): &mut Heard) {
    while let Some(event) = server.poll_event() {
        if event.is_question() {
            server.answer(now, answer(&event)).expect("a fitting answer");
        }
        match (event, events.last_mut()) {
            (ServerEvent::Content(piece), Some(ServerEvent::Content(content))) => content.extend(piece),
            (event @ ServerEvent::Aborted { .. }, Some(last @ ServerEvent::Content(_))) => *last = event,
            (event, _) => events.push(event),
        }
    }
    let mut out = Vec::new();
    server.poll_transmit(&mut out);
    said.push_str(std::str::from_utf8(&out).expect("UTF-8"));
}

fn answer(event: &ServerEvent) -> Answer {
    let reply = |text| Reply::parse(text).expect("a reply");
    match event {
        ServerEvent::Rcpt { recipient, .. } => match recipient.address.local_part() {
            "unknown" => Answer::Refuse(reply(b"550 5.1.1 no such user")),
            "end" => Answer::RefuseAndClose(reply(b"421 4.3.2 enough")),
            _ => Answer::Accept,
        },
        ServerEvent::ScramUser { username, .. } => match username.as_str() {
            "user" => Answer::Keys(KEYS.clone()),
            "later" => Answer::Refuse(reply(b"454 4.7.0 later")),
            _ => Answer::Refuse(reply(b"535 5.7.8 no such user")),
        },
        ServerEvent::Auth { credentials, .. } if credentials.password() == "wrong" => {
            Answer::Refuse(reply(b"535 5.7.8 wrong"))
        }
        _ => Answer::Accept,
    }
}

static KEYS: LazyLock<ScramKeys> =
    LazyLock::new(|| ScramKeys::derive("pencil", b"0123456789abcdef", 4096).expect("fine"));
