//! RFC 7505: domains that take no mail.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use posthaste_transport::{Attempt, Transport};
use support::{mail, mx, texts};

#[tokio::test]
async fn null_mx_is_refused_without_a_connection() {
    let mx = mx("example.org 60 IN MX 0 .\nexample.org A 127.0.0.1", 9);
    let refused = "refused (DNS: the domain takes no mail (null MX): example.org: 5.1.10 null MX (RFC 7505 §4.2))";
    let route = mx.route(&"example.org".parse().unwrap()).await.unwrap();
    assert_eq!(route.outcome().unwrap().to_string(), refused);
    assert!(route.ttl().is_some());
    let mail = mail(&["bob@example.org", "eve@example.org"]);
    assert_eq!(texts(&mx.deliver(&Attempt::of(&mail)).await.unwrap()), [refused, refused]);
    let routed = Attempt::builder(mail).route(route).build();
    assert_eq!(texts(&mx.deliver(&routed).await.unwrap()), [refused, refused]);
}

/// §3: "A domain that advertises a null MX MUST NOT advertise any other MX RR."
#[tokio::test]
async fn null_mx_beside_others_is_ignored() {
    let mx = mx("example.org MX 0 .\nexample.org MX 10 a.example.net", 9);
    let route = mx.route(&"example.org".parse().unwrap()).await.unwrap();
    assert_eq!(route.hosts().len(), 1);
    assert_eq!(route.hosts()[0].name.as_str(), "a.example.net");
}
