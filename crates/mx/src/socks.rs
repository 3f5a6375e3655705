//! The client's side of SOCKS5 (RFC 1928), with user name and password (RFC 1929).

use std::io;
use std::net::{IpAddr, SocketAddr};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use zeroize::Zeroizing;

use crate::egress::Login;

/// Why a proxy did not connect.
#[derive(Debug)]
pub(crate) enum SocksFault {
    /// The proxy went away, or speaks something else.
    Io(io::Error),
    /// It does not want us: a fault of the settings.
    Ours(&'static str),
    /// It did not get there (§6).
    Target(io::ErrorKind, &'static str),
}

impl From<io::Error> for SocksFault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Asks the proxy at the other end for a connection to an address. Behind it the stream is that connection.
pub(crate) async fn connect<S>(stream: &mut S, login: Option<&Login>, to: SocketAddr) -> Result<(), SocksFault>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    greet(stream, login).await?;
    let mut request = vec![VERSION, CONNECT, 0];
    match to.ip() {
        IpAddr::V4(v4) => {
            request.push(IPV4);
            request.extend(v4.octets());
        }
        IpAddr::V6(v6) => {
            request.push(IPV6);
            request.extend(v6.octets());
        }
    }
    request.extend(to.port().to_be_bytes());
    stream.write_all(&request).await?;
    let mut head = [0; 4];
    stream.read_exact(&mut head).await?;
    let [version, reply, _, kind] = head;
    expect(version, VERSION)?;
    if reply != 0 {
        return Err(refused(reply));
    }
    // §6: BND.ADDR and BND.PORT, which must be read and say nothing that matters.
    let len = match kind {
        IPV4 => 4,
        IPV6 => 16,
        NAME => usize::from(stream.read_u8().await?),
        _ => return Err(malformed().into()),
    };
    let mut bound = [0; 257];
    let bound = bound.get_mut(..len + 2).ok_or_else(malformed)?;
    stream.read_exact(bound).await?;
    Ok(())
}

/// §3, and RFC 1929 §2 if there is a login.
async fn greet<S>(stream: &mut S, login: Option<&Login>) -> Result<(), SocksFault>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let method = if login.is_some() { LOGIN } else { NO_LOGIN };
    stream.write_all(&[VERSION, 1, method]).await?;
    let mut choice = [0; 2];
    stream.read_exact(&mut choice).await?;
    expect(choice[0], VERSION)?;
    if choice[1] != method {
        let why = if login.is_some() { "it does not take a login" } else { "it asks for a login" };
        return Err(SocksFault::Ours(why));
    }
    let Some(login) = login else { return Ok(()) };
    let len = |octets: &[u8]| u8::try_from(octets.len()).map_err(|_| malformed());
    let mut words = Zeroizing::new(vec![LOGIN_VERSION, len(&login.name)?]);
    words.extend_from_slice(&login.name);
    words.push(len(&login.password)?);
    words.extend_from_slice(&login.password);
    stream.write_all(&words).await?;
    let mut answer = [0; 2];
    stream.read_exact(&mut answer).await?;
    expect(answer[0], LOGIN_VERSION)?;
    if answer[1] == 0 { Ok(()) } else { Err(SocksFault::Ours("it refuses the login")) }
}

fn expect(seen: u8, version: u8) -> Result<(), SocksFault> {
    if seen == version { Ok(()) } else { Err(malformed().into()) }
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "what it says is not SOCKS5")
}

/// §6, REP.
fn refused(reply: u8) -> SocksFault {
    use io::ErrorKind::{ConnectionRefused, HostUnreachable, NetworkUnreachable, Other, PermissionDenied, TimedOut};
    match reply {
        // Rules are about targets, and who has mail for a target of his choice must not put the source out of use.
        2 => SocksFault::Target(PermissionDenied, "its rules forbid the connection"),
        3 => SocksFault::Target(NetworkUnreachable, "the network is unreachable"),
        4 => SocksFault::Target(HostUnreachable, "the host is unreachable"),
        5 => SocksFault::Target(ConnectionRefused, "connection refused"),
        6 => SocksFault::Target(TimedOut, "the TTL expired"),
        7 => SocksFault::Ours("it does not know CONNECT"),
        8 => SocksFault::Ours("it does not know this kind of address"),
        _ => SocksFault::Target(Other, "it failed"),
    }
}

const VERSION: u8 = 5;
const LOGIN_VERSION: u8 = 1;
const NO_LOGIN: u8 = 0;
const LOGIN: u8 = 2;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;
