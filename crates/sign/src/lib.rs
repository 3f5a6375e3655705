//! The port for signing a message before it is queued.
//!
//! A signer looks at a finished message and gives the header fields to put in front of it. The caller
//! knows only [`Sign`]; which algorithm, which key and where the key lives is the signer's business, so a
//! key service on the other side of a network fits as well as a key in memory.
//!
//! ```
//! use posthaste_sign::{FixedSigner, Sign, Signers};
//! use posthaste_types::{Content, HeaderField, Timestamp};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let stamp = FixedSigner::new([HeaderField::parse("X-Stamp: first")?]);
//! let other = FixedSigner::new([HeaderField::parse("X-Stamp: second")?]);
//! let signers = Signers::new().with(stamp).with(other);
//!
//! let content = Content::from_canonical(b"From: ada@example.com\r\n\r\nhi\r\n".to_vec())?;
//! let fields = signers.sign(&content, Timestamp::from_unix_secs(1_790_000_000)).await?;
//! let signed = content.with_headers(&fields);
//! assert!(signed.to_vec().starts_with(b"X-Stamp: first\r\nX-Stamp: second\r\nFrom:"));
//! # Ok(())
//! # }
//! ```
//!
//! [`KeyStore`] is the port for the keys themselves: their secrets, and where each stands in its life.
//!
//! # Scope
//! The port, its error, several signers as one ([`Signers`]), a signer that signs nothing ([`NoSigner`]), a
//! fake ([`FixedSigner`]) and the [`contract`] suite that every signer runs. The port of key stores with its
//! [`key_contract`] suite and a fake ([`MemoryKeys`]). DKIM (RFC 6376) itself is in `posthaste-dkim`, what a key's life
//! is in `posthaste-auth`; stores are `posthaste-keystore-file` and `posthaste-sqlite`.
//!
//! # Limits
//! [`KeyEntry::MAX_RECORD`] and [`KeySecret::MAX`]; a [`Selector`] of 189 octets. [`Content`](posthaste_types::Content)
//! and [`HeaderField`](posthaste_types::HeaderField) bring theirs.
//!
//! # Features
//! None.

#![forbid(unsafe_code)]
#![deny(clippy::disallowed_methods)]

pub mod contract;
mod error;
mod fixed;
pub mod key_contract;
mod keys;
mod port;
mod selector;
mod signers;

pub use error::{Malformed, SignError, SignErrorKind};
pub use fixed::{FixedSigner, NoSigner};
pub use keys::{KeyEntry, KeySecret, KeyStage, KeyState, KeyStore, KeyStoreError, KeyStoreErrorKind, MemoryKeys};
pub use port::{Sign, Signs};
pub use selector::Selector;
pub use signers::Signers;
