//! The connection, in clear or in TLS.

use std::io;

use posthaste_types::Text;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use crate::{ServerTls, TlsSession};

#[derive(Debug)]
pub(crate) enum Stream {
    Clear(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    /// A handshake failed.
    Gone,
}

impl Stream {
    /// Reads what there is, at least one octet; 0 at the end. Cancel safe.
    pub(crate) async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Clear(stream) => stream.read(buffer).await,
            Self::Tls(stream) => stream.read(buffer).await,
            Self::Gone => Ok(0),
        }
    }

    pub(crate) async fn write_all(&mut self, octets: &[u8]) -> io::Result<()> {
        match self {
            Self::Clear(stream) => stream.write_all(octets).await,
            Self::Tls(stream) => {
                stream.write_all(octets).await?;
                stream.flush().await
            }
            Self::Gone => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Says that nothing more will be sent (in TLS with close_notify).
    pub(crate) async fn shutdown(&mut self) -> io::Result<()> {
        match self {
            Self::Clear(stream) => stream.shutdown().await,
            Self::Tls(stream) => stream.shutdown().await,
            Self::Gone => Ok(()),
        }
    }

    /// Upgrades a connection in clear. Dropped or failed, the connection is gone.
    pub(crate) async fn accept_tls(&mut self, tls: &ServerTls) -> io::Result<TlsSession> {
        let Self::Clear(stream) = std::mem::replace(self, Self::Gone) else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let stream = tls.acceptor().accept(stream).await?;
        let (_, connection) = stream.get_ref();
        let word = |word: Option<String>| Text::lossy(word.unwrap_or_default());
        let session = TlsSession {
            version: word(connection.protocol_version().map(|version| format!("{version:?}"))),
            cipher: word(connection.negotiated_cipher_suite().map(|suite| format!("{:?}", suite.suite()))),
            server_name: connection.server_name().map(Text::lossy),
        };
        *self = Self::Tls(Box::new(stream));
        Ok(session)
    }

    /// Whether the peer can still be told anything.
    pub(crate) fn is_gone(&self) -> bool {
        matches!(self, Self::Gone)
    }
}
