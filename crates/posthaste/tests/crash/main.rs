//! What a kill costs: nothing is lost, and only what was in doubt comes twice.
//!
//! A sender's process is killed (SIGKILL) thirty times on its way through a thousand mails, at random points, and
//! started again on the same spool each time. The receiver is a process of its own, which is not killed, and the test
//! judges by its log.
//!
//! The points follow the progress of the two, never a time: so many lines that they say. The seed of the run is
//! printed; `POSTHASTE_TEST_SEED` repeats its choices, though not the order in which two processes run.

#![cfg(all(unix, feature = "engine", feature = "mx", feature = "sqlite"))]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod judge;
mod mail;
#[path = "../other/mod.rs"]
mod other;
mod receiver;
mod sender;

use std::hash::{BuildHasher, RandomState};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use judge::{Log, Story};
use other::Other;

const KILLS: usize = 30;
const SIGKILL: i32 = 9;
/// Nothing in the run takes nearly so long; a Mailer that forgot something looks for it after a minute.
const PATIENCE: Duration = Duration::from_secs(40);
/// What the two say on their way, roughly: each mail is acknowledged, received and settled.
const LINES: usize = 3 * mail::TOTAL;

/// Plays the other processes; alone it has no role, and shows nothing.
#[test]
fn the_other_process() {
    let Some(role) = other::role() else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    match role.as_str() {
        "receiver" => runtime.block_on(receiver::run()),
        "sender" => runtime.block_on(sender::run()),
        other => panic!("no such role: {other}"),
    }
}

#[test]
fn a_thousand_mails_and_thirty_kills() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = Run::start(folder.path());
    while run.kills < KILLS {
        if run.kills == KILLS / 2 && !run.stopped {
            run.stop_on_the_way();
        }
        run.kill_on_the_way();
    }
    run.live_to_the_end();
    run.live_to_the_end();
    let Run { log, spool, receiver, .. } = run;
    receiver.wait();

    let recipients: Vec<String> = mail::all_recipients().collect();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let story = runtime.block_on(Story::read(&spool));
    let mut log = Log::parse(&std::fs::read_to_string(log).unwrap());
    let faults = [story.faults(mail::TOTAL, &recipients), log.faults(&recipients, &story.doubts)].concat();
    let kills: Vec<String> = log.kills().map(|kill| format!("{}/{}", kill.again, kill.cut)).collect();
    println!("messages that came again / connections open, by kill: {}", kills.join(" "));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(kills.len(), KILLS);
    assert!(log.kills().any(|kill| kill.again > 0), "no kill met a message whose result was not committed");
    assert_eq!(log.received_in_last_life(), 0, "everything had ended, and was sent again under its key");
}

/// What a process said.
#[derive(Debug)]
enum Said {
    Receiver(String),
    Sender(String),
    /// The sender's process has ended, and said no more.
    SenderEnded,
}

struct Run {
    random: u64,
    log: PathBuf,
    spool: PathBuf,
    receiver: Other,
    port: String,
    said: mpsc::Receiver<Said>,
    saying: mpsc::Sender<Said>,
    /// The first mail that was not acknowledged.
    first: usize,
    /// Lines of progress that were heard.
    lines: usize,
    kills: usize,
    /// Whether it was stopped once on the way.
    stopped: bool,
    /// Whether the sender's last word was heard.
    ended: bool,
}

impl Run {
    fn start(folder: &Path) -> Self {
        let seed = std::env::var("POSTHASTE_TEST_SEED").map(|seed| seed.parse().unwrap());
        let seed = seed.unwrap_or_else(|_| RandomState::new().hash_one(0));
        println!("POSTHASTE_TEST_SEED={seed}");
        let (log, spool) = (folder.join("received.log"), folder.join("mail.db"));
        let mut receiver = Other::start("receiver", &[(receiver::LOG, log.to_str().unwrap())]);
        let port = receiver.says().unwrap().strip_prefix("listening ").unwrap().to_owned();
        let (saying, said) = mpsc::channel();
        let (lines, tell) = (receiver.take_lines(), saying.clone());
        std::thread::spawn(move || {
            for line in lines {
                let _ = tell.send(Said::Receiver(line));
            }
        });
        Self {
            random: seed,
            log,
            spool,
            receiver,
            port,
            said,
            saying,
            first: 0,
            lines: 0,
            kills: 0,
            stopped: false,
            ended: false,
        }
    }

    fn sender(&mut self) -> Other {
        self.ended = false;
        let first = self.first.to_string();
        let variables =
            [(sender::SPOOL, self.spool.to_str().unwrap()), (sender::PORT, &self.port), (sender::FIRST, &first)];
        let mut sender = Other::start("sender", &variables);
        let (lines, tell) = (sender.take_lines(), self.saying.clone());
        std::thread::spawn(move || {
            for line in lines {
                let _ = tell.send(Said::Sender(line));
            }
            let _ = tell.send(Said::SenderEnded);
        });
        sender
    }

    /// Kills the sender at a random point, so chosen that thirty of them are spread over the whole run: behind so many
    /// lines, or one line into its stop, or as soon as it has opened its spool.
    fn kill_on_the_way(&mut self) {
        let mut sender = self.sender();
        match self.random() % 10 {
            0 => self.hear_until(|said| matches!(said, Said::Sender(line) if line == "open")),
            1 => {
                self.hear_some();
                sender.tell("stop");
                self.hear_until(|said| matches!(said, Said::Sender(line) if line == "stopping"));
                let more = self.random() % 8;
                self.hear(more);
            }
            _ => self.hear_some(),
        }
        let status = sender.kill();
        if status.signal() == Some(SIGKILL) {
            self.kills += 1;
            self.end("kill");
        } else {
            assert!(status.success(), "the sender: {status}");
            self.end("stop");
        }
    }

    /// Lets the sender stop by itself, with mail left to send.
    fn stop_on_the_way(&mut self) {
        let mut sender = self.sender();
        self.stopped = true;
        self.hear_some();
        sender.tell("stop");
        sender.wait();
        self.end("stop");
    }

    /// Lets the sender come to the end of all mails.
    fn live_to_the_end(&mut self) {
        let sender = self.sender();
        let mut stopped = None;
        self.hear_until(|said| {
            if let Said::Sender(line) = said {
                stopped = line.strip_prefix("stopped ").map(str::to_owned);
            }
            stopped.is_some()
        });
        assert_eq!(stopped.as_deref(), Some("0"), "mails that wait");
        sender.wait();
        self.end("stop");
        assert_eq!(self.first, mail::TOTAL);
    }

    /// Hears what is left to be heard of a sender that has ended, and has the receiver write the end down.
    fn end(&mut self, how: &str) {
        if !self.ended {
            self.hear_until(|said| matches!(said, Said::SenderEnded));
        }
        let end = format!("end {how}");
        self.receiver.tell(&end);
        self.hear_until(|said| matches!(said, Said::Receiver(line) if *line == end));
    }

    /// Hears as many lines as leave the same share of the run for each kill to come, on the average.
    fn hear_some(&mut self) {
        let left = (LINES - LINES / 20).saturating_sub(self.lines);
        let share = u64::try_from(left / (KILLS - self.kills).max(1)).unwrap();
        let some = self.random() % (2 * share).max(1);
        self.hear(some);
    }

    fn hear(&mut self, lines: u64) {
        let until = self.lines + usize::try_from(lines).unwrap();
        if lines > 0 {
            let mut heard = self.lines;
            self.hear_until(|said| {
                heard += usize::from(is_progress(said));
                heard >= until
            });
        }
    }

    fn hear_until(&mut self, mut enough: impl FnMut(&Said) -> bool) {
        loop {
            let said = self.said.recv_timeout(PATIENCE);
            let said = said.expect("nobody says anything: something that is due was forgotten");
            self.lines += usize::from(is_progress(&said));
            if let Said::Sender(line) = &said
                && let Some(number) = line.strip_prefix("acknowledged ")
            {
                assert_eq!(number, self.first.to_string(), "they are sent in order");
                self.first += 1;
            }
            self.ended |= matches!(said, Said::SenderEnded);
            if enough(&said) || self.ended {
                return;
            }
        }
    }

    /// SplitMix64.
    fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

fn is_progress(said: &Said) -> bool {
    match said {
        Said::Receiver(line) => line.starts_with("received "),
        Said::Sender(line) => line == "settled" || line.starts_with("acknowledged "),
        Said::SenderEnded => false,
    }
}
