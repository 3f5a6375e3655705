//! Floods, with the memory of the process measured: it does not grow with what comes.
//!
//! A program of its own: its memory is what is measured.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use posthaste_receive::Receiver;
use support::{Client, Keeper};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// A flood: what is said first, and what is repeated then.
const FLOODS: [(&str, &str, &str); 6] = [
    ("a command line without an end", "", "x"),
    ("NOOP", "", "NOOP\r\n"),
    ("commands that are none", "", "\r\n"),
    ("an AUTH line without an end", "AUTH PLAIN\r\n", "A"),
    ("a header without an end", "MAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n", "X: y\r\n"),
    ("a line of content without an end", "MAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n\r\n", "x"),
];
const OCTETS: usize = 16 << 20;
/// What may be held more than before: buffers of a connection, what the allocator keeps.
const MOST: usize = 4 << 20;

#[tokio::test]
async fn memory_stays_flat() {
    for (name, first, repeated) in FLOODS {
        let keeper = Keeper { user: Some(("ada".to_owned(), "pencil".to_owned())), ..Keeper::default() };
        let receiver = Receiver::builder(keeper.clone()).auth(posthaste_smtp::AuthOffer::Anywhere);
        // Nothing ends the session early: all octets are read.
        let receiver = receiver.configure(|config| {
            let session = &mut config.session;
            (session.max_errors, session.max_junk) = (u32::MAX, u32::MAX);
            session.max_message = 1 << 20;
        });
        let receiver = receiver.bind(([127, 0, 0, 1], 0)).await.unwrap();
        let mut client = Client::greeted(&receiver).await;
        client.send(first).await;
        let flood = repeated.repeat(65_536 / repeated.len());
        let (mut reading, mut writing) = client.stream.into_split();
        let replies = tokio::spawn(async move {
            let mut buffer = vec![0; 65_536];
            while let Ok(1..) = reading.read(&mut buffer).await {}
        });
        let (mut sent, mut before, mut most) = (0, 0, 0);
        while sent < OCTETS {
            if writing.write_all(flood.as_bytes()).await.is_err() {
                break;
            }
            sent += flood.len();
            if sent < 2 << 20 {
                before = resident();
            }
            most = most.max(resident());
        }
        let grown = most.saturating_sub(before);
        println!("{name}: {} KiB more for {} MiB", grown >> 10, sent >> 20);
        assert!(sent >= OCTETS, "{name}: the session ended behind {sent} octets");
        assert!(grown < MOST, "{name}: {grown} octets more");
        assert!(keeper.kept().is_empty());
        drop(writing);
        replies.await.unwrap();
    }
}

/// The memory of this process, in octets.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()).and_then(|kib| kib.parse::<usize>().ok());
    kib.unwrap_or(0) * 1024
}
