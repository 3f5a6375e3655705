//! The life of two DKIM keys, from the first record to the last, with a DNS of its own on this host and a clock that is
//! wound forward: what the programs do, and what a person must do.
//!
//! Run it: `cargo run --example keys -- --help`

#[macro_use]
#[path = "support/out.rs"]
mod out;

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use lexopt::Arg::{Long, Short};
use posthaste::auth::keys::{KeyPlan, Rotation, carry_out, tend};
use posthaste::dkim::{DkimKey, KeyKind, Selector, StoredKeys};
use posthaste::dns::{MemoryZone, RecordKind, Rerouted, Resolve};
use posthaste::dns_hickory::Hickory;
use posthaste::sign::{KeyStore, Sign};
use posthaste::{Clock, Content, DnsName, Domain, Timestamp};
use posthaste_keystore_file::KeyFolder;
use posthaste_testkit::{DnsServer, VirtualClock};

const HELP: &str = "\
Shows how the DKIM keys of example.com follow one another: generate, publish, wait until every name server shows it,
sign, retire, remove; and how one is revoked. The three name servers are this program's own, on loopback, and so is the
clock: nothing is waited for, and nothing outside is asked.

Usage: keys [--store DIR] [--kind KIND]

  --store DIR  where the keys are kept, a folder without keys of example.com; else a temporary one
  --kind KIND  ed25519 (the default), rsa2048 or rsa4096
  --help       this text

What stands behind `->` is for a person to do, or to wait for.

Exit code: 0 if all went as it should, 1 if not, 2 if the arguments are wrong.
";

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let (store, kind) = match arguments() {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            let _ = std::io::stdout().write_all(HELP.as_bytes()); // who reads on may have gone
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("keys: {error}\nTry --help.");
            return ExitCode::from(2);
        }
    };
    match run(store, kind).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("keys: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The folder and the kind of keys; `None` for help.
fn arguments() -> Outcome<Option<(Option<PathBuf>, KeyKind)>> {
    let mut parser = lexopt::Parser::from_env();
    let (mut store, mut kind) = (None, KeyKind::Ed25519);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("help") | Short('h') => return Ok(None),
            Long("store") => store = Some(PathBuf::from(parser.value()?)),
            Long("kind") => {
                kind = match parser.value()?.to_str() {
                    Some("ed25519") => KeyKind::Ed25519,
                    Some("rsa2048") => KeyKind::Rsa2048,
                    Some("rsa4096") => KeyKind::Rsa4096,
                    _ => return Err("--kind: one of ed25519, rsa2048 and rsa4096".into()),
                }
            }
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some((store, kind)))
}

async fn run(folder: Option<PathBuf>, kind: KeyKind) -> Outcome {
    let temporary = tempfile::tempdir()?;
    let folder = folder.unwrap_or_else(|| temporary.path().join("keys"));
    let mut show = Show::start(KeyFolder::open(&folder)?).await?;
    println!("The keys of {} are kept in {}.\n", show.domain, folder.display());

    show.generate("s1", kind).await?;
    show.round("nothing is published").await?;
    show.publish("s1", &[0, 1]).await?;
    show.round("a person published it, and ns3 is slow").await?;
    show.publish("s1", &[2]).await?;
    show.round("ns3 has it too").await?;
    show.pass(HOUR);
    show.round("an hour later").await?;
    show.sign().await?;

    show.pass(180 * DAY);
    show.round("half a year later").await?;
    show.generate("s2", kind).await?;
    show.publish("s2", &[0, 1, 2]).await?;
    show.round("a person published it at once").await?;
    show.pass(HOUR);
    show.round("an hour later: the signer changes over without a restart").await?;
    show.sign().await?;
    show.pass(12 * DAY);
    show.round("the queue's longest life and 7 days later").await?;
    show.withdraw("s1", &[0, 1, 2])?;
    show.round("a person removed it").await?;

    show.revoke("s2").await?;
    show.round("s2 fell into foreign hands: what it signs must fail from now on (better with a third key that signs)")
        .await?;
    show.publish_text("s2", &[0, 1, 2], "v=DKIM1; p=")?;
    show.round("a person published that").await?;
    show.pass(12 * DAY);
    show.round("when nobody can hold mail with it any more").await?;
    show.withdraw("s2", &[0, 1, 2])?;
    show.round("a person removed it").await
}

struct Show {
    domain: Domain,
    clock: Arc<VirtualClock>,
    store: Arc<KeyFolder>,
    signer: StoredKeys,
    servers: Vec<DnsServer>,
    dns: Rerouted,
    _everybody: DnsServer,
    begin: Timestamp,
}

impl Show {
    async fn start(store: KeyFolder) -> Outcome<Self> {
        let mut zone = String::new();
        for n in 1..=3 {
            zone.push_str(&format!("example.com NS ns{n}.example.com\nns{n}.example.com A 192.0.2.{n}\n"));
        }
        let everybody = DnsServer::start(zone.parse()?).await?;
        let clock = Arc::new(VirtualClock::new());
        let hickory = Hickory::with_servers([everybody.address()], clock.clone())?;
        let (mut dns, mut servers) = (Rerouted::new(hickory.clone()), Vec::new());
        for n in 1..=3 {
            let server = DnsServer::start(MemoryZone::new()).await?;
            dns = dns.with(format!("192.0.2.{n}:53").parse()?, hickory.at(server.address())?);
            servers.push(server);
        }
        let store = Arc::new(store);
        Ok(Self {
            domain: "example.com".parse()?,
            begin: clock.wall(),
            signer: StoredKeys::new(store.clone()),
            _everybody: everybody,
            clock,
            store,
            servers,
            dns,
        })
    }

    /// One round of what a program calls now and then.
    async fn round(&self, what: &str) -> Outcome {
        let (now, by) = (self.clock.wall(), self.clock.tick().saturating_add(Duration::from_secs(10)));
        let tended = tend(&*self.store, &self.dns, &self.domain, &KeyPlan::default(), now, by).await?;
        self.signer.refresh(now).await?;
        println!("day {:>3}: {what}", now.since(self.begin).as_secs() / 86_400);
        for step in tended.moves {
            println!("         {} was {}, is {}", step.selector, step.from.stage, step.to.stage);
        }
        for step in tended.steps {
            println!("      -> {step}");
        }
        println!();
        Ok(())
    }

    async fn generate(&self, selector: &str, kind: KeyKind) -> Outcome {
        let selector: Selector = selector.parse()?;
        let (entry, secret) = DkimKey::generate(kind)?.to_kept(&self.domain, &selector, self.clock.wall())?;
        self.store.put(&entry, &secret).await?;
        println!("A key {selector} is made and kept; it signs nothing yet.");
        Ok(())
    }

    async fn publish(&self, selector: &str, on: &[usize]) -> Outcome {
        let keys = self.store.keys(Some(&self.domain)).await?;
        let key = keys.iter().find(|key| key.selector().as_str() == selector).ok_or("no such key")?;
        self.publish_text(selector, on, key.record())
    }

    fn publish_text(&self, selector: &str, on: &[usize], text: &str) -> Outcome {
        self.withdraw(selector, on)?;
        let record = posthaste::auth::records::TxtRecord::new(self.name(selector)?, text);
        for server in self.chosen(on) {
            server.zone().add(&record.to_string())?;
        }
        Ok(())
    }

    fn withdraw(&self, selector: &str, on: &[usize]) -> Outcome {
        let name = self.name(selector)?;
        self.chosen(on).for_each(|server| server.zone().remove(&name, RecordKind::Txt));
        Ok(())
    }

    async fn revoke(&self, selector: &str) -> Outcome {
        let mut rotation = Rotation::new(KeyPlan::default(), self.store.keys(Some(&self.domain)).await?);
        rotation.revoke(self.clock.wall(), &self.name(selector)?);
        carry_out(&*self.store, &mut rotation).await?;
        Ok(())
    }

    /// Which key signs a message now.
    async fn sign(&self) -> Outcome {
        let content = Content::from_canonical(b"From: ada@example.com\r\nSubject: hi\r\n\r\nhi\r\n".to_vec())?;
        for field in self.signer.sign(&content, self.clock.wall()).await? {
            let selector = field.as_str().split("; s=").nth(1).and_then(|rest| rest.split(';').next());
            println!("A message is signed with the key {}.\n", selector.unwrap_or("?"));
        }
        Ok(())
    }

    fn pass(&mut self, time: Duration) {
        self.clock.jump_wall(time);
    }

    fn chosen<'a>(&'a self, on: &'a [usize]) -> impl Iterator<Item = &'a DnsServer> {
        on.iter().filter_map(|server| self.servers.get(*server))
    }

    fn name(&self, selector: &str) -> Outcome<DnsName> {
        Ok(selector.parse::<Selector>()?.record_name(&self.domain)?)
    }
}

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);
