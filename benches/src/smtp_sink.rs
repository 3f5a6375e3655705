//! Postfix's `smtp-sink`: takes mail and forgets it.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{io, thread};

use crate::CpuTime;

/// A running `smtp-sink`; dropping it ends it.
#[derive(Debug)]
pub struct SmtpSink {
    child: Child,
    address: SocketAddr,
}

impl SmtpSink {
    /// Starts it on loopback; `None` if Postfix is not installed.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start() -> io::Result<Option<Self>> {
        // Free a moment ago, which is as much as can be known.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let mut command = Command::new("smtp-sink");
        command.env("PATH", "/usr/sbin:/usr/local/sbin:/usr/bin:/bin");
        if is_root() {
            command.args(["-u", "nobody"]);
        }
        command.args(["-c", &address.to_string(), "1024"]).stdout(Stdio::null()).stderr(Stdio::null());
        match command.spawn() {
            Ok(child) => {
                let sink = Self { child, address };
                wait_for(address)?;
                Ok(Some(sink))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The CPU time that it used so far.
    pub fn cpu(&self) -> CpuTime {
        CpuTime::of_process(self.child.id())
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Waits until something listens.
pub(crate) fn wait_for(address: SocketAddr) -> io::Result<()> {
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        match TcpStream::connect(address) {
            Ok(_) => return Ok(()),
            Err(error) if Instant::now() > until => return Err(error),
            Err(_) => thread::park_timeout(Duration::from_millis(10)),
        }
    }
}

pub(crate) fn is_root() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line.strip_prefix("Uid:").is_some_and(|ids| ids.split_whitespace().next() == Some("0")))
}
