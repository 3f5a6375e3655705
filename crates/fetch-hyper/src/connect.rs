//! From a URL to an open connection.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use posthaste_dns::ResolveExt as _;
use posthaste_fetch::{FetchError, FetchErrorKind, Host, Url, inward_class};
use posthaste_types::Tick;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::config::InwardAddresses;
use crate::hyper_fetch::HyperFetch;

/// A connection to the first address that takes one. What is dialled is what was checked: nothing asks again.
pub(crate) async fn dial(web: &HyperFetch, url: &Url, by: Tick) -> Result<TcpStream, FetchError> {
    let mut last = FetchError::new(FetchErrorKind::Dns, url.host().to_string());
    let mut left = MAX_ADDRESSES;
    for address in addresses(web, url, by).await? {
        if web.config.inward == InwardAddresses::Refuse
            && let Some(class) = inward_class(address)
        {
            last = FetchError::new(FetchErrorKind::Forbidden, format!("{address} is {class}"));
            continue;
        }
        if left == 0 {
            break;
        }
        left -= 1;
        let due = web.clock.tick().saturating_add(CONNECT_TIMEOUT).min(by);
        match web.within(due, connect(SocketAddr::new(address, url.port()))).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn addresses(web: &HyperFetch, url: &Url, by: Tick) -> Result<Vec<IpAddr>, FetchError> {
    match url.host() {
        Host::Address(address) => Ok(vec![*address]),
        Host::Name(name) => {
            let found = web.resolver.addresses(name, by).await;
            Ok(found.map_err(|error| FetchError::new(FetchErrorKind::Dns, error))?.values)
        }
        _ => Err(FetchError::new(FetchErrorKind::Forbidden, "a host of an unknown kind")),
    }
}

async fn connect(address: SocketAddr) -> Result<TcpStream, FetchError> {
    let unreachable = |error: io::Error| FetchError::new(FetchErrorKind::Unreachable, format!("{address}: {error}"));
    let stream = TcpStream::connect(address).await.map_err(unreachable)?;
    stream.set_nodelay(true).map_err(unreachable)?;
    Ok(stream)
}

/// The same connection inside TLS, with a certificate that is valid for the host.
pub(crate) async fn secure(web: &HyperFetch, url: &Url, stream: TcpStream) -> Result<TlsStream<TcpStream>, FetchError> {
    let name = match url.host() {
        Host::Address(address) => ServerName::IpAddress((*address).into()),
        host => ServerName::try_from(host.to_string()).map_err(|error| FetchError::new(FetchErrorKind::Tls, error))?,
    };
    TlsConnector::from(web.tls()?).connect(name, stream).await.map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => FetchError::new(FetchErrorKind::Closed, error),
        _ => FetchError::new(FetchErrorKind::Tls, error),
    })
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_ADDRESSES: usize = 4;
