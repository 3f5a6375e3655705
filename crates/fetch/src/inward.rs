//! Addresses that are not of the public Internet: the DNS of others must not lead to them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why an address is not one of the public Internet, for people; `None` if it is one.
///
/// Loopback, private and link local addresses, among them the metadata servers of clouds, and so on (RFC 6890). IPv4
/// inside IPv6 is judged by the IPv4 address.
pub fn inward_class(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => class_v4(v4),
        IpAddr::V6(v6) => V6
            .iter()
            .find(|(network, len, _)| prefix_v6(v6, *len) == prefix_v6(*network, *len))
            .map(|(_, _, class)| *class)
            .or_else(|| embedded(v6).into_iter().flatten().find_map(class_v4)),
    }
}

fn class_v4(v4: Ipv4Addr) -> Option<&'static str> {
    V4.iter().find(|(network, len, _)| prefix_v4(v4, *len) == prefix_v4(*network, *len)).map(|(_, _, class)| *class)
}

fn prefix_v4(address: Ipv4Addr, len: u32) -> u32 {
    address.to_bits() >> (32 - len)
}

fn prefix_v6(address: Ipv6Addr, len: u32) -> u128 {
    address.to_bits() >> (128 - len)
}

/// The IPv4 addresses that an IPv6 address holds.
fn embedded(v6: Ipv6Addr) -> [Option<Ipv4Addr>; 2] {
    let [a, b, c, d, e, f, g, h] = v6.segments();
    let v4 = |high: u16, low: u16| Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    match (a, b, c) {
        // RFC 4291 §2.5.5.2; also the deprecated IPv4-compatible addresses of §2.5.5.1, which nothing routes.
        (0, 0, 0) if d == 0 && e == 0 && matches!(f, 0 | 0xffff) => [v4(g, h), None],
        // RFC 6052 §2.2, the well-known prefix.
        (0x64, 0xff9b, 0) if d == 0 && e == 0 && f == 0 => [v4(g, h), None],
        // RFC 8215 is a /48, whose user may lay a longer prefix into it: the address stands at bit 48 (with the octet u
        // of RFC 6052 §2.2 left out) or, as with the well-known prefix, at the end. What is all zero is not there.
        (0x64, 0xff9b, 1) => {
            let (first, last) = (v4(d, (e & 0xff) << 8 | f >> 8), v4(g, h));
            let there = |v4: &Ipv4Addr| !v4.is_unspecified();
            [first.filter(there), last.filter(there)]
        }
        // RFC 3056 §2.
        (0x2002, ..) => [v4(b, c), None],
        // RFC 4380 §4: the server, and the client with its bits inverted.
        (0x2001, 0, _) => [v4(c, d), v4(!g, !h)],
        _ => [None, None],
    }
}

const V4: [(Ipv4Addr, u32, &str); 14] = [
    (Ipv4Addr::UNSPECIFIED, 8, "an unspecified address (RFC 1122 §3.2.1.3)"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, PRIVATE),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "a shared address (RFC 6598)"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, LOOPBACK),
    (Ipv4Addr::new(169, 254, 0, 0), 16, LINK_LOCAL),
    (Ipv4Addr::new(172, 16, 0, 0), 12, PRIVATE),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "an address for protocols (RFC 6890)"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, DOCUMENTATION),
    (Ipv4Addr::new(192, 168, 0, 0), 16, PRIVATE),
    (Ipv4Addr::new(198, 18, 0, 0), 15, BENCHMARK),
    (Ipv4Addr::new(198, 51, 100, 0), 24, DOCUMENTATION),
    (Ipv4Addr::new(203, 0, 113, 0), 24, DOCUMENTATION),
    (Ipv4Addr::new(224, 0, 0, 0), 4, MULTICAST),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "a reserved address (RFC 1112, RFC 919)"),
];

const V6: [(Ipv6Addr, u32, &str); 10] = [
    (Ipv6Addr::UNSPECIFIED, 128, "an unspecified address (RFC 4291)"),
    (Ipv6Addr::LOCALHOST, 128, LOOPBACK),
    (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 64, "a discard address (RFC 6666)"),
    (Ipv6Addr::new(0x2001, 2, 0, 0, 0, 0, 0, 0), 48, BENCHMARK),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, DOCUMENTATION),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, DOCUMENTATION),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, "a unique local address (RFC 4193)"),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, LINK_LOCAL),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, "a site local address (RFC 4291)"),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, MULTICAST),
];

const BENCHMARK: &str = "an address for benchmarks (RFC 2544, RFC 5180)";
const DOCUMENTATION: &str = "an address for documentation (RFC 5737, RFC 3849, RFC 9637)";
/// 169.254.169.254 gives out the credentials of cloud machines.
const LINK_LOCAL: &str = "a link local address (RFC 3927, RFC 4291)";
const LOOPBACK: &str = "a loopback address (RFC 1122 §3.2.1.3, RFC 4291)";
const MULTICAST: &str = "a multicast address (RFC 5771, RFC 4291)";
const PRIVATE: &str = "a private address (RFC 1918)";

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn every_class() {
        let inward = "0.0.0.0 0.1.2.3 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.255.0.1 169.254.169.254 \
            172.16.0.1 172.31.255.255 192.0.0.8 192.0.2.1 198.51.100.9 203.0.113.7 192.168.1.1 198.18.0.1 198.19.9.9 \
            224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255 :: ::1 ::ffff:10.0.0.1 ::127.0.0.1 64:ff9b::7f00:1 \
            64:ff9b:1:7f00:0:100:: 64:ff9b:1::10.1.2.3 2002:a00:1::1 2001:0:7f00:1:: 2001:0:808:808:0:0:f5ff:fffe \
            fd00:ec2::254 fc00::1 fe80::1 febf::1 fec0::1 100::1 ff02::1 2001:db8::25 3fff::1 2001:2::1";
        for text in inward.split_whitespace() {
            assert!(inward_class(text.parse().unwrap()).is_some(), "{text}");
        }
    }

    #[test]
    fn the_public_internet() {
        let public = "1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1 \
            169.253.255.255 172.15.255.255 172.32.0.0 192.0.1.1 192.0.3.0 198.17.255.255 198.20.0.0 223.255.255.255 \
            2001:4860:4860::8888 2a00::1 ::ffff:8.8.8.8 64:ff9b::808:808 2002:808:808::1 2001:1::1 2001:3::1 \
            64:ff9b:1::8.8.8.8 64:ff9b:1:808:8:800::";
        for text in public.split_whitespace() {
            assert_eq!(inward_class(text.parse().unwrap()), None, "{text}");
        }
    }
}
