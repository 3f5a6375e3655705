//! Delivering over SMTP: our `Relay` against lettre and mail-send, to Postfix's `smtp-sink` and to a null sink.
//!
//! Each side runs in a process of its own, so that its CPU time is its own; it opens its connections before
//! the clock starts. lettre and mail-send do not set TCP_NODELAY as published; with a shim that sets it they
//! are honest peers. The raw dialogue is what is left without a client: pipelined, from one buffer, on threads
//! that block.
//!
//! Words on the command line choose: `sink` or `null`; `2k`, `10k`, `100k`; `c1`, `c16`, `c64` connections.

mod sides;

use std::error::Error;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use posthaste_benches::{Comparison, Mode, NoDelay, NullSink, Sample, Side, SmtpSink, machine, serve_nothing};

use sides::{Client, Load};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().collect();
    match words.get(1).map(String::as_str) {
        Some("as-sink") => return Ok(serve_nothing()?),
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
    if chosen(&["sink", "null"], "sink") {
        match SmtpSink::start()? {
            Some(sink) => to(mode, "smtp-sink", sink.address(), no_delay.as_ref(), &SINK_STANDS)?,
            None => println!("smtp-sink (of Postfix) is not installed: passed by"),
        }
    }
    if chosen(&["sink", "null"], "null") {
        let null = NullSink::start(Command::new(std::env::current_exe()?).arg("as-sink"))?;
        to(mode, "null sink", null.address(), no_delay.as_ref(), &NULL_STANDS)?;
    }
    Ok(())
}

/// Whether a part is to run: each does, unless the command line names others of its group.
fn chosen(group: &[&str], part: &str) -> bool {
    let mut named = std::env::args().skip(1).filter(|word| group.contains(&word.as_str())).peekable();
    named.peek().is_none() || named.any(|word| word == part)
}

fn to(mode: Mode, place: &str, sink: SocketAddr, no_delay: Option<&NoDelay>, stands: &Stands) -> Result<()> {
    let (sizes, all) = ([(2, "2k"), (10, "10k"), (100, "100k")], [(1, "c1"), (16, "c16"), (64, "c64")]);
    for (kib, size) in sizes.into_iter().filter(|(_, size)| chosen(&["2k", "10k", "100k"], size)) {
        for (connections, word) in all.into_iter().filter(|(_, word)| chosen(&["c1", "c16", "c64"], word)) {
            let stands = if (size, word) == ("10k", "c16") { stands } else { &NO_STANDS };
            compare(mode, place, sink, (kib * 1024, connections), no_delay, stands)?;
        }
    }
    Ok(())
}

fn compare(
    mode: Mode,
    place: &str,
    sink: SocketAddr,
    (size, connections): (usize, usize),
    no_delay: Option<&NoDelay>,
    stands: &Stands,
) -> Result<()> {
    let mut run = Comparison::new(format!("{place}, {} KiB, {connections} connections", size / 1024), "messages");
    let mut sides = Vec::new();
    for (name, client, shim, count) in SIDES {
        if shim == Shim::Preloaded && no_delay.is_none() {
            continue;
        }
        if client == Client::SmtpSource && !has_smtp_source() {
            continue;
        }
        let count = match count {
            // Each message waits 40 ms.
            0 => 10 * connections,
            count if size > 50 * 1024 => count / 4,
            count => count,
        };
        let load = Load { client, sink, size, connections, count: mode.count(count).max(connections) };
        sides.push((run.side(name), load, shim));
    }
    ask_ratios(&mut run, &sides, stands);
    for round in 0..mode.rounds() {
        for side in run.order(round) {
            let Some((_, load, shim)) = sides.iter().find(|(own, ..)| *own == side) else { continue };
            run.note(side, in_a_process(load, no_delay.filter(|_| *shim == Shim::Preloaded))?);
        }
    }
    print!("{run}");
    Ok(())
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

/// Name, client, and how many messages it sends in a round; the one that waits 40 ms for each sends fewer.
const SIDES: [(&str, Client, Shim, usize); 8] = [
    ("raw dialogue, pipelined", Client::Raw, Shim::None, 10_000),
    ("posthaste Relay, a sender a connection", Client::Posthaste, Shim::None, 8_000),
    ("posthaste Relay, two senders", Client::PosthasteAhead, Shim::None, 8_000),
    ("lettre, as published", Client::Lettre, Shim::None, 0),
    ("mail-send, as published", Client::MailSend, Shim::None, 0),
    ("lettre, TCP_NODELAY", Client::Lettre, Shim::Preloaded, 8_000),
    ("mail-send, TCP_NODELAY", Client::MailSend, Shim::Preloaded, 8_000),
    ("smtp-source", Client::SmtpSource, Shim::None, 8_000),
];
const NO_STANDS: Stands = Stands { rate: "", cpu: "", raw: "" };
/// Where the sink is the limit, no client can be faster than the raw dialogue.
const SINK_STANDS: Stands = Stands { rate: ">= 1.5", cpu: "", raw: ">= 0.85, in place of 1.5" };
const NULL_STANDS: Stands = Stands { rate: ">= 2.4", cpu: "<= 0.4", raw: "" };
