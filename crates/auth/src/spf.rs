//! SPF (RFC 7208): records, and the check whether an address may send for a domain.
//!
//! [`check`] asks through a [`Resolve`](posthaste_dns::Resolve); [`Check`] is the same without a resolver or a
//! runtime. [`Record`] reads a record, [`received_spf`] writes the header field.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use posthaste_auth::spf;
//! use posthaste_dns::MemoryZone;
//!
//! let dns: MemoryZone = r#"
//!     example.com.       IN TXT "v=spf1 include:_spf.example.net -all"
//!     _spf.example.net.  IN TXT "v=spf1 ip4:192.0.2.0/24 ?all"
//! "#
//! .parse()?;
//! let query = spf::Query::mail_from("203.0.113.9".parse()?, "mail.example.com", "ada@example.com");
//! # #[derive(Debug)] struct Still;
//! # impl posthaste_types::Clock for Still {
//! #     fn wall(&self) -> posthaste_types::Timestamp { posthaste_types::Timestamp::from_unix_secs(0) }
//! #     fn tick(&self) -> posthaste_types::Tick { posthaste_types::Tick::default() }
//! #     fn sleep_until(&self, _: posthaste_types::Tick) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>> {
//! #         Box::pin(std::future::pending())
//! #     }
//! # }
//! # let clock = Still;
//! let outcome = spf::check(&dns, &clock, &query, &spf::Settings::default()).await;
//! assert_eq!(outcome.to_string(), "fail: `-all` in the record of example.com matches");
//! for step in &outcome.trace {
//!     println!("{step}"); // _spf.example.net: `ip4:192.0.2.0/24` does not match
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Choices that the standard leaves
//! * A term whose name cannot be asked for (an empty label) does not match; in `include` and `redirect` it is a
//!   permanent error.
//! * Void lookups (§4.6.4) are counted of `a`, `mx` and its hosts, and `exists`; not of the names of the client's
//!   address, which the domain does not control, nor of `exp`.
//! * A local part that is not ASCII matches no term whose macros ask for it (RFC 8616 §4).
//! * A term that is no macro of `exp`, an unknown mechanism or a modifier that stands twice is found wherever it
//!   stands, before anything is looked up.

mod check;
mod eval;
mod expand;
mod header;
mod known;
mod macro_string;
mod outcome;
mod parse;
mod prefix;
mod query;
mod record;
mod settings;
mod trace;

pub use check::{Check, Step, check};
pub use header::received_spf;
pub use macro_string::MacroString;
pub use outcome::{Limit, Outcome, Reason, Verdict};
pub use prefix::DualPrefix;
pub use query::{Identity, Query};
pub use record::{Directive, Mechanism, Qualifier, Record, UnknownModifier};
pub use settings::{Limits, RecordCache, Settings};
pub use trace::{Action, Answered, Match, TraceStep, Tracing};
