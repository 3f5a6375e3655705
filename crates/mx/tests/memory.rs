//! What the client holds, counted by the allocator: for each idle connection, and in the number of messages.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![expect(unsafe_code, reason = "an allocator that counts")]

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;

use posthaste_mx::{Relay, RelayConfig};
use posthaste_transport::{Attempt, Transport};
use posthaste_types::{Mail, OutcomeKind};
use support::{kinds, mail_with};

/// The system's, counting what is held and was not allocated by a peer.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(at, layout) }
    }
}

fn held() -> usize {
    HELD.load(Ordering::Relaxed)
}

/// A peer whose threads allocate nothing while a client talks to them. The last one of `together` that has a content
/// lets all go on: so many connections are in use at once.
fn serve(together: &'static AtomicUsize, wanted: &'static AtomicUsize) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            thread::spawn(move || drop(converse(stream, together, wanted)));
        }
    });
    port
}

fn converse(mut stream: TcpStream, together: &AtomicUsize, wanted: &AtomicUsize) -> std::io::Result<()> {
    stream.write_all(b"220 mx.example.org ESMTP\r\n")?;
    let (mut octets, mut tail) = ([0; 16 * 1024], [0; 5]);
    let (mut line, mut content) = ([0; 4], false);
    let mut at = 0;
    loop {
        let len = stream.read(&mut octets)?;
        if len == 0 {
            return Ok(());
        }
        for octet in &octets[..len] {
            tail.rotate_left(1);
            tail[4] = *octet;
            if content && tail == *b"\r\n.\r\n" {
                content = false;
                at = 0;
                together.fetch_add(1, Ordering::SeqCst);
                while together.load(Ordering::SeqCst) < wanted.load(Ordering::SeqCst) {
                    thread::yield_now();
                }
                stream.write_all(TAKEN.get().map_or(b"250 2.0.0 taken\r\n", Vec::as_slice))?;
                continue;
            }
            if content {
                continue;
            }
            if at < 4 {
                line[at] = *octet;
            }
            at += 1;
            if *octet == b'\n' {
                at = 0;
                content = line == *b"DATA";
                stream.write_all(match &line {
                    b"EHLO" => b"250-mx.example.org\r\n250-PIPELINING\r\n250 8BITMIME\r\n",
                    b"DATA" => b"354 go\r\n",
                    _ => b"250 2.0.0 ok\r\n",
                })?;
            }
        }
    }
}

async fn all_at_once(relay: &Arc<Relay>, mail: &Mail, count: usize) {
    let send = || {
        let (relay, mail) = (Arc::clone(relay), mail.clone());
        tokio::spawn(async move { kinds(&relay.deliver(&Attempt::of(&mail)).await.unwrap())[0] })
    };
    for task in (0..count).map(|_| send()).collect::<Vec<_>>() {
        assert_eq!(task.await.unwrap(), OutcomeKind::Accepted);
    }
}

fn content(size: usize) -> Vec<u8> {
    let mut octets = b"Subject: memory\r\n\r\n".to_vec();
    while octets.len() < size {
        // Some dots of transparency among them.
        octets.extend_from_slice(b"0123456789abcdef0123456789abcdef0123456789abcdef\r\n.\r\n");
    }
    octets
}

#[tokio::test]
async fn idle_connections_and_many_messages() {
    static TOGETHER: AtomicUsize = AtomicUsize::new(0);
    static WANTED: AtomicUsize = AtomicUsize::new(0);
    let port = serve(&TOGETHER, &WANTED);
    let relay_of = |connections: usize| {
        let mut config = RelayConfig::from_url(&format!("smtp://127.0.0.1:{port}")).unwrap();
        config.pool.connections = connections;
        config.pool.idle_connections = connections;
        config.pool.messages = u32::MAX;
        Arc::new(Relay::with_config(config).unwrap())
    };
    let mail = mail_with(&["bob@example.org"], content(300 * 1024));
    let (relay, single) = (relay_of(CONNECTIONS), relay_of(1));
    // What the runtime and the library take once for all is there before anything is counted.
    WANTED.store(1, Ordering::SeqCst);
    all_at_once(&single, &mail, 1).await;

    TOGETHER.store(0, Ordering::SeqCst);
    WANTED.store(CONNECTIONS, Ordering::SeqCst);
    let before = held();
    all_at_once(&relay, &mail, CONNECTIONS).await;
    assert_eq!(TOGETHER.load(Ordering::SeqCst), CONNECTIONS, "each mail on a connection of its own");
    let each = held().saturating_sub(before) / CONNECTIONS;
    println!("{each} octets for each idle connection, behind a mail of {} octets", mail.content().len());
    assert!(each <= LIMIT, "{each} octets for an idle connection");
    assert!(each > size_of::<usize>(), "nothing is kept: this counts wrongly");

    // Beyond what the first round of them takes.
    let mail = mail_with(&["bob@example.org"], content(16 * 1024));
    all_at_once(&relay, &mail, MESSAGES / ROUNDS).await;
    let before = held();
    for _ in 0..ROUNDS {
        all_at_once(&relay, &mail, MESSAGES / ROUNDS).await;
    }
    let grown = held().saturating_sub(before);
    println!("{grown} octets more behind {MESSAGES} messages");
    assert!(grown <= SLACK, "{grown} octets more behind {MESSAGES} messages");

    // What many recipients and a long reply take is given back too.
    let to: Vec<String> = (0..100).map(|n| format!("{n}.{}@{}.example.org", "x".repeat(50), "y".repeat(60))).collect();
    let many = mail_with(&to.iter().map(String::as_str).collect::<Vec<_>>(), content(1024));
    let taken = format!("{}250 2.0.0 taken\r\n", format!("250-2.0.0 {}\r\n", "z".repeat(500)).repeat(100));
    TAKEN.set(taken.into_bytes()).unwrap();
    TOGETHER.store(0, Ordering::SeqCst);
    let before = held();
    all_at_once(&relay, &many, CONNECTIONS).await;
    let each = held().saturating_sub(before) / CONNECTIONS;
    println!("{each} octets more for each, behind a mail to {} people", to.len());
    assert!(each <= LIMIT / 2, "{each} octets more for an idle connection");
}

/// What is said behind a content instead of a short word.
static TAKEN: OnceLock<Vec<u8>> = OnceLock::new();

const CONNECTIONS: usize = 64;
/// For an idle connection without TLS.
const LIMIT: usize = 32 * 1024;
const MESSAGES: usize = 2_000;
const ROUNDS: usize = 20;
/// Queues and tables that grew once.
const SLACK: usize = 64 * 1024;
