//! DKIM: signing and checking mail, keys, and the records to publish.
//!
//! [`Dkim`] signs the mail of a domain with any number of keys at once, RSA and Ed25519, and plugs into
//! whatever takes a [`Sign`](posthaste_sign::Sign). [`check`] checks the signatures of mail that came.
//! [`DkimKey`] makes, reads and writes keys, and gives the [`DkimRecord`] to publish.
//!
//! ```
//! use posthaste_dkim::{Dkim, DkimKey, KeyKind};
//! use posthaste_types::{Content, Timestamp};
//!
//! let signer = Dkim::new("news.example.com".parse()?).key("s1".parse()?, DkimKey::generate(KeyKind::Ed25519)?);
//! println!("publish: {}", signer.records()?[0]);
//!
//! let content = Content::from_canonical(b"From: ada@news.example.com\r\nSubject: hi\r\n\r\nhi\r\n".to_vec())?;
//! let fields = signer.sign_content(&content, Timestamp::from_unix_secs(1_790_000_000))?;
//! let signed = content.with_headers(&fields);
//! assert!(signed.to_vec().starts_with(b"DKIM-Signature: v=1; a=ed25519-sha256;"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Scope
//! RFC 6376 (DKIM), RFC 8301 (no SHA-1, RSA of 1024 bits and more), RFC 8463 (Ed25519), and the result words of
//! RFC 8601. Not here: ARC, DMARC, the life of a key in a domain.
//!
//! # Signing
//! On aws-lc-rs, without another library: the time is an argument, so equal inputs give equal octets; the body is
//! hashed once for all keys and in the pieces in which it comes, without a copy; what is signed, and how it
//! is folded, is decided here. [`SignedHeaders`] says which fields: those that readers see are oversigned.
//!
//! # Checking
//! mail-auth reads signatures and keys, canonicalises the header and verifies: code that the signer does not
//! share, so that a mistake of one is not hidden by the same mistake of the other. What it takes too tolerantly is
//! decided before it is asked: a signature without From, SHA-1, short keys, a tag that stands twice, any number of
//! signatures. Two parts of it are not used. Its verifier reads the clock and asks the DNS by itself; here the time is
//! an argument and the DNS is the [`Resolve`](posthaste_dns::Resolve) port. Its body hash counts lines of white space at
//! the end of a relaxed body, and `l=` before canonicalization; RFC 6376 §3.4.4 and §3.5 do neither.
//!
//! # Limits
//! A header of 1 MiB ([`CheckLimits`] for checking, where also 2,000 fields and 5 signatures), RSA keys of
//! 2048 to 4096 bits for signing and at least 1024 for checking, key files of 64 KiB.
//!
//! # Features
//! None.

#![forbid(unsafe_code)]

mod algorithm;
mod arc;
mod canon;
mod check;
mod error;
mod field;
mod from;
mod head;
mod headers;
mod key;
mod policy;
mod record;
mod selector;
mod shown;
mod signer;
mod verify;

pub use algorithm::{Algorithm, Canonicalization};
pub use arc::{
    ArcField, ArcReason, ArcResult, ArcSealer, ArcSet, ArcSignature, ArcVerdicts, ChainStatus, SealError,
    SealErrorKind, check_arc, check_arc_octets,
};
pub use check::{ArcHistory, CheckLimits, DkimNote, DkimOutcome, DkimReason, DkimResult, check, check_octets};
pub use error::{DkimError, DkimErrorKind};
pub use headers::{Listing, SignedHeaders};
pub use key::{DkimKey, KeyKind};
pub use policy::{SigningPolicy, WithoutKey};
pub use record::DkimRecord;
pub use selector::Selector;
pub use signer::{Dkim, Reach};
pub use verify::{Arrival, AuthorError, MessageSettings, MessageVerdict, SpfCheck, check_message};
