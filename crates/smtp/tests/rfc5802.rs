//! RFC 5802 and RFC 7677: SCRAM-SHA-256 as server.

mod common;

use std::sync::Arc;

use common::*;
use data_encoding::BASE64;
use posthaste_smtp::{
    Answer, AnswerError, AuthAllowed, AuthOffer, ClientErrorKind, ClientEvent, Credentials, Mechanism, ScramKeys,
    ScramOffer, ServerConfig, ServerEvent, TlsOffer,
};
use posthaste_types::Random;

/// The server's part of RFC 7677 §3's nonce is no base64: this is another one, always the same.
#[derive(Debug)]
struct Same(u8);

impl Random for Same {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(self.0);
    }
}

const SALT: &[u8] = b"0123456789abcdef";
const FIRST: &str = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";

fn offer() -> ScramOffer {
    ScramOffer::new(Arc::new(Same(1)), [7; 32], 4096)
}

fn config(auth: AuthOffer) -> ServerConfig {
    let mut config = server_config();
    config.mechanisms = vec![Mechanism::ScramSha256, Mechanism::Plain];
    (config.auth, config.scram, config.tls) = (auth, Some(offer()), TlsOffer::Optional);
    config
}

/// The users are `user`, whose password is `pencil`, and `moved`, about whom nothing is known now.
fn rule(event: &ServerEvent) -> Answer {
    match event {
        ServerEvent::ScramUser { username, .. } => match username.as_str() {
            "user" => Answer::Keys(ScramKeys::derive("pencil", SALT, 4096).expect("fine")),
            "moved" => Answer::Refuse(reply(454, "4.7.0 come back later")),
            _ => Answer::Refuse(reply(550, "5.1.1 no such user")),
        },
        ServerEvent::Auth { .. } => Answer::Refuse(reply(535, "5.7.8 wrong")),
        other => usual_rule(other),
    }
}

fn server() -> Server {
    let mut server = Server::with_rule(config(AuthOffer::Anywhere), rule);
    server.hear("");
    assert!(server.hear("EHLO a\r\n").contains("250-AUTH SCRAM-SHA-256 PLAIN\r\n"));
    server
}

fn base64(text: &str) -> String {
    BASE64.encode(text.as_bytes())
}

/// What stands in base64 behind the code.
fn said(reply: &str) -> String {
    let text = reply.strip_prefix("334 ").and_then(|rest| rest.strip_suffix("\r\n")).expect("a challenge");
    String::from_utf8(BASE64.decode(text.as_bytes()).expect("base64")).expect("UTF-8")
}

fn begin(server: &mut Server, first: &str) -> String {
    said(&server.hear(&format!("AUTH SCRAM-SHA-256 {}\r\n", base64(first))))
}

/// §5: both sides talked against each other, in pieces; the name that the host is told is the one that was proven.
#[test]
fn s5_both_sides() {
    for (piece, password, is_right) in [(1, "pencil", true), (7, "pencil", true), (1000, "Pencil", false)] {
        let credentials = Credentials::new("user", password).expect("fine");
        let settings = client_config().with_credentials(credentials, AuthAllowed::Anywhere);
        let mut client = Client::new(settings.with_random(Arc::new(Same(9))), [mail(&["bob"])]);
        let mut server = Server::with_rule(config(AuthOffer::Anywhere), rule);
        converse(&mut client, &mut server, piece);
        assert_eq!(client.events.contains(&ClientEvent::Authenticated), is_right);
        assert_eq!(server.taken.len(), usize::from(is_right));
        let told = server.events.iter().find_map(|event| match event {
            ServerEvent::Authenticated { mechanism, username, .. } => Some((true, *mechanism, username.as_str())),
            ServerEvent::AuthFailed { mechanism, username, .. } => Some((false, *mechanism, username.as_str())),
            _ => None,
        });
        assert_eq!(told, Some((is_right, Mechanism::ScramSha256, "user")));
        if !is_right {
            let Some(ClientEvent::Closed { error: Some(error), .. }) = client.events.last() else { panic!("open") };
            assert_eq!((error.kind(), error.is_transient()), (ClientErrorKind::AuthRefused, false));
        }
    }
}

/// §5.1: the nonce begins with the client's. The keys of RFC 7677 §3's password and salt.
#[test]
fn s5_1_challenge() {
    let mut server = server();
    let challenge = begin(&mut server, FIRST);
    let nonce = format!("rOprNGfwEbeRWgbNEkqO{}", BASE64.encode(&[1; 18]));
    assert_eq!(challenge, format!("r={nonce},s={},i=4096", BASE64.encode(SALT)));
    let salt = BASE64.decode(b"W22ZaJ0SNY7soEsUEjb6gQ==").expect("base64");
    let keys = ScramKeys::derive("pencil", &salt, 4096).expect("fine").to_text();
    assert_eq!(
        keys,
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
    );
}

/// §5: what is no first message, or asks for what is not there.
#[test]
fn s5_first_messages() {
    let refused = [
        "",
        "n",
        "n,,",
        "n,,n=user",
        "n,,n=,r=abc",
        "n,,r=abc,n=user",
        "n,,n=user,r=",
        "n,,n=user,r=a\u{7f}c",
        "n,,n=us=er,r=abc",
        "n,,m=x,n=user,r=abc",
        "n,a=boss,n=user,r=abc",
        "n,user,n=user,r=abc",
        "p=tls-unique,,n=user,r=abc",
        "x,,n=user,r=abc",
        "n,,n=us\u{1}er,r=abc",
    ];
    for first in refused {
        let mut server = server();
        let line = format!("AUTH SCRAM-SHA-256 {}\r\n", if first.is_empty() { "=".into() } else { base64(first) });
        assert_eq!(server.hear(&line), "501 5.5.2 not a message of SCRAM-SHA-256\r\n", "{first:?}");
    }
    for first in ["y,,n=user,r=abc", "n,a=user,n=user,r=abc", "n,,n=user,r=abc,x=further", "n,,n=a=3Db=2Cc,r=abc"] {
        assert!(begin(&mut server(), first).starts_with("r=abc"), "{first}");
    }
    let mut server = server();
    server.follow(&[("AUTH SCRAM-SHA-256\r\n", "334 \r\n"), ("*\r\n", "501 5.7.0 cancelled\r\n")]);
    assert_eq!(server.hear("AUTH SCRAM-SHA-256 !\r\n"), "501 5.5.2 not a message of SCRAM-SHA-256\r\n");
}

/// §5: last messages that are not what they must be: another channel, nonce or proof, a proof replayed, or none.
#[test]
fn s5_last_messages() {
    let nonce = format!("rOprNGfwEbeRWgbNEkqO{}", BASE64.encode(&[1; 18]));
    let proof = BASE64.encode(&[0; 32]);
    let replayed = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    let messages = [
        String::new(),
        "c=biws".to_owned(),
        format!("c=biws,r={nonce}"),
        format!("c=biws,r={nonce},p=AAAA"),
        format!("c=biws,r={nonce},p=!"),
        format!("c=biws,r={nonce},p={proof}"),
        format!("c=biws,r={nonce},p={replayed}"),
        format!("c=eSws,r={nonce},p={proof}"),
        format!("c=biws,r=other,p={proof}"),
        format!("r={nonce},c=biws,p={proof}"),
    ];
    for message in messages {
        let mut server = server();
        begin(&mut server, FIRST);
        let line = format!("{}\r\n", base64(&message));
        assert_eq!(server.hear(&line), "535 5.7.8 authentication failed\r\n", "{message}");
        assert!(matches!(server.events.last(), Some(ServerEvent::AuthFailed { .. })));
        assert!(server.hear("AUTH PLAIN\r\n").starts_with("334"), "another try may follow");
    }
}

/// Unknown users see challenges that look like others', are the same each time, and end in the same words.
#[test]
fn s9_decoys() {
    let ask = |name: &str| {
        let mut server = server();
        let challenge = begin(&mut server, &format!("n,,n={name},r=abc"));
        let nonce = format!("abc{}", BASE64.encode(&[1; 18]));
        let proof = base64(&format!("c=biws,r={nonce},p={}", BASE64.encode(&[3; 32])));
        let answer = server.hear(&format!("{proof}\r\n"));
        (challenge, answer)
    };
    let ((nobody, answer), (again, _), (other, _)) = (ask("nobody"), ask("nobody"), ask("other"));
    let (known, known_answer) = ask("user");
    assert_eq!((&nobody, &answer), (&again, &known_answer));
    assert_ne!(nobody, other);
    let shape = |challenge: &str| challenge.split(',').map(str::len).collect::<Vec<_>>();
    assert_eq!(shape(&nobody), shape(&known));
    assert_eq!(answer, "535 5.7.8 authentication failed\r\n");
    let mut server = server();
    let line = format!("AUTH SCRAM-SHA-256 {}\r\n", base64("n,,n=moved,r=abc"));
    assert_eq!(server.hear(&line), "454 4.7.0 come back later\r\n", "not to be known now is no secret");
}

/// RFC 4954 §4: success is said behind the client's answer to the server's proof; mail may go then.
#[test]
fn proof_then_success() {
    let credentials = Credentials::new("user", "pencil").expect("fine");
    let settings = client_config().with_credentials(credentials, AuthAllowed::Anywhere);
    let begun = || {
        let mut client = Client::new(settings.clone().with_random(Arc::new(Same(9))), []);
        client.quits = false;
        client.hear("220 a\r\n");
        let mut server = server();
        let first = client.hear("250-a\r\n250 AUTH SCRAM-SHA-256\r\n");
        let last = client.hear(&server.hear(&first));
        let proof = server.hear(&last);
        (server, proof)
    };
    let (mut server, proof) = begun();
    assert!(said(&proof).starts_with("v="));
    assert_eq!(server.hear("\r\n"), "235 2.7.0 authenticated\r\n");
    assert_eq!(server.hear("AUTH PLAIN\r\n"), "503 5.5.1 not now\r\n");
    for (answer, expected) in [("*", "501 5.7.0 cancelled"), ("bW9yZQ==", "501 5.5.2 not a message of SCRAM-SHA-256")] {
        let (mut server, _) = begun();
        assert_eq!(server.hear(&format!("{answer}\r\n")), format!("{expected}\r\n"));
        assert!(!server.events.iter().any(|event| matches!(event, ServerEvent::Authenticated { .. })));
    }
}

/// Offered inside TLS alone unless told otherwise, and never without what it needs.
#[test]
fn where_offered() {
    let mut server = Server::with_rule(config(AuthOffer::InsideTls), rule);
    server.hear("");
    assert!(!server.hear("EHLO a\r\n").contains("AUTH"));
    assert_eq!(server.hear("AUTH SCRAM-SHA-256\r\n"), "538 5.7.11 only inside TLS\r\n");
    server.hear("STARTTLS\r\n");
    server.session.handle_tls(server.now);
    assert!(server.hear("EHLO a\r\n").contains("250-AUTH SCRAM-SHA-256 PLAIN\r\n"));
    let mut config = config(AuthOffer::Anywhere);
    config.scram = None;
    let mut server = Server::with_rule(config, rule);
    server.hear("");
    assert!(server.hear("EHLO a\r\n").contains("250-AUTH PLAIN\r\n"));
    assert_eq!(server.hear("AUTH SCRAM-SHA-256\r\n"), "504 5.5.4 no such mechanism\r\n");
}

/// Keys answer the question about keys, and no other; nothing but keys or a refusal does.
#[test]
fn answers_that_do_not_fit() {
    let keys = ScramKeys::derive("pencil", SALT, 4096).expect("fine");
    let mut server = server();
    let now = server.now;
    let line = format!("AUTH SCRAM-SHA-256 {}\r\n", base64(FIRST));
    server.session.handle_bytes(now, line.as_bytes()).expect("open");
    for answer in [Answer::Accept, Answer::AcceptWith(reply(235, "2.7.0 ok"))] {
        assert_eq!(server.session.answer(now, answer), Err(AnswerError::WrongKind));
    }
    assert_eq!(server.session.answer(now, Answer::Keys(keys.clone())), Ok(()));
    let mut server = self::server();
    server.session.handle_bytes(now, b"MAIL FROM:<>\r\n").expect("open");
    assert_eq!(server.session.answer(now, Answer::Keys(keys)), Err(AnswerError::WrongKind));
}

#[test]
fn keys_that_are_none() {
    for (salt, iterations) in [(&b""[..], 4096), (&[0; 65], 4096), (SALT, 4095), (SALT, 0)] {
        assert!(ScramKeys::new(salt, iterations, [0; 32], [0; 32]).is_err());
        assert!(ScramKeys::derive("pencil", salt, iterations).is_err());
    }
    for password in ["", "p\u{e4}ncil", "pen\u{7}cil"] {
        assert!(ScramKeys::derive(password, SALT, 4096).is_err());
    }
    let good = ScramKeys::derive("pencil", SALT, 4096).expect("fine").to_text();
    for bad in [&good[1..], &good[..good.len() - 1], "", "SCRAM-SHA-256$x:y$z:w", &good.replace("4096", "-1")] {
        assert!(ScramKeys::parse(bad).is_err(), "{bad}");
    }
}

/// Neither keys, names nor secrets print, wherever the session stands.
#[test]
fn nothing_prints() {
    let mut server = server();
    begin(&mut server, "n,,n=zaphod,r=abc");
    let shown = format!("{:?} {:?}", server.session, server.events);
    assert!(!shown.contains("zaphod"), "{shown}");
    let keys = ScramKeys::derive("pencil", SALT, 4096).expect("fine");
    assert_eq!(format!("{keys:?} {:?}", offer()), "ScramKeys(***) ScramOffer(decoys of 4096 iterations)");
}
