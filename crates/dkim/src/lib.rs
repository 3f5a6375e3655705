//! DKIM and ARC: signing, sealing and checking mail, keys, and the records to publish.
//!
//! [`Dkim`] signs the mail of a domain with any number of keys at once, RSA and Ed25519, and plugs into
//! whatever takes a [`Sign`](posthaste_sign::Sign). [`check`] checks the signatures of mail that came, [`check_arc`] the
//! chain of those who handed it on.
//! [`check_message`] checks all that a receiver checks of a message, DMARC, SPF and iprev of `posthaste-auth` too.
//! [`DkimKey`] makes, reads and writes keys, and gives the [`DkimRecord`] to publish. [`StoredKeys`] signs with the keys of
//! a [`KeyStore`](posthaste_sign::KeyStore), which change while it runs.
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
//! RFC 6376 (DKIM), RFC 8301 (no SHA-1, RSA of 1024 bits and more), RFC 8463 (Ed25519), RFC 8617 (ARC), and the result
//! words of RFC 8601: a [`DkimResult`] and an [`ArcResult`] become a
//! [`MethodResult`](posthaste_auth::results::MethodResult) by `From`. Not here: the life of a key in a domain.
//!
//! # Signing
//! On aws-lc-rs, without another library: the time is an argument, so equal inputs give equal octets; the body is
//! hashed once for all keys and in the pieces in which it comes, without a copy; what is signed, and how it
//! is folded, is decided here. [`SignedHeaders`] says which fields: those that readers see are oversigned.
//! [`SigningPolicy`] says which domain signs which mail, and what becomes of mail from a domain without a key.
//!
//! # Checking
//! mail-auth reads signatures and keys, and verifies. What it takes too tolerantly is decided before it is asked: a
//! signature without From, SHA-1, short keys, a tag that stands twice, any number of signatures. Three parts of it are not
//! used. Its verifier reads the clock and asks the DNS by itself; here the time is an argument and the DNS is the
//! [`Resolve`](posthaste_dns::Resolve) port. Its body hash counts lines of white space at the end of a relaxed body, and
//! `l=` before canonicalization; RFC 6376 §3.4.4 and §3.5 do neither. Its relaxed header takes a form feed for white space;
//! §2.8 does not. That a mistake of the signer is not hidden by the same mistake of the check is shown by other programs in
//! the tests: mail-auth as a whole, dkimpy, OpenDKIM.
//!
//! Stricter than the standards: a signature must cover every From field that there is, not one of them. Not an error, but
//! told: `l=`, `t=y`, `t=s`, `g=`, RSA below 2048 bits ([`DkimNote`]).
//!
//! # ARC
//! [`check_arc`] checks a chain, [`ArcSealer`] adds a set to it. The fields are read here, by the letter of the grammar, and
//! hashed and verified as DKIM signatures are; mail-auth's own check fails 13 of 172 cases of the ARC test suite. A pass
//! says who vouches for what, and [`ArcResult::trusted`] gives what may be believed.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use posthaste_auth::results::{MethodResult, Results};
//! use posthaste_dkim::{check, check_arc};
//! use posthaste_dns::MemoryZone;
//! use posthaste_types::{Content, Tick, Timestamp};
//!
//! let (dns, at, by) = (MemoryZone::new(), Timestamp::from_unix_secs(1_790_000_000), Tick::default());
//! let message = Content::from_canonical(b"From: ada@example.com\r\n\r\nhi\r\n".to_vec())?;
//! let mut found = Results::new("mx.example.org".parse()?);
//! for signature in &check(&message, &dns, at, by).await {
//!     found = found.with(MethodResult::from(signature));
//! }
//! found = found.with(MethodResult::from(&check_arc(&message, &dns, at, by).await));
//! assert_eq!(found.to_field()?.as_str(), "Authentication-Results: mx.example.org;\r\n dkim=none;\r\n arc=none\r\n");
//! # Ok(())
//! # }
//! ```
//!
//! # Limits
//! A header of 1 MiB ([`CheckLimits`] for checking, where also 2,000 fields, 5 signatures and 50 ARC sets), 64 tags in a
//! field, 1,000 names in `h=`, RSA keys of 2048 to 4096 bits for signing and at least 1024 for checking, key files of
//! 64 KiB. A check asks for each key once, and hashes the body once for each canonicalization and once for each `l=` of a
//! signature that is evaluated.
//!
//! # Features
//! `dkim2`: the check of DKIM2 chains, an experiment that no version promises to keep. Off by default.

#![forbid(unsafe_code)]

mod algorithm;
mod arc;
mod canon;
mod check;
#[cfg(feature = "dkim2")]
pub mod dkim2;
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
mod stored;
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
pub use stored::StoredKeys;
pub use verify::{Arrival, AuthorError, MessageSettings, MessageVerdict, SpfCheck, check_message};
