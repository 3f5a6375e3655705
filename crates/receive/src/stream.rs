//! The connection, in clear or in TLS.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use posthaste_types::Text;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
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
    /// Reads what there is, at least one octet, and shows it; none at the end.
    ///
    /// A connection has no buffer of its own to read into: idle ones cost no memory for it.
    pub(crate) fn poll_read<T>(
        &mut self,
        context: &mut Context<'_>,
        show: impl FnOnce(&[u8]) -> T,
    ) -> Poll<io::Result<T>> {
        SCRATCH.with(|scratch| {
            let mut scratch = scratch.borrow_mut();
            let mut buffer = ReadBuf::new(&mut scratch);
            match self {
                Self::Clear(stream) => ready!(Pin::new(stream).poll_read(context, &mut buffer))?,
                Self::Tls(stream) => ready!(Pin::new(&mut **stream).poll_read(context, &mut buffer))?,
                Self::Gone => {}
            }
            let shown = show(buffer.filled());
            // It may have been a password, which never stands in much more.
            buffer.filled_mut().iter_mut().take(MAX_SECRET).for_each(|octet| *octet = 0);
            Poll::Ready(Ok(shown))
        })
    }

    /// Writes from `at` on, which it moves; ready when all is sent.
    pub(crate) fn poll_write_all(
        &mut self,
        context: &mut Context<'_>,
        octets: &[u8],
        at: &mut usize,
    ) -> Poll<io::Result<()>> {
        while let Some(rest) = octets.get(*at..).filter(|rest| !rest.is_empty()) {
            let len = match self {
                Self::Clear(stream) => ready!(Pin::new(stream).poll_write(context, rest))?,
                Self::Tls(stream) => ready!(Pin::new(&mut **stream).poll_write(context, rest))?,
                Self::Gone => return Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
            };
            if len == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            *at += len;
        }
        match self {
            Self::Tls(stream) => Pin::new(&mut **stream).poll_flush(context),
            Self::Clear(_) | Self::Gone => Poll::Ready(Ok(())),
        }
    }

    /// Says that nothing more will be sent (in TLS with close_notify).
    pub(crate) fn poll_shutdown(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Clear(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(&mut **stream).poll_shutdown(context),
            Self::Gone => Poll::Ready(Ok(())),
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

    /// The socket, while the connection is in clear.
    pub(crate) fn clear(&mut self) -> Option<&mut TcpStream> {
        match self {
            Self::Clear(stream) => Some(stream),
            Self::Tls(_) | Self::Gone => None,
        }
    }

    /// Whether the peer can still be told anything.
    pub(crate) fn is_gone(&self) -> bool {
        matches!(self, Self::Gone)
    }
}

/// What is read at once, in octets.
const READ: usize = 64 * 1024;
const MAX_SECRET: usize = 2048;

thread_local! {
    /// What every connection of this thread reads into; nothing stays in it from one read to the next.
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ].into_boxed_slice());
}
