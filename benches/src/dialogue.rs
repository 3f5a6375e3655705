//! The dialogue without a client: the least that any client has to do.

use std::error::Error;
use std::fmt;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// The sender of all messages.
pub const FROM: &str = "ada@news.example.com";
/// Their recipient.
pub const TO: &str = "bob@example.org";

/// A message of about this size, in octets.
pub fn message(size: usize) -> Vec<u8> {
    let head = format!("From: <{FROM}>\r\nTo: <{TO}>\r\nSubject: Your order is on its way\r\n\r\n");
    let line = "A line of a mail, as long as such lines are, with nothing in it to note.\r\n";
    let lines = size.saturating_sub(head.len()) / line.len();
    (head + &line.repeat(lines)).into_bytes()
}

/// Whom to believe, and by which name, where the connection is encrypted.
#[derive(Clone, Debug)]
pub struct Tls {
    config: Arc<rustls::ClientConfig>,
    name: ServerName<'static>,
}

impl Tls {
    /// Believes this certificate alone, for this name.
    ///
    /// # Errors
    /// If the file holds no certificate.
    pub fn new(ca: &Path, name: ServerName<'static>) -> Result<Self> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(ca)?)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        Ok(Self { config: Arc::new(builder.with_root_certificates(roots).with_no_client_auth()), name })
    }
}

trait Channel: Read + Write + Send {}
impl<T: Read + Write + Send> Channel for T {}

/// Envelope in one piece, body in one piece, replies counted by lines; on a blocking socket.
pub struct Dialogue {
    channel: Box<dyn Channel>,
    envelope: Vec<u8>,
    body: Vec<u8>,
}

impl fmt::Debug for Dialogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialogue").finish_non_exhaustive()
    }
}

impl Dialogue {
    /// Connects, and greets.
    ///
    /// # Errors
    /// If the peer is not there or answers otherwise.
    pub fn open(address: SocketAddr, size: usize, tls: Option<Tls>) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let channel: Box<dyn Channel> = match tls {
            Some(Tls { config, name }) => {
                let connection = rustls::ClientConnection::new(config, name)?;
                Box::new(rustls::StreamOwned::new(connection, stream))
            }
            None => Box::new(stream),
        };
        let envelope = format!("MAIL FROM:<{FROM}>\r\nRCPT TO:<{TO}>\r\nDATA\r\n").into_bytes();
        let body = [message(size), b".\r\n".to_vec()].concat();
        let mut dialogue = Self { channel, envelope, body };
        dialogue.hear(1, b"220")?;
        dialogue.channel.write_all(b"EHLO bench.example\r\n")?;
        dialogue.channel.flush()?;
        dialogue
            .hear_until(|heard| heard.split_inclusive(|octet| *octet == b'\n').any(|line| line.starts_with(b"250 ")))?;
        Ok(dialogue)
    }

    /// Sends one message.
    ///
    /// # Errors
    /// If the peer does not take it.
    pub fn send(&mut self) -> Result<()> {
        self.channel.write_all(&self.envelope)?;
        self.channel.flush()?;
        self.hear(3, b"354")?;
        self.channel.write_all(&self.body)?;
        self.channel.flush()?;
        self.hear(1, b"250")
    }

    /// Reads so many lines; the last one begins as told.
    fn hear(&mut self, lines: usize, last: &[u8]) -> Result<()> {
        let heard = self.hear_until(|heard| heard.iter().filter(|octet| **octet == b'\n').count() >= lines)?;
        let line = heard.split_inclusive(|octet| *octet == b'\n').next_back().unwrap_or_default();
        if line.starts_with(last) { Ok(()) } else { Err(String::from_utf8_lossy(&heard).into()) }
    }

    fn hear_until(&mut self, enough: impl Fn(&[u8]) -> bool) -> Result<Vec<u8>> {
        let (mut heard, mut buffer) = (Vec::new(), [0; 1024]);
        while !enough(&heard) {
            let len = self.channel.read(&mut buffer)?;
            heard.extend_from_slice(buffer.get(..len).filter(|octets| !octets.is_empty()).ok_or("closed")?);
        }
        Ok(heard)
    }
}
