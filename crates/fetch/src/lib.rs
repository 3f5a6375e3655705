//! The port for one bounded HTTPS request.
//!
//! Mail needs the web now and then: for an MTA-STS policy, to hand in a report, to call a hook. All of them know
//! [`Fetch`] alone: one [`Request`] with a limit on what comes back, one [`Response`] or one [`FetchError`], by a
//! deadline. [`FetchExt`] follows redirects where that is wanted, [`MemoryFetch`] is the web of a test, and
//! [`contract`] checks any implementation.
//!
//! ```
//! use std::time::Duration;
//!
//! use posthaste_fetch::{Fetch, MemoryFetch, Request, Response, Url};
//! use posthaste_types::Tick;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let url = Url::parse("https://mta-sts.example.com/.well-known/mta-sts.txt")?;
//! let web = MemoryFetch::new();
//! web.answer(&url, Response::new(200).with_body(b"version: STSv1\n".to_vec()));
//!
//! let by = Tick::from_start(Duration::from_secs(60)); // of the clock that the implementation holds
//! let response = web.fetch(&Request::get(url).with_max_body(64 * 1024), by).await?;
//! assert_eq!((response.status(), response.body()), (200, b"version: STSv1\n".as_slice()));
//! # Ok(())
//! # }
//! ```
//!
//! # Scope
//! GET and POST of RFC 9110 with a body in memory; URLs of the schemes `https` and `http` (RFC 3986) without user and
//! fragment. No cookies, no caches, no streams. No socket: `posthaste-fetch-hyper` opens connections.
//!
//! # Limits
//! [`Request::MAX_BODY`] unless the request says another; [`Url::MAX`].
//!
//! # Features
//! None.

#![forbid(unsafe_code)]
#![deny(clippy::disallowed_methods)]

pub mod contract;
mod error;
mod ext;
mod inward;
mod memory;
mod port;
mod request;
mod response;
mod url;

pub use error::{FetchError, FetchErrorKind};
pub use ext::FetchExt;
pub use inward::inward_class;
pub use memory::MemoryFetch;
pub use port::Fetch;
pub use request::{Method, Request};
pub use response::Response;
pub use url::{Host, Scheme, Url};
