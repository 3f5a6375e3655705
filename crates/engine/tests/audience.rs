//! The audience: what a stand-in gets, and what the recipients end with.

use posthaste_engine::{Audience, Mailer};
use posthaste_message::Raw;
use posthaste_testkit::{TestInbox, TestMailer};
use posthaste_types::{Address, Ending, Envelope, Fate, RequireTls};

fn raw(to: &[&str]) -> Raw {
    let address = |text: &str| Address::parse(text).expect("an address");
    let envelope = Envelope::new(address("ada@news.example.com"), to.iter().map(|to| address(to))).expect("recipients");
    let octets = b"From: ada@news.example.com\r\nSubject: hi\r\nMessage-ID: <1@news.example.com>\r\n\
                   Date: Thu, 1 Jan 2026 12:00:00 +0000\r\n\r\nhello\r\n";
    Raw::new(envelope.with_require_tls(RequireTls::Yes), octets.to_vec()).expect("a message")
}

async fn with(audience: Audience) -> (Mailer, TestInbox) {
    TestMailer::new().with(|m| m.audience(audience)).start().await.expect("started")
}

async fn endings(mailer: &Mailer, inbox: &TestInbox, to: &[&str]) -> Vec<Ending> {
    let receipt = mailer.send(raw(to)).await.expect("accepted");
    inbox.settle().await;
    let standings = receipt.standings().await.expect("standings");
    standings.iter().map(|one| one.standing.ending().cloned().expect("ended")).collect()
}

#[tokio::test]
async fn a_stand_in_gets_one_mail_as_strictly_as_the_recipients_would() {
    let (mailer, inbox) = with(Audience::Redirect("qa@example.com".parse().expect("an address"))).await;
    let endings = endings(&mailer, &inbox, &["bob@example.org", "eve@example.org"]).await;
    assert!(endings.iter().all(|ending| (ending.fate, ending.attempts) == (Fate::Withheld, 1)), "{endings:?}");
    let mail = inbox.one_to("qa@example.com");
    let envelope = mail.received().mail.envelope();
    assert_eq!((envelope.to().len(), envelope.require_tls()), (1, RequireTls::Yes));
    assert_eq!(inbox.all().len(), 1);
}

#[tokio::test]
async fn who_is_withheld_was_not_tried() {
    let (mailer, inbox) = with(Audience::Capture).await;
    let endings = endings(&mailer, &inbox, &["bob@example.org"]).await;
    assert!(endings.iter().all(|ending| (ending.fate, ending.attempts) == (Fate::Withheld, 0)), "{endings:?}");
    inbox.assert_empty();
}
