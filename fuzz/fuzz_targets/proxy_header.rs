//! However a PROXY header is split, and whatever follows it, it reads the same; and what it says reads back in both versions.

#![no_main]

use std::net::{IpAddr, SocketAddr};

use libfuzzer_sys::fuzz_target;
use posthaste_fuzz::arrivals;

/// The receiver's own file: it is public to nobody, and stands on the standard library alone.
#[path = "../../crates/receive/src/proxy.rs"]
mod proxy;

use proxy::{Proxied, ProxyError, ProxyReader};

fuzz_target!(|input: &[u8]| {
    let &[seed, ref wire @ ..] = input else { return };
    let [whole, others @ ..] = arrivals(wire, seed).map(|pieces| read(&pieces));
    others.iter().for_each(|other| assert_eq!(other, &whole));
    let Ok((taken, Some(proxied))) = whole else { return };
    assert!(taken <= LONGEST, "{taken} octets");
    let (header, _) = wire.split_at(taken);
    assert_eq!(read(&[header]), Ok((taken, Some(proxied))), "what follows is no part of it");
    for end in 0..taken {
        assert_eq!(read(&[&header[..end]]), Ok((end, None)), "it is whole at its last octet");
    }
    if let Proxied::Client { source, destination } = proxied {
        assert_eq!(source.is_ipv4(), destination.is_ipv4());
        for header in [version_1(source, destination), version_2(source, destination)] {
            assert_eq!(read(&[&header]), Ok((header.len(), Some(proxied))));
        }
    }
});

/// How many octets belong to the header, and what it says.
fn read(pieces: &[&[u8]]) -> Result<(usize, Option<Proxied>), ProxyError> {
    let (mut reader, mut taken) = (ProxyReader::default(), 0);
    for piece in pieces {
        let (octets, proxied) = reader.read(piece)?;
        taken += octets;
        if proxied.is_some() {
            return Ok((taken, proxied));
        }
    }
    Ok((taken, None))
}

fn version_1(source: SocketAddr, destination: SocketAddr) -> Vec<u8> {
    let family = if source.is_ipv4() { "TCP4" } else { "TCP6" };
    let (from, to) = (source.port(), destination.port());
    format!("PROXY {family} {} {} {from} {to}\r\n", source.ip(), destination.ip()).into_bytes()
}

fn version_2(source: SocketAddr, destination: SocketAddr) -> Vec<u8> {
    let octets = |ip| match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let ports = [source.port().to_be_bytes(), destination.port().to_be_bytes()].concat();
    let ends = [octets(source.ip()), octets(destination.ip()), ports].concat();
    let len = u16::try_from(ends.len()).expect("short").to_be_bytes();
    let family = if source.is_ipv4() { 0x11 } else { 0x21 };
    [b"\r\n\r\n\0\r\nQUIT\n", &[0x21, family][..], &len, &ends].concat()
}

/// The first 16 octets of version 2, and the 4,096 that may follow.
const LONGEST: usize = 16 + 4096;
