//! Receiving: our `Receiver` beside Postfix's `smtp-sink`, a sink that does next to nothing, and a small receiver on
//! Python's asyncio. The handler takes each message into memory, and drops it.
//!
//! Each receiver runs in a process of its own, whose CPU time is what counts; so does the load: a pipelined dialogue on
//! threads that block, which costs less than any receiver, or Postfix's `smtp-source`, which waits for each reply.
//! Every receiver sets TCP_NODELAY or answers in one write.

mod load;
mod servers;

use std::error::Error;
use std::time::Duration;

use posthaste_benches::{Comparison, Mode, Sample, Side, machine, serve_nothing};

use load::{Load, Source};
use servers::{Kind, Server};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().collect();
    let rest = words.get(2..).unwrap_or_default();
    match words.get(1).map(String::as_str) {
        Some("as-null") => return Ok(serve_nothing()?),
        Some("as-receiver") => return servers::receive(rest),
        Some("as-load") => return load::run(rest),
        _ => {}
    }
    let mode = Mode::from_env();
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    println!("{}", machine(folder.path()));
    servers::make_certificate(folder.path())?;
    let mut servers = Vec::new();
    for (kind, name) in Kind::ALL {
        match Server::start(kind, folder.path())? {
            Some(server) => servers.push((kind, name, server)),
            None => println!("{name} is not installed: passed by"),
        }
    }
    for (part, source, security, size, connections) in LOADS {
        if mode.wants(part) {
            let load = Load { source, size, connections, count: 0, ca: None };
            compare(mode, &servers, load, security, folder.path())?;
        }
    }
    Ok(())
}

/// Whether the connection is encrypted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Security {
    Clear,
    Tls,
}

/// Part, load, size of a message, connections. The one that should stand somewhere is the second.
const LOADS: [(&str, Source, Security, usize, usize); 9] = [
    ("2k", Source::Pipelined, Security::Clear, 2 * 1024, 16),
    ("10k", Source::Pipelined, Security::Clear, 10 * 1024, 16),
    ("100k", Source::Pipelined, Security::Clear, 100 * 1024, 16),
    ("one", Source::Pipelined, Security::Clear, 10 * 1024, 1),
    ("many", Source::Pipelined, Security::Clear, 10 * 1024, 64),
    ("smtp-source", Source::SmtpSource, Security::Clear, 10 * 1024, 16),
    ("tls-2k", Source::Pipelined, Security::Tls, 2 * 1024, 16),
    ("tls-10k", Source::Pipelined, Security::Tls, 10 * 1024, 16),
    ("tls-100k", Source::Pipelined, Security::Tls, 100 * 1024, 16),
];

fn compare(
    mode: Mode,
    servers: &[(Kind, &'static str, Server)],
    load: Load,
    security: Security,
    folder: &std::path::Path,
) -> Result<()> {
    let tls = if security == Security::Tls { ", TLS" } else { "" };
    let Load { source, size, connections, .. } = load;
    let title = format!("receiving from {source}, {} KiB, {connections} connections{tls}", size / 1024);
    let mut run = Comparison::new(title, "messages");
    let sides: Vec<(Side, Kind, &Server)> = servers
        .iter()
        .filter(|(kind, ..)| kind.is_tls() == (security == Security::Tls))
        .map(|(kind, name, server)| (run.side(*name), *kind, server))
        .collect();
    ask_ratios(&mut run, &sides);
    let full = if size > 50 * 1024 { 4_000 } else { 10_000 };
    for round in 0..mode.rounds() {
        for side in run.order(round) {
            let Some((_, kind, server)) = sides.iter().find(|(own, ..)| *own == side) else { continue };
            let count = mode.count(if *kind == Kind::Python { full / 5 } else { full }).max(connections);
            let ca = (security == Security::Tls).then(|| servers::root(folder));
            let before = server.cpu();
            let Some(took) = (Load { count, ca, ..load.clone() }).drive(server.address())? else {
                println!("{source} is not installed: passed by");
                return Ok(());
            };
            let cpu = server.cpu().since(before);
            run.note(side, Sample::new(count, Duration::from_nanos(took)).with_cpu(cpu));
        }
    }
    print!("{run}");
    Ok(())
}

fn ask_ratios(run: &mut Comparison, sides: &[(Side, Kind, &Server)]) {
    let of = |wanted: Kind| sides.iter().find(|(_, kind, _)| *kind == wanted).map(|(side, ..)| *side);
    for ours in [Kind::OneThread, Kind::AllCores].into_iter().filter_map(of) {
        if let Some(sink) = of(Kind::SmtpSink) {
            run.ratio(ours, sink, ">= 2, or at the null sink's");
            run.cpu_ratio(ours, sink, "<= 0.5");
        }
        if let Some(null) = of(Kind::Null) {
            run.ratio(ours, null, "");
            run.cpu_ratio(ours, null, "");
        }
    }
    for python in [Kind::Python, Kind::PythonTls].into_iter().filter_map(of) {
        for ours in [Kind::OneThread, Kind::OneThreadTls].into_iter().filter_map(of) {
            run.ratio(ours, python, "");
            run.cpu_ratio(ours, python, "");
        }
    }
}
