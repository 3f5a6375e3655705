//! The port for one bounded HTTPS request, on hyper and rustls.
//!
//! [`HyperFetch`] makes each request on a connection of its own: requests for policies and reports are few, and go to
//! many hosts. Names are asked through the DNS port, so that the address that is dialled is the one that was checked.
//!
//! ```
//! use std::sync::Arc;
//!
//! use posthaste_dns::Resolve;
//! use posthaste_fetch_hyper::{FetchConfig, HyperFetch};
//! use posthaste_types::Clock;
//!
//! fn web(resolver: Arc<dyn Resolve>, clock: Arc<dyn Clock>) -> HyperFetch {
//!     HyperFetch::new(resolver, clock, FetchConfig::default())
//! }
//! ```
//!
//! # Scope
//! HTTP/1.1 (RFC 9112) inside TLS 1.2 or 1.3. No HTTP/2, no proxy, no compression, no connection that is kept.
//!
//! # Limits
//! The body and the time by the request; the header of a response 64 KiB and 100 fields; four addresses of a host, 10
//! seconds each.
//!
//! # Features
//! None.

#![forbid(unsafe_code)]

mod config;
mod connect;
mod exchange;
mod hyper_fetch;

pub use config::{FetchConfig, FetchRoots, InwardAddresses, PlainHttp, RootsError};
pub use hyper_fetch::HyperFetch;
