//! What is worth saying about a signature, whether it passes or not.

use std::fmt;

/// What a signature or its key says beside the outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DkimNote {
    /// `l=`: only the first octets of the body are signed (RFC 6376 §8.2). What stands behind them is anybody's.
    BodyLength {
        /// How many octets of the canonical body are signed.
        signed: u64,
        /// How many octets of the canonical body are not.
        unsigned: u64,
    },
    /// `g=` in the key: the granularity of RFC 4871 §3.6.1, which RFC 6376 took away. It restricts nothing.
    Granularity,
    /// An RSA key of fewer than 2048 bits (RFC 8301 §3.2).
    ShortKey {
        /// The length of its modulus.
        bits: usize,
    },
    /// `t=s` in the key: `i=` must be in the signing domain itself, and is (RFC 6376 §3.6.1).
    StrictIdentity,
    /// `t=y` in the key: its owner is testing; a receiver must not treat the mail otherwise than unsigned mail
    /// (RFC 6376 §3.6.1).
    Testing,
}

impl fmt::Display for DkimNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BodyLength { signed, unsigned } => {
                write!(f, "l= signs {signed} octets of the body and leaves {unsigned} unsigned")
            }
            Self::Granularity => f.write_str("the key has g=, which is obsolete"),
            Self::ShortKey { bits } => write!(f, "the key has only {bits} bits"),
            Self::StrictIdentity => f.write_str("the key allows no identity in a subdomain (t=s)"),
            Self::Testing => f.write_str("the key is being tested (t=y)"),
        }
    }
}
