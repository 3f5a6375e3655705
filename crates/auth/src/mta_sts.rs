//! MTA-STS (RFC 8461): a domain says that its mail hosts speak TLS, and which hosts they are.
//!
//! # Publishing
//! A domain publishes a TXT record, whose `id` changes with the policy, and serves the policy over HTTPS at
//! `https://mta-sts.DOMAIN/.well-known/mta-sts.txt` with a certificate of that host: `text/plain`, status 200, and no
//! redirect, for senders follow none (§3.3). Whatever serves HTTP for the application can do that; this is all of it:
//!
//! ```
//! use std::time::Duration;
//!
//! use posthaste_auth::mta_sts::{CONTENT_TYPE, Mode, MxPattern, POLICY_PATH, Policy, Record, policy_host};
//! use posthaste_auth::records::TxtRecord;
//! use posthaste_types::Domain;
//!
//! let domain: Domain = "example.com".parse()?;
//! let hosts = vec![MxPattern::parse("mx1.example.com")?, MxPattern::parse("*.backup.example.net")?];
//! let policy = Policy::new(Mode::Enforce, hosts, Duration::from_secs(7 * 86_400))?;
//!
//! /// Status, content type and body for a GET of `path` at `host`.
//! fn answer(domain: &Domain, policy: &Policy, host: &str, path: &str) -> (u16, &'static str, String) {
//!     let is_ours = policy_host(domain).is_ok_and(|ours| ours.as_str() == host);
//!     match is_ours && path == POLICY_PATH {
//!         true => (200, CONTENT_TYPE, policy.to_string()),
//!         false => (404, CONTENT_TYPE, String::new()),
//!     }
//! }
//!
//! let (status, _, body) = answer(&domain, &policy, "mta-sts.example.com", "/.well-known/mta-sts.txt");
//! assert_eq!(status, 200);
//! assert!(body.starts_with("version: STSv1\r\nmode: enforce\r\nmx: mx1.example.com\r\n"));
//! assert_eq!(Policy::parse(body.as_bytes())?, policy);
//!
//! // Publish the new policy first, and then the record that makes senders fetch it.
//! let record = TxtRecord::mta_sts(&domain, &Record::for_policy(&policy))?;
//! assert!(record.to_string().starts_with("_mta-sts.example.com. IN TXT \"v=STSv1; id="));
//! # Ok::<(), posthaste_types::ParseError>(())
//! ```

use posthaste_types::{DnsName, Domain, ParseError};

mod kept;
mod pattern;
mod policy;
mod record;

pub use kept::KeptPolicy;
pub use pattern::MxPattern;
pub use policy::{Mode, Policy};
pub use record::Record;

/// Where the TXT record of a domain stands (§3.1): `_mta-sts.example.com`.
///
/// # Errors
/// [`ParseError`] if the domain is too long to have one.
pub fn record_name(domain: &Domain) -> Result<DnsName, ParseError> {
    DnsName::from(domain).below("_mta-sts")
}

/// The host that serves the policy of a domain (§3.3): `mta-sts.example.com`.
///
/// # Errors
/// [`ParseError`] if the domain is too long to have one.
pub fn policy_host(domain: &Domain) -> Result<DnsName, ParseError> {
    DnsName::from(domain).below("mta-sts")
}

/// The media type under which the policy is served (§3.2).
pub const CONTENT_TYPE: &str = "text/plain";

/// The path of the policy on that host (§3.3).
pub const POLICY_PATH: &str = "/.well-known/mta-sts.txt";
