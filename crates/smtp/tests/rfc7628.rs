//! RFC 7628: OAUTHBEARER, and XOAUTH2 which came before it.

mod common;

use common::*;
use data_encoding::BASE64;
use posthaste_smtp::{AuthAllowed, ClientErrorKind, ClientEvent, Credentials};

fn client(token: &str) -> Client {
    let credentials = Credentials::with_token("user@example.com", token).expect("fine");
    let mut client =
        Client::new(client_config().with_credentials(credentials, AuthAllowed::Anywhere), [mail(&["bob"])]);
    client.hear("220 a\r\n");
    client
}

const TOKEN: &str = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==";

/// §4.1's message, without the host and port that the session does not know; OAUTHBEARER before XOAUTH2.
#[test]
fn s4_1_bearer() {
    let mut client = client(TOKEN);
    let message = format!("n,a=user@example.com,\u{1}auth=Bearer {TOKEN}\u{1}\u{1}");
    let line = format!("AUTH OAUTHBEARER {}\r\n", BASE64.encode(message.as_bytes()));
    assert_eq!(client.hear("250-a\r\n250 AUTH PLAIN XOAUTH2 OAUTHBEARER\r\n"), line);
    assert!(client.hear("235 ok\r\n").starts_with("MAIL "));
    assert!(client.events.contains(&ClientEvent::Authenticated));
}

#[test]
fn xoauth2() {
    let message = format!("user=user@example.com\u{1}auth=Bearer {TOKEN}\u{1}\u{1}");
    let line = format!("AUTH XOAUTH2 {}\r\n", BASE64.encode(message.as_bytes()));
    assert_eq!(client(TOKEN).hear("250-a\r\n250 AUTH PLAIN XOAUTH2\r\n"), line);
}

/// §3.2.3: the server says why in a challenge, the client acknowledges, the refusal follows; success cannot.
#[test]
fn s3_2_3_refused() {
    let why = "334 eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=\r\n";
    for (mechanism, acknowledged) in [("OAUTHBEARER", "AQ==\r\n"), ("XOAUTH2", "\r\n")] {
        for (last, expected) in [
            ("535 5.7.8 no\r\n", ClientErrorKind::AuthRefused),
            ("235 yes\r\n", ClientErrorKind::Protocol("the answer to AUTH is out of step")),
            (why, ClientErrorKind::Protocol("the answer to AUTH is out of step")),
        ] {
            let mut client = client(TOKEN);
            client.hear(&format!("250-a\r\n250 AUTH {mechanism}\r\n"));
            assert_eq!(client.hear(why), acknowledged);
            client.hear(last);
            assert_eq!(client.closed(), Some(expected), "{mechanism} {last}");
        }
    }
}

/// RFC 4954 §4: what does not fit into a command line waits for the challenge.
#[test]
fn a_long_token() {
    let token = "x".repeat(Credentials::MAX_TOKEN);
    let mut client = client(&token);
    assert_eq!(client.hear("250-a\r\n250 AUTH OAUTHBEARER\r\n"), "AUTH OAUTHBEARER\r\n");
    let line = client.hear("334 \r\n");
    assert!(line.len() <= 12_288 && BASE64.decode(line.trim_end().as_bytes()).is_ok(), "{}", line.len());
    assert!(client.hear("235 ok\r\n").starts_with("MAIL "));
    let mut early = self::client(&token);
    early.hear("250-a\r\n250 AUTH OAUTHBEARER\r\n");
    early.hear("235 ok\r\n");
    assert!(matches!(early.closed(), Some(ClientErrorKind::Protocol(_))), "nothing was shown yet");
}

/// A token is no password, nor the other way round; neither prints, nor carries what would end its field.
#[test]
fn tokens() {
    let mut token = client(TOKEN);
    token.hear("250-a\r\n250 AUTH PLAIN LOGIN SCRAM-SHA-256\r\n");
    assert_eq!(token.closed(), Some(ClientErrorKind::AuthUnavailable));
    let password = Credentials::new("user", "pencil").unwrap();
    let mut other = Client::new(client_config().with_credentials(password, AuthAllowed::Anywhere), []);
    other.hear("220 a\r\n");
    other.hear("250-a\r\n250 AUTH XOAUTH2 OAUTHBEARER\r\n");
    assert_eq!(other.closed(), Some(ClientErrorKind::AuthUnavailable));
    let mut client = client(TOKEN);
    client.hear("250-a\r\n250 AUTH OAUTHBEARER\r\n");
    let shown = format!("{:?}", client.session);
    assert!(!shown.contains("vF9d") && !shown.contains("user@"), "{shown}");
    let long = "x".repeat(Credentials::MAX_TOKEN + 1);
    for (user, token) in
        [("", "x"), ("x", ""), ("a\u{1}b", "x"), ("x", "a\u{1}b"), ("x", "a b"), ("x", "\u{e4}"), ("x", &long)]
    {
        assert!(Credentials::with_token(user, token).is_err());
    }
}
