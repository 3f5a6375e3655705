//! What Postfix sends back: its own delivery reports, by its own hand.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use posthaste::{
    Address, BounceClass, EventKind, Evidence, Fate, Ingested, LiveEvents, Mailer, Message, Relay, Sqlite, Standing,
    Via,
};
use posthaste_receive::{Handler, HandlerError, Incoming, Receiver, Session, Verdict, Verdicts};

use crate::instance::Postfix;

/// Takes what comes back for the Mailer, and mail for one domain besides.
#[derive(Debug, Default)]
struct Inbound {
    mailer: OnceLock<Mailer>,
    taken_in: Mutex<Vec<(Vec<u8>, Ingested)>>,
}

const BOUNCES: &str = "bounces.sender.test";
const PEOPLE: &str = "people.test";

#[async_trait]
impl Handler for Inbound {
    async fn recipient(&self, _: &Session, to: &Address) -> Verdict {
        if [BOUNCES, PEOPLE].contains(&to.domain().as_str()) { Verdict::Accept } else { Verdict::no_such_user() }
    }

    async fn message(&self, _: &Session, mail: Incoming<'_>) -> Result<Verdicts, HandlerError> {
        for to in mail.envelope().to().iter().filter(|to| to.address.domain().as_str() == BOUNCES) {
            let mailer = self.mailer.get().ok_or_else(|| HandlerError::new("the Mailer does not run yet"))?;
            let ingested = mailer.ingest(mail.octets(), Via::recipient(to.address.clone())).await?;
            let mut taken_in = self.taken_in.lock().unwrap_or_else(PoisonError::into_inner);
            taken_in.push((mail.octets().to_vec(), ingested));
        }
        Ok(Verdict::Accept.into())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_user_behind_postfix_ends_suppressed() {
    let inbound = std::sync::Arc::new(Inbound::default());
    let hostname = "mx.sender.test".parse().unwrap();
    let receiver = Receiver::builder(inbound.clone()).hostname(hostname).bind(([127, 0, 0, 1], 0)).await.unwrap();
    let Some(postfix) = Postfix::start(receiver.local_addr()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let mailer = Mailer::builder()
        .spool(Sqlite::open(folder.path().join("mail.db")).unwrap())
        .transport(Relay::from_url(&format!("smtp://{}", postfix.address())).unwrap())
        .return_path(BOUNCES)
        .start()
        .await
        .unwrap();
    inbound.mailer.set(mailer.clone()).unwrap();

    let unknown = |local: &str| format!("{local}@{}", Postfix::LOCAL_DOMAIN);
    let known = format!("bob@{PEOPLE}");
    // Alone, in company (the token then stands for the whole mail), and with a report in UTF-8 (RFC 6533).
    for (local, others) in [("no.such.user", vec![]), ("no.other.user", vec![known]), ("никто", vec![])] {
        let unknown: Address = unknown(local).parse().unwrap();
        let mut events = mailer.watch().open();
        let message = || {
            let message = Message::builder().from("Ada <ada@sender.test>").to(&unknown);
            let message = others.iter().fold(message, |message, other| message.to(other));
            message.subject("Your order").text("It is on its way.").build().unwrap()
        };
        let receipt = mailer.send(message()).await.unwrap();
        let standings = receipt.settled().await.unwrap();
        assert!(standings.iter().all(|one| one.standing.fate() == Some(Fate::Relayed)), "{standings}");

        let came_back = tokio::time::timeout(PATIENCE, came_back(&mut events, &unknown)).await;
        let evidence = came_back.unwrap_or_else(|_| panic!("no report of {unknown}:\n{}", postfix.log()));
        assert!(evidence.iter().any(|evidence| evidence.text.as_str().contains("unknown user")), "{evidence:?}");

        let again = mailer.send(message()).await.unwrap().settled().await.unwrap();
        for one in &again {
            let Standing::Done(ending) = &one.standing else { panic!("{}", one.standing) };
            let expected = if one.address == unknown { Fate::Suppressed } else { Fate::Relayed };
            assert_eq!(ending.fate, expected, "{again}");
            println!("{}: {ending}", one.address);
        }
    }
    mailer.stop().await;
    receiver.stop().await;

    // One report each, in Postfix's own words; and none about mail that was suppressed.
    let taken_in = inbound.taken_in.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(taken_in.len(), 3);
    for (octets, ingested) in &*taken_in {
        let text = String::from_utf8_lossy(octets);
        let mta = format!("Reporting-MTA: dns; {}", Postfix::NAME);
        let words = format!("This is the mail system at host {}.", Postfix::NAME);
        assert!(text.contains(&mta) && text.contains(&words), "{text}");
        assert_eq!((ingested.reports.len(), &ingested.unmatched), (1, &None), "{text}");
    }
}

/// Follows the events until the address is on the list, and gives what the report said.
async fn came_back(events: &mut LiveEvents, address: &Address) -> Vec<Evidence> {
    let mut said = None;
    loop {
        let event = events.next().await.unwrap().unwrap();
        if event.recipient.as_ref() != Some(address) {
            continue;
        }
        match &event.kind {
            EventKind::Returned { class, evidence } => {
                assert_eq!(*class, BounceClass::BadMailbox);
                said = Some(evidence.clone());
            }
            EventKind::SuppressionAdded { class, .. } => {
                assert_eq!(*class, BounceClass::BadMailbox);
                return said.unwrap_or_else(|| panic!("suppressed before the report was told"));
            }
            _ => {}
        }
    }
}

/// Far longer than it takes; then it hangs.
const PATIENCE: Duration = Duration::from_secs(120);
