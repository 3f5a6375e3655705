//! Ten thousand clients that say nothing, as far as the limit of open files allows: how many they are, and the memory
//! that each takes here. They are processes' own, so that their sockets do not count.
//!
//! A program of its own, for it has to be alone in its process.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};

use async_trait::async_trait;
use posthaste_receive::{Arriving, Handler, HandlerError, Receiver, Session, Verdicts};

#[derive(Debug)]
struct Nobody;

#[async_trait]
impl Handler for Nobody {
    async fn content(&self, _: &Session, _: Arriving<'_>) -> Result<Verdicts, HandlerError> {
        unreachable!("no recipient was accepted")
    }
}

fn main() {
    let words: Vec<String> = std::env::args().collect();
    match &words[..] {
        [_, word, address, count] if word == "as-clients" => {
            connect(address.parse().unwrap(), count.parse().unwrap());
        }
        // What lists tests finds one.
        [_, .., word] if word == "--list" => println!("idle: test"),
        _ => measure(),
    }
}

/// Connects so often, says hello on each, tells that it is done, and waits for the end of its input.
fn connect(address: SocketAddr, count: usize) {
    let mut open = Vec::new();
    for _ in 0..count {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b"EHLO client.example\r\n").unwrap();
        let (mut heard, mut buffer) = (Vec::new(), [0; 1024]);
        while !String::from_utf8_lossy(&heard).lines().any(|line| line.starts_with("250 ")) {
            let len = stream.read(&mut buffer).unwrap();
            assert!(len > 0, "closed behind {} connections: {}", open.len(), String::from_utf8_lossy(&heard));
            heard.extend_from_slice(&buffer[..len]);
        }
        open.push(stream);
    }
    println!("{count}");
    let _ = std::io::stdin().read(&mut [0]);
}

#[tokio::main]
async fn measure() {
    let limit = soft_limit();
    // Some are for this process itself.
    let wanted = 10_000.min(limit.saturating_sub(100));
    let receiver = Receiver::builder(Nobody).configure(|config| {
        (config.max_connections, config.max_connections_per_peer) = (20_000, 20_000);
    });
    let receiver = receiver.bind(([127, 0, 0, 1], 0)).await.unwrap();
    let address = receiver.local_addr();
    // One before, so that what is made once is not counted.
    let first = tokio::task::spawn_blocking(move || Clients::start(address, 100));
    let first = first.await.unwrap();
    let before = resident();
    let clients = tokio::task::spawn_blocking(move || Clients::start(address, wanted - 100)).await.unwrap();
    assert_eq!(receiver.connections(), wanted);
    let each = resident().saturating_sub(before) / (wanted - 100);
    println!("{wanted} idle connections (limit of open files: {limit}), {each} octets of memory for each");
    // One that talks is served meanwhile.
    let answered = tokio::task::spawn_blocking(move || Clients::start(address, 1)).await.unwrap();
    assert!(each < MOST_EACH, "{each} octets for an idle connection");
    drop((first, clients, answered));
    receiver.stop().await;
    assert_eq!(receiver.connections(), 0);
    println!("idle ... ok");
}

/// Of an idle connection in clear.
const MOST_EACH: usize = 12 * 1024;

/// A process full of clients.
struct Clients(std::process::Child);

impl Clients {
    fn start(address: SocketAddr, count: usize) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["as-clients", &address.to_string(), &count.to_string()]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line.trim(), count.to_string(), "the clients did not all connect");
        Self(child)
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        drop(self.0.wait());
    }
}

/// The limit of open files of this process.
fn soft_limit() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    line.and_then(|line| line.split_whitespace().next()).and_then(|soft| soft.parse().ok()).unwrap_or(256)
}

/// The memory of this process, in octets.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()).and_then(|kib| kib.parse::<usize>().ok());
    kib.unwrap_or(0) * 1024
}
