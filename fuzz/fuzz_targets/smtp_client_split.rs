//! However the octets of each reply are split, the client sends and tells the same; every recipient gets one outcome.

#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use posthaste_fuzz::{Same, arrivals};
use posthaste_smtp::{
    AuthAllowed, BinaryContent, ByMode, ByTrace, Chunking, ClientConfig, ClientEvent, ClientSession, Credentials,
    DeliverBy, Hold, Pipelining, Priority, Protocol, TlsUse, Transaction, Transmit,
};
use posthaste_types::{Address, Content, Domain, Envelope, Recipient, Tick};

fuzz_target!(|input: &[u8]| {
    let &[settings, seed, ref wire @ ..] = input else { return };
    let replies = replies(wire);
    let [whole, others @ ..] = [0, 1, 2].map(|way| {
        // What comes before its command is a fault whose moment depends on the split: a reply at a time.
        let pieces: Vec<&[u8]> = replies.iter().flat_map(|reply| arrivals(reply, seed)[way].clone()).collect();
        hear(settings, seed, &pieces)
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

fn hear(settings: u8, further: u8, pieces: &[&[u8]]) -> Heard {
    let now = Tick::default();
    let mut client = ClientSession::new(config(settings, further), now);
    let mut mails = vec![mail(&["carol"], further), mail(&["alice", "bob"], further >> 1)];
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
    // A mail that the peer cannot take is finished at once, also behind one that has no answer yet.
    let finished = heard.1.iter().filter_map(|event| match event {
        ClientEvent::Finished { id, outcomes, .. } => Some((*id, outcomes.len())),
        _ => None,
    });
    let mut finished: Vec<_> = finished.collect();
    finished.sort_unstable();
    let counts: Vec<usize> = finished.into_iter().map(|(_, count)| count).collect();
    assert_eq!(counts, &[2, 1][..begun]);
    heard
}

/// `further` also decides how the input is cut, which has nothing to do with it.
fn config(settings: u8, further: u8) -> ClientConfig {
    let is = |bit: u8| settings & (1 << bit) != 0;
    let hello: Domain = "client.example.com".parse().expect("a domain");
    let mut config = ClientConfig::new(hello).with_tls(TlsUse::Never);
    if is(0) {
        config = config.with_protocol(Protocol::Lmtp);
    }
    if is(1) {
        let credentials = match further & 2 {
            0 => Credentials::new("user", "pencil"),
            _ => Credentials::with_token("ada", "secret"),
        };
        let credentials = credentials.expect("credentials");
        config = config.with_credentials(credentials, AuthAllowed::Anywhere).with_random(Arc::new(Same));
    }
    if is(2) {
        config = config.with_max_recipients(1);
    }
    let pipelining = match (settings >> 3) % 3 {
        0 => Pipelining::NextEnvelope,
        1 => Pipelining::WhereOffered,
        _ => Pipelining::Never,
    };
    let chunking = match (further >> 4) % 3 {
        0 => Chunking::WhereOffered,
        1 => Chunking::Ahead,
        _ => Chunking::Never,
    };
    if further >= 0xc0 {
        config.max_chunk = 4;
    }
    config.with_pipelining(pipelining).with_chunking(chunking)
}

fn mail(names: &[&str], further: u8) -> Transaction {
    let address = |name: &str| format!("{name}@example.org").parse::<Address>().expect("an address");
    let from: Address = "ada@example.com".parse().expect("an address");
    let envelope = Envelope::new(from, names.iter().map(|name| Recipient::new(address(name)))).expect("an envelope");
    let octets = b"Subject: hi\r\n\r\n.\r\n".to_vec();
    let mail = match further & 4 {
        0 => Transaction::new(envelope, Content::from_canonical(octets).expect("canonical")),
        _ => Transaction::binary(envelope, BinaryContent::new([octets, vec![0, 10]].concat()).expect("a header")),
    };
    match further & 8 {
        0 => mail,
        _ => {
            let by = DeliverBy::new(60, ByMode::Return, ByTrace::Yes).expect("a time");
            mail.with_priority(Priority::new(-9).expect("a level")).with_deliver_by(by).with_hold(Hold::For(60))
        }
    }
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
