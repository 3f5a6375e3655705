//! Sockets of this machine, where there are such.

use std::io;
use std::path::Path;

#[cfg(not(unix))]
pub(crate) use tokio::net::TcpStream as UnixStream; // of which none is ever made
#[cfg(unix)]
pub(crate) use tokio::net::UnixStream;

#[cfg(unix)]
pub(crate) async fn connect(path: &Path) -> io::Result<UnixStream> {
    UnixStream::connect(path).await
}

#[cfg(not(unix))]
pub(crate) async fn connect(_path: &Path) -> io::Result<UnixStream> {
    Err(io::ErrorKind::Unsupported.into())
}
