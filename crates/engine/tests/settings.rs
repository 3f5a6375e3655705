//! Settings that cannot be, and return paths that last.

use std::sync::Arc;
use std::time::Duration;

use posthaste_engine::{Mailer, Settings, StartErrorKind};
use posthaste_message::Message;
use posthaste_queue::MemorySpool;
use posthaste_testkit::{TestMailer, VirtualClock};
use posthaste_token::{KeyId, KeyRing, MasterSecret, ReturnPaths};
use posthaste_transport::Memory;
use posthaste_types::Timestamp;

#[tokio::test]
async fn settings_that_let_nothing_pass_are_refused() {
    type Change = fn(&mut Settings);
    let changes: [(&str, Change); 8] = [
        ("scheduler.max_attempts", |settings| settings.scheduler.max_attempts = 0),
        ("scheduler.max_attempts_per_site", |settings| settings.scheduler.max_attempts_per_site = 0),
        ("scheduler.max_ready", |settings| settings.scheduler.max_ready = 0),
        ("scheduler.max_ready_per_site", |settings| settings.scheduler.max_ready_per_site = 0),
        ("max_recipients", |settings| settings.max_recipients = 0),
        ("max_size", |settings| settings.max_size = 0),
        ("attempt_timeout", |settings| settings.attempt_timeout = Duration::ZERO),
        ("hold", |settings| settings.hold = Duration::from_millis(999)),
    ];
    for (name, change) in changes {
        let mut settings = Settings::default();
        change(&mut settings);
        let error = TestMailer::new().with(|m| m.settings(settings)).start().await.expect_err(name);
        assert_eq!(error.kind(), &StartErrorKind::Setting, "{name}");
        assert!(error.to_string().contains(&format!("setting {name}: ")), "{error}");
    }
}

/// Reports of mail that was sent long after it was accepted still count: a return path has an age.
#[tokio::test]
async fn a_return_path_counts_from_when_its_mail_may_leave() {
    let secret = || MasterSecret::from_bytes([7; 32]);
    let (mailer, inbox) = TestMailer::new().with(|m| m.secret(secret())).start().await.expect("started");
    let message = || {
        let message = Message::builder().from("ada@news.example.com").to("bob@example.org").text("Happy birthday");
        message.build().expect("a message")
    };
    let later = mailer.now().saturating_add(Duration::from_secs(90 * 86_400));
    let planned = mailer.prepare(message()).send_at(later).await.expect("prepared");
    let past = mailer.prepare(message()).send_at(Timestamp::default()).await.expect("prepared");

    let domain = "bounces.example.com".parse().expect("a domain");
    let paths = ReturnPaths::new(KeyRing::new(KeyId::new(0), secret()), domain, "b").expect("paths");
    for (prepared, leaves) in [(planned, later), (past, mailer.now())] {
        let path = prepared.mail().envelope().from().address().cloned().expect("a path");
        let comes_back = leaves.saturating_add(Duration::from_secs(20 * 86_400));
        let token = paths.read(&path, comes_back).expect("it counts").expect("one of ours");
        assert_eq!(token.mail, prepared.id());
        assert!(token.issued <= leaves && leaves.since(token.issued) < Duration::from_secs(86_400), "{token:?}");
    }
    inbox.settle().await;
    inbox.assert_empty();
}

/// A machine without a battery begins in 1970, and what is to be sent at a time would wait until a restart.
#[tokio::test]
async fn a_clock_that_is_not_set_is_told_at_the_start() {
    for (wall, starts) in [(0, false), (1_767_225_599, false), (1_767_225_600, true)] {
        let clock = Arc::new(VirtualClock::starting(Timestamp::from_unix_secs(wall)));
        let spool = MemorySpool::new();
        let builder = Mailer::builder().spool(spool).transport(Memory::new()).clock(clock);
        match builder.start().await {
            Ok(_) => assert!(starts, "{wall}"),
            Err(error) => {
                assert!(!starts, "{wall}: {error}");
                assert_eq!(error.kind(), &StartErrorKind::Clock);
                assert!(error.to_string().contains("Z, which is past: it is not set yet"), "{error}");
            }
        }
    }
}
