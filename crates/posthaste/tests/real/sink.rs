//! Postfix's `smtp-sink`: takes mail and forgets it.

use std::net::{SocketAddr, TcpStream};

use super::daemon::Daemon;
use super::{find, free_port, is_root, on_free_ports};

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
            let address_and_backlog = [address.to_string(), "128".to_owned()];
            let args = user.iter().chain(options).copied().chain(address_and_backlog.iter().map(String::as_str));
            let daemon = Daemon::start(&program, args);
            while TcpStream::connect(address).is_err() {
                if daemon.has_ended() {
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
