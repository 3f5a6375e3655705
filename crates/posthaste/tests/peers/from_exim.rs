//! Exim's client to our receiver, in chunks (RFC 3030).

use posthaste_testkit::{Plan, TestReceiver};

use crate::real::Exim;
use crate::{in_front, large, sample};

/// With what Exim would add itself.
fn complete(octets: &[u8]) -> Vec<u8> {
    let header = b"From: ada@example.com\r\nDate: Fri, 21 Nov 1997 09:55:06 -0600\r\nMessage-ID: <1@example.com>\r\n";
    [header, octets].concat()
}

/// MAIL, RCPT and BDAT in one group; the log marks with K what went in chunks.
#[tokio::test(flavor = "multi_thread")]
async fn exim_sends_chunks() {
    let receiver = TestReceiver::start().await;
    receiver.plan("gone@example.org", Plan::reply("550 5.1.1 no such user"));
    let Some(exim) = Exim::relay_to(receiver.local_addr()) else { return };
    for octets in [complete(&sample()), complete(&large())] {
        let log = exim.send("ada@example.com", &["bob@example.org", "eve@example.org"], &octets).await;
        let delivered = log.lines().filter(|line| line.contains("@example.org") && line.contains(" K "));
        assert!(delivered.count() >= 2, "{log}");
        let arrived = receiver.drain();
        let [copy] = &*arrived else { panic!("{} came\n{log}", arrived.len()) };
        assert!(in_front(&copy.octets, &octets).starts_with("Received: from "));
        assert_eq!(copy.to().map(ToString::to_string).collect::<Vec<_>>(), ["bob@example.org", "eve@example.org"]);
        assert_eq!(copy.hello, "exim.example");
    }
    // Its chunk is on its way when the recipient is refused: none of it is taken for a command.
    let log = exim.send("<>", &["gone@example.org"], &complete(b"Subject: no\r\n\r\nQUIT\r\n")).await;
    assert!(log.contains("550 5.1.1 no such user"), "{log}");
    assert!(receiver.drain().is_empty());
}
