//! The peers that are no library: Postfix's `smtp-source`, and a dialogue without a client.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Instant;

use posthaste_benches::CpuTime;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};

use crate::Result;
use crate::sides::{FROM, Load, TO, Taken, Work, message};

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
    let tls = load.ca.as_deref().map(tls).transpose()?;
    let mut threads = Vec::new();
    for _ in 0..load.connections {
        let (work, ready) = (work.clone(), ready.clone());
        let mut dialogue = Dialogue::open(load, tls.clone())?;
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
    stream: Box<dyn Channel>,
    envelope: Vec<u8>,
    body: Vec<u8>,
}

impl Dialogue {
    fn open(load: &Load, tls: Option<Arc<rustls::ClientConfig>>) -> Result<Self> {
        let stream = TcpStream::connect(load.sink)?;
        stream.set_nodelay(true)?;
        let stream: Box<dyn Channel> = match tls {
            Some(config) => {
                let session = rustls::ClientConnection::new(config, ServerName::from(load.sink.ip()))?;
                Box::new(rustls::StreamOwned::new(session, stream))
            }
            None => Box::new(stream),
        };
        let envelope = format!("MAIL FROM:<{FROM}>\r\nRCPT TO:<{TO}>\r\nDATA\r\n").into_bytes();
        let body = [message(load.size), b".\r\n".to_vec()].concat();
        let mut dialogue = Self { stream, envelope, body };
        dialogue.hear(1, b"220")?;
        dialogue.say(b"EHLO bench.example\r\n")?;
        dialogue.hear_ehlo()?;
        Ok(dialogue)
    }

    fn say(&mut self, octets: &[u8]) -> Result<()> {
        self.stream.write_all(octets)?;
        Ok(self.stream.flush()?)
    }

    fn send(&mut self) -> Result<()> {
        self.stream.write_all(&self.envelope)?;
        self.stream.flush()?;
        self.hear(3, b"354")?;
        self.stream.write_all(&self.body)?;
        self.stream.flush()?;
        self.hear(1, b"250")
    }

    /// Reads so many lines; the last one begins as told.
    fn hear(&mut self, lines: usize, last: &[u8]) -> Result<()> {
        let (mut heard, mut buffer) = (Vec::new(), [0; 1024]);
        while heard.iter().filter(|octet| **octet == b'\n').count() < lines {
            let len = self.stream.read(&mut buffer)?;
            heard.extend_from_slice(buffer.get(..len).filter(|octets| !octets.is_empty()).ok_or("closed")?);
        }
        let line = heard.split_inclusive(|octet| *octet == b'\n').next_back().unwrap_or_default();
        if line.starts_with(last) { Ok(()) } else { Err(String::from_utf8_lossy(&heard).into()) }
    }

    fn hear_ehlo(&mut self) -> Result<()> {
        let (mut heard, mut buffer) = (Vec::new(), [0; 1024]);
        while !heard.split_inclusive(|octet| *octet == b'\n').any(|line: &[u8]| line.starts_with(b"250 ")) {
            let len = self.stream.read(&mut buffer)?;
            heard.extend_from_slice(buffer.get(..len).filter(|octets| !octets.is_empty()).ok_or("closed")?);
        }
        Ok(())
    }
}
