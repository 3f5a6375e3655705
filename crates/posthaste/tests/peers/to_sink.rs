//! Our client to Postfix's `smtp-sink`: many mails on many connections.

use std::sync::Arc;

use posthaste::{Attempt, Transport};

use crate::real::Sink;
use crate::{all_accepted, large, mail, relay, sample};

async fn deliver_many(options: &[&str], scheme: &str) {
    let Some(sink) = Sink::start(options) else { return };
    let relay = Arc::new(relay(&format!("{scheme}://{}", sink.address())));
    let mails = [mail(&["bob@example.org"], sample()), mail(&["bob@example.org", "eve@example.org"], large())];
    let work = (0..16).map(|_| {
        let (relay, mails) = (Arc::clone(&relay), mails.clone());
        tokio::spawn(async move {
            for mail in mails.iter().cycle().take(20) {
                let outcomes = relay.deliver(&Attempt::of(mail)).await.unwrap();
                assert!(all_accepted(&outcomes), "{outcomes:?}");
            }
        })
    });
    for task in work.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    relay.close().await;
}

#[tokio::test]
async fn smtp_sink_pipelined() {
    deliver_many(&[], "smtp").await;
}

#[tokio::test]
async fn smtp_sink_in_lock_step() {
    deliver_many(&["-p"], "smtp").await;
}

#[tokio::test]
async fn smtp_sink_lmtp() {
    deliver_many(&["-L"], "lmtp").await;
}

/// HELO alone: what is of 7 bits goes, the rest is refused rather than changed (RFC 6152 §3).
#[tokio::test]
async fn smtp_sink_without_ehlo() {
    let Some(sink) = Sink::start(&["-e"]) else { return };
    let relay = relay(&format!("smtp://{}", sink.address()));
    let seven = mail(&["bob@example.org"], large());
    assert!(all_accepted(&relay.deliver(&Attempt::of(&seven)).await.unwrap()));
    let eight = mail(&["bob@example.org"], sample());
    let outcomes = relay.deliver(&Attempt::of(&eight)).await.unwrap();
    assert!(!all_accepted(&outcomes), "{outcomes:?}");
    relay.close().await;
}
