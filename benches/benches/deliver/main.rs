//! Delivering over SMTP: our `Relay` against lettre and mail-send, to Postfix's `smtp-sink` and to a null sink.
//!
//! Each side runs in a process of its own, so that its CPU time is its own; it opens its connections before
//! the clock starts. lettre and mail-send do not set TCP_NODELAY as published; with a shim that sets it they
//! are honest peers. The raw dialogue is what is left without a client: pipelined, from one buffer, on threads
//! that block.
//!
//! Words on the command line choose: `sink`, `null` or `tls` (a null sink behind TLS from the first octet on; a
//! certificate is made for each run); `2k`, `10k`, `100k`; `c1`, `c16`, `c64` connections. Each side of a round begins
//! messages for a fixed time, so that the whole ends within eight minutes.

mod bare;
mod sides;

use std::error::Error;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use posthaste_benches::{
    Comparison, Mode, NoDelay, NullSink, Sample, Side, SmtpSink, machine, serve_nothing, serve_nothing_over_tls,
};
use posthaste_testkit::TestCa;

use sides::{Client, Load};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().collect();
    match words.get(1).map(String::as_str) {
        Some("as-sink") => return Ok(serve_nothing()?),
        Some("as-tls-sink") => {
            let folder = PathBuf::from(words.get(2).ok_or("one folder, please")?);
            return Ok(serve_nothing_over_tls(&folder.join(CHAIN), &folder.join(KEY))?);
        }
        Some("as-client") => return sides::run(words.get(2..).unwrap_or_default()),
        _ => {}
    }
    let mode = Mode::from_env();
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    println!("{}", machine(folder.path()));
    let no_delay = NoDelay::compile(folder.path())?;
    if no_delay.is_none() {
        println!("no C compiler: the sides with TCP_NODELAY are passed by");
    }
    let places = ["sink", "null", "tls"];
    let bench = Bench { mode, no_delay };
    if chosen(&places, "sink") {
        match SmtpSink::start()? {
            Some(sink) => bench.to(&Place::new("smtp-sink", sink.address(), &SINK_STANDS))?,
            None => println!("smtp-sink (of Postfix) is not installed: passed by"),
        }
    }
    if chosen(&places, "null") {
        let null = NullSink::start(Command::new(std::env::current_exe()?).arg("as-sink"))?;
        bench.to(&Place::new("null sink", null.address(), &NULL_STANDS))?;
    }
    if chosen(&places, "tls") {
        let ca = make_certificate(folder.path())?;
        let null = NullSink::start(Command::new(std::env::current_exe()?).arg("as-tls-sink").arg(folder.path()))?;
        bench.to(&Place { ca: Some(ca), ..Place::new("null sink, TLS", null.address(), &TLS_STANDS) })?;
    }
    Ok(())
}

/// For the address of the sink; says where the certificate is that vouches for it.
fn make_certificate(folder: &Path) -> Result<PathBuf> {
    let ca = TestCa::new();
    let (chain, key) = ca.server_pem(&["127.0.0.1"]);
    std::fs::write(folder.join(CHAIN), chain)?;
    std::fs::write(folder.join(KEY), key)?;
    let root = folder.join("root.pem");
    std::fs::write(&root, ca.root_pem())?;
    Ok(root)
}

/// Whether a part is to run: each does, unless the command line names others of its group.
fn chosen(group: &[&str], part: &str) -> bool {
    let mut named = std::env::args().skip(1).filter(|word| group.contains(&word.as_str())).peekable();
    named.peek().is_none() || named.any(|word| word == part)
}

/// Where the mail goes, and what should come of it.
struct Place {
    name: &'static str,
    address: SocketAddr,
    stands: &'static Stands,
    ca: Option<PathBuf>,
}

impl Place {
    fn new(name: &'static str, address: SocketAddr, stands: &'static Stands) -> Self {
        Self { name, address, stands, ca: None }
    }
}

struct Bench {
    mode: Mode,
    no_delay: Option<NoDelay>,
}

impl Bench {
    fn to(&self, place: &Place) -> Result<()> {
        let (sizes, all) = ([(2, "2k"), (10, "10k"), (100, "100k")], [(1, "c1"), (16, "c16"), (64, "c64")]);
        for (kib, size) in sizes.into_iter().filter(|(_, size)| chosen(&["2k", "10k", "100k"], size)) {
            for (connections, word) in all.into_iter().filter(|(_, word)| chosen(&["c1", "c16", "c64"], word)) {
                let main = (size, word) == ("10k", "c16");
                self.compare(place, (kib * 1024, connections), if main { place.stands } else { &NO_STANDS })?;
            }
        }
        Ok(())
    }

    fn compare(&self, place: &Place, (size, connections): (usize, usize), stands: &Stands) -> Result<()> {
        let title = format!("{}, {} KiB, {connections} connections", place.name, size / 1024);
        let mut run = Comparison::new(title, "messages");
        let time = match self.mode {
            Mode::Smoke => SMOKE_TIME,
            _ if connections == 16 && size > 2 * 1024 => LONG_TIME,
            _ => TIME,
        };
        let mut sides = Vec::new();
        for (name, client, shim) in SIDES {
            let misses = match client {
                // It knows no TLS.
                Client::SmtpSource => place.ca.is_some() || !has_smtp_source(),
                _ => shim == Shim::Preloaded && self.no_delay.is_none(),
            };
            if !misses {
                let load = Load { client, sink: place.address, size, connections, time, ca: place.ca.clone() };
                sides.push((run.side(name), load, shim));
            }
        }
        ask_ratios(&mut run, &sides, stands);
        for round in 0..self.mode.rounds_or(ROUNDS) {
            for side in run.order(round) {
                let Some((_, load, shim)) = sides.iter().find(|(own, ..)| *own == side) else { continue };
                run.note(side, in_a_process(load, self.no_delay.as_ref().filter(|_| *shim == Shim::Preloaded))?);
            }
        }
        print!("{run}");
        Ok(())
    }
}

fn ask_ratios(run: &mut Comparison, sides: &[(Side, Load, Shim)], stands: &Stands) {
    let [(raw, ..), (alone, ..), (ours, ..), peers @ ..] = sides else { return };
    for (peer, _, shim) in peers {
        match shim {
            Shim::None => run.ratio(*ours, *peer, ""),
            Shim::Preloaded => {
                run.ratio(*ours, *peer, stands.rate);
                run.cpu_ratio(*ours, *peer, stands.cpu);
                run.ratio(*alone, *peer, "");
                run.cpu_ratio(*alone, *peer, "");
            }
        }
    }
    run.ratio(*ours, *raw, stands.raw);
}

fn has_smtp_source() -> bool {
    let folders = ["/usr/sbin", "/usr/local/sbin", "/usr/bin"];
    folders.iter().any(|folder| std::path::Path::new(folder).join("smtp-source").is_file())
}

/// Runs one side of one round, and reads what it prints: count, nanoseconds, CPU seconds.
fn in_a_process(load: &Load, no_delay: Option<&NoDelay>) -> Result<Sample> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("as-client").args(load.words());
    if let Some(no_delay) = no_delay {
        no_delay.preload(&mut command);
    }
    let output = command.output()?;
    let text = String::from_utf8(output.stdout)?;
    let words: Vec<&str> = text.split_whitespace().collect();
    let [count, nanos, cpu] = words[..] else {
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(format!("{:?}: {why}", load.client).into());
    };
    Ok(Sample::new(count.parse()?, Duration::from_nanos(nanos.parse()?)).with_cpu(cpu.parse()?))
}

/// Whether a client is given TCP_NODELAY from outside.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shim {
    None,
    Preloaded,
}

/// Where the ratios should stand.
struct Stands {
    rate: &'static str,
    cpu: &'static str,
    raw: &'static str,
}

/// Name and client. Those as published wait 40 ms for each message.
const SIDES: [(&str, Client, Shim); 8] = [
    ("raw dialogue, pipelined", Client::Raw, Shim::None),
    ("posthaste Relay, a sender a connection", Client::Posthaste, Shim::None),
    ("posthaste Relay, two senders", Client::PosthasteAhead, Shim::None),
    ("lettre, as published", Client::Lettre, Shim::None),
    ("mail-send, as published", Client::MailSend, Shim::None),
    ("lettre, TCP_NODELAY", Client::Lettre, Shim::Preloaded),
    ("mail-send, TCP_NODELAY", Client::MailSend, Shim::Preloaded),
    ("smtp-source", Client::SmtpSource, Shim::None),
];
const ROUNDS: usize = 7;
const SMOKE_TIME: Duration = Duration::from_millis(10);
const TIME: Duration = Duration::from_millis(150);
/// For those sizes and connections that should stand somewhere.
const LONG_TIME: Duration = Duration::from_millis(400);
const CHAIN: &str = "chain.pem";
const KEY: &str = "key.pem";
const NO_STANDS: Stands = Stands { rate: "", cpu: "", raw: "" };
/// Where the sink is the limit, no client can be faster than the raw dialogue.
const SINK_STANDS: Stands = Stands { rate: ">= 1.5", cpu: "", raw: ">= 0.85, in place of 1.5" };
const NULL_STANDS: Stands = Stands { rate: ">= 2.4", cpu: "<= 0.4", raw: "" };
const TLS_STANDS: Stands = Stands { rate: ">= 1.5", cpu: "", raw: "" };
