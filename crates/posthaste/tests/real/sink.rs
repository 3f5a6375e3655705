//! Postfix's `smtp-sink`: takes mail and forgets it.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use super::daemon::Daemon;
use super::{PATIENCE, find, free_port, is_root, on_free_ports};

/// A running `smtp-sink`.
#[derive(Debug)]
pub(crate) struct Sink {
    address: SocketAddr,
    _daemon: Daemon,
}

impl Sink {
    /// Starts one with these options; `None` where it is not installed.
    pub(crate) fn start(options: &[&str]) -> Option<Self> {
        let program = find("smtp-sink")?;
        let start = || {
            let address = free_port();
            // It wants a user of root.
            let user: &[&str] = if is_root() { &["-u", "nobody"] } else { &[] };
            let name = format!("sink-{}-{}.test", std::process::id(), address.port());
            let last = ["-h", &name, &address.to_string(), "128"];
            let args = user.iter().chain(options).copied().chain(last);
            let daemon = Daemon::start(&program, args);
            let begun = Instant::now();
            while !greets(address, &name) {
                if daemon.has_ended() || begun.elapsed() > PATIENCE {
                    return Err(daemon.tail());
                }
                std::thread::yield_now();
            }
            Ok(Self { address, _daemon: daemon })
        };
        Some(on_free_ports("smtp-sink", start))
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Whether somebody of this name listens there. Nobody has begun yet, or it is a stranger, where not.
fn greets(address: SocketAddr, name: &str) -> bool {
    let Ok(stream) = TcpStream::connect(address) else { return false };
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut greeting = String::new();
    BufReader::new(stream).read_line(&mut greeting).is_ok() && greeting.contains(name)
}
