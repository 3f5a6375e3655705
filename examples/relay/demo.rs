//! Three mails through the relay, on this machine alone: one that is delivered, one that bounces and comes back as a
//! notice, and one that is not taken.

use std::error::Error;
use std::time::Duration;

use async_trait::async_trait;
use posthaste::mx::RelayConfig;
use posthaste::smtp::AuthAllowed;
use posthaste::{
    Address, Attempt, Content, Domain, Envelope, Mail, MailId, OutcomeKind, Random, Relay, SystemClock, SystemRandom,
    Transport,
};
use posthaste_receive::{Handler, HandlerError, Incoming, Receiver, Session, Verdict, Verdicts};
use tokio::sync::mpsc;

use crate::arguments::{Arguments, Next};
use crate::gate::Rules;
use crate::service::Service;

pub(crate) async fn run(json: bool) -> Result<(), Box<dyn Error>> {
    let (taken, mut arrived) = mpsc::unbounded_channel();
    let next = Receiver::builder(NextHop(taken)).bind(([127, 0, 0, 1], 0)).await?;
    let folder = tempfile::tempdir()?;
    let mut octets = [0; 16];
    SystemRandom::new().fill(&mut octets);
    let password = format!("{:032x}", u128::from_be_bytes(octets));
    let mut rules = Rules::default();
    rules.users.insert("ada".to_owned(), password.clone());
    rules.senders.push("example.com".parse()?);
    let service = Service::start(Arguments {
        listen: ([127, 0, 0, 1], 0).into(),
        hostname: Domain::parse("relay.example.com")?,
        rules,
        tls: None,
        spool: folder.path().join("relay.db"),
        next: Next::Relay { url: format!("smtp://{}", next.local_addr()), password: None },
        trace: Some("ada".to_owned()),
        json,
    })
    .await?;

    let port = service.address().port();
    let result = tokio::select! {
        result = three_mails(port, &password, &mut arrived) => result,
        printed = service.print_events() => printed.and(Err("the relay stopped".into())),
        () = tokio::time::sleep(PATIENCE) => Err(format!("not done within {PATIENCE:?}").into()),
    };
    let waiting = service.stop().await;
    next.stop().await;
    result?;
    expect("recipients that wait", waiting, 0)?;
    say("all as expected");
    Ok(())
}

async fn three_mails(
    port: u16,
    password: &str,
    arrived: &mut mpsc::UnboundedReceiver<String>,
) -> Result<(), Box<dyn Error>> {
    let ada = client(&format!("smtp://ada@127.0.0.1:{port}"), Some(password))?;
    say("ada sends to bob");
    expect("bob's mail", send(&ada, 1, "bob@example.org").await?, OutcomeKind::Accepted)?;
    expect("what the next hop gets", next_to(arrived).await?, "bob@example.org".to_owned())?;
    say("ada sends to nobody, whom the next hop does not know");
    expect("nobody's mail", send(&ada, 2, "nobody@example.org").await?, OutcomeKind::Accepted)?;
    expect("who gets the notice", next_to(arrived).await?, "ada@example.com".to_owned())?;
    say("somebody without a password sends to bob");
    let stranger = client(&format!("smtp://127.0.0.1:{port}"), None)?;
    expect("the stranger's mail", send(&stranger, 3, "bob@example.org").await?, OutcomeKind::Refused)?;
    ada.close().await;
    stranger.close().await;
    Ok(())
}

fn client(url: &str, password: Option<&str>) -> Result<Relay, Box<dyn Error>> {
    let mut config = RelayConfig::from_url(url)?;
    config.auth = AuthAllowed::Anywhere; // it stays on this machine
    if let Some(password) = password {
        config = config.with_password(password)?;
    }
    Ok(Relay::with_config(config)?)
}

async fn send(client: &Relay, n: u8, to: &str) -> Result<OutcomeKind, Box<dyn Error>> {
    let text = format!(
        "From: Ada <ada@example.com>\r\nTo: <{to}>\r\nSubject: Mail {n}\r\nMessage-ID: <{n}@example.com>\r\n\r\nHello.\r\n"
    );
    let envelope = Envelope::new(Address::parse("ada@example.com")?, [Address::parse(to)?])?;
    let id = MailId::new(posthaste::Clock::wall(&SystemClock::new()), &SystemRandom::new());
    let mail = Mail::new(id, envelope, Content::from_canonical(text.into_bytes())?);
    let outcomes = client.deliver(&Attempt::of(&mail)).await?;
    let outcome = outcomes.iter().next().ok_or("no outcome")?;
    say(format_args!("the client reads: {outcome}"));
    Ok(outcome.kind())
}

async fn next_to(arrived: &mut mpsc::UnboundedReceiver<String>) -> Result<String, Box<dyn Error>> {
    Ok(arrived.recv().await.ok_or("the next hop ended")?)
}

fn expect<T: PartialEq + std::fmt::Debug>(what: &str, is: T, expected: T) -> Result<(), String> {
    if is == expected { Ok(()) } else { Err(format!("{what}: {is:?}, and {expected:?} was expected")) }
}

fn say(words: impl std::fmt::Display) {
    eprintln!("demo: {words}");
}

/// Takes everything but what is for nobody, and tells whom it was for.
#[derive(Debug)]
struct NextHop(mpsc::UnboundedSender<String>);

#[async_trait]
impl Handler for NextHop {
    async fn recipient(&self, _: &Session, to: &Address) -> Verdict {
        if to.local_part() == "nobody" { Verdict::no_such_user() } else { Verdict::Accept }
    }

    async fn message(&self, _: &Session, mail: Incoming<'_>) -> Result<Verdicts, HandlerError> {
        for to in mail.envelope().to() {
            self.0.send(to.address.to_string()).map_err(|_| HandlerError::new("the demo has ended"))?;
        }
        Ok(Verdict::Accept.into())
    }
}

const PATIENCE: Duration = Duration::from_secs(30);
