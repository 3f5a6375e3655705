//! DMARC (RFC 9989; records of RFC 7489 are read too): policies, alignment and what is to be done with a message.
//!
//! SPF and DKIM are checked elsewhere and come in as [`Identifiers`]. [`check`] finds the policy and the
//! organisational domains by the tree walk and says what the domain asks for, and why.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use posthaste_auth::dmarc::{self, Authenticated, Disposition, Identifiers};
//! use posthaste_dns::MemoryZone;
//! use posthaste_types::Tick;
//!
//! let dns: MemoryZone = r#"
//!     _dmarc.example.com.  IN TXT "v=DMARC1; p=reject; sp=quarantine"
//!     news.example.com.    IN A   192.0.2.1
//! "#
//! .parse()?;
//! let message = Identifiers::new("news.example.com".parse()?)
//!     .spf("bounces.example.net".parse()?, Authenticated::Pass)
//!     .dkim("example.com".parse()?, Authenticated::Fail);
//! let outcome = dmarc::check(&dns, &message, Tick::default()).await;
//! assert_eq!(outcome.disposition, Disposition::Quarantine);
//! assert_eq!(
//!     outcome.to_string(),
//!     "fail: no identifier of news.example.com passes: SPF of bounces.example.net passes but is not aligned, \
//!      DKIM of example.com fails; sp=quarantine of example.com asks to quarantine",
//! );
//! # Ok(())
//! # }
//! ```
//!
//! # Choices that the standard leaves
//! * A name is non-existent only if the DNS says NXDOMAIN; where it does not answer that question, the name exists.
//! * A DNS error during a walk makes the result [`Verdict::TempError`] unless an identifier that is equal to the author
//!   domain passes, and nothing is asked for then.

mod check;
mod outcome;
mod record;
mod uri;
mod value;
mod walk;

pub use check::{Authenticated, Identifiers, check};
pub use outcome::{Applied, Disposition, Identifier, Method, Outcome, Tag, Verdict};
pub use record::Record;
pub use uri::ReportUri;
pub use value::{Alignment, FailureOption, Policy, Psd, Testing};
pub use walk::{Walk, organizational_domain, walk};
