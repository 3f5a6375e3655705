//! The peers that are no library: Postfix's `smtp-source`, and a dialogue without a client.

use std::process::Command;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Instant;

use posthaste_benches::{CpuTime, Dialogue, FROM, TO, Tls};
use rustls::pki_types::ServerName;

use crate::Result;
use crate::sides::{Load, Taken, Work};

/// Postfix's own client. It opens its connections while the clock runs.
pub(crate) fn smtp_source(load: &Load) -> Result<Taken> {
    let count = messages(load);
    let (start, cpu) = (Instant::now(), CpuTime::of_children());
    let mut command = Command::new("smtp-source");
    command.env("PATH", "/usr/sbin:/usr/local/sbin:/usr/bin:/bin").arg("-d");
    for (option, value) in [("-l", load.size), ("-m", count), ("-s", load.connections)] {
        command.arg(option).arg(value.to_string());
    }
    let status = command.args(["-f", FROM, "-t", TO]).arg(load.sink.to_string()).status()?;
    if !status.success() {
        return Err(format!("smtp-source: {status}").into());
    }
    let (nanos, cpu) = (start.elapsed().as_nanos(), CpuTime::of_children().since(cpu));
    Ok(Taken { count, nanos, cpu })
}

/// About as many as it sends in the time: it knows no other measure.
fn messages(load: &Load) -> usize {
    let a_second = match load.size / 1024 {
        0..=4 => 12_000,
        5..=50 => 8_000,
        _ => 2_000,
    };
    let a_second = if load.connections == 1 { a_second / 2 } else { a_second };
    let count = usize::try_from(load.time.as_millis()).unwrap_or(0) * a_second / 1000;
    count.max(load.connections)
}

/// The dialogue without a client: envelope in one piece, body in one piece, replies counted by lines.
pub(crate) fn raw(load: &Load) -> Result<Taken> {
    let (work, ready) = (Work::new(load.time), Arc::new(Barrier::new(load.connections)));
    let tls = load.ca.as_deref().map(|ca| Tls::new(ca, ServerName::from(load.sink.ip()))).transpose()?;
    let mut threads = Vec::new();
    for _ in 0..load.connections {
        let (work, ready) = (work.clone(), ready.clone());
        let mut dialogue = Dialogue::open(load.sink, load.size, tls.clone())?;
        threads.push(thread::spawn(move || {
            dialogue.send()?;
            ready.wait();
            while work.goes_on() {
                dialogue.send()?;
            }
            Result::Ok(())
        }));
    }
    for thread in threads {
        thread.join().map_err(|_| "a thread panicked")??;
    }
    work.taken()
}
