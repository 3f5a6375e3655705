//! The load, in a process of its own.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, OnceLock};
use std::thread;
use std::time::Instant;

use posthaste_benches::{Dialogue, FROM, TO, Tls};
use rustls::pki_types::ServerName;

use crate::Result;
use crate::servers::NAME;

/// What makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Pipelined,
    SmtpSource,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pipelined => "a pipelined dialogue",
            Self::SmtpSource => "smtp-source",
        })
    }
}

/// So many messages of this size on so many connections.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) source: Source,
    pub(crate) size: usize,
    pub(crate) connections: usize,
    pub(crate) count: usize,
    /// Whom to believe, where the connections are encrypted.
    pub(crate) ca: Option<PathBuf>,
}

impl Load {
    /// Loads a receiver; tells the nanoseconds. `None` if the program is not installed.
    pub(crate) fn drive(&self, address: SocketAddr) -> Result<Option<u64>> {
        if self.source == Source::SmtpSource {
            return self.by_smtp_source(address);
        }
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("as-load").arg(address.to_string());
        command.args([self.size, self.connections, self.count].map(|number| number.to_string()));
        command.args(self.ca.iter());
        let output = command.output()?;
        let text = String::from_utf8(output.stdout)?;
        let nanos = text.trim().parse().map_err(|_| String::from_utf8_lossy(&output.stderr).into_owned())?;
        Ok(Some(nanos))
    }

    fn by_smtp_source(&self, address: SocketAddr) -> Result<Option<u64>> {
        let mut command = Command::new("smtp-source");
        command.env("PATH", "/usr/sbin:/usr/local/sbin:/usr/bin:/bin").stderr(Stdio::null());
        command.args(["-d", "-f", FROM, "-t", TO]);
        for (option, number) in [("-s", self.connections), ("-l", self.size), ("-m", self.count)] {
            command.args([option, &number.to_string()]);
        }
        let start = Instant::now();
        match command.arg(format!("inet:{address}")).status() {
            Ok(status) if status.success() => Ok(Some(u64::try_from(start.elapsed().as_nanos())?)),
            Ok(status) => Err(format!("smtp-source: {status}").into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// Runs the dialogues, and prints the nanoseconds that they took; the connections are open by then.
pub(crate) fn run(words: &[String]) -> Result<()> {
    let [address, size, connections, count, ca @ ..] = words else { return Err("four words, please".into()) };
    let (address, size, connections): (SocketAddr, usize, usize) =
        (address.parse()?, size.parse()?, connections.parse()?);
    let tls = ca.first().map(|ca| Tls::new(Path::new(ca), ServerName::try_from(NAME)?)).transpose()?;
    let (left, ready) = (Arc::new(AtomicUsize::new(count.parse()?)), Arc::new(Barrier::new(connections)));
    let begun = Arc::new(OnceLock::new());
    let mut threads = Vec::new();
    for _ in 0..connections {
        let (left, ready, begun) = (left.clone(), ready.clone(), begun.clone());
        let mut dialogue = Dialogue::open(address, size, tls.clone())?;
        threads.push(thread::spawn(move || {
            ready.wait();
            begun.get_or_init(Instant::now);
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                dialogue.send()?;
            }
            Result::Ok(())
        }));
    }
    for thread in threads {
        thread.join().map_err(|_| "a thread panicked")??;
    }
    println!("{}", begun.get().ok_or("no work was done")?.elapsed().as_nanos());
    Ok(())
}
