//! DMARC aggregate reports, authentication failure reports and TLS reports: read, write, summarise.
//!
//! ```
//! use posthaste_report::{Report, Summary, read};
//!
//! let xml = b"<feedback><report_metadata><org_name>mail.example</org_name><email>dmarc@mail.example</email>\
//!     <report_id>1</report_id><date_range><begin>1700000000</begin><end>1700086399</end></date_range></report_metadata>\
//!     <policy_published><domain>example.com</domain><p>none</p></policy_published>\
//!     <record><row><source_ip>192.0.2.1</source_ip><count>2</count><policy_evaluated><disposition>none</disposition>\
//!     <dkim>fail</dkim><spf>fail</spf></policy_evaluated></row><identifiers><header_from>example.com</header_from>\
//!     </identifiers><auth_results/></record></feedback>";
//!
//! let reading = read(xml)?; // or a mail, gzip, zip, JSON
//! assert!(reading.is_sound());
//! let Some(Report::Aggregate(report)) = reading.reports().next() else { panic!("an aggregate report") };
//! assert_eq!((report.policy.domain.as_str(), report.messages()), ("example.com", 2));
//!
//! let mut summary = Summary::new();
//! for report in reading.reports() {
//!     summary.add(report);
//! }
//! for finding in summary.findings() {
//!     println!("{finding}"); // warning: example.com: 2 messages from 1 network pass neither DKIM nor SPF; ...
//! }
//! # Ok::<(), posthaste_report::ReadError>(())
//! ```
//!
//! # Reading
//! [`read`] takes what comes: a mail, a file, gzip, zip, one within the other, several in one. What is damaged gives what can
//! be read; [`Problems`] say what could not, of which element, at which octet. Only an input that is too large is an error.
//! Nothing that an archive says of its sizes is believed, no entity is expanded, and nothing recurses on what is read.
//!
//! # What a report proves
//! Nothing, by itself: anybody can write one. It is as good as the DKIM signature of the mail that brought it.
//!
//! # Writing
//! [`Aggregate::to_xml`], [`Failure::to_fields`] and [`TlsReport::to_json`] are strict: what the standard requires must be
//! there, what reads back is what was written. [`ReportMail`] puts them into the mails that the standards describe, and
//! [`TlsTally`] makes TLS reports of the results of sessions.
//!
//! # Summing up
//! [`Summary`] adds any number of reports up in bounded memory and says in words what to fix.
//!
//! # Scope
//! RFC 7489 appendix C and RFC 9990 (aggregate reports), RFC 6591 and RFC 9991 (failure reports), RFC 8460 (TLS reports),
//! RFC 1952 (gzip), zip with stored and deflated entries. Complaints (RFC 5965) are read by `posthaste-bounce`.
//!
//! # Limits
//! [`Limits`]: input, inflated octets, nesting, entries, depth, attributes, records, items and texts, each with its default.
//! [`SummaryLimits`]: domains, senders and their details. [`TlsTally`]: domains, policies, failures.
//!
//! # Features
//! None.

#![forbid(unsafe_code)]
#![deny(clippy::disallowed_methods)]

mod aggregate;
mod failure;
mod json;
mod limits;
mod mail;
mod open;
mod problem;
mod reading;
mod summary;
mod text;
mod tls;
mod words;

pub use aggregate::{
    Aggregate, Aligned, Alignment, Discovery, Disposition, DkimOutcome, DkimResult, Metadata, Override, Policy,
    PolicyPublished, Reason, Record, Schema, SpfOutcome, SpfResult, SpfScope, Testing,
};
pub use failure::{AuthFailure, DeliveryResult, Failure, Mechanism};
pub use limits::Limits;
pub use mail::ReportMail;
pub use open::{read, read_with};
pub use problem::{ComposeError, ComposeErrorKind, Problem, ProblemKind, Problems, ReadError};
pub use reading::{Document, Reading, Report};
pub use summary::{
    Counted, Counts, DomainSummary, FailureCounts, Finding, FindingKind, Sender, SenderName, Severity, Standing,
    Summary, SummaryLimits, Tally, TlsSummary,
};
pub use tls::{TlsFailure, TlsPolicyReport, TlsReport, TlsResultType, TlsTally};
