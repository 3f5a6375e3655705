//! Against programs that nobody here wrote: Postfix as server and as client, Dovecot, and the clients Exim, swaks, smtplib,
//! nodemailer, lettre, gsasl, `smtp-source`. What arrives is compared octet by octet.
//!
//! Needs Debian's `dovecot-lmtpd`, `gsasl`, `libsasl2-modules`, `node-nodemailer`, `postfix`, `python3`, `swaks`; Exim, unpacked
//! in `target/exim`, for Debian installs it in Postfix's place alone; and root for the servers and Exim. What is missing is
//! passed by with a line that says so, except where `CI=true`.

#![cfg(all(unix, feature = "mx"))]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod from_clients;
mod from_exim;
mod from_gsasl;
mod from_postfix;
#[path = "../real/mod.rs"]
mod real;
mod to_dovecot;
mod to_postfix;
mod to_postfix_auth;
mod to_postfix_tls;
mod to_sink;

use std::sync::{Arc, Mutex, PoisonError};

use posthaste::transport::{Direction, TraceSink};
use posthaste::{Attempt, Content, Envelope, Mail, MailId, Outcome, OutcomeKind, Outcomes, Recipient, Relay};

/// What a way of sending might change: dots, a line that looks like an mbox, 8-bit octets, the longest line, empty lines.
fn sample() -> Vec<u8> {
    let mut octets =
        b"Subject: octets\r\nX-Long: a\r\n\tb\r\n\r\n.\r\n..two\r\nFrom here\r\n8 bit: \xc3\xa9\r\n".to_vec();
    octets.extend([b'x'; 998]);
    octets.extend_from_slice(b"\r\n \t \r\n.x\r\n\r\n\r\n");
    octets
}

/// More than goes in one chunk.
fn large() -> Vec<u8> {
    [&b"Subject: large\r\n\r\n"[..], &b"..and a line that begins with dots\r\n".repeat(4000)].concat()
}

fn envelope(to: &[&str]) -> Envelope {
    let to = to.iter().map(|to| Recipient::new(to.parse().unwrap()));
    Envelope::new("ada@example.com".parse::<posthaste::Address>().unwrap(), to).unwrap()
}

fn mail(to: &[&str], octets: Vec<u8>) -> Mail {
    mail_in(envelope(to), octets)
}

fn mail_in(envelope: Envelope, octets: Vec<u8>) -> Mail {
    Mail::new(MailId::from_bytes([7; 16]), envelope, Content::from_canonical(octets).unwrap())
}

fn relay(url: &str) -> Relay {
    Relay::from_url(url).unwrap()
}

fn kinds(outcomes: &Outcomes) -> Vec<OutcomeKind> {
    outcomes.iter().map(Outcome::kind).collect()
}

fn all_accepted(outcomes: &Outcomes) -> bool {
    outcomes.iter().all(|outcome| outcome.kind() == OutcomeKind::Accepted)
}

/// Keeps the dialogue of an attempt.
#[derive(Clone, Debug, Default)]
struct Dialogue(Arc<Mutex<Vec<String>>>);

impl Dialogue {
    /// An attempt whose dialogue it keeps.
    fn of(&self, mail: &Mail) -> Attempt {
        Attempt::builder(mail.clone()).trace(Arc::new(self.clone())).build()
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The place of the first line that begins so.
    fn place(&self, begin: &str) -> Option<usize> {
        self.lines().iter().position(|line| line.starts_with(begin))
    }

    fn has(&self, begin: &str) -> bool {
        self.place(begin).is_some()
    }

    fn text(&self) -> String {
        self.lines().join("\n")
    }
}

impl TraceSink for Dialogue {
    fn line(&self, direction: Direction, line: &str) {
        let mark = match direction {
            Direction::Sent => "C",
            Direction::Received => "S",
            _ => "*",
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{mark}: {line}"));
    }
}

/// The header fields that a server put in front. Asserts that behind them `stored` is `sent`, octet by octet.
fn in_front<'a>(stored: &'a [u8], sent: &[u8]) -> std::borrow::Cow<'a, str> {
    let front = stored.strip_suffix(sent);
    let front = front.unwrap_or_else(|| panic!("changed:\n{}\nsent:\n{}", stored.escape_ascii(), sent.escape_ascii()));
    assert!(front.ends_with(b"\r\n"), "{}", front.escape_ascii());
    String::from_utf8_lossy(front)
}
