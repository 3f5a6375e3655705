//! One audit of a sending domain and its addresses: what is wrong, the evidence, who cares, and what mends it.
//!
//! [`Doctor::audit`] looks at SPF with its whole tree, the DKIM keys, DMARC, MTA-STS and its policy, TLS-RPT, BIMI, DANE,
//! the mail hosts, reverse DNS, the EHLO name, DNSSEC and DNS block lists, and holds what it saw against the demands of
//! mailbox providers. Each [`Finding`] says how bad it is, what was seen, which provider cares and with which reply, and
//! the exact record or step that mends it.
//!
//! ```
//! # use std::pin::Pin;
//! # use posthaste_types::{Clock, Tick, Timestamp};
//! use std::sync::Arc;
//!
//! use posthaste_dns::MemoryZone;
//! use posthaste_doctor::{Code, Doctor, SendingDomain};
//!
//! # #[derive(Debug)] struct Still;
//! # impl Clock for Still {
//! #     fn wall(&self) -> Timestamp { Timestamp::from_unix_secs(1_795_000_000) }
//! #     fn tick(&self) -> Tick { Tick::default() }
//! #     fn sleep_until(&self, _: Tick) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
//! #         Box::pin(std::future::pending())
//! #     }
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let clock = Arc::new(Still);
//! let dns: MemoryZone = r#"
//!     example.com.         IN MX  10 mail.example.com.
//!     example.com.         IN TXT "v=spf1 mx ~all"
//!     mail.example.com.    IN A   192.0.2.25
//! "#
//! .parse()?;
//! let sending = SendingDomain::new("example.com".parse()?).ip("198.51.100.9".parse()?).selector("s1");
//! let audit = Doctor::new(Arc::new(dns), clock).audit(&sending).await;
//!
//! let finding = audit.findings().into_iter().find(|finding| finding.code == Code::SpfNotPass).expect("it may not send");
//! assert_eq!(finding.mend[0].record(), Some("example.com. IN TXT \"v=spf1 ip4:198.51.100.9 mx ~all\""));
//! assert!(finding.cares.iter().any(|concern| concern.name.as_str() == "Gmail"));
//! print!("{audit}"); // the whole page, most important first
//! # Ok(())
//! # }
//! ```
//!
//! # What is not known
//! A question that the DNS does not answer, a block list that fails its own test, a policy that cannot be fetched: each is
//! an [unknown](posthaste_auth::records::Severity::Unknown), never fine, and never a fault of the domain.
//!
//! # Scope
//! What can be seen from outside. Whether messages are signed, how many recipients complain, whether one click
//! unsubscribes: that is told as [`Standing::NotSeen`]. Ports: [`Resolve`](posthaste_dns::Resolve) for everything,
//! [`Fetch`](posthaste_fetch::Fetch) for the policy of MTA-STS and the logo of BIMI, [`Probe`] for a look at mail hosts;
//! the latter two are optional. No runtime, no socket: checks run concurrently in the task of the caller.
//!
//! # Limits
//! [`Settings`]: the time of an audit, how many checks and questions are under way at once. [`SendingDomain::MAX_IPS`],
//! [`SendingDomain::MAX_SELECTORS`], [`Finding::MAX_EVIDENCE`].
//!
//! # Features
//! None.

#![forbid(unsafe_code)]

mod audit;
mod checks;
mod code;
mod doctor;
mod exam;
mod finding;
mod judge;
mod sending;
mod show;
mod topic;
mod within;
mod witness;

pub mod probe;

pub use audit::{Audit, Check, ProviderVerdict, RuleVerdict, Standing};
pub use code::Code;
pub use doctor::{Doctor, Settings};
pub use finding::{Concern, Finding, Mend};
pub use probe::Probe;
pub use sending::{DkimSelector, SendingDomain};
pub use show::{Ink, Page};
pub use topic::Topic;
