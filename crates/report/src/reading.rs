//! What came out of one input.

use crate::aggregate::Aggregate;
use crate::failure::Failure;
use crate::problem::Problems;
use crate::tls::TlsReport;

/// What one file or mail holds: its documents, and what was wrong with what contains them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reading {
    /// The documents, as they stand. A mail and an archive may hold several.
    pub documents: Vec<Document>,
    /// What was wrong with the mail or the archives.
    pub problems: Problems,
}

impl Reading {
    /// The reports that could be read.
    pub fn reports(&self) -> impl Iterator<Item = &Report> {
        self.documents.iter().filter_map(|document| document.report.as_ref())
    }

    /// Whether everything was read without a problem, and there is a report.
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
            && !self.documents.is_empty()
            && self.documents.iter().all(|document| document.report.is_some() && document.problems.is_empty())
    }
}

/// One document: an XML or JSON file, or the report of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Document {
    /// The name of the attachment or of the archive's entry, one clean line of at most 255 octets.
    pub name: Option<String>,
    /// Its size in octets, inflated.
    pub size: usize,
    /// The report, if it is one.
    pub report: Option<Report>,
    /// What could not be read, and where.
    pub problems: Problems,
}

/// A report of one of the three forms.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Report {
    /// A DMARC aggregate report.
    Aggregate(Box<Aggregate>),
    /// A failure report on one message.
    Failure(Box<Failure>),
    /// A report on TLS sessions.
    Tls(Box<TlsReport>),
}
