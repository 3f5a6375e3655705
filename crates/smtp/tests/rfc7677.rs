//! RFC 5802 and RFC 7677: SCRAM-SHA-256 as client.

mod common;

use std::sync::Arc;

use common::*;
use data_encoding::BASE64;
use posthaste_smtp::{AuthAllowed, ClientErrorKind, ClientEvent, Credentials, Mechanism};
use posthaste_types::Random;

/// RFC 7677 §3's nonce.
#[derive(Debug)]
struct Nonce;

impl Random for Nonce {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.copy_from_slice(&BASE64.decode(b"rOprNGfwEbeRWgbNEkqO").expect("base64"));
    }
}

const OFFER: &str = "250-a\r\n250 AUTH PLAIN SCRAM-SHA-256 LOGIN\r\n";
const NONCE: &str = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
const SALT: &str = "W22ZaJ0SNY7soEsUEjb6gQ==";
const SIGNATURE: &str = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

fn client(username: &str, password: &str) -> Client {
    let credentials = Credentials::new(username, password).expect("fine");
    let config = client_config().with_credentials(credentials, AuthAllowed::Anywhere).with_random(Arc::new(Nonce));
    let mut client = Client::new(config, [mail(&["bob"])]);
    client.hear("220 a\r\n");
    client
}

/// Before the server's first message.
fn begun() -> Client {
    let mut client = client("user", "pencil");
    client.hear(OFFER);
    client
}

fn challenge(text: &str) -> String {
    format!("334 {}\r\n", BASE64.encode(text.as_bytes()))
}

fn said(line: &str) -> String {
    let base64 = line.trim_end().rsplit(' ').next().expect("a word");
    String::from_utf8(BASE64.decode(base64.as_bytes()).expect("base64")).expect("UTF-8")
}

/// RFC 7677 §3.
#[test]
fn s3_example() {
    let mut client = client("user", "pencil");
    let first = client.hear(OFFER);
    assert!(first.starts_with("AUTH SCRAM-SHA-256 "));
    assert_eq!(said(&first), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
    let last = client.hear(&challenge(&format!("r={NONCE},s={SALT},i=4096")));
    assert_eq!(said(&last), format!("c=biws,r={NONCE},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="));
    assert_eq!(client.hear(&challenge(SIGNATURE)), "\r\n");
    assert!(client.hear("235 ok\r\n").starts_with("MAIL "));
    assert!(client.events.contains(&ClientEvent::Authenticated));
}

/// RFC 4954 §4: a server that wants the first message behind a challenge of its own.
#[test]
fn asked_again() {
    let mut client = begun();
    assert_eq!(said(&client.hear("334 \r\n")), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
    assert!(said(&client.hear(&challenge(&format!("r={NONCE},s={SALT},i=4096")))).starts_with("c=biws,"));
}

/// RFC 5802 §5.1: what a server must prove, and what it may not ask for.
#[test]
fn dishonest_servers() {
    let good = format!("r={NONCE},s={SALT},i=4096");
    let table: [(&[String], &str); 15] = [
        (&["235 ok\r\n".into()], "success before the proof"),
        (&[challenge(&good), "235 ok\r\n".into()], "success without the server's proof"),
        (&[challenge(&good), challenge("v=AAAA")], "another proof"),
        (&[challenge(&good), challenge("")], "no proof"),
        (&[challenge(&good), challenge(SIGNATURE), challenge("more")], "too much"),
        (&[challenge("r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")], "our nonce alone"),
        (&[challenge("r=another,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")], "another nonce"),
        (&[challenge(&format!("r={NONCE},s={SALT},i=4095"))], "too few iterations"),
        (&[challenge(&format!("r={NONCE},s={SALT},i=600001"))], "too many iterations"),
        (&[challenge(&format!("m=x,{good}"))], "a mandatory extension"),
        (&[challenge(&format!("r={NONCE},s=!,i=4096"))], "a salt that is not base64"),
        (&["334 !\r\n".into()], "not base64"),
        (&[challenge(&format!("r={NONCE},s=,i=4096"))], "no salt"),
        (&[challenge(&format!("r={NONCE},s={SALT},i=+4096"))], "a count that is no number"),
        (&[challenge(&format!("r={NONCE}\u{7f},s={SALT},i=4096"))], "a nonce that is none"),
    ];
    for (replies, what) in table {
        let mut client = begun();
        replies.iter().for_each(|reply| drop(client.hear(reply)));
        let Some(ClientEvent::Closed { error: Some(error), .. }) = client.events.last() else { panic!("{what}") };
        assert!(matches!(error.kind(), ClientErrorKind::AuthUnproven(_)), "{what}: {error}");
        assert!(error.is_ours() && !error.is_transient(), "{what}");
        assert!(!client.events.contains(&ClientEvent::Authenticated), "{what}");
    }
}

/// RFC 5802 §7: the server's last message may say what is wrong; the refusal follows.
#[test]
fn refused() {
    let mut client = begun();
    client.hear(&challenge(&format!("r={NONCE},s={SALT},i=4096")));
    assert_eq!(client.hear(&challenge("e=invalid-proof")), "\r\n");
    client.hear("535 5.7.8 wrong\r\n");
    assert_eq!(client.closed(), Some(ClientErrorKind::AuthRefused));
    let refused_at = |error: &str, last: Option<&str>| {
        let mut client = begun();
        client.hear(&challenge(&format!("r={NONCE},s={SALT},i=4096")));
        client.hear(&challenge(error));
        match last {
            Some(reply) => drop(client.hear(reply)),
            None => client.session.handle_close(client.now, 0),
        }
        client.go_on();
        let Some(ClientEvent::Closed { error: Some(error), .. }) = client.events.last() else { panic!("open") };
        (error.kind(), error.is_transient())
    };
    for last in [Some("535 5.7.8 wrong\r\n"), Some("454 4.7.0 later\r\n"), None] {
        assert_eq!(refused_at("e=invalid-proof", last), (ClientErrorKind::AuthRefused, false), "{last:?}");
    }
    assert_eq!(refused_at("e=no-resources", Some("454 later\r\n")), (ClientErrorKind::AuthRefused, true));
    assert_eq!(refused_at("e=no-resources", None), (ClientErrorKind::Closed, true));
    let mut liar = begun();
    liar.hear(&challenge(&format!("r={NONCE},s={SALT},i=4096")));
    liar.hear(&challenge("e=invalid-proof"));
    liar.hear("235 ok\r\n");
    assert!(matches!(liar.closed(), Some(ClientErrorKind::AuthUnproven(_))));
}

/// RFC 5802 §5.1: `=` and `,` of a name are escaped; what SASLprep would change goes by another mechanism.
#[test]
fn names_and_passwords() {
    assert_eq!(said(&client("a=b,c", "x").hear(OFFER)), "n,,n=a=3Db=2Cc,r=rOprNGfwEbeRWgbNEkqO");
    for (username, password) in [("j\u{fc}rgen", "x"), ("x", "pass\u{a0}word")] {
        assert!(client(username, password).hear(OFFER).starts_with("AUTH PLAIN "));
    }
}

#[test]
fn not_without_chance_or_leave() {
    let credentials = || Credentials::new("user", "pencil").unwrap();
    let config = client_config().with_credentials(credentials(), AuthAllowed::Anywhere);
    let mut no_nonce = Client::new(config.clone(), []);
    no_nonce.hear("220 a\r\n");
    assert!(no_nonce.hear(OFFER).starts_with("AUTH PLAIN "));
    let config = config.with_random(Arc::new(Nonce)).with_mechanisms([Mechanism::Login, Mechanism::ScramSha256]);
    let mut told = Client::new(config, []);
    told.hear("220 a\r\n");
    assert_eq!(told.hear(OFFER), "AUTH LOGIN\r\n");
}
