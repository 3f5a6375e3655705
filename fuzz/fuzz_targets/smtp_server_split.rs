//! However the octets of a client are split, the server answers and tells the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use posthaste_fuzz::arrivals;
use posthaste_smtp::{Answer, AuthOffer, BareLineEnds, Offer, Protocol, ServerConfig, ServerEvent, ServerSession};
use posthaste_types::{Reply, Tick};

fuzz_target!(|input: &[u8]| {
    let &[settings, seed, ref wire @ ..] = input else { return };
    let [whole, others @ ..] = arrivals(wire, seed).map(|pieces| hear(settings, &pieces));
    others.iter().for_each(|other| assert_eq!(other, &whole));
});

/// What a server said, and told its host; content in one piece, and none that was given up.
type Heard = (String, Vec<ServerEvent>);

fn hear(settings: u8, pieces: &[&[u8]]) -> Heard {
    let now = Tick::default();
    let mut server = ServerSession::new(config(settings), now);
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

fn config(settings: u8) -> ServerConfig {
    let is = |bit: u8| settings & (1 << bit) != 0;
    let mut config = ServerConfig::new("mx.example.org".parse().expect("a domain"));
    config.protocol = if is(0) { Protocol::Lmtp } else { Protocol::Smtp };
    config.bare_line_ends = if is(1) { BareLineEnds::Normalize } else { BareLineEnds::Refuse };
    config.auth = if is(2) { AuthOffer::Anywhere } else { AuthOffer::No };
    config.dsn = if is(3) { Offer::Yes } else { Offer::No };
    config.max_line = if is(4) { 64 } else { 2048 };
    config.max_header = if is(5) { 64 } else { 102_400 };
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
        _ => Answer::Accept,
    }
}
