//! The life of a mail, on memory ports and virtual time.

use std::time::Duration;

use posthaste_engine::{Audience, Mailer, Outgoing, Prepared, SendErrorKind, Settings, StreamPolicy};
use posthaste_message::Message;
use posthaste_testkit::{TestInbox, TestMailer, mailer};
use posthaste_types::{EventId, EventKind, Fate, Repeat, Standing, StreamName};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

fn message(to: &str) -> Message {
    Message::builder()
        .from("Ada <ada@news.example.com>")
        .to(to)
        .subject("Your order")
        .text("It is on its way.")
        .build()
        .expect("a message")
}

/// All events of a Mailer so far, as `kind` or `kind fate`.
async fn story(mailer: &Mailer) -> Vec<String> {
    let mut events = mailer.events(EventId::START).open();
    let mut story = Vec::new();
    while let Some(event) = events.try_next().await.expect("events") {
        story.push(match &event.kind {
            EventKind::Ended { ending } => format!("ended {}", ending.fate),
            EventKind::Attempted { number, repeat: Repeat::AfterDoubt } => format!("attempted {number}, may duplicate"),
            EventKind::Attempted { number, .. } => format!("attempted {number}"),
            other => serde_json::to_value(other).expect("json")["kind"].as_str().expect("kind").to_owned(),
        });
    }
    story
}

async fn fate(mailer: &Mailer, inbox: &TestInbox, to: &str) -> Fate {
    let receipt = mailer.send(message(to)).await.expect("accepted");
    inbox.advance(120 * HOUR).await;
    receipt.settled().await.expect("standings").iter().next().expect("one").standing.fate().expect("ended")
}

#[tokio::test]
async fn accepted_mail_is_delivered() {
    let (mailer, inbox) = mailer().await;
    let receipt = mailer.send(message("bob@example.org")).await.expect("accepted");
    let standings = receipt.settled().await.expect("standings");
    assert!(standings.all_delivered());
    assert!(standings.to_string().starts_with("bob@example.org: delivered after "), "{standings}");
    assert_eq!(inbox.one_to("bob@example.org").subject(), "Your order");
    assert_eq!(story(&mailer).await, ["accepted", "attempted 1", "ended delivered"]);
}

#[tokio::test]
async fn an_unknown_user_is_told_at_once_and_suppressed() {
    let (mailer, inbox) = mailer().await;
    inbox.refuse("bob@example.org", "550 5.1.1 no such user");
    let receipt = mailer.send(message("bob@example.org")).await.expect("accepted");
    let standings = receipt.first_answers(Duration::from_secs(5)).await.expect("standings");
    let refused = standings.refused().expect("refused");
    assert_eq!(refused.standing.fate(), Some(Fate::Bounced));
    assert!(refused.advice().as_str().contains("550 5.1.1 no such user"), "{}", refused.advice());

    let again = mailer.send(message("Bob@Example.org")).await.expect("accepted");
    let standings = again.standings().await.expect("standings");
    assert_eq!(standings.iter().next().expect("one").standing.fate(), Some(Fate::Suppressed));
    assert!(standings.to_string().contains("no such user"), "{standings}");
    inbox.assert_empty();
}

#[tokio::test]
async fn a_deferral_waits_for_the_schedule() {
    let (mailer, inbox) = mailer().await;
    inbox.defer("bob@example.org", "451 4.7.1 greylisted", 2);
    let receipt = mailer.send(message("bob@example.org")).await.expect("accepted");
    let first = receipt.first_answers(MINUTE).await.expect("standings");
    let waiting = first.to_string();
    assert!(waiting.contains("deferred, waits for its next retry after 1 attempts"), "{waiting}");
    assert!(waiting.contains("451 4.7.1 greylisted"), "{waiting}");
    inbox.advance(3 * MINUTE).await;
    inbox.assert_empty();
    inbox.advance(25 * MINUTE).await;
    assert!(receipt.settled().await.expect("standings").all_delivered());
    let expected = ["accepted", "attempted 1", "deferred", "attempted 2", "deferred", "attempted 3", "ended delivered"];
    assert_eq!(story(&mailer).await, expected);
}

#[tokio::test]
async fn a_lost_answer_is_in_doubt_and_marked() {
    let (mailer, inbox) = mailer().await;
    inbox.lose_answer("bob@example.org");
    let receipt = mailer.send(message("bob@example.org")).await.expect("accepted");
    inbox.advance(HOUR).await;
    assert!(receipt.settled().await.expect("standings").all_delivered());
    let both = inbox.all_to("bob@example.org");
    assert_eq!(both.len(), 2);
    assert_eq!(both[0].octets(), both[1].octets(), "the same octets, Message-ID included");
    assert_eq!(both[0].received().from, both[1].received().from, "the same return path");
    let expected = ["accepted", "attempted 1", "in_doubt", "attempted 2, may duplicate", "ended delivered"];
    assert_eq!(story(&mailer).await, expected);
}

#[tokio::test]
async fn endless_deferral_expires() {
    let (mailer, inbox) = mailer().await;
    inbox.defer("bob@example.org", "452 4.2.2 full", 1000);
    assert_eq!(fate(&mailer, &inbox, "bob@example.org").await, Fate::Expired);
    let attempts = story(&mailer).await.iter().filter(|line| line.starts_with("attempted")).count();
    assert!((20..60).contains(&attempts), "{attempts} attempts in four days");
}

#[tokio::test]
async fn a_hanging_peer_costs_one_attempt() {
    let (mailer, inbox) = mailer().await;
    inbox.hang("bob@example.org");
    assert_eq!(fate(&mailer, &inbox, "bob@example.org").await, Fate::Delivered);
}

#[tokio::test]
async fn a_wrong_credential_bounces_nobody() {
    let (mailer, inbox) = mailer().await;
    inbox.refuse_credential("bob@example.org");
    let receipt = mailer.send(message("bob@example.org")).await.expect("accepted");
    inbox.advance(Duration::from_secs(1)).await;
    assert!(story(&mailer).await.contains(&"route_held".to_owned()));
    inbox.advance(HOUR).await;
    assert!(receipt.settled().await.expect("standings").all_delivered());
}

/// What is said of a mail belongs to it: the same key with other words is another mail. Times are counted anew with each
/// call, and do not.
#[tokio::test]
async fn the_same_key_with_other_options_is_another_mail() {
    let (mailer, inbox) = mailer().await;
    let bob = || message("bob@example.org");
    let first = mailer.send(bob()).once("order/1").tag("order", 1).await.expect("accepted");
    inbox.advance(Duration::from_secs(5)).await;
    let again = mailer.send(bob()).once("order/1").tag("order", 1).send_at(mailer.now()).expire_after(HOUR);
    assert_eq!(again.await.expect("replayed").id(), first.id());
    let reused = SendErrorKind::KeyReused { mail: first.id() };
    for other in [
        mailer.send(bob()).once("order/1"),
        mailer.send(bob()).once("order/1").tag("order", 2),
        mailer.send(bob()).once("order/1").tag("order", 1).priority(9),
        mailer.send(bob()).once("order/1").tag("order", 1).campaign("spring"),
        mailer.send(bob()).once("order/1").tag("order", 1).list("news"),
    ] {
        assert_eq!(other.await.expect_err("another mail").kind(), &reused);
    }
    let mine = mailer.send(bob()).once("order/1").tag("order", 1).tenant("acme").await.expect("accepted");
    assert_ne!(mine.id(), first.id(), "a tenant has keys of his own");
}

#[tokio::test]
async fn the_same_key_sends_once() {
    let (mailer, inbox) = mailer().await;
    let first = mailer.send(message("bob@example.org")).once("order/1").await.expect("accepted");
    let second = mailer.send(message("bob@example.org")).once("order/1").await.expect("replayed");
    assert_eq!(first.id(), second.id());
    assert!(!first.is_replay() && second.is_replay());
    inbox.settle().await;
    assert_eq!(inbox.all().len(), 1);

    let other = mailer.send(message("eve@example.org")).once("order/1").await.expect_err("another mail");
    assert_eq!(other.kind(), &SendErrorKind::KeyReused { mail: first.id() });
}

#[tokio::test]
async fn concurrent_twins_are_one_mail() {
    let (mailer, inbox) = mailer().await;
    let twin = || async { mailer.send(message("bob@example.org")).once("order/1").await.expect("accepted").id() };
    let (a, b) = tokio::join!(twin(), twin());
    assert_eq!(a, b);
    inbox.settle().await;
    assert_eq!(inbox.all().len(), 1);
}

#[tokio::test]
async fn prepared_mail_goes_through_the_application_and_back() {
    let (mailer, inbox) = mailer().await;
    let prepared =
        mailer.prepare(message("bob@example.org")).once("receipt/1").tag("order", 1).await.expect("prepared");
    inbox.settle().await;
    inbox.assert_empty();
    let read = Prepared::from_bytes(&prepared.to_bytes()).expect("read again");
    assert_eq!(read, prepared);
    let first = mailer.send_prepared(read.clone()).await.expect("accepted");
    let second = mailer.send_prepared(read).await.expect("replayed");
    assert_eq!(first.id(), second.id());
    inbox.settle().await;
    assert_eq!(inbox.all().len(), 1);
}

#[tokio::test]
async fn damaged_prepared_mail_is_refused() {
    let (mailer, _inbox) = mailer().await;
    let bytes = mailer.prepare(message("bob@example.org")).await.expect("prepared").to_bytes();
    for cut in 0..bytes.len() {
        let _ = Prepared::from_bytes(&bytes[..cut]); // no panic
    }
    assert!(Prepared::from_bytes(&bytes[..40]).is_err());
    assert!(Prepared::from_bytes(b"posthaste prepared 2\n").is_err());
}

#[tokio::test]
async fn send_at_waits_for_its_time() {
    let (mailer, inbox) = mailer().await;
    let at = mailer.now().saturating_add(2 * HOUR);
    let receipt = mailer.send(message("bob@example.org")).send_at(at).await.expect("accepted");
    inbox.advance(HOUR).await;
    inbox.assert_empty();
    let standing = receipt.standings().await.expect("standings").to_string();
    assert!(standing.contains("queued, waits for its time"), "{standing}");
    inbox.advance(HOUR + MINUTE).await;
    assert!(receipt.settled().await.expect("standings").all_delivered());
}

#[tokio::test]
async fn expire_after_is_the_mails_own() {
    let (mailer, inbox) = mailer().await;
    inbox.defer("bob@example.org", "451 4.3.0 later", 100);
    let receipt = mailer.send(message("bob@example.org")).expire_after(10 * MINUTE).await.expect("accepted");
    inbox.advance(HOUR).await;
    let standings = receipt.settled().await.expect("standings");
    assert_eq!(standings.refused().expect("one").standing.fate(), Some(Fate::Expired));
}

#[tokio::test]
async fn cancelled_mail_is_not_tried() {
    let (mailer, inbox) = mailer().await;
    inbox.defer("bob@example.org", "451 4.3.0 later", 100);
    let receipt = mailer.send(message("bob@example.org")).await.expect("accepted");
    inbox.settle().await;
    let standings = mailer.cancel(receipt.id()).await.expect("cancelled").expect("known");
    assert_eq!(standings.iter().next().expect("one").standing.fate(), Some(Fate::Cancelled));
    inbox.advance(100 * HOUR).await;
    inbox.assert_empty();
    let attempts = story(&mailer).await.iter().filter(|line| line.starts_with("attempted")).count();
    assert_eq!(attempts, 1);
}

#[tokio::test]
async fn the_audience_is_asked_last() {
    let only = Audience::Only { addresses: vec!["ada@example.org".parse().expect("address")], domains: vec![] };
    let (mailer, inbox) = TestMailer::new().with(|m| m.audience(only)).start().await.expect("started");
    let both = Message::builder()
        .from("ada@news.example.com")
        .to("ada@example.org")
        .to("bob@example.org")
        .text("hello")
        .build()
        .expect("a message");
    let receipt = mailer.send(both).await.expect("accepted");
    let standings = receipt.settled().await.expect("standings");
    let fates: Vec<_> = standings.iter().map(|one| one.standing.fate()).collect();
    assert_eq!(fates, [Some(Fate::Delivered), Some(Fate::Withheld)]);
    assert_eq!(inbox.all().len(), 1);
    assert!(inbox.all_to("bob@example.org").is_empty());
}

#[tokio::test]
async fn a_redirected_audience_gets_everything() {
    let to = Audience::Redirect("qa@example.com".parse().expect("address"));
    let (mailer, inbox) = TestMailer::new().with(|m| m.audience(to)).start().await.expect("started");
    inbox.refuse("qa@example.com", "550 5.1.1 no such user");
    assert_eq!(fate(&mailer, &inbox, "bob@example.org").await, Fate::Withheld);
    // What the stand-in answered never touches the recipient.
    let receipt = mailer.send(message("bob@example.org")).await.expect("accepted");
    let standing = receipt.standings().await.expect("standings");
    assert_ne!(standing.iter().next().expect("one").standing.fate(), Some(Fate::Suppressed));
}

#[tokio::test]
async fn send_all_gives_a_result_each() {
    let (mailer, inbox) = mailer().await;
    let mails = (0..150).map(|i| {
        let stream = if i == 70 { "nowhere" } else { "default" };
        Outgoing::new(message(&format!("r{i}@example.org"))).once(format!("m/{i}")).stream(stream)
    });
    let mut results = mailer.send_all(mails);
    let mut good = 0;
    for i in 0..150 {
        match results.next().await.expect("a result each") {
            Ok(_) => good += 1,
            Err(error) => assert_eq!((i, error.kind()), (70, &SendErrorKind::UnknownStream)),
        }
    }
    assert!(results.next().await.is_none());
    inbox.advance(MINUTE).await;
    assert_eq!((good, inbox.all().len()), (149, 149));
}

#[tokio::test]
async fn a_bulk_stream_needs_a_way_out() {
    let weekly = StreamName::from_static("weekly");
    let (mailer, _inbox) =
        TestMailer::new().with(|m| m.stream(weekly, StreamPolicy::bulk())).start().await.expect("started");
    let error = mailer.send(message("bob@example.org")).stream("weekly").await.expect_err("no way out");
    assert_eq!(error.kind(), &SendErrorKind::NoWayOut);
    let message = Message::builder()
        .from("ada@news.example.com")
        .to("bob@example.org")
        .text("news")
        .one_click("https://news.example.com/u/1")
        .build()
        .expect("a message");
    mailer.send(message).stream("weekly").await.expect("accepted");
}

#[tokio::test]
async fn limits_have_names() {
    let mut settings = Settings::default();
    settings.max_recipients = 2;
    settings.max_size = 2000;
    let (mailer, inbox) = TestMailer::new().with(|m| m.settings(settings)).start().await.expect("started");
    let three = Message::builder()
        .from("ada@news.example.com")
        .to("a@example.org")
        .to("b@example.org")
        .bcc("c@example.org")
        .text("x")
        .build()
        .expect("a message");
    let error = mailer.send(three).await.expect_err("too many");
    assert_eq!(error.kind(), &SendErrorKind::TooManyRecipients { limit: 2 });
    assert!(error.to_string().contains("recipients: 3, the limit is 2"), "{error}");
    let large =
        Message::builder().from("ada@news.example.com").to("a@example.org").text("x ".repeat(2000)).build().expect("m");
    let error = mailer.send(large).await.expect_err("too large");
    assert_eq!(error.kind(), &SendErrorKind::TooLarge { limit: 2000 });
    let error = mailer.send(message("a@example.org")).tag("key", "a\r\nb").await.expect_err("a line end");
    assert_eq!(error.kind(), &SendErrorKind::Invalid);
    inbox.settle().await;
    inbox.assert_empty();
}

#[tokio::test]
async fn a_clock_set_ahead_causes_no_burst() {
    let (mailer, inbox) = mailer().await;
    inbox.defer("bob@example.org", "451 4.3.0 later", 1);
    let receipt = mailer.send(message("bob@example.org")).await.expect("accepted");
    inbox.settle().await;
    inbox.clock().jump_wall(5 * HOUR);
    inbox.advance(2 * MINUTE).await;
    inbox.assert_empty();
    inbox.advance(10 * MINUTE).await;
    assert!(receipt.settled().await.expect("standings").all_delivered());
}

#[tokio::test]
async fn a_clock_set_back_starves_nobody() {
    let (mailer, inbox) = mailer().await;
    inbox.defer("bob@example.org", "451 4.3.0 later", 1);
    let receipt = mailer.send(message("bob@example.org")).await.expect("accepted");
    inbox.settle().await;
    inbox.clock().jump_wall_back(5 * HOUR);
    inbox.advance(10 * MINUTE).await;
    assert!(receipt.settled().await.expect("standings").all_delivered());
}

#[tokio::test]
async fn nothing_is_accepted_behind_a_stop() {
    let (mailer, inbox) = mailer().await;
    inbox.defer("bob@example.org", "451 4.3.0 later", 1);
    mailer.send(message("bob@example.org")).await.expect("accepted");
    inbox.settle().await;
    let stopped = mailer.stop().await;
    assert_eq!(stopped.waiting, 1);
    let error = mailer.send(message("bob@example.org")).await.expect_err("stopped");
    assert_eq!(error.kind(), &SendErrorKind::Stopped);
}

#[tokio::test]
async fn live_events_follow_what_happens() {
    let (mailer, _inbox) = mailer().await;
    let mut finals = mailer.watch().finals().tag("order", "7").open();
    mailer.send(message("eve@example.org")).await.expect("accepted");
    let receipt = mailer.send(message("bob@example.org")).tag("order", 7).await.expect("accepted");
    let event = finals.next().await.expect("open").expect("in time");
    assert_eq!(event.mail, Some(receipt.id()));
    assert!(matches!(&event.kind, EventKind::Ended { ending } if ending.fate == Fate::Delivered));
}

#[tokio::test]
async fn each_recipient_has_a_fate_of_its_own() {
    let (mailer, inbox) = mailer().await;
    inbox.refuse("b@example.org", "550 5.1.1 no such user");
    inbox.defer("c@example.org", "451 4.7.1 greylisted", 1);
    let three = Message::builder()
        .from("ada@news.example.com")
        .to("a@example.org")
        .to("b@example.org")
        .to("c@example.org")
        .text("hello")
        .build()
        .expect("a message");
    let receipt = mailer.send(three).await.expect("accepted");
    inbox.settle().await;
    let now = receipt.standings().await.expect("standings");
    let fates: Vec<_> = now.iter().map(|one| one.standing.fate()).collect();
    assert_eq!(fates, [Some(Fate::Delivered), Some(Fate::Bounced), None]);
    assert!(matches!(now.iter().nth(2).expect("three").standing, Standing::Waiting(_)));
    inbox.advance(HOUR).await;
    assert_eq!(inbox.all_to("c@example.org").len(), 1);
    assert_eq!(inbox.all_to("a@example.org").len(), 1);
}

#[tokio::test]
async fn what_ended_long_ago_is_forgotten() {
    let (mailer, inbox) = mailer().await;
    let old = mailer.send(message("bob@example.org")).await.expect("accepted");
    inbox.advance(34 * 24 * HOUR).await;
    assert!(mailer.receipt(old.id()).await.expect("an answer").is_some());
    let new = mailer.send(message("eve@example.org")).await.expect("accepted");
    inbox.advance(2 * 24 * HOUR).await;
    assert!(mailer.receipt(old.id()).await.expect("an answer").is_none());
    assert!(mailer.receipt(new.id()).await.expect("an answer").is_some());
    let first = mailer.events(EventId::START).open().try_next().await.expect("events").expect("one");
    assert_eq!(first.mail, Some(new.id()), "its events went with it");
}

#[tokio::test]
async fn a_code_outlives_greylisting() {
    let codes = StreamName::from_static("codes");
    let (mailer, inbox) =
        TestMailer::new().with(|m| m.stream(codes, StreamPolicy::codes())).start().await.expect("started");
    inbox.defer("bob@example.org", "451 4.7.1 greylisted for five minutes", 3);
    let receipt = mailer.send(message("bob@example.org")).stream("codes").await.expect("accepted");
    inbox.advance(15 * MINUTE).await;
    assert!(receipt.settled().await.expect("standings").all_delivered());
    assert_eq!(inbox.one_to("bob@example.org").subject(), "Your order");
}
