//! Floods and endless lines, with the memory that they take counted: it does not grow with what comes.

#![expect(unsafe_code, reason = "an allocator that counts")]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use common::*;
use posthaste_smtp::{AuthOffer, ClientConfig, ClientSession, Pipelining, ServerConfig, ServerSession};

/// The system's, counting what this thread holds, and the most that it held.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    static HELD: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

fn count(change: impl Fn(usize) -> usize) {
    let _ = HELD.try_with(|held| {
        let now = change(held.get().0);
        held.set((now, held.get().1.max(now)));
    });
}

// SAFETY: every call goes to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(|held| held.saturating_add(layout.size()));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(|held| held.saturating_sub(layout.size()));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(at, layout) }
    }
}

/// The most that was held at once beyond what is held now, while `work` ran.
fn most_held(work: impl FnOnce()) -> usize {
    let before = HELD.with(|held| {
        let now = held.get().0;
        held.set((now, now));
        now
    });
    work();
    HELD.with(|held| held.get().1 - before)
}

/// Octets a piece, as a connection brings them.
const PIECE: usize = 8 * 1024;
const ONE_MIB: usize = 1024 * 1024;

/// A client that hears `endless` behind a beginning, until its session ends; what it says is dropped.
fn client(config: ClientConfig, beginning: &[&str], endless: &str, total: usize) -> usize {
    let piece = endless.repeat(PIECE.div_ceil(endless.len()));
    most_held(|| {
        let mut session = ClientSession::new(config, tick(0));
        let mut out = Vec::new();
        let mut mail = Some(mail(&["a", "b"]));
        for heard in beginning.iter().copied().chain(std::iter::repeat_n(&*piece, total / piece.len())) {
            let _ = session.handle_bytes(tick(0), heard.as_bytes());
            if session.can_send()
                && let Some(mail) = mail.take()
            {
                session.send(tick(0), mail).expect("it can");
            }
            while session.poll_transmit(tick(0), &mut out) == Some(posthaste_smtp::Transmit::Octets) {
                out.clear();
            }
            while session.poll_event().is_some() {}
        }
    })
}

fn server(config: ServerConfig, beginning: &str, endless: &str, total: usize) -> usize {
    let piece = endless.repeat(PIECE.div_ceil(endless.len()));
    most_held(|| {
        let mut session = ServerSession::new(config, tick(0));
        let mut out = Vec::new();
        for heard in ["", beginning].into_iter().chain(std::iter::repeat_n(&*piece, total / piece.len())) {
            let _ = session.handle_bytes(tick(0), heard.as_bytes());
            while let Some(event) = session.poll_event() {
                if event.is_question() {
                    session.answer(tick(0), usual_rule(&event)).expect("it fits");
                }
            }
            session.poll_transmit(&mut out);
            out.clear();
        }
    })
}

/// A reply is at most 64 KiB, and is read into one buffer that doubles; lines of it are kept for the reply.
#[test]
fn clients_hold_one_reply() {
    let settings = || client_config().with_pipelining(Pipelining::NextEnvelope);
    let floods = ["2", "220-more\r\n", "220-\r\n", "250 ok\r\n", "354 go\r\n", "421 no\r\n", "\n", "\0"];
    let beginnings: [&[&str]; 4] = [
        &[],
        &["220 a\r\n"],
        &["220 a\r\n", "250-a\r\n250-CHUNKING\r\n250 PIPELINING\r\n"],
        &["220 a\r\n", "250 a\r\n", "250 ok\r\n"],
    ];
    for flood in floods {
        for beginning in beginnings {
            let (little, much) = (ONE_MIB, 4 * ONE_MIB);
            let held = client(settings(), beginning, flood, little);
            assert!(held <= 192 * 1024, "{flood:?} behind {beginning:?}: {held}");
            assert_eq!(client(settings(), beginning, flood, much), held, "{flood:?} behind {beginning:?}");
        }
    }
}

/// A server holds one line besides the piece that was just read; of content it passes each piece on.
#[test]
fn servers_hold_one_line() {
    let mail = "EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<a@example.org>\r\n";
    let floods: [(&str, &str); 12] = [
        ("", "x"),
        ("EHLO a\r\nAUTH PLAIN\r\n", "x"),
        ("EHLO a\r\nAUTH PLAIN ", "x"),
        ("", "NOOP\r\n"),
        ("EHLO a\r\n", "MAIL FROM:<>\r\n"),
        (mail, "RCPT TO:<b@example.org>\r\n"),
        (&format!("{mail}DATA\r\n"), "line\r\n"),
        (&format!("{mail}DATA\r\n"), "x"),
        (&format!("{mail}DATA\r\n"), "\r\n..\r\n"),
        (&format!("{mail}BDAT 99999999999 LAST\r\n"), "x\r\n"),
        (mail, "BDAT 0\r\n"),
        ("", "\0"),
    ];
    for (beginning, flood) in floods {
        let config = || {
            let mut config = server_config();
            config.auth = AuthOffer::Anywhere;
            config
        };
        let held = server(config(), beginning, flood, ONE_MIB);
        assert!(held <= 128 * 1024, "{flood:?} behind {beginning:?}: {held}");
        assert_eq!(server(config(), beginning, flood, 8 * ONE_MIB), held, "{flood:?} behind {beginning:?}");
    }
}
