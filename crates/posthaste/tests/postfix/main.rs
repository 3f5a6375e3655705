//! Through a Postfix that nobody here wrote: what it hands on is what was signed, and what it sends back is understood.
//!
//! Needs Debian's `postfix`, `python3-dkim` and `python3-nacl`, root, and the corpora that POSTHASTE_CORPORA names; what
//! is missing is passed by with a line that says so, except where `CI=true`.

#![cfg(all(unix, feature = "dkim", feature = "engine", feature = "mx", feature = "sqlite"))]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod collected;
mod composed;
mod dkimpy;
mod instance;
#[path = "../real/mod.rs"]
mod real;
mod reports;
mod trace;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use instance::Postfix;
use posthaste::dkim::{DkimKey, DkimRecord, KeyKind};
use posthaste::message::check_strict;
use posthaste::sign::Signers;
use posthaste::{Dkim, Domain, Mailer, Relay, Sqlite, Submission};
use posthaste_testkit::{Arrived, TestReceiver};

/// A mail on its way: what must arrive, and at whom.
struct Sent {
    what: String,
    octets: Vec<u8>,
    from: String,
    to: BTreeSet<String>,
}

impl Sent {
    /// Whether an address or a header field has more than ASCII (RFC 6531 §3.2, RFC 6532 §3).
    fn needs_smtputf8(&self) -> bool {
        let end = self.octets.windows(4).position(|octets| octets == b"\r\n\r\n").unwrap_or(self.octets.len());
        !self.octets[..end].is_ascii() || !self.from.is_ascii() || self.to.iter().any(|to| !to.is_ascii())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_through_postfix_arrives_as_it_was_signed() {
    let receiver = TestReceiver::start().await;
    let Some(postfix) = Postfix::start(receiver.local_addr()) else { return };
    let mut submissions = composed::messages();
    submissions.extend(collected::messages().unwrap_or_default());

    let folder = tempfile::tempdir().unwrap();
    let (signers, records) = signers(&submissions);
    let mailer = Mailer::builder()
        .spool(Sqlite::open(folder.path().join("mail.db")).unwrap())
        .signer(signers)
        .transport(Relay::from_url(&format!("smtp://{}", postfix.address())).unwrap())
        .return_path("bounces.sender.test")
        .start()
        .await
        .unwrap();
    let sent = send(&mailer, submissions).await;

    let all = tokio::time::timeout(PATIENCE, arrivals(&receiver, &sent)).await;
    let arrived = all.unwrap_or_else(|_| panic!("not all came:\n{}", postfix.log()));
    mailer.stop().await;
    let copies = || sent.iter().zip(&arrived).flat_map(|(sent, copies)| copies.iter().map(move |copy| (sent, copy)));
    for (sent, copy) in copies() {
        let trace = trace::prepended(&sent.what, &copy.octets, &sent.octets);
        assert_eq!(trace.contains(" with UTF8SMTP "), sent.needs_smtputf8(), "{}: {trace}", sent.what);
    }
    let count = |of: fn(&Sent) -> bool| sent.iter().filter(|sent| of(sent)).count();
    let (eight_bit, utf8) = (count(|sent| !sent.octets.is_ascii()), count(Sent::needs_smtputf8));
    println!("{} messages arrived as they were signed: {eight_bit} of 8 bits, {utf8} by SMTPUTF8", sent.len());
    assert!(eight_bit > utf8 && utf8 > 0);

    let Some(said) = dkimpy::verify(copies().map(|(_, copy)| &*copy.octets), records.clone()) else { return };
    for ((sent, _), said) in copies().zip(&said) {
        let verified = |algorithm: &str| (algorithm.to_owned(), true);
        assert_eq!(*said, [verified("rsa-sha256"), verified("ed25519-sha256")], "{}", sent.what);
    }
    println!("dkimpy verifies both signatures of {} copies", said.len());

    // It would say so if they did not hold.
    let mut changed = arrived[0][0].octets.clone();
    let at = changed.windows(8).position(|octets| octets == b"\r\nFrom: ").unwrap();
    changed[at + 8] ^= 1;
    let said = dkimpy::verify([&*changed], records).unwrap();
    assert!(said[0].iter().all(|(_, verified)| !verified));
}

/// Signs for every domain that stands in a From, with the same two keys.
fn signers(submissions: &[(String, Submission)]) -> (Signers, Vec<DkimRecord>) {
    let domain = |(what, submission): &(String, Submission)| -> Domain {
        let from = match submission {
            Submission::Message(message) => Some(message.from()),
            Submission::Raw(raw) => raw.from(),
            _ => None,
        };
        from.unwrap_or_else(|| panic!("{what}: no From")).address().domain().clone()
    };
    let domains: BTreeSet<Domain> = submissions.iter().map(domain).collect();
    let rsa = DkimKey::generate(KeyKind::Rsa2048).unwrap();
    let ed25519 = DkimKey::generate(KeyKind::Ed25519).unwrap();
    let signer =
        |domain| Dkim::new(domain).key("rsa".parse().unwrap(), rsa.clone()).key("ed".parse().unwrap(), ed25519.clone());
    let (mut signers, mut records) = (Signers::new(), Vec::new());
    for domain in domains {
        let signer = signer(domain);
        records.extend(signer.records().unwrap());
        signers.push(Arc::new(signer));
    }
    (signers, records)
}

async fn send(mailer: &Mailer, submissions: Vec<(String, Submission)>) -> Vec<Sent> {
    let mut sent = Vec::new();
    for (what, submission) in submissions {
        let prepared = mailer.prepare(submission).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        let (octets, envelope) = (prepared.mail().content().to_vec(), prepared.mail().envelope());
        assert_eq!(check_strict(&octets), Ok(()), "{what}");
        let to = envelope.to().iter().map(|to| to.address.to_string()).collect();
        sent.push(Sent { what, octets, from: envelope.from().to_string(), to });
        mailer.send_prepared(prepared).await.unwrap();
    }
    sent
}

/// The copies of each mail, when every recipient has one. Who has two is told.
async fn arrivals(receiver: &TestReceiver, sent: &[Sent]) -> Vec<Vec<Arrived>> {
    // The return path carries a token: no two mails have the same.
    let places: HashMap<&str, usize> = sent.iter().enumerate().map(|(place, sent)| (&*sent.from, place)).collect();
    let mut missing: Vec<BTreeSet<String>> = sent.iter().map(|sent| sent.to.clone()).collect();
    let mut arrived: Vec<Vec<Arrived>> = sent.iter().map(|_| Vec::new()).collect();
    while missing.iter().any(|missing| !missing.is_empty()) {
        receiver.wait_for(1).await;
        for copy in receiver.drain() {
            let place = places[&*copy.envelope.from().to_string()];
            for to in copy.to() {
                assert!(missing[place].remove(&to.to_string()), "{}: a second copy to {to}", sent[place].what);
            }
            arrived[place].push(copy);
        }
    }
    arrived
}

/// Far longer than it takes; then it hangs.
const PATIENCE: Duration = Duration::from_secs(240);
