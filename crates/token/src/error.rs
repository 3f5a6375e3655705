//! What can be wrong with a token, a key or a path.

use std::time::Duration;

use posthaste_types::{ParseError, Timestamp};

use crate::ring::KeyId;

/// Why a token was not made or not opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The token is genuine and too old.
    #[error("the token of {issued} is older than {} s", max_age.as_secs())]
    #[non_exhaustive]
    Expired {
        /// When it was made.
        issued: Timestamp,
        /// The age that was allowed.
        max_age: Duration,
    },
    /// The MAC is not ours: another payload, date, purpose or secret.
    #[error("the token was not made here for this purpose")]
    Forged,
    /// It has not the form of a token.
    #[error("not a token")]
    Malformed,
    /// Longer than a token or a payload can be.
    #[error("longer than {limit} octets")]
    #[non_exhaustive]
    TooLong {
        /// The limit, in octets.
        limit: usize,
    },
    /// It names a key that is not in the ring: retired, or never ours.
    #[error("the ring has no key {0}")]
    UnknownKey(KeyId),
}

/// Why a key ring refused a change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RingError {
    /// The key is the newest one, without which nothing can be sealed.
    #[error("key {0} is the newest one")]
    Current(KeyId),
    /// The ring has a key of this id.
    #[error("the ring has a key {0} already")]
    Duplicate(KeyId),
    /// The id is more than one digit, which is all that [`SharedKeys`](crate::SharedKeys) have room for.
    #[error("the id {0} is more than one digit")]
    NotADigit(KeyId),
    /// The new key would begin before the newest one.
    #[error("the newest key begins at {newest}, later than this one")]
    #[non_exhaustive]
    OutOfOrder {
        /// When the newest key of the ring begins.
        newest: Timestamp,
    },
    /// The ring has no key of this id.
    #[error("the ring has no key {0}")]
    Unknown(KeyId),
}

/// Why something is no secret. It is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SecretError(pub(crate) &'static str);

/// Why an address was not rewritten.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RewriteError {
    /// The rewritten text would be no address, or one of more than 254 octets.
    #[error("the rewritten sender is no address")]
    Address(#[from] ParseError),
    /// The local part would be longer than RFC 5321 §4.5.3.1.1 has it.
    #[error("the rewritten local part has {length} octets; {limit} are allowed")]
    #[non_exhaustive]
    LocalPartTooLong {
        /// Its length in octets, as it would stand on the wire.
        length: usize,
        /// The limit, in octets.
        limit: usize,
    },
}

/// Why return paths cannot be made with a prefix or below a domain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// The paths would be no addresses.
    #[error("no return path can be made")]
    Address(#[from] ParseError),
    /// The prefix is not 1 to [`ReturnPaths::MAX_PREFIX`](crate::ReturnPaths::MAX_PREFIX) characters of
    /// `a-z`, `0-9`, `-` and `_`.
    #[error("the prefix is not 1 to {limit} characters of a-z, 0-9, - and _")]
    #[non_exhaustive]
    Prefix {
        /// The most characters.
        limit: usize,
    },
}
