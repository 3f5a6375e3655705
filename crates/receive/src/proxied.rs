//! Reading the header of a proxy off a socket.

use std::io;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use crate::proxy::{Proxied, ProxyReader};

/// Reads a header; what follows it stays in the socket.
pub(crate) async fn read_header(stream: &mut TcpStream) -> io::Result<Proxied> {
    let mut reader = ProxyReader::default();
    let mut seen = [0; 256];
    loop {
        let len = stream.peek(&mut seen).await?;
        if len == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let octets = seen.get(..len).unwrap_or_default();
        let (taken, proxied) =
            reader.read(octets).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        // They are there: this waits for nothing.
        let mut taken_off = [0; 256];
        stream.read_exact(taken_off.get_mut(..taken).unwrap_or_default()).await?;
        if let Some(proxied) = proxied {
            return Ok(proxied);
        }
    }
}

/// How long a proxy may take for its header, which it sends at once (§2 asks for at least three seconds, for a loss).
pub(crate) const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
