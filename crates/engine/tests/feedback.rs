//! What comes back acts only with proof.

use posthaste_engine::{Audience, Mailer, Via};
use posthaste_message::Message;
use posthaste_testkit::{TestInbox, TestMailer, mailer, report};
use posthaste_types::{BounceClass, EventId, EventKind, Fate, Reply, ReversePath};

async fn sent(to: &[&str]) -> (Mailer, TestInbox) {
    let (mailer, inbox) = mailer().await;
    let mut message = Message::builder().from("Ada <ada@news.example.com>").subject("News").text("news");
    for to in to {
        message = message.to(*to);
    }
    mailer.send(message.build().expect("a message")).await.expect("accepted");
    inbox.settle().await;
    (mailer, inbox)
}

async fn fate_of_next(mailer: &Mailer, inbox: &TestInbox, to: &str) -> Fate {
    let message = Message::builder().from("ada@news.example.com").to(to).text("again").build().expect("a message");
    let receipt = mailer.send(message).await.expect("accepted");
    inbox.settle().await;
    receipt.standings().await.expect("standings").iter().next().expect("one").standing.fate().expect("ended")
}

fn reply() -> Reply {
    Reply::new(550, "5.1.1 no such user").expect("a reply")
}

#[tokio::test]
async fn a_bounce_with_a_token_suppresses() {
    let (mailer, inbox) = sent(&["bob@example.org"]).await;
    let ingested = inbox.bounce_later("bob@example.org", "550 5.1.1 no such user").await;
    assert_eq!(ingested.unmatched, None);
    let [report] = ingested.reports.as_slice() else { panic!("{ingested:?}") };
    assert_eq!((report.recipient.as_str(), report.class), ("bob@example.org", BounceClass::BadMailbox));
    assert!(report.suppressed.is_some());
    assert_eq!(fate_of_next(&mailer, &inbox, "bob@example.org").await, Fate::Suppressed);
    // The mail had been delivered: the report is no second fate.
    let mut events = mailer.events(EventId::START).open();
    let mut returned = 0;
    let mut ended = 0;
    while let Some(event) = events.try_next().await.expect("events") {
        returned += usize::from(matches!(event.kind, EventKind::Returned { .. }));
        ended += usize::from(matches!(event.kind, EventKind::Ended { .. }));
    }
    assert_eq!((returned, ended), (1, 2));
}

#[tokio::test]
async fn a_complaint_suppresses() {
    let (mailer, inbox) = sent(&["bob@example.org"]).await;
    let ingested = inbox.complain("bob@example.org").await;
    assert_eq!(ingested.reports.len(), 1, "{ingested:?}");
    assert_eq!(ingested.reports[0].class, BounceClass::Complaint);
    assert_eq!(fate_of_next(&mailer, &inbox, "bob@example.org").await, Fate::Suppressed);
}

#[tokio::test]
async fn one_of_several_recipients_is_found_by_its_address() {
    let (mailer, inbox) = sent(&["ada@example.org", "bob@example.org"]).await;
    let ingested = inbox.bounce_later("bob@example.org", "550 5.1.1 no such user").await;
    assert_eq!(ingested.reports.len(), 1, "{ingested:?}");
    assert_eq!(fate_of_next(&mailer, &inbox, "ada@example.org").await, Fate::Delivered);
    assert_eq!(fate_of_next(&mailer, &inbox, "bob@example.org").await, Fate::Suppressed);
}

#[tokio::test]
async fn a_message_id_that_is_known_is_proof() {
    let (mailer, inbox) = sent(&["bob@example.org"]).await;
    let mail = inbox.one_to("bob@example.org");
    let to = ReversePath::parse("<postmaster@example.com>").expect("a path");
    let bob = "bob@example.org".parse().expect("an address");
    let report = report::delivery_report(&to, &bob, &reply(), &mail.received().content);
    let ingested = mailer.ingest(&report, Via::mailbox()).await.expect("taken in");
    assert_eq!(ingested.reports.len(), 1, "{ingested:?}");
    assert_eq!(fate_of_next(&mailer, &inbox, "bob@example.org").await, Fate::Suppressed);
}

#[tokio::test]
async fn a_forged_report_does_nothing() {
    let (mailer, inbox) = sent(&["bob@example.org"]).await;
    let mail = inbox.one_to("bob@example.org");
    let genuine = mail.received().from.to_string();
    // Another character in the token, and a report about a message that nobody sent.
    let at = genuine.find('@').expect("an address") - 1;
    let other = if genuine.as_bytes()[at] == b'a' { "b" } else { "a" };
    let forged = format!("{}{other}{}", &genuine[..at], &genuine[at + 1..]);
    let forged = ReversePath::parse(&forged).expect("a path");
    let bob = "bob@example.org".parse().expect("an address");
    let unknown = posthaste_types::Content::from_canonical(
        b"From: ada@news.example.com\r\nMessage-ID: <1@nowhere.example>\r\n\r\nx\r\n".to_vec(),
    )
    .expect("content");
    let nobody = ReversePath::parse("<ada@news.example.com>").expect("a path");
    for (to, about) in [(&forged, &mail.received().content), (&nobody, &unknown)] {
        let report = report::delivery_report(to, &bob, &reply(), about);
        let via = to.address().cloned().map(Via::recipient).expect("an address");
        let ingested = mailer.ingest(&report, via).await.expect("taken in");
        assert!(ingested.reports.is_empty() && ingested.unmatched.is_some(), "{ingested:?}");
    }
    assert_eq!(fate_of_next(&mailer, &inbox, "bob@example.org").await, Fate::Delivered);
}

#[tokio::test]
async fn a_report_cannot_suppress_who_was_not_mailed() {
    let (mailer, inbox) = sent(&["bob@example.org", "eve@example.org"]).await;
    let mail = inbox.one_to("bob@example.org");
    let victim = "victim@example.net".parse().expect("an address");
    let report = report::delivery_report(&mail.received().from, &victim, &reply(), &mail.received().content);
    let via = mail.received().from.address().cloned().map(Via::recipient).expect("an address");
    let ingested = mailer.ingest(&report, via).await.expect("taken in");
    assert!(ingested.reports.is_empty(), "{ingested:?}");
    assert_eq!(fate_of_next(&mailer, &inbox, "victim@example.net").await, Fate::Delivered);
}

#[tokio::test]
async fn ordinary_mail_is_no_report() {
    let (mailer, _inbox) = sent(&["bob@example.org"]).await;
    let ingested = mailer.ingest(b"From: a@example.org\r\nSubject: hi\r\n\r\nhello\r\n", Via::mailbox()).await;
    assert!(ingested.expect("taken in").unmatched.is_some());
}

#[tokio::test]
async fn what_the_server_of_a_stand_in_reports_touches_nobody() {
    let audience = Audience::Redirect("qa@example.com".parse().expect("an address"));
    let (mailer, inbox) = TestMailer::new().with(|m| m.audience(audience)).start().await.expect("started");
    let message = Message::builder().from("ada@news.example.com").to("bob@example.org").text("news").build();
    let receipt = mailer.send(message.expect("a message")).await.expect("accepted");
    inbox.settle().await;
    let ingested = inbox.bounce_later("qa@example.com", "550 5.1.1 no such user").await;
    assert!(ingested.reports.is_empty() && ingested.unmatched.is_some(), "{ingested:?}");
    assert!(mailer.suppressed(None, 10).await.expect("a list").is_empty());
    let standings = receipt.standings().await.expect("standings");
    assert_eq!(standings.iter().next().expect("one").standing.fate(), Some(Fate::Withheld));
}

#[tokio::test]
async fn of_mails_with_one_message_id_the_one_to_the_named_recipient_is_meant() {
    let (mailer, inbox) = mailer().await;
    for to in ["ada@example.org", "bob@example.org", "eve@example.org"] {
        let message = Message::builder().from("news@news.example.com").to(to).text("news").message_id("1@example.com");
        mailer.send(message.build().expect("a message")).await.expect("accepted");
    }
    inbox.settle().await;
    let mail = inbox.one_to("bob@example.org");
    let to = ReversePath::parse("<postmaster@example.com>").expect("a path");
    let [bob, stranger] = ["bob@example.org", "x@example.net"].map(|to| to.parse().expect("an address"));
    let about = |who| report::delivery_report(&to, who, &reply(), &mail.received().content);
    let ingested = mailer.ingest(&about(&stranger), Via::mailbox()).await.expect("taken in");
    assert!(ingested.reports.is_empty(), "nobody is the only one: {ingested:?}");
    let ingested = mailer.ingest(&about(&bob), Via::mailbox()).await.expect("taken in");
    assert_eq!(ingested.reports.len(), 1, "{ingested:?}");
    for (to, fate) in [("ada@", Fate::Delivered), ("bob@", Fate::Suppressed), ("eve@", Fate::Delivered)] {
        assert_eq!(fate_of_next(&mailer, &inbox, &format!("{to}example.org")).await, fate, "{to}");
    }
}
