//! Why something is not known.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use posthaste_types::{DnsFault, DnsName};

use crate::record::RecordKind;

/// Why a question has no answer.
///
/// It never says anything about the name: a name that does not exist is an [`Answer`](crate::Answer).
#[derive(Clone, Debug)]
pub struct DnsError {
    kind: DnsErrorKind,
    question: Option<(DnsName, RecordKind)>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// The kinds of [`DnsError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DnsErrorKind {
    /// The signatures prove that the answer is forged or broken (RFC 4035 §4.3).
    Bogus,
    /// The answer could not be read.
    Malformed,
    /// No server could be reached.
    Network,
    /// The server refuses to answer (RCODE 5).
    Refused,
    /// The server failed (RCODE 2, or any other code that is neither an answer nor a refusal).
    ServFail,
    /// No answer came by the deadline.
    Timeout,
    /// This resolver cannot ask that.
    Unsupported,
}

impl DnsError {
    /// An error of this kind.
    pub fn new(kind: DnsErrorKind) -> Self {
        Self { kind, question: None, source: None }
    }

    /// Adds the question that has no answer.
    #[must_use]
    pub fn asking(mut self, name: &DnsName, kind: RecordKind) -> Self {
        self.question = Some((name.clone(), kind));
        self
    }

    /// Adds what lies below.
    #[must_use]
    pub fn because(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// Which kind.
    pub fn kind(&self) -> DnsErrorKind {
        self.kind
    }

    /// The name that was asked for, if known.
    pub fn name(&self) -> Option<&DnsName> {
        self.question.as_ref().map(|(name, _)| name)
    }

    /// The kind of record that was asked for, if known.
    pub fn record(&self) -> Option<RecordKind> {
        self.question.as_ref().map(|(_, kind)| *kind)
    }

    /// Whether the same question may have an answer later: all but [`DnsErrorKind::Unsupported`]. A bogus
    /// answer too, for its zone gets repaired: RFC 7672 §2.1.2 delays mail for it.
    pub fn is_transient(&self) -> bool {
        self.kind != DnsErrorKind::Unsupported
    }

    /// The same in the words of an outcome.
    pub fn fault(&self) -> DnsFault {
        match self.kind {
            DnsErrorKind::Bogus => DnsFault::Bogus,
            _ => DnsFault::Temporary,
        }
    }
}

impl fmt::Display for DnsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((name, kind)) = &self.question {
            write!(f, "{name} {kind}: ")?;
        }
        self.kind.fmt(f)
    }
}

impl Error for DnsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| &**source as &(dyn Error + 'static))
    }
}

impl From<DnsErrorKind> for DnsError {
    fn from(kind: DnsErrorKind) -> Self {
        Self::new(kind)
    }
}

impl fmt::Display for DnsErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bogus => "the answer is bogus (DNSSEC)",
            Self::Malformed => "the answer cannot be read",
            Self::Network => "no DNS server could be reached",
            Self::Refused => "the DNS server refuses to answer",
            Self::ServFail => "the DNS server failed",
            Self::Timeout => "no answer in time",
            Self::Unsupported => "this resolver cannot ask that",
        })
    }
}
