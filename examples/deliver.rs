//! The whole way of a mail, on loopback: a campaign is composed from a list and a template, signed, written to the
//! disk, delivered over SMTP to the right MX, deferred, refused, retried, bounced, understood, and suppressed.
//!
//! Nothing here is a mock. The DNS server, the two mailbox providers and the sender's own mail host are real servers
//! on loopback addresses; the Mailer is the one of an application. Only retries are faster: a second, not minutes.
//! Whatever is printed is checked too, and the program fails if anything is not as told.
//!
//! Run it: `cargo run --release --example deliver`

#[macro_use]
#[path = "support/out.rs"]
mod out;

#[path = "deliver/ledger.rs"]
mod ledger;
#[path = "deliver/letter.rs"]
mod letter;
#[path = "deliver/links.rs"]
mod links;
#[path = "support/no_arguments.rs"]
mod no_arguments;
#[path = "deliver/page.rs"]
mod page;
#[path = "deliver/told.rs"]
mod told;
#[path = "deliver/town.rs"]
mod town;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use async_trait::async_trait;
use posthaste::dkim::{Algorithm, DkimKey, DkimResult, KeyKind, check};
use posthaste::dns::RecordKind;
use posthaste::suppression::{Actor, Entry, Reason, Scope, What};
use posthaste::{
    Address, CampaignName, Content, Dkim, DurableEvents, EventId, ListName, Mailbox, Mailer, Mx, Outgoing, ReversePath,
    Settings, Sqlite, StreamName, StreamPolicy, TlsPolicy, Via,
};
use posthaste_receive::{Handler, HandlerError, Incoming, Receiver, Session, Verdict, Verdicts};
use posthaste_testkit::Plan;

use ledger::{Ledger, plain};
use letter::{is_called_by_name, letter};
use links::{Unsubscribe, way_out};
use page::{Cell, Ink, Promises, fact, heading, table};
use told::{LISTED, SPRING_AS_TOLD, SUMMER_AS_TOLD, compare, delivered};
use town::Town;

const LETTERS: StreamName = StreamName::from_static("letters");
const LIST: ListName = ListName::from_static("lighthouse");
const SPRING: CampaignName = CampaignName::from_static("spring");
const SUMMER: CampaignName = CampaignName::from_static("summer");

const HELP: &str = "\
Tells the whole way of a mail, on loopback: a campaign is composed, signed, queued, delivered, deferred, refused,
retried, bounced, understood, and suppressed. It takes some seconds, and no arguments.

  deliver

Exit code: 0 all as told, 1 something was not, 2 there are arguments.
";

#[tokio::main]
async fn main() -> ExitCode {
    if let Some(end) = no_arguments::end("deliver", HELP) {
        return end;
    }
    match tokio::time::timeout(Duration::from_secs(55), story()).await {
        Ok(Ok(promises)) => promises.close(),
        Ok(Err(error)) => {
            eprintln!("\nThe story broke off: {error}");
            ExitCode::FAILURE
        }
        Err(_) => {
            eprintln!("\nThe story did not come to its end within 55 s: something waits for what does not happen.");
            ExitCode::FAILURE
        }
    }
}

async fn story() -> Result<Promises, Box<dyn Error>> {
    let mut promises = Promises::default();

    heading("A small world");
    let mut town = Town::open().await?;
    let signer = publish_keys(&town)?;
    set_plans(&town);

    heading("A Mailer");
    let folder = tempfile::tempdir()?;
    let mailer = start(&town, signer, folder.path()).await?;
    let home = open_home(&mut town, &mailer)?;

    heading("The subscribers");
    let links = Unsubscribe::new(&*town.clock);
    let subscribers = subscribers(&mut promises)?;
    println!("  {} people", subscribers.len());

    heading("The spring letter");
    let mut events = mailer.events(EventId::START).open();
    let mut spring = Ledger::new(SPRING, subscribers.len(), town.clock.wall());
    send(&mailer, &subscribers, SPRING, &links).await?;
    follow(&mut events, &mut spring, |spring| spring.all_ended() && spring.returned() == 1).await?;

    heading("What the providers saw");
    inspect(&town, &mut promises).await?;

    heading("What came back later");
    come_back(&mailer, &town, &links, &mut promises).await?;
    follow(&mut events, &mut spring, |spring| spring.returned() == 2 && spring.unmatched == 1).await?;

    heading("What became of the spring letter");
    table(["recipient", "what happened", "when", "why"], &spring.rows());
    compare(&spring, SPRING_AS_TOLD, &mut promises);

    heading("Who gets no more mail");
    show_list(&mailer, &mut promises).await?;

    heading("The summer letter");
    town.garden.plan("flora@garden.example", Plan::Accept); // she has tidied up
    let before = town.arrived().len();
    let mut summer = Ledger::new(SUMMER, subscribers.len(), town.clock.wall()).quietly();
    send(&mailer, &subscribers, SUMMER, &links).await?;
    follow(&mut events, &mut summer, Ledger::all_ended).await?;
    table(["recipient", "what happened", "when", "why"], &summer.rows());
    compare(&summer, SUMMER_AS_TOLD, &mut promises);
    let taken = town.arrived().len() - before;
    promises.check("the providers got the summer letters, and no more", taken == delivered(SUMMER_AS_TOLD));

    promises.check("nobody waits in the spool", mailer.stop().await.waiting == 0);
    home.stop().await;
    Ok(promises)
}

/// Makes two keys, as RFC 8463 advises, and publishes them.
fn publish_keys(town: &Town) -> Result<Dkim, Box<dyn Error>> {
    fact("DNS", format!("at {}, asked over the wire", town.dns.address()));
    let signer = Dkim::new("news.example.com".parse()?)
        .key("s1".parse()?, DkimKey::generate(KeyKind::Ed25519)?)
        .key("s2".parse()?, DkimKey::generate(KeyKind::Rsa2048)?);
    for record in signer.records()? {
        town.dns.zone().add(&record.to_string())?;
        fact("", format!("{} holds a key", record.name));
    }
    Ok(signer)
}

/// What the providers do that is out of the ordinary.
fn set_plans(town: &Town) {
    town.garden.plan_others(Plan::Greylist { attempts: 1 });
    town.garden.plan("emil@garden.example", Plan::reply("550 5.1.1 no such user here"));
    town.garden.plan("flora@garden.example", Plan::reply("452 4.2.2 mailbox full"));
    fact("garden.example", format!("at {}: defers strangers once, knows no Emil, and", town.garden.local_addr()));
    fact("", "Flora's mailbox is full");

    town.harbour.plan("ivo@harbour.example", Plan::bounce("550 5.1.1 Ivo has left the harbour"));
    fact("harbour.example", format!("at {}: its better host is down; takes all mail, and", town.harbour.local_addr()));
    fact("", "finds out later that Ivo has left");
    fact("quiet.example", "takes no mail (null MX)");
    fact("gone.example", "does not exist, which may be a slip of the DNS: nobody there is suppressed");
}

async fn start(town: &Town, signer: Dkim, folder: &Path) -> Result<Mailer, Box<dyn Error>> {
    let mut settings = Settings::default();
    settings.schedule.delays = vec![Duration::from_secs(1)]; // so that you need not wait five minutes
    settings.schedule.jitter_permille = 0;
    let mx = Mx::new(town.resolver.clone(), town.clock.clone(), town.mx_config("mail.news.example.com")?);
    let mailer = Mailer::builder()
        .spool(Sqlite::open(folder.join("mail.db"))?)
        .signer(signer)
        .transport(mx)
        .tls_policy(TlsPolicy::Verified)
        .return_path(BOUNCES)
        .stream(LETTERS, StreamPolicy::bulk().expire_after(Duration::from_secs(6)))
        .settings(settings)
        .start()
        .await?;
    fact("spool", "one SQLite file, synced before send() returns");
    fact("way out", "straight to the MX, under verified TLS or not at all");
    Ok(mailer)
}

fn open_home(town: &mut Town, mailer: &Mailer) -> Result<Receiver, Box<dyn Error>> {
    let (listener, certificate) = town.home()?;
    fact("way back", format!("everything for {BOUNCES} goes to mailer.ingest()"));
    Ok(Receiver::builder(Home { mailer: mailer.clone() }).tls(certificate).listen(listener)?)
}

/// The sender's own mail host: all that comes to it is for the Mailer to understand.
#[derive(Debug)]
struct Home {
    mailer: Mailer,
}

#[async_trait]
impl Handler for Home {
    async fn recipient(&self, _: &Session, to: &Address) -> Verdict {
        if to.domain().as_str() == BOUNCES { Verdict::Accept } else { Verdict::refuse_relay() }
    }

    async fn message(&self, _: &Session, mail: Incoming<'_>) -> Result<Verdicts, HandlerError> {
        for to in mail.envelope().to() {
            self.mailer.ingest(mail.octets(), Via::recipient(to.address.clone())).await?;
        }
        Ok(Verdict::Accept.into())
    }
}

/// A row of the list.
struct Subscriber {
    row: usize,
    mailbox: Mailbox,
}

fn subscribers(promises: &mut Promises) -> Result<Vec<Subscriber>, Box<dyn Error>> {
    let mut found = Vec::new();
    let mut bad = Vec::new();
    for (row, record) in (1..).zip(csv::Reader::from_reader(SUBSCRIBERS.as_bytes()).deserialize()) {
        let (name, email): (String, String) = record?;
        match email.parse().and_then(|address| Mailbox::new(&name, address)) {
            Ok(mailbox) => found.push(Subscriber { row, mailbox }),
            Err(error) => {
                println!("  row {row}, {name}, is left out: {email:?}: {error}");
                bad.push(name);
            }
        }
    }
    promises.check("Mara's address is none, and she alone is left out", bad == ["Mara"]);
    Ok(found)
}

/// Sends a letter to everybody: one commit, one receipt each.
async fn send(
    mailer: &Mailer,
    subscribers: &[Subscriber],
    campaign: CampaignName,
    links: &Unsubscribe<'_>,
) -> Result<(), Box<dyn Error>> {
    let mails = subscribers.iter().map(|subscriber| {
        let letter = letter(&subscriber.mailbox, campaign.as_str(), links)?;
        let key = format!("{campaign}/{}", subscriber.row); // accepted once, however often this runs
        Ok(Outgoing::new(letter).stream(LETTERS).list(LIST).campaign(campaign.clone()).once(key))
    });
    let mut results = mailer.send_all(mails.collect::<Result<Vec<_>, Box<dyn Error>>>()?);
    let mut accepted = 0;
    while let Some(result) = results.next().await {
        result?;
        accepted += 1;
    }
    println!("  {accepted} mails are signed and on the disk\n");
    Ok(())
}

/// Says what happens, until it is enough.
async fn follow(
    events: &mut DurableEvents,
    ledger: &mut Ledger,
    enough: impl Fn(&Ledger) -> bool,
) -> Result<(), Box<dyn Error>> {
    while !enough(ledger) {
        ledger.note(&events.next().await?);
    }
    Ok(())
}

/// The providers check the signatures, by the keys in the DNS.
async fn inspect(town: &Town, promises: &mut Promises) -> Result<(), Box<dyn Error>> {
    let mut rows = Vec::new();
    let arrived = town.arrived();
    for (to, mail) in &arrived {
        let content = Content::from_canonical(mail.octets.clone())?;
        let by = town.clock.tick().saturating_add(Duration::from_secs(5));
        let results = check(&content, &*town.resolver, town.clock.wall(), by).await;
        let passed: Vec<_> = results.iter().filter(|one| one.is_pass()).filter_map(|one| one.algorithm).collect();
        let is_signed = passed == [Algorithm::Ed25519Sha256, Algorithm::RsaSha256];
        promises.check(format!("{to}: both signatures pass"), is_signed);
        promises.check(format!("{to}: came under TLS"), mail.tls.is_some());
        promises.check(format!("{to}: is called by name"), is_called_by_name(&mail.octets));
        promises.check(format!("{to}: has a one-click way out"), way_out(mail).is_some());

        let result = |one: &DkimResult| match (&one.selector, one.algorithm) {
            (Some(selector), Some(algorithm)) if one.is_pass() => format!("{selector} {algorithm}: pass"),
            _ => one.to_string(),
        };
        let results: Vec<_> = results.iter().map(result).collect();
        let tls = mail.tls.as_ref().map_or("clear".to_owned(), |tls| tls.version.to_string());
        let ink = if is_signed { Ink::Good } else { Ink::Bad };
        rows.push([to.into(), tls.into(), Cell::new(ink, results.join(", "))]);
    }
    table(["for", "under", "signed"], &rows);
    promises.check("each delivered letter came exactly once", arrived.len() == delivered(SPRING_AS_TOLD));
    let better = "down.harbour.example".parse()?;
    promises.check("the better host of the harbour was looked for", town.dns.zone().asked(&better, RecordKind::A) > 0);
    Ok(())
}

/// Kim complains, Lea leaves the list, and somebody forges a report about Ada.
async fn come_back(
    mailer: &Mailer,
    town: &Town,
    links: &Unsubscribe<'_>,
    promises: &mut Promises,
) -> Result<(), Box<dyn Error>> {
    let arrived = town.arrived();
    let of =
        |name: &str| arrived.iter().find(|(to, _)| to.as_str().starts_with(name)).ok_or(format!("no mail of {name}"));

    println!("  Kim presses \"this is spam\": her provider sends a complaint to the return path.");
    let (kim, mail) = of("kim@")?;
    town.complain(kim, mail)?;

    println!("  Lea presses \"unsubscribe\": her provider posts to the link in her letter.");
    let (lea, mail) = of("Lea.")?;
    let link = way_out(mail).ok_or("no link in Lea's letter")?;
    let reader = links.read(&link)?;
    promises.check("the link in Lea's letter is Lea's", reader == *lea);
    let entry =
        Entry::new(What::address(&reader), Scope::List(LIST), Reason::Unsubscribe, Actor::Recipient, town.clock.wall());
    mailer.suppress(entry).await?;

    println!("  Somebody makes up a report that Ada does not exist, at a return path that he guessed.\n");
    let (ada, mail) = of("ada@")?;
    town.forge_report(guess(mail.envelope.from())?, ada, mail)?;
    Ok(())
}

/// A return path that looks like one of ours, with another last character.
fn guess(path: &ReversePath) -> Result<ReversePath, Box<dyn Error>> {
    let path = path.address().ok_or("no return path")?;
    let mut local = path.local_part().to_owned();
    let last = local.pop();
    local.push(if last == Some('a') { 'q' } else { 'a' });
    Ok(ReversePath::Address(Address::new(&local, path.domain().clone())?))
}

async fn show_list(mailer: &Mailer, promises: &mut Promises) -> Result<(), Box<dyn Error>> {
    let entries = mailer.suppressed(None, 100).await?;
    let row = |entry: &Entry| {
        let why = entry.evidence.first().map_or_else(|| format!("by {}", entry.by), |one| plain(one.text.as_str()));
        [(&entry.what).into(), (&entry.scope).into(), (&entry.reason).into(), why.into()]
    };
    let rows: Vec<[Cell; 4]> = entries.iter().map(|(_, entry)| row(entry)).collect();
    table(["who", "which mail", "reason", "evidence"], &rows);

    let mut listed: Vec<_> = entries.iter().map(|(_, entry)| format!("{}: {}", entry.what, entry.reason)).collect();
    listed.sort();
    promises.check(format!("the list is {LISTED:?}, not {listed:?}"), listed == LISTED);
    Ok(())
}

const BOUNCES: &str = "bounces.news.example.com";
const SUBSCRIBERS: &str = include_str!("data/subscribers.csv");
