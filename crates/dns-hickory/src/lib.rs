//! The posthaste DNS port on hickory-resolver, DNSSEC status included.
//!
//! [`Hickory`] asks recursive DNS servers: the system's, or those that it is given. It is a stub resolver: it follows
//! aliases and checks signatures, if told to, but does not walk down from the root.
//!
//! ```no_run
//! # async fn example(clock: std::sync::Arc<dyn posthaste_types::Clock>) -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use posthaste_dns::{Cached, ResolveExt};
//! use posthaste_dns_hickory::Hickory;
//!
//! let dns = Cached::new(Hickory::system(Arc::clone(&clock))?, Arc::clone(&clock));
//! let by = clock.tick().saturating_add(Duration::from_secs(10));
//! for mx in dns.mx(&"example.com".parse()?, by).await?.values {
//!     println!("{} {}", mx.preference, mx.exchange);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Scope
//! The contract of [`Resolve`](posthaste_dns::Resolve), over UDP and TCP (RFC 1035 §4.2, RFC 7766), with EDNS (RFC 6891).
//! Negative answers with their SOA's time (RFC 2308), referrals told from no data, TTLs as in RFC 2181 §8. A server
//! that says why it failed (RFC 8914) makes the answer bogus, not failed. No hosts file, no search list, no names of
//! special use (RFC 6761): `localhost` is asked for like any other name.
//!
//! # Who checks signatures
//! See [`Validation`]. With [`Validation::Server`] the AD bit of the server counts: right with a validating resolver
//! on this host, wrong over an open network. [`Validation::Here`] trusts nobody, at the cost of more questions; the
//! times of signatures are judged by the system's clock, and hickory-net 0.26.3 calls answers from wildcards in zones
//! with NSEC bogus.
//!
//! # Limits
//! 8 aliases a question. An attempt waits 5 seconds and is repeated twice, unless set otherwise; the deadline of the
//! question, told by the [`Clock`](posthaste_types::Clock) that was given, cuts that short.
//!
//! # Features
//! None. The crate `hickory_resolver` is exported for those who change its settings.

#![forbid(unsafe_code)]

mod data;
mod fault;
mod hickory;
mod settings;
mod trail;
mod witness;

pub use hickory::Hickory;
pub use hickory_resolver;
pub use settings::{HickoryBuilder, HickoryError, HickoryErrorKind, Validation};
