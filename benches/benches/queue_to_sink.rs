//! The whole way of a mail, every step durable: `Mailer::send` on the SQLite spool, the attempt written down,
//! delivery through `Relay` to Postfix's `smtp-sink`, and the outcome written down.
//!
//! The clock runs from the first `send` until the last recipient has ended. The CPU time is that of this process.
//! Beside it Postfix on the same disk, with the defaults of its queue: `smtp-source` hands it the mail on as many
//! connections as there are senders here.

use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use posthaste_benches::{Comparison, CpuTime, Mode, Postfix, Sample, SmtpSink, machine};
use posthaste_dkim::{Dkim, DkimKey, KeyKind};
use posthaste_engine::{LiveEvents, Mailer};
use posthaste_message::Message;
use posthaste_mx::{Relay, RelayConfig};
use posthaste_sqlite::Sqlite;
use posthaste_types::{EventKind, Fate};
use tokio::sync::Semaphore;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    let mode = Mode::from_env();
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    println!("{}", machine(folder.path()));
    let Some(sink) = SmtpSink::start()? else {
        println!("smtp-sink (of Postfix) is not installed: passed by");
        return Ok(());
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(mode, sink.address(), folder.path()))
}

async fn run(mode: Mode, sink: SocketAddr, folder: &Path) -> Result<()> {
    let mut run = Comparison::new(format!("queue to sink, 10 KiB, {SENDERS} senders"), "messages");
    let mut sides = Vec::new();
    for (name, kind) in SIDES {
        let mailer = mailer(sink, &folder.join(format!("{name}.db")), kind).await?;
        sides.push((run.side(name), mailer));
    }
    let postfix = postfix(sink, &folder.join("postfix"))?.map(|postfix| (run.side("Postfix"), postfix));
    if let [(unsigned, _), (ed25519, _), (rsa, _)] = sides[..] {
        if let Some((side, _)) = &postfix {
            run.ratio(unsigned, *side, ">= 5");
        }
        run.ratio(ed25519, unsigned, "");
        run.ratio(rsa, unsigned, "");
    }
    for round in 0..mode.rounds() {
        for side in run.order(round) {
            if let Some((_, mailer)) = sides.iter().find(|(own, _)| *own == side) {
                run.note(side, deliver(mailer, messages(mode.count(2_000), round)?).await?);
            } else if let Some((_, postfix)) = &postfix {
                let count = mode.count(500);
                run.note(side, Sample::new(count, postfix.deliver(count, SIZE, SENDERS)?));
            }
        }
    }
    for (_, mailer) in &sides {
        mailer.stop().await;
    }
    print!("{run}");
    Ok(())
}

async fn mailer(sink: SocketAddr, path: &Path, kind: Option<KeyKind>) -> Result<Mailer> {
    let relay = Relay::with_config(RelayConfig::from_url(&format!("smtp://{sink}"))?)?;
    let builder = Mailer::builder().spool(Sqlite::open(path)?).transport(relay);
    let builder = match kind {
        Some(kind) => {
            let dkim = Dkim::new("news.example.com".parse()?).key("s1".parse()?, DkimKey::generate(kind)?);
            builder.signer(dkim)
        }
        None => builder,
    };
    Ok(builder.start().await?)
}

fn postfix(sink: SocketAddr, folder: &Path) -> Result<Option<Postfix>> {
    std::fs::create_dir(folder)?;
    let postfix = Postfix::start(folder, sink)?;
    if postfix.is_none() {
        println!("Postfix is not installed, or this is not root: passed by");
    }
    Ok(postfix)
}

async fn deliver(mailer: &Mailer, messages: Vec<Message>) -> Result<Sample> {
    let count = messages.len();
    let events = mailer.watch().open();
    let places = Arc::new(Semaphore::new(SENDERS));
    let (start, cpu) = (Instant::now(), CpuTime::here());
    let ended = tokio::spawn(wait_for(events, count));
    for message in messages {
        let (mailer, place) = (mailer.clone(), places.clone().acquire_owned().await?);
        tokio::spawn(async move {
            let sent = mailer.send(message).await;
            drop(place);
            sent.map(drop)
        });
    }
    ended.await??;
    Ok(Sample::new(count, start.elapsed()).with_cpu(CpuTime::here().since(cpu)))
}

async fn wait_for(mut events: LiveEvents, count: usize) -> Result<()> {
    let mut left = count;
    while left > 0 {
        let event = events.next().await.ok_or("the Mailer is gone")??;
        match &event.kind {
            EventKind::Ended { ending } if ending.fate == Fate::Relayed => left -= 1,
            EventKind::Accepted { .. } | EventKind::Attempted { .. } => {}
            other => return Err(format!("{other:?}").into()),
        }
    }
    Ok(())
}

/// Messages of about 10 KiB, each to another recipient.
fn messages(count: usize, round: usize) -> Result<Vec<Message>> {
    let build = |number: usize| {
        let line = format!("Line of mail {number} in round {round}, as long as such lines are.\n");
        Ok(Message::builder()
            .from("Ada <ada@news.example.com>")
            .to(format!("reader-{round}-{number}@site-{}.example", number % 50).as_str())
            .subject("Your order is on its way")
            .text(line.repeat(SIZE / line.len()))
            .build()?)
    };
    (0..count).map(build).collect()
}

const SENDERS: usize = 64;
const SIDES: [(&str, Option<KeyKind>); 3] =
    [("unsigned", None), ("Ed25519", Some(KeyKind::Ed25519)), ("RSA-2048", Some(KeyKind::Rsa2048))];
const SIZE: usize = 10 * 1024;
