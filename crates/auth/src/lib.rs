//! Mail authentication and transport security: the checks of a receiver, and the records of a sender.
//!
//! What a record says is parsed once into a type that cannot be wrong; what is refused is refused with its place. The
//! DNS is asked through the [`Resolve`](posthaste_dns::Resolve) port alone, and each result carries its evidence.
//!
//! ```
//! use posthaste_auth::{dane, mta_sts, tls_rpt};
//! use posthaste_dns::Tlsa;
//! use posthaste_types::DnsName;
//!
//! let record = mta_sts::Record::parse(b"v=STSv1; id=20260901T000000;")?;
//! assert_eq!(record.id(), "20260901T000000");
//!
//! let policy = mta_sts::Policy::parse(b"version: STSv1\nmode: enforce\nmx: *.example.com\nmax_age: 604800\n")?;
//! let host: DnsName = "mx1.example.com".parse()?;
//! assert!(policy.names(&host));
//!
//! let usable = dane::Association::of(&Tlsa::new(3, 1, 1, vec![0; 32]));
//! assert!(usable.is_ok());
//!
//! let reports = tls_rpt::Record::parse(b"v=TLSRPTv1; rua=mailto:tls@example.com")?;
//! assert_eq!(reports.rua().len(), 1);
//! # Ok::<(), posthaste_types::ParseError>(())
//! ```
//!
//! # Scope
//! [`spf`]: RFC 7208, whole, with RFC 8616 (international names). [`dmarc`]: RFC 9989 (tree walk, `np`, `psd`, `t`) and the
//! records of RFC 7489. [`results`]: RFC 8601 (Authentication-Results). [`iprev`]: RFC 8601 §2.7.3. [`records`]: what a
//! domain publishes, BIMI and DKIM keys (RFC 6376 §3.6.1, RFC 8463) too: built, linted, printed. [`keys`]: the life of a
//! DKIM key, from the record that everybody must see to the one that may go. DKIM signatures are
//! checked by `posthaste-dkim`; their results come in as values. [`mta_sts`]: RFC 8461 §3.1 (the record), §3.2 (the
//! policy), §4.1 (which hosts it names). [`dane`]: RFC 6698, RFC 7671 and RFC 7672 (which TLSA records are usable, and
//! what they match). [`tls_rpt`]: RFC 8460 §3 (the record), §4.3 (the results of sessions), §4.4 (their counts by domain
//! and day).
//!
//! # Limits
//! Of checks: [`spf::Limits`], [`spf::Record::MAX`], [`spf::Query::MAX`], [`spf::Outcome::MAX_STEPS`],
//! [`dmarc::Walk::MAX_QUERIES`], [`dmarc::Identifiers::MAX`], [`dmarc::Record::MAX`], [`iprev::MAX_NAMES`],
//! [`results::Results::MAX`]. Of records: [`records::SpfLint::MAX_RECORDS`], [`records::Flattened::MAX`],
//! [`records::DkimKeyRecord::MAX`], [`records::BimiRecord::MAX`], [`keys::Showing::MAX_ALIASES`], [`keys::Showing::MAX_SERVERS`],
//! [`keys::Showing::MAX_ADDRESSES`],
//! [`mta_sts::Record::MAX`], [`mta_sts::Policy::MAX`], [`mta_sts::Policy::MAX_MX`], [`mta_sts::Policy::MAX_AGE`],
//! [`dane::Association::MAX`], [`tls_rpt::Record::MAX`], [`tls_rpt::Record::MAX_RUA`], [`tls_rpt::TallyLimits`].
//!
//! # Features
//! None.

#![forbid(unsafe_code)]
#![deny(clippy::disallowed_methods)]

pub mod dane;
pub mod dmarc;
pub mod iprev;
pub mod keys;
pub mod mta_sts;
mod quoted;
pub mod records;
pub mod results;
pub mod spf;
mod tags;
pub mod tls_rpt;
