//! A flipped bit anywhere in the file: whatever is given out is what was taken in.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{NODE, at, content, id, mail_of};
use posthaste_queue::{Begin, Query, Spool};
use posthaste_sqlite::Sqlite;
use posthaste_types::EventId;
use proptest::prelude::*;

const MAILS: u32 = 12;

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn to(number: u32) -> [String; 2] {
    [format!("ann{number}@example.org"), format!("bob{number}@example.net")]
}

fn make(folder: &Path) -> PathBuf {
    let path = folder.join("whole.db");
    block_on(async {
        let spool = Sqlite::open(&path).unwrap();
        for number in 1..=MAILS {
            let to = to(number);
            let new = mail_of(number, &[&to[0], &to[1]], content(number, 700 * number as usize));
            spool.admit(vec![new]).await.unwrap();
        }
        spool.close().await.unwrap();
    });
    path
}

/// Does everything; a call may fail, nothing may panic, and nothing false may be given out.
async fn use_it(path: &Path) {
    let Ok(spool) = Sqlite::open(path) else { return };
    let _ = spool.due(at(1), None, 100).await;
    let _ = spool.next_due(at(-1)).await;
    let _ = spool.orphans(&NODE).await;
    let _ = spool.events(EventId::START, 100).await;
    for number in 1..=MAILS {
        let wanted = Begin::new(id(number), vec![0, 1], at(1), at(61));
        let Ok(begun) = spool.begin(&NODE, vec![wanted]).await else { continue };
        let Some(granted) = begun.into_iter().next().and_then(|begun| begun.granted) else { continue };
        let to: Vec<_> = granted.mail.envelope().to().iter().map(|to| to.address.as_str().to_owned()).collect();
        let places: Vec<_> = granted.recipients.iter().map(|(place, _)| *place).collect();
        let given: Vec<_> = places.iter().map(|place| self::to(number)[*place as usize].clone()).collect();
        assert_eq!(to, given, "mail {number} goes to whom it was for");
        assert_eq!(granted.mail.content(), &content(number, 700 * number as usize), "octets of mail {number}");
        assert_eq!(granted.mail.id(), id(number));
    }
    let _ = spool.find(&Query::default()).await;
    let _ = spool.forget(at(400_000), 5).await;
    let _ = spool.close().await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn nothing_false_is_given_out(place in 0.0..1.0_f64, bit in 0..8_u8) {
        let folder = tempfile::tempdir().unwrap();
        let path = make(folder.path());
        let mut octets = fs::read(&path).unwrap();
        let last = octets.len() - 1;
        let at = ((octets.len() as f64 * place) as usize).min(last);
        octets[at] ^= 1 << bit;
        let flipped = folder.path().join("flipped.db");
        fs::write(&flipped, &octets).unwrap();
        block_on(use_it(&flipped));
    }
}
