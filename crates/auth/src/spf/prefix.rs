//! Networks by the length of their prefix.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How many leading bits of an address count, by family (RFC 7208 §5.3, `dual-cidr-length`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct DualPrefix {
    /// Of an IPv4 address, 0 to 32.
    pub v4: u8,
    /// Of an IPv6 address, 0 to 128.
    pub v6: u8,
}

impl DualPrefix {
    /// Puts one together; what is too great counts as the whole address.
    pub fn new(v4: u8, v6: u8) -> Self {
        Self { v4: v4.min(32), v6: v6.min(128) }
    }

    /// Whether both addresses are of one family and equal in the bits that count.
    pub(crate) fn is_match(self, one: IpAddr, other: IpAddr) -> bool {
        match (one, other) {
            (IpAddr::V4(one), IpAddr::V4(other)) => in_v4(one, other, self.v4),
            (IpAddr::V6(one), IpAddr::V6(other)) => in_v6(one, other, self.v6),
            _ => false,
        }
    }
}

impl Default for DualPrefix {
    fn default() -> Self {
        Self { v4: 32, v6: 128 }
    }
}

pub(crate) fn in_v4(one: Ipv4Addr, other: Ipv4Addr, prefix: u8) -> bool {
    let shift = 32_u32.saturating_sub(prefix.into());
    (one.to_bits() ^ other.to_bits()).checked_shr(shift).unwrap_or(0) == 0
}

pub(crate) fn in_v6(one: Ipv6Addr, other: Ipv6Addr, prefix: u8) -> bool {
    let shift = 128_u32.saturating_sub(prefix.into());
    (one.to_bits() ^ other.to_bits()).checked_shr(shift).unwrap_or(0) == 0
}

impl fmt::Display for DualPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.v4 != 32 {
            write!(f, "/{}", self.v4)?;
        }
        if self.v6 != 128 {
            write!(f, "//{}", self.v6)?;
        }
        Ok(())
    }
}
