//! A receiver that does next to nothing, in a process of its own: what is left is the client.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A running null sink; dropping it ends it.
#[derive(Debug)]
pub struct NullSink {
    child: Child,
    address: SocketAddr,
}

impl NullSink {
    /// Starts it: the command must call [`serve_nothing`] or [`serve_nothing_over_tls`].
    ///
    /// # Errors
    /// If it does not start.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.as_mut() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let address = line.trim().parse().map_err(|_| io::Error::other("the null sink gave no address"))?;
        Ok(Self { child, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for NullSink {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Takes mail on loopback until the process is ended; prints the address first.
///
/// # Errors
/// If there is no port to listen on.
pub fn serve_nothing() -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    println!("{}", listener.local_addr()?);
    for stream in listener.incoming() {
        let stream = stream?;
        // A client that goes away ends its thread, and nothing else.
        thread::spawn(move || drop(stream.set_nodelay(true).and_then(|()| converse(stream))));
    }
    Ok(())
}

/// The same over TLS, from the first octet on.
///
/// # Errors
/// If there is no port to listen on, or the PEM files of chain and key cannot be used.
pub fn serve_nothing_over_tls(chain: &Path, key: &Path) -> io::Result<()> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(chain).and_then(Iterator::collect);
    let key = PrivateKeyDer::from_pem_file(key).map_err(io::Error::other)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain.unwrap_or_default(), key))
        .map_err(io::Error::other)?;
    let config = Arc::new(config);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    println!("{}", listener.local_addr()?);
    for stream in listener.incoming() {
        let (stream, config) = (stream?, Arc::clone(&config));
        thread::spawn(move || {
            let session = rustls::ServerConnection::new(config).map_err(io::Error::other)?;
            stream.set_nodelay(true)?;
            converse(rustls::StreamOwned::new(session, stream))
        });
    }
    Ok(())
}

fn converse(mut stream: impl Read + Write) -> io::Result<()> {
    stream.write_all(b"220 null.example ESMTP\r\n")?;
    let mut session = Session::default();
    let (mut buffer, mut answers) = (vec![0; 64 * 1024], Vec::new());
    loop {
        let len = stream.read(&mut buffer)?;
        if len == 0 {
            return Ok(());
        }
        answers.clear();
        session.take(buffer.get(..len).unwrap_or_default(), &mut answers);
        if !answers.is_empty() {
            stream.write_all(&answers)?;
            stream.flush()?;
        }
    }
}

#[derive(Debug, Default)]
struct Session {
    line: Vec<u8>,
    in_body: bool,
    /// How much of CRLF "." CRLF has been seen at the end of the body so far.
    seen: usize,
}

impl Session {
    fn take(&mut self, mut octets: &[u8], answers: &mut Vec<u8>) {
        while !octets.is_empty() {
            octets = if self.in_body { self.body(octets, answers) } else { self.command(octets, answers) };
        }
    }

    fn command<'a>(&mut self, octets: &'a [u8], answers: &mut Vec<u8>) -> &'a [u8] {
        let end = octets.iter().position(|octet| *octet == b'\n').map_or(octets.len(), |at| at + 1);
        let (line, rest) = octets.split_at(end);
        self.line.extend_from_slice(line);
        if self.line.ends_with(b"\n") {
            let verb = self.line.get(..4).unwrap_or_default().to_ascii_uppercase();
            answers.extend_from_slice(match verb.as_slice() {
                b"EHLO" => b"250-null.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 0\r\n",
                b"DATA" => b"354 go on\r\n",
                b"QUIT" => b"221 bye\r\n",
                _ => b"250 ok\r\n",
            });
            self.in_body = verb == b"DATA";
            self.seen = 2;
            self.line.clear();
        }
        rest
    }

    fn body<'a>(&mut self, octets: &'a [u8], answers: &mut Vec<u8>) -> &'a [u8] {
        let mut at = 0;
        while let Some(octet) = octets.get(at) {
            if self.seen == 0 {
                // Fast: nothing matters up to the next CR.
                match octets.get(at..).and_then(|rest| rest.iter().position(|octet| *octet == b'\r')) {
                    Some(next) => at += next,
                    None => return &[],
                }
                self.seen = 1;
            } else if END.get(self.seen) == Some(octet) {
                self.seen += 1;
            } else {
                self.seen = usize::from(*octet == b'\r');
            }
            at += 1;
            if self.seen == END.len() {
                answers.extend_from_slice(b"250 ok\r\n");
                self.in_body = false;
                break;
            }
        }
        octets.get(at..).unwrap_or_default()
    }
}

const END: &[u8] = b"\r\n.\r\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_body_is_found_however_it_is_split() {
        let dialogue = b"EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n..\r\nx\r\r\n.y\r\n.\r\nDATA\r\n.\r\nQUIT\r\n";
        let mut whole = Vec::new();
        Session::default().take(dialogue, &mut whole);
        assert!(whole.ends_with(b"354 go on\r\n250 ok\r\n354 go on\r\n250 ok\r\n221 bye\r\n"));
        for size in 1..dialogue.len() {
            let (mut session, mut answers) = (Session::default(), Vec::new());
            dialogue.chunks(size).for_each(|chunk| session.take(chunk, &mut answers));
            assert_eq!(answers, whole, "in pieces of {size}");
        }
    }
}
