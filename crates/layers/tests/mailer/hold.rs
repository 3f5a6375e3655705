//! Staging: nothing leaves, everything can be looked at, and what is released leaves once.

use posthaste_layers::Hold;

use super::*;

#[tokio::test]
async fn in_staging_mail_is_collected_and_leaves_when_it_is_released() {
    let relay = Arc::new(Memory::relay());
    let hold = Arc::new(Hold::new(relay.clone()));
    let (mailer, inbox) = mailer(|_| hold.clone()).await;
    let receipt = mailer.send(message(&["ada@example.org", "bob@example.org"])).tag("order", 7).await.unwrap();
    inbox.settle().await;
    mailer.send(message(&["eve@example.org"])).await.unwrap();
    inbox.settle().await;
    assert_eq!(fates(&receipt).await, [Some(Fate::Relayed), Some(Fate::Relayed)], "for the Mailer it is gone");
    assert!(relay.received().is_empty());
    let held = hold.held();
    assert_eq!(held.len(), 2);
    assert_eq!((held[0].mail.id(), held[0].tags.get("order")), (receipt.id(), Some("7")));
    hold.release(held[0].id).await.unwrap();
    assert!(hold.discard(held[1].id));
    inbox.advance(60 * MINUTE).await;
    assert_eq!(["ada@example.org", "bob@example.org", "eve@example.org"].map(|to| taken(&relay, to)), [1, 1, 0]);
}

/// A full hold is busy: mail waits in the queue and is held when there is room.
#[tokio::test]
async fn what_finds_no_room_waits_in_the_queue() {
    let hold = Arc::new(Hold::new(Memory::relay()).limit(1));
    let (mailer, inbox) = mailer(|_| hold.clone()).await;
    mailer.send(message(&["ada@example.org"])).await.unwrap();
    inbox.settle().await;
    let second = mailer.send(message(&["bob@example.org"])).await.unwrap();
    inbox.advance(MINUTE).await;
    assert_eq!((fates(&second).await, hold.held().len()), (vec![None], 1));
    assert!(hold.discard(hold.held()[0].id));
    inbox.advance(MINUTE).await;
    assert_eq!((fates(&second).await, hold.held().len()), (vec![Some(Fate::Relayed)], 1));
}
