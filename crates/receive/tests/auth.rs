//! AUTH through the port: passwords, stored keys, tokens.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::Arc;

use async_trait::async_trait;
use posthaste_receive::{Arriving, Handler, HandlerError, Receiver, Session, Verdict, Verdicts};
use posthaste_smtp::{
    AuthAllowed, AuthOffer, ClientConfig, ClientErrorKind, ClientEvent, ClientSession, Credentials, Mechanism,
    ScramKeys, ScramOffer, TlsUse, Username,
};
use posthaste_testkit::SeededRandom;
use posthaste_types::{Domain, Tick};
use support::{Client, reply};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Knows `ada`, whose password is `pencil` and whose token is `secret-token`; about `moved` nothing is known now.
#[derive(Debug)]
struct Accounts;

#[async_trait]
impl Handler for Accounts {
    async fn authenticate(&self, session: &Session, credentials: &Credentials) -> Verdict {
        assert!(session.authenticated().is_none());
        let secret = if credentials.is_token() { "secret-token" } else { "pencil" };
        let is_right = credentials.username() == "ada" && credentials.password() == secret;
        if is_right { Verdict::Accept } else { Verdict::from_reply(reply("535 5.7.8 wrong")) }
    }

    async fn scram_keys(&self, _: &Session, user: &Username) -> Result<Option<ScramKeys>, HandlerError> {
        match user.as_str() {
            "ada" => Ok(Some(ScramKeys::derive("pencil", b"0123456789abcdef", 4096)?)),
            "moved" => Err(HandlerError::new("the directory is away")),
            _ => Ok(None),
        }
    }

    async fn sender(&self, session: &Session, _: &posthaste_types::ReversePath) -> Verdict {
        let who = format!("{:?} {:?}", session.authenticated(), session.auth_mechanism());
        Verdict::from_reply(reply(&format!("450 4.7.1 {who}")))
    }

    async fn content(&self, _: &Session, _: Arriving<'_>) -> Result<Verdicts, HandlerError> {
        unreachable!("no recipient was accepted")
    }
}

async fn bind() -> Receiver {
    let scram = ScramOffer::new(Arc::new(SeededRandom::new(1)), [7; 32], 4096);
    let builder = Receiver::builder(Accounts).auth(AuthOffer::Anywhere).bearer_tokens().scram(scram);
    builder.bind(([127, 0, 0, 1], 0)).await.unwrap()
}

/// Logs in with our own client; tells whether it could, and what it was refused by.
async fn log_in(receiver: &Receiver, mechanism: Mechanism, credentials: Credentials) -> Result<(), ClientErrorKind> {
    let mut stream = TcpStream::connect(receiver.local_addr()).await.unwrap();
    let config = ClientConfig::new("client.example.com".parse::<Domain>().unwrap())
        .with_tls(TlsUse::Never)
        .with_credentials(credentials, AuthAllowed::Anywhere)
        .with_mechanisms([mechanism])
        .with_random(Arc::new(SeededRandom::new(2)));
    let mut session = ClientSession::new(config, Tick::default());
    let mut buffer = [0; 4096];
    loop {
        let mut out = Vec::new();
        while session.poll_transmit(Tick::default(), &mut out).is_some() {}
        stream.write_all(&out).await.unwrap();
        while let Some(event) = session.poll_event() {
            if let ClientEvent::Closed { error, .. } = event {
                return Err(error.unwrap().kind());
            }
        }
        if session.can_send() {
            return Ok(());
        }
        let len = stream.read(&mut buffer).await.unwrap();
        assert!(len > 0, "the receiver closed");
        let _ = session.handle_bytes(Tick::default(), &buffer[..len]);
    }
}

/// RFC 4954, RFC 5802, RFC 7628: each mechanism, with what is right and what is wrong.
#[tokio::test]
async fn every_mechanism() {
    let receiver = bind().await;
    for mechanism in Mechanism::ALL {
        let credentials = |secret: &str| match mechanism {
            Mechanism::OAuthBearer | Mechanism::XOAuth2 => Credentials::with_token("ada", secret).unwrap(),
            _ => Credentials::new("ada", secret).unwrap(),
        };
        let right = if credentials("x").is_token() { "secret-token" } else { "pencil" };
        assert_eq!(log_in(&receiver, mechanism, credentials(right)).await, Ok(()), "{mechanism:?}");
        let refused = log_in(&receiver, mechanism, credentials("wrong")).await;
        assert!(refused.is_err(), "{mechanism:?}");
    }
}

/// RFC 5802 §9: an unknown user is challenged like a known one.
#[tokio::test]
async fn an_unknown_user_of_scram_is_not_told() {
    let receiver = bind().await;
    // n,,n=<name>,r=nonce
    for (first, code) in
        [("biwsbj1hZGEscj1ub25jZQ==", 334), ("biwsbj1ldmUscj1ub25jZQ==", 334), ("biwsbj1tb3ZlZCxyPW5vbmNl", 454)]
    {
        let mut client = Client::greeted(&receiver).await;
        assert_eq!(client.say(format!("AUTH SCRAM-SHA-256 {first}\r\n")).await.code(), code, "{first}");
    }
}

/// What the handler learns: the name, and the mechanism.
#[tokio::test]
async fn the_session_tells_who_it_is() {
    let receiver = bind().await;
    let mut client = Client::greeted(&receiver).await;
    assert_eq!(client.say("MAIL FROM:<>\r\n").await.to_string(), "450 4.7.1 None None");
    assert_eq!(client.say("AUTH PLAIN AGFkYQBwZW5jaWw=\r\n").await.code(), 235);
    assert_eq!(client.say("MAIL FROM:<>\r\n").await.to_string(), "450 4.7.1 Some(\"ada\") Some(Plain)");
}
