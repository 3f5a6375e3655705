//! Delivering over SMTP: our `Relay` against lettre and mail-send, to Postfix's `smtp-sink` and to a null sink.
//!
//! Each side runs in a process of its own, so that its CPU time is its own; it opens its connections before
//! the clock starts. lettre and mail-send do not set TCP_NODELAY as published; with a shim that sets it they
//! are honest peers. The raw dialogue is what is left without a client: pipelined, from one buffer, on threads
//! that block.

mod sides;

use std::error::Error;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use posthaste_benches::{Comparison, Mode, NoDelay, NullSink, Sample, SmtpSink, machine, serve_nothing};

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
    if mode.wants("sink") {
        match SmtpSink::start()? {
            Some(sink) => to_smtp_sink(mode, sink.address(), no_delay.as_ref())?,
            None => println!("smtp-sink (of Postfix) is not installed: passed by"),
        }
    }
    if mode.wants("null") {
        let null = NullSink::start(Command::new(std::env::current_exe()?).arg("as-sink"))?;
        compare(mode, "null sink", null.address(), (10 * 1024, 16), no_delay.as_ref(), NULL_STANDS)?;
    }
    Ok(())
}

fn to_smtp_sink(mode: Mode, sink: SocketAddr, no_delay: Option<&NoDelay>) -> Result<()> {
    for load in [(2 * 1024, 1), (2 * 1024, 16), (10 * 1024, 1)] {
        compare(mode, "smtp-sink", sink, load, no_delay, ["", ""])?;
    }
    compare(mode, "smtp-sink", sink, (10 * 1024, 16), no_delay, SINK_STANDS)
}

fn compare(
    mode: Mode,
    place: &str,
    sink: SocketAddr,
    (size, connections): (usize, usize),
    no_delay: Option<&NoDelay>,
    [rate, cpu]: [&'static str; 2],
) -> Result<()> {
    let title = format!("{place}, {} KiB, {connections} connections", size / 1024);
    let mut run = Comparison::new(title, "messages");
    let mut sides = Vec::new();
    let mut add = |name: &str, client: Client, preload: Option<&NoDelay>, count: usize| {
        let side = run.side(name);
        let load = Load { client, sink, size, connections, count: mode.count(count).max(connections) };
        sides.push((side, load, preload.map(|_| ())));
        side
    };
    let raw = add("raw dialogue, pipelined", Client::Raw, None, 10_000);
    let ours = add("posthaste Relay", Client::Posthaste, None, 8_000);
    let published = add("lettre, as published", Client::Lettre, None, 10 * connections);
    let peers = no_delay.map(|shim| {
        let lettre = add("lettre, TCP_NODELAY", Client::Lettre, Some(shim), 8_000);
        (lettre, add("mail-send, TCP_NODELAY", Client::MailSend, Some(shim), 8_000))
    });
    run.ratio(ours, published, "");
    if let Some((lettre, mail_send)) = peers {
        for peer in [lettre, mail_send] {
            run.ratio(ours, peer, rate);
            run.cpu_ratio(ours, peer, cpu);
        }
    }
    run.ratio(ours, raw, "");
    for round in 0..mode.rounds() {
        for side in run.order(round) {
            let Some((_, load, preload)) = sides.iter().find(|(own, ..)| *own == side) else { continue };
            run.note(side, in_a_process(load, preload.and(no_delay))?);
        }
    }
    print!("{run}");
    Ok(())
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

const SINK_STANDS: [&str; 2] = [">= 1.5", ""];
const NULL_STANDS: [&str; 2] = [">= 2.4", "<= 0.4"];
