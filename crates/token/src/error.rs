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

/// Why a text is no master secret. The text is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not 64 hexadecimal digits")]
pub struct SecretError(pub(crate) ());

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
