//! However the octets of each reply are split, the client sends and tells the same; every recipient gets one outcome.

#![no_main]

use libfuzzer_sys::fuzz_target;
use posthaste_fuzz::arrivals;
use posthaste_smtp::{
    AuthAllowed, ClientConfig, ClientEvent, ClientSession, Credentials, Pipelining, Protocol, TlsUse, Transaction,
    Transmit,
};
use posthaste_types::{Address, Content, Domain, Envelope, Recipient, Tick};

fuzz_target!(|input: &[u8]| {
    let &[settings, seed, ref wire @ ..] = input else { return };
    let replies = replies(wire);
    let [whole, others @ ..] = [0, 1, 2].map(|way| {
        // What comes before its command is a fault whose moment depends on the split: a reply at a time.
        let pieces: Vec<&[u8]> = replies.iter().flat_map(|reply| arrivals(reply, seed)[way].clone()).collect();
        hear(settings, &pieces)
    });
    others.iter().for_each(|other| assert_eq!(other, &whole));
});

/// The lines of each reply: those with a hyphen behind the code, and the next one.
fn replies(wire: &[u8]) -> Vec<&[u8]> {
    let (mut replies, mut start, mut end) = (Vec::new(), 0, 0);
    for line in wire.split_inclusive(|octet| *octet == b'\n') {
        end += line.len();
        if line.get(3) != Some(&b'-') {
            replies.push(&wire[start..end]);
            start = end;
        }
    }
    replies.push(&wire[start..end]);
    replies
}

/// What a client sent and told.
type Heard = (Vec<u8>, Vec<ClientEvent>);

fn hear(settings: u8, pieces: &[&[u8]]) -> Heard {
    let now = Tick::default();
    let mut client = ClientSession::new(config(settings), now);
    let mut mails = vec![mail(&["carol"]), mail(&["alice", "bob"])];
    let mut heard = Heard::default();
    for piece in pieces {
        let _ = client.handle_bytes(now, piece);
        go_on(&mut client, now, &mut mails, &mut heard);
    }
    let begun = 2 - mails.len();
    client.handle_close(now, 0);
    go_on(&mut client, now, &mut mails, &mut heard);
    assert!(client.is_closed() && client.poll_timeout().is_none());
    let ends = heard.1.iter().filter(|event| matches!(event, ClientEvent::Closed { .. })).count();
    assert_eq!(ends, 1);
    let outcomes = |event: &ClientEvent| match event {
        ClientEvent::Finished { outcomes, .. } => Some(outcomes.len()),
        _ => None,
    };
    assert_eq!(heard.1.iter().filter_map(outcomes).collect::<Vec<_>>(), &[2, 1][..begun]);
    heard
}

fn config(settings: u8) -> ClientConfig {
    let is = |bit: u8| settings & (1 << bit) != 0;
    let hello: Domain = "client.example.com".parse().expect("a domain");
    let mut config = ClientConfig::new(hello).with_tls(TlsUse::Never);
    if is(0) {
        config = config.with_protocol(Protocol::Lmtp);
    }
    if is(1) {
        let credentials = Credentials::new("ada", "secret").expect("credentials");
        config = config.with_credentials(credentials, AuthAllowed::Anywhere);
    }
    if is(2) {
        config = config.with_max_recipients(1);
    }
    let pipelining = match (settings >> 3) % 3 {
        0 => Pipelining::NextEnvelope,
        1 => Pipelining::WhereOffered,
        _ => Pipelining::Never,
    };
    config.with_pipelining(pipelining)
}

fn mail(names: &[&str]) -> Transaction {
    let address = |name: &str| format!("{name}@example.org").parse::<Address>().expect("an address");
    let from: Address = "ada@example.com".parse().expect("an address");
    let envelope = Envelope::new(from, names.iter().map(|name| Recipient::new(address(name)))).expect("an envelope");
    Transaction::new(envelope, Content::from_canonical(b"Subject: hi\r\n\r\n.\r\n".to_vec()).expect("canonical"))
}

/// Sends the mails as soon as it may, the last one first, and then quits.
fn go_on(client: &mut ClientSession, now: Tick, mails: &mut Vec<Transaction>, (sent, events): &mut Heard) {
    loop {
        events.extend(std::iter::from_fn(|| client.poll_event()));
        let sends = client.can_send();
        if sends {
            match mails.pop() {
                Some(mail) => drop(client.send(now, mail).expect("it can send")),
                None => client.quit(now),
            }
        }
        match client.poll_transmit(now, sent) {
            Some(Transmit::Completing(_)) => client.complete(now),
            None if !sends => break,
            _ => {}
        }
    }
    events.extend(std::iter::from_fn(|| client.poll_event()));
}
