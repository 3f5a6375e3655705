//! Replies to verdicts: the order of the rules, the law, the providers' rows.

use posthaste_bounce::{Rules, classify};
use posthaste_types::{ProviderId, Reply, Stage};

#[test]
fn smoke() {
    let _ = Rules::builtin();
    for (wire, provider) in [
        ("550 5.1.1 no such user", None),
        ("550-5.7.26 unauthenticated\r\n550 5.7.26 x", Some(ProviderId::GOOGLE)),
        ("450 4.2.0 greylisted", None),
        ("550 nope", None),
    ] {
        let reply = Reply::parse(wire.as_bytes()).unwrap();
        println!("{}", classify(&reply, Stage::Rcpt, provider.as_ref()));
    }
}
