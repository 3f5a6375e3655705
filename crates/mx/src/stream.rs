//! The connection, in clear or in TLS.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::unix::UnixStream;

#[derive(Debug)]
pub(crate) enum Stream {
    Clear(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    /// A socket of this machine.
    Unix(UnixStream),
    /// A handshake is under way, or failed.
    Gone,
}

impl Stream {
    /// Reads what there is, at least one octet; 0 at the end.
    pub(crate) fn poll_read(&mut self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        let read = match self {
            Self::Clear(stream) => Pin::new(stream).poll_read(context, &mut buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, &mut buffer),
            Self::Unix(stream) => Pin::new(stream).poll_read(context, &mut buffer),
            Self::Gone => Poll::Ready(Ok(())),
        };
        read.map_ok(|()| buffer.filled().len())
    }

    pub(crate) fn poll_write(&mut self, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Clear(stream) => Pin::new(stream).poll_write(context, octets),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, octets),
            Self::Unix(stream) => Pin::new(stream).poll_write(context, octets),
            Self::Gone => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    /// Ready when all that was written has been given to the network.
    pub(crate) fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
            Self::Clear(_) | Self::Unix(_) | Self::Gone => Poll::Ready(Ok(())),
        }
    }

    /// Whether an octet that was not accepted by `poll_write` can have left all the same: TLS seals octets before
    /// it learns that the network does not take them.
    pub(crate) fn knows_what_left(&self) -> bool {
        matches!(self, Self::Clear(_) | Self::Unix(_))
    }

    /// Our own end.
    pub(crate) fn local_ip(&self) -> Option<IpAddr> {
        match self {
            Self::Clear(stream) => stream.local_addr().ok(),
            Self::Tls(stream) => stream.get_ref().0.local_addr().ok(),
            Self::Unix(_) | Self::Gone => None,
        }
        .map(|address| address.ip())
    }

    /// Upgrades a connection in clear. Dropped or failed, the connection is gone.
    pub(crate) async fn start_tls(&mut self, config: Arc<ClientConfig>, name: ServerName<'static>) -> io::Result<()> {
        let Self::Clear(stream) = std::mem::replace(self, Self::Gone) else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let stream = TlsConnector::from(config).connect(name, stream).await?;
        *self = Self::Tls(Box::new(stream));
        Ok(())
    }

    /// The version and the cipher suite of the TLS session, for people.
    pub(crate) fn tls_words(&self) -> Option<String> {
        let Self::Tls(stream) = self else { return None };
        let (_, session) = stream.get_ref();
        let version = session.protocol_version().map(|version| format!("{version:?}")).unwrap_or_default();
        let suite = session.negotiated_cipher_suite().map(|suite| format!("{:?}", suite.suite())).unwrap_or_default();
        Some(format!("{version} {suite}"))
    }
}
