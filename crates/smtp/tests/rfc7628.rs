//! RFC 7628: OAUTHBEARER, and XOAUTH2 which came before it.

mod common;

use common::*;
use data_encoding::BASE64;
use posthaste_smtp::{
    Answer, AuthAllowed, AuthOffer, ClientErrorKind, ClientEvent, Credentials, Mechanism, ServerEvent,
};

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

fn server() -> Server {
    let mut config = server_config();
    config.auth = AuthOffer::Anywhere;
    config.mechanisms = vec![Mechanism::OAuthBearer, Mechanism::XOAuth2];
    let rule: fn(&ServerEvent) -> Answer = |event| match event {
        ServerEvent::Auth { credentials, .. } => match (credentials.is_token(), credentials.password()) {
            (true, TOKEN) => Answer::Accept,
            (true, "later") => Answer::Refuse(reply(454, "4.7.0 later")),
            (true, _) => Answer::Refuse(reply(535, "5.7.8 not this token")),
            (false, _) => panic!("a password"),
        },
        other => usual_rule(other),
    };
    let mut server = Server::with_rule(config, rule);
    server.hear("");
    assert!(server.hear("EHLO a\r\n").contains("250-AUTH OAUTHBEARER XOAUTH2\r\n"));
    server
}

fn auth(mechanism: &str, message: &str) -> String {
    format!("AUTH {mechanism} {}\r\n", BASE64.encode(message.as_bytes()))
}

/// §4.1's message, host and port included; a token without a name; the scheme in any case; XOAUTH2.
#[test]
fn s4_1_server() {
    let messages = [
        (
            "OAUTHBEARER",
            format!("n,a=user@example.com,\u{1}host=server\u{1}port=143\u{1}auth=Bearer {TOKEN}\u{1}\u{1}"),
        ),
        ("OAUTHBEARER", format!("n,,\u{1}auth=bearer {TOKEN}\u{1}\u{1}")),
        ("OAUTHBEARER", format!("y,a=user@example.com,\u{1}auth=Bearer {TOKEN}\u{1}\u{1}")),
        ("XOAUTH2", format!("user=user@example.com\u{1}auth=Bearer {TOKEN}\u{1}\u{1}")),
    ];
    for (mechanism, message) in messages {
        let mut server = server();
        assert_eq!(server.hear(&auth(mechanism, &message)), "235 2.7.0 authenticated\r\n", "{message}");
        let Some(ServerEvent::Authenticated { mechanism: told, username, .. }) = server.events.last() else {
            panic!("{:?}", server.events)
        };
        let name = if message.contains("user@") { "user@example.com" } else { "" };
        assert_eq!((told.as_str(), username.as_str()), (mechanism, name));
        assert!(!format!("{:?}", server.events).contains("user@"));
    }
}

/// §3.2.2, §3.2.3: why, in a challenge; the refusal behind the client's answer, whatever that is.
#[test]
fn s3_2_2_server_refuses() {
    let table = [
        ("OAUTHBEARER", "n,,\u{1}auth=Bearer x\u{1}\u{1}", r#"{"status":"invalid_token"}"#),
        ("XOAUTH2", "user=a\u{1}auth=Bearer x\u{1}\u{1}", r#"{"status":"401","schemes":"bearer"}"#),
    ];
    for (mechanism, message, why) in table {
        let challenge = format!("334 {}\r\n", BASE64.encode(why.as_bytes()));
        for answer in ["AQ==\r\n", "\r\n"] {
            let mut server = server();
            server.follow(&[
                (&auth(mechanism, message), &challenge),
                (answer, "535 5.7.8 not this token\r\n"),
                ("NOOP\r\n", "250 2.0.0 ok\r\n"),
            ]);
        }
        let mut server = server();
        assert_eq!(server.hear(&auth(mechanism, &message.replace(" x", " later"))), "454 4.7.0 later\r\n");
    }
}

#[test]
fn what_is_no_message() {
    let bearer = ["", "n,,", "n,,\u{1}\u{1}", "n,,\u{1}auth=Basic x\u{1}\u{1}", "n,,\u{1}auth=Bearer\u{1}\u{1}"];
    let further =
        ["n,,\u{1}auth=Bearer x\u{1}", "p=x,,\u{1}auth=Bearer x\u{1}\u{1}", "n,b=c,\u{1}auth=Bearer x\u{1}\u{1}"];
    let more = ["n,a==,\u{1}auth=Bearer x\u{1}\u{1}", "n,,\u{1}auth=Bearer a b\u{1}\u{1}", "n,,\u{1}host=a\u{1}\u{1}"];
    for message in bearer.iter().chain(&further).chain(&more).filter(|message| !message.is_empty()) {
        let expected = "501 5.5.2 not a message of OAUTHBEARER\r\n";
        assert_eq!(server().hear(&auth("OAUTHBEARER", message)), expected, "{message:?}");
    }
    for message in ["user=\u{1}auth=Bearer x\u{1}\u{1}", "auth=Bearer x\u{1}\u{1}", "user=a\u{1}\u{1}", "user=a"] {
        assert_eq!(server().hear(&auth("XOAUTH2", message)), "501 5.5.2 not a message of XOAUTH2\r\n", "{message:?}");
    }
}

/// RFC 4954 §4: a line of 12,288 octets, behind a challenge or behind AUTH; not one octet more.
#[test]
fn rfc4954_4_long_lines() {
    let token = "x".repeat(Credentials::MAX_TOKEN);
    let message = format!("n,,\u{1}auth=Bearer {token}\u{1}\u{1}");
    let why = "334 eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=\r\n";
    assert_eq!(server().hear(&auth("OAUTHBEARER", &message)), why);
    let mut server = self::server();
    server.hear("AUTH OAUTHBEARER\r\n");
    assert_eq!(server.hear(&format!("{}\r\n", BASE64.encode(message.as_bytes()))), why);
    server.hear("*\r\n");
    server.hear("AUTH OAUTHBEARER\r\n");
    assert_eq!(server.hear(&format!("{}\r\n", "x".repeat(12_287))), "500 5.5.6 line too long\r\n");
    assert_eq!(server.hear(&format!("NOOP {}\r\n", "x".repeat(2_100))), "500 5.5.2 line too long\r\n");
}

#[test]
fn both_sides() {
    for mechanism in [Mechanism::OAuthBearer, Mechanism::XOAuth2] {
        for (token, is_right) in [(TOKEN, true), ("wrong", false)] {
            let credentials = Credentials::with_token("user@example.com", token).expect("fine");
            let config = client_config().with_credentials(credentials, AuthAllowed::Anywhere);
            let mut client = Client::new(config.with_mechanisms([mechanism]), [mail(&["bob"])]);
            let mut server = server();
            client.hear("220 a\r\n");
            let hello = format!("250-a\r\n250 AUTH {}\r\n", mechanism.as_str());
            let mut to_server = client.hear(&hello);
            while !to_server.is_empty() {
                to_server = client.hear(&server.hear(&to_server));
            }
            assert_eq!(client.events.contains(&ClientEvent::Authenticated), is_right);
            assert_eq!(server.taken.len(), usize::from(is_right));
            if !is_right {
                assert_eq!(client.closed(), Some(ClientErrorKind::AuthRefused));
            }
        }
    }
}
