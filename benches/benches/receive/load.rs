//! The load, in a process of its own.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, OnceLock};
use std::thread;
use std::time::Instant;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};

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
    let tls = ca.first().map(|ca| tls(Path::new(ca))).transpose()?;
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

fn tls(ca: &Path) -> Result<Arc<rustls::ClientConfig>> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca)?)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

trait Channel: Read + Write + Send {}
impl<T: Read + Write + Send> Channel for T {}

struct Dialogue {
    channel: Box<dyn Channel>,
    envelope: Vec<u8>,
    body: Vec<u8>,
}

impl Dialogue {
    fn open(address: SocketAddr, size: usize, tls: Option<Arc<rustls::ClientConfig>>) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let channel: Box<dyn Channel> = match tls {
            Some(config) => {
                let connection = rustls::ClientConnection::new(config, ServerName::try_from(NAME)?)?;
                Box::new(rustls::StreamOwned::new(connection, stream))
            }
            None => Box::new(stream),
        };
        let envelope = format!("MAIL FROM:<{FROM}>\r\nRCPT TO:<{TO}>\r\nDATA\r\n").into_bytes();
        let body = [message(size), b".\r\n".to_vec()].concat();
        let mut dialogue = Self { channel, envelope, body };
        dialogue.hear(1, b"220")?;
        dialogue.say(b"EHLO bench.example\r\n")?;
        let (mut heard, mut buffer) = (Vec::new(), [0; 1024]);
        while !heard.split_inclusive(|octet| *octet == b'\n').any(|line: &[u8]| line.starts_with(b"250 ")) {
            let len = dialogue.channel.read(&mut buffer)?;
            heard.extend_from_slice(buffer.get(..len).filter(|octets| !octets.is_empty()).ok_or("closed")?);
        }
        Ok(dialogue)
    }

    fn say(&mut self, octets: &[u8]) -> Result<()> {
        self.channel.write_all(octets)?;
        Ok(self.channel.flush()?)
    }

    fn send(&mut self) -> Result<()> {
        self.channel.write_all(&self.envelope)?;
        self.channel.flush()?;
        self.hear(3, b"354")?;
        self.channel.write_all(&self.body)?;
        self.channel.flush()?;
        self.hear(1, b"250")
    }

    /// Reads so many lines; the last one begins as told.
    fn hear(&mut self, lines: usize, last: &[u8]) -> Result<()> {
        let (mut heard, mut buffer) = (Vec::new(), [0; 1024]);
        while heard.iter().filter(|octet| **octet == b'\n').count() < lines {
            let len = self.channel.read(&mut buffer)?;
            heard.extend_from_slice(buffer.get(..len).filter(|octets| !octets.is_empty()).ok_or("closed")?);
        }
        let line = heard.split_inclusive(|octet| *octet == b'\n').next_back().unwrap_or_default();
        if line.starts_with(last) { Ok(()) } else { Err(String::from_utf8_lossy(&heard).into()) }
    }
}

/// A message of about this size.
fn message(size: usize) -> Vec<u8> {
    let head = format!("From: <{FROM}>\r\nTo: <{TO}>\r\nSubject: Your order is on its way\r\n\r\n");
    let line = "A line of a mail, as long as such lines are, with nothing in it to note.\r\n";
    let lines = size.saturating_sub(head.len()) / line.len();
    (head + &line.repeat(lines)).into_bytes()
}

const FROM: &str = "ada@news.example.com";
const TO: &str = "bob@example.org";
