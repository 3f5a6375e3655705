//! Records to publish: built, linted, and printed for a zone file and for people.
//!
//! The types of the records stand with their standards ([`spf::Record`](crate::spf::Record),
//! [`dmarc::Record`](crate::dmarc::Record), [`mta_sts::Record`](crate::mta_sts::Record),
//! [`tls_rpt::Record`](crate::tls_rpt::Record)); [`DkimKeyRecord`] and [`BimiRecord`] stand here. Each has `parse` with
//! the place of an error, and a `Display` that is the text to publish. [`TxtRecord`] gives it its name and its lines in a
//! zone file, [`Explain`] says it in words. [`lint_spf`], [`lint_dmarc`], [`lint_dmarc_age`], [`lint_dkim_key`] and [`lint_bimi`] find what is wrong with
//! records that are published, [`flatten_spf`] writes the networks of other domains into one record.
//!
//! ```
//! use posthaste_auth::records::{Explain, TxtRecord};
//! use posthaste_auth::spf::{Mechanism, Qualifier, Record};
//!
//! let record = Record::new()
//!     .with(Qualifier::Pass, Mechanism::Ip4 { network: "192.0.2.0".parse()?, prefix: 24 })
//!     .with(Qualifier::Fail, Mechanism::All);
//! assert_eq!(
//!     TxtRecord::spf(&"example.com".parse()?, &record).to_string(),
//!     "example.com. IN TXT \"v=spf1 ip4:192.0.2.0/24 -all\"",
//! );
//! assert_eq!(record.in_words(), ["pass for addresses in 192.0.2.0/24", "fail for every other address"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bimi;
mod dkim_key;
mod finding;
mod flatten;
mod lint_bimi;
mod lint_dmarc;
mod lint_spf;
mod txt;
mod words;

pub use bimi::BimiRecord;
pub use dkim_key::{DkimKeyKind, DkimKeyRecord, lint_dkim_key};
pub use finding::{Finding, Problem, Severity};
pub use flatten::{FlattenError, Flattened, flatten_spf};
pub use lint_bimi::lint_bimi;
pub use lint_dmarc::{DmarcLint, lint_dmarc, lint_dmarc_age};
pub use lint_spf::{SpfLint, lint_spf};
pub use txt::TxtRecord;
pub use words::Explain;
