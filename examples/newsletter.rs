//! A newsletter to 50,000 with one-click unsubscribe (RFC 8058).
//!
//! Run it: `cargo run --release --example newsletter -- 50000` (2,000 by default)

#[macro_use]
#[path = "support/out.rs"]
mod out;

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use posthaste::message::{Body, ComposeError};
use posthaste::suppression::{Actor, Entry, Reason, Scope, What};
use posthaste::token::{KeyId, KeyRing, MasterSecret, Purpose, TokenError};
use posthaste::transport::Memory;
use posthaste::{
    Address, Clock, Fate, ListName, Mailer, Message, Outgoing, Sqlite, StreamName, StreamPolicy, SystemClock,
    SystemRandom,
};

const WEEKLY: StreamName = StreamName::from_static("weekly");
const DIGEST: ListName = ListName::from_static("digest");

const HELP: &str = "\
Sends a newsletter into memory; one of its readers has left the list.

  newsletter [NUMBER]

  NUMBER    of readers, 8 to 1000000; 2000 if not given

Exit code: 0 all as told, 1 something failed, 2 an argument cannot be used.
";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let count = match arguments.as_slice() {
        [] => 2000,
        [help] if help == "--help" || help == "-h" => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        words => match words.join(" ").parse() {
            Ok(number) if READERS.contains(&number) => number,
            _ => {
                eprintln!("newsletter: {:?} is not a number of readers, 8 to 1000000", words.join(" "));
                eprintln!("            newsletter --help tells more");
                return ExitCode::from(2);
            }
        },
    };
    match send_to(count).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("newsletter: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn send_to(count: usize) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let world = Arc::new(Memory::new()); // stands for all mailbox providers
    let mailer = Mailer::builder()
        .spool(Sqlite::open(folder.path().join("news.db"))?)
        .transport(world.clone())
        .return_path("bounces.news.example.com")
        .stream(WEEKLY, StreamPolicy::bulk())
        .start()
        .await?;
    let links = Unsubscribe::new();

    // Somebody left the list last week, by a click on his link: whoever holds it is he.
    let left: Address = "reader7@example.org".parse()?;
    let link = links.link(&left)?;
    links.click(&mailer, &link).await?;

    // One body for all; the headers and the link are each reader's own.
    let body = Message::builder().from(FROM).to("all@news.example.com").text(ISSUE).build()?.body().clone();
    let readers = (0..count).map(|i| format!("reader{i}@example.org"));
    let mails = readers.map(|reader| mail(&body, &reader, &links));
    let mut results = mailer.send_all(mails.collect::<Result<Vec<_>, Box<dyn Error>>>()?);
    let mut accepted = Vec::new();
    while let Some(result) = results.next().await {
        accepted.push(result?);
        if accepted.len() % 500 == 0 {
            print!("\r{} of {count} on disk", accepted.len());
        }
    }
    println!();

    let mut suppressed = 0;
    for receipt in &accepted {
        let standings = receipt.settled().await?;
        for one in standings.iter().filter(|one| one.standing.fate() == Some(Fate::Suppressed)) {
            suppressed += 1;
            println!("{}: {}", one.address, one.standing);
        }
    }
    println!("{} delivered, {suppressed} skipped", world.received().len());
    let sample = world.received().remove(0).content.to_vec();
    let head = String::from_utf8_lossy(&sample);
    head.lines().filter(|line| line.starts_with("List-")).for_each(|line| println!("{line}"));
    mailer.stop().await;

    let as_told = (world.received().len(), suppressed) == (count - 1, 1);
    if as_told { Ok(()) } else { Err("not as told".into()) }
}

fn mail(body: &Body, reader: &str, links: &Unsubscribe) -> Result<Outgoing, Box<dyn Error>> {
    let link = links.link(&reader.parse()?)?;
    let message = personal(body, reader, &link)?;
    Ok(Outgoing::new(message).stream(WEEKLY).list(DIGEST).once(format!("issue-42/{reader}")))
}

fn personal(body: &Body, reader: &str, link: &str) -> Result<Message, ComposeError> {
    Message::builder()
        .from(FROM)
        .to(reader)
        .subject("Issue 42")
        .body(body)
        .list_id("digest.news.example.com")
        .one_click(link)
        .build()
}

/// Links that cannot be forged, and what a click on one does.
struct Unsubscribe {
    ring: KeyRing,
    clock: SystemClock,
}

impl Unsubscribe {
    fn new() -> Self {
        let secret = MasterSecret::generate(&SystemRandom::new()); // keep it: links must work for months
        Self { ring: KeyRing::new(KeyId::new(1), secret), clock: SystemClock::new() }
    }

    fn link(&self, reader: &Address) -> Result<String, TokenError> {
        let token = self.ring.seal(Purpose::Unsubscribe, reader.as_str().as_bytes(), self.clock.wall())?;
        Ok(format!("https://news.example.com/u/{}", token.as_str()))
    }

    /// What the application's web server does with a POST of `List-Unsubscribe=One-Click` to the link.
    async fn click(&self, mailer: &Mailer, link: &str) -> Result<(), Box<dyn Error>> {
        let token = link.rsplit('/').next().unwrap_or_default();
        let year = std::time::Duration::from_secs(365 * 24 * 3600);
        let opened = self.ring.open(Purpose::Unsubscribe, token, self.clock.wall(), year)?;
        let reader: Address = std::str::from_utf8(opened.payload())?.parse()?;
        let scope = Scope::List(DIGEST);
        let entry = Entry::new(What::address(&reader), scope, Reason::Unsubscribe, Actor::Recipient, self.clock.wall());
        mailer.suppress(entry).await?;
        println!("{reader} left the list {DIGEST}");
        Ok(())
    }
}

/// The seventh has left; all are held in memory.
const READERS: std::ops::RangeInclusive<usize> = 8..=1_000_000;
const FROM: &str = "Ada <ada@news.example.com>";
const ISSUE: &str = "This week: how a message finds its way home.\n";
