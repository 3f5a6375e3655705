//! The sender's process: a Mailer on a spool in a file, that may be killed anywhere.
//!
//! Each time, it sends all mails again under their keys: first those that were never acknowledged, one after the
//! other, and beside them the others, which must be known already.

use std::io::BufRead;
use std::time::Duration;

use posthaste::mx::RelayConfig;
use posthaste::{EventId, EventKind, Mailer, Outgoing, Relay, Settings, Sqlite};
use tokio::sync::oneshot;

use crate::mail;
use crate::other::{say, variable};

/// The variables: the file of the spool, the receiver's port, and the first mail that was not acknowledged.
pub(crate) const SPOOL: &str = "POSTHASTE_TEST_SPOOL";
pub(crate) const PORT: &str = "POSTHASTE_TEST_PORT";
pub(crate) const FIRST: &str = "POSTHASTE_TEST_FIRST";

/// The most attempts at once, and the most connections.
pub(crate) const AT_ONCE: usize = 8;

/// Plays the sender: to the end of all mails, until it is told to stop, or until it is killed.
pub(crate) async fn run() {
    let first = variable(FIRST).parse().unwrap();
    let mailer = start().await;
    say("open");
    let follow = tokio::spawn(follow(mailer.clone()));
    let work = async {
        tokio::join!(send(&mailer, first), send_again(&mailer, first), all_ended(&mailer));
    };
    tokio::select! {
        () = work => {}
        _ = told_to_stop() => {}
    }
    say("stopping");
    let stopped = mailer.stop().await;
    follow.abort();
    say(format!("stopped {}", stopped.waiting));
}

async fn start() -> Mailer {
    let mut config = RelayConfig::from_url(&format!("smtp://127.0.0.1:{}", variable(PORT))).unwrap();
    config.pool.connections = AT_ONCE;
    let mut settings = Settings::default();
    settings.schedule.delays = vec![Duration::from_secs(1)];
    settings.schedule.jitter_permille = 0;
    settings.scheduler.max_attempts_per_site = AT_ONCE;
    Mailer::builder()
        .spool(Sqlite::open(variable(SPOOL)).unwrap())
        .transport(Relay::with_config(config).unwrap())
        .return_path("bounces.news.example.com")
        .settings(settings)
        .start()
        .await
        .unwrap()
}

async fn send(mailer: &Mailer, first: usize) {
    for number in first..mail::TOTAL {
        mailer.send(mail::message(number)).once(mail::key(number)).tag("number", number).await.unwrap();
        say(format!("acknowledged {number}"));
    }
}

async fn send_again(mailer: &Mailer, first: usize) {
    let again = |number| Outgoing::new(mail::message(number)).once(mail::key(number)).tag("number", number);
    let mut results = mailer.send_all((0..first).map(again));
    while let Some(result) = results.next().await {
        assert!(result.unwrap().is_replay(), "it was acknowledged, and is not known");
    }
}

/// Tells what was committed, as soon as it is known: these are points to be killed at.
async fn follow(mailer: Mailer) {
    let mut events = mailer.watch().open();
    while let Some(Ok(event)) = events.next().await {
        match event.kind {
            EventKind::Ended { .. } | EventKind::Deferred { .. } => say("settled"),
            _ => {}
        }
    }
}

async fn all_ended(mailer: &Mailer) {
    let mut ends = mailer.events(EventId::START).finals().open();
    for _ in mail::all_recipients() {
        ends.next().await.unwrap();
    }
}

async fn told_to_stop() -> Result<(), oneshot::error::RecvError> {
    let (tell, told) = oneshot::channel();
    std::thread::spawn(move || {
        // Also if the test is gone.
        let _ = std::io::stdin().lock().lines().next();
        let _ = tell.send(());
    });
    told.await
}
