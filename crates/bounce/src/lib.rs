//! Delivery reports and SMTP replies to one verdict per recipient.

#![forbid(unsafe_code)]
#![deny(clippy::disallowed_methods)]

mod classify;
mod read;
mod report;
mod rules;
mod verdict;

pub use classify::{classify, classify_cause};
pub use read::{Limits, ReadError, ReadErrorKind, read, read_with};
pub use report::{Defect, Format, Original, Reading, RecipientReport, ReportKind, ReportedAction, ReportedAddress};
pub use rules::{Rules, RulesError, RulesErrorKind, Tables};
pub use verdict::{Action, ListEffect, Scope, Severity, Verdict};
