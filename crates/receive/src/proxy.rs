//! The header that a proxy puts in front of a connection: HAProxy's PROXY protocol, versions 1 and 2.
//!
//! The sections are those of its specification, `proxy-protocol.txt` (2020/03/05).

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proxied {
    /// The connection is that of this client, to this address of the proxy.
    Client { source: SocketAddr, destination: SocketAddr },
    /// The two ends are those of the connection itself: a check of health, or a client that has no address (§2.1, §2.2).
    Itself,
}

/// Reads a header and not one octet behind it.
#[derive(Debug, Default)]
pub(crate) struct ProxyReader {
    octets: Vec<u8>,
}

impl ProxyReader {
    /// Looks at octets that follow those of the last call; tells how many of them belong to the header, and what it says
    /// once it is whole.
    pub(crate) fn read(&mut self, seen: &[u8]) -> Result<(usize, Option<Proxied>), ProxyError> {
        for (at, octet) in seen.iter().enumerate() {
            self.octets.push(*octet);
            if let Some(proxied) = self.look()? {
                return Ok((at + 1, Some(proxied)));
            }
        }
        Ok((seen.len(), None))
    }

    fn look(&self) -> Result<Option<Proxied>, ProxyError> {
        let octets = self.octets.as_slice();
        if octets.starts_with(V1) {
            return match octets {
                [.., b'\r', b'\n'] => parse_v1(octets).map(Some),
                [.., b'\n'] => Err(ProxyError::Syntax),
                [.., b'\r', _] => Err(ProxyError::Syntax),
                // §2.1: 107 octets hold every line, its CRLF included.
                _ if octets.len() >= MAX_V1 => Err(ProxyError::TooLong),
                _ => Ok(None),
            };
        }
        if octets.starts_with(V2) {
            let Some((head, rest)) = octets.split_first_chunk::<16>() else { return Ok(None) };
            let len = usize::from(u16::from_be_bytes([head[14], head[15]]));
            if len > MAX_V2 {
                return Err(ProxyError::TooLong);
            }
            return if rest.len() < len { Ok(None) } else { parse_v2(head, rest).map(Some) };
        }
        if V1.starts_with(octets) || V2.starts_with(octets) { Ok(None) } else { Err(ProxyError::NoHeader) }
    }
}

/// §2.1: `PROXY TCP4 source destination source-port destination-port`, one space between each.
fn parse_v1(line: &[u8]) -> Result<Proxied, ProxyError> {
    let line = std::str::from_utf8(line).map_err(|_| ProxyError::Syntax)?.trim_end_matches(['\r', '\n']);
    let words: Vec<&str> = line.split(' ').skip(1).collect();
    match words[..] {
        // Whatever else the line holds is ignored.
        ["UNKNOWN", ..] => Ok(Proxied::Itself),
        ["TCP4", source, destination, from, to] => client::<Ipv4Addr>(source, destination, from, to),
        ["TCP6", source, destination, from, to] => client::<Ipv6Addr>(source, destination, from, to),
        _ => Err(ProxyError::Syntax),
    }
}

fn client<T: FromStr>(source: &str, destination: &str, from: &str, to: &str) -> Result<Proxied, ProxyError>
where
    std::net::IpAddr: From<T>,
{
    let address = |ip: &str, port: &str| Some(SocketAddr::new(T::from_str(ip).ok()?.into(), parse_port(port)?));
    let ends = address(source, from).zip(address(destination, to));
    ends.map(|(source, destination)| Proxied::Client { source, destination }).ok_or(ProxyError::Syntax)
}

/// Digits alone, no leading zero but in `0`.
fn parse_port(text: &str) -> Option<u16> {
    let is_canonical = text.bytes().all(|octet| octet.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| is_canonical)
}

/// §2.2: version and command, family and protocol, and `rest`: addresses, then type-length-values.
fn parse_v2(head: &[u8; 16], rest: &[u8]) -> Result<Proxied, ProxyError> {
    match head[12] {
        0x20 => return Ok(Proxied::Itself),
        0x21 => {}
        _ => return Err(ProxyError::Syntax),
    }
    let (proxied, values) = match head[13] {
        // §2.2: of a family that is not said, and of Unix sockets, nothing here is of use.
        0x00 => (Proxied::Itself, rest),
        0x31 => (Proxied::Itself, rest.get(216..).ok_or(ProxyError::Syntax)?),
        0x11 => {
            let (ends, values) = rest.split_first_chunk::<12>().ok_or(ProxyError::Syntax)?;
            let [a, b, c, d, e, f, g, h, ports @ ..] = *ends;
            (ends_of([a, b, c, d], [e, f, g, h], ports), values)
        }
        0x21 => {
            let (source, more) = rest.split_first_chunk::<16>().ok_or(ProxyError::Syntax)?;
            let (destination, more) = more.split_first_chunk::<16>().ok_or(ProxyError::Syntax)?;
            let (ports, values) = more.split_first_chunk::<4>().ok_or(ProxyError::Syntax)?;
            (ends_of(*source, *destination, *ports), values)
        }
        _ => return Err(ProxyError::Syntax),
    };
    check_values(head, rest, values)?;
    Ok(proxied)
}

fn ends_of<T>(source: T, destination: T, [a, b, c, d]: [u8; 4]) -> Proxied
where
    std::net::IpAddr: From<T>,
{
    let source = SocketAddr::new(source.into(), u16::from_be_bytes([a, b]));
    Proxied::Client { source, destination: SocketAddr::new(destination.into(), u16::from_be_bytes([c, d])) }
}

/// §2.2.: values fill the rest to its last octet, and a checksum among them is right (§2.2.3).
fn check_values(head: &[u8; 16], rest: &[u8], mut values: &[u8]) -> Result<(), ProxyError> {
    while let [kind, high, low, more @ ..] = values {
        let len = usize::from(u16::from_be_bytes([*high, *low]));
        let value = more.get(..len).ok_or(ProxyError::Syntax)?;
        if *kind == CRC32C {
            let at = rest.len() - more.len();
            let told = value.try_into().map(u32::from_be_bytes).map_err(|_| ProxyError::Syntax)?;
            let zeroed = rest.iter().enumerate().map(|(i, octet)| if (at..at + 4).contains(&i) { 0 } else { *octet });
            if crc32c(head.iter().copied().chain(zeroed)) != told {
                return Err(ProxyError::Checksum);
            }
        }
        values = more.get(len..).unwrap_or_default();
    }
    if values.is_empty() { Ok(()) } else { Err(ProxyError::Syntax) }
}

/// RFC 9260 appendix A.
fn crc32c(octets: impl Iterator<Item = u8>) -> u32 {
    !octets.fold(!0, |crc, octet| {
        (0..8).fold(crc ^ u32::from(octet), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0x82f6_3b78 } else { 0 })
    })
}

/// Why what a proxy sent is no header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProxyError {
    #[error("the checksum of the PROXY header is wrong")]
    Checksum,
    #[error("a proxy sent no PROXY header")]
    NoHeader,
    #[error("a syntax error in the PROXY header")]
    Syntax,
    #[error("the PROXY header is too long")]
    TooLong,
}

const V1: &[u8] = b"PROXY ";
const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
const MAX_V1: usize = 107;
/// What may follow the first 16 octets; addresses and what proxies add to them take some hundred.
const MAX_V2: usize = 4096;
/// `PP2_TYPE_CRC32C`.
const CRC32C: u8 = 0x03;

#[cfg(test)]
#[path = "proxy_tests.rs"]
mod tests;
