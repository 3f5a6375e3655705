//! Google Postmaster Tools: what its API answers about a domain, of versions 1 and 2.
//!
//! ```
//! use posthaste_feedback::postmaster::{self, Reputation};
//!
//! let day = postmaster::traffic_stats(br#"{"name": "domains/example.com/trafficStats/20260204",
//!     "userReportedSpamRatio": 0.002, "domainReputation": "HIGH", "dkimSuccessRatio": 1,
//!     "spammyFeedbackLoops": [{"id": "spring", "spamRatio": 0.01}]}"#)?;
//! assert_eq!((day.domain.as_str(), day.date.as_str()), ("example.com", "2026-02-04"));
//! assert_eq!((day.spam_ratio, day.domain_reputation), (Some(0.002), Some(Reputation::High)));
//! assert_eq!(day.feedback_loops[0].id.as_str(), "spring");
//! # Ok::<(), postmaster::PostmasterError>(())
//! ```
//!
//! Source: the discovery documents of revision 20250529 (v1) and 20260623 (v2). Members that are not known are passed over; a
//! word that is not known is kept as [`Text`]. Ratios are of 1. Version 2 has no reputation of addresses and domains.

mod v1;
mod v2;

use std::fmt;

use posthaste_types::Text;
use serde_json::Value;

use v1::{RawList, RawStats};

use crate::json::{self, Fault};

/// One domain on one day (v1, `TrafficStats`).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct TrafficStats {
    /// The domain.
    pub domain: Text,
    /// The day: `2026-02-04`.
    pub date: Text,
    /// How much of the mail in inboxes users called spam.
    pub spam_ratio: Option<f64>,
    /// The bounds of the interval in which that ratio lies.
    pub spam_ratio_bounds: (Option<f64>, Option<f64>),
    /// How many addresses have which reputation.
    pub ip_reputations: Vec<IpReputation>,
    /// The reputation of the domain.
    pub domain_reputation: Option<Reputation>,
    /// The identifiers of Feedback-ID that users called spam.
    pub feedback_loops: Vec<FeedbackLoop>,
    /// How much passed SPF; spoofed mail is left out.
    pub spf_ratio: Option<f64>,
    /// How much passed DKIM; spoofed mail is left out.
    pub dkim_ratio: Option<f64>,
    /// How much passed DMARC, of what passed SPF or DKIM.
    pub dmarc_ratio: Option<f64>,
    /// How much came to Gmail under TLS.
    pub inbound_tls_ratio: Option<f64>,
    /// How much Gmail sent to the domain under TLS.
    pub outbound_tls_ratio: Option<f64>,
    /// What was refused or deferred.
    pub delivery_errors: Vec<DeliveryError>,
}

/// A reputation (v1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Reputation {
    /// Mail from there is almost always refused or taken for spam.
    Bad,
    /// Often taken for spam.
    Low,
    /// Mostly good, sometimes not.
    Medium,
    /// Good.
    High,
}

/// How many addresses have a reputation (v1).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct IpReputation {
    /// The reputation.
    pub reputation: Reputation,
    /// How many addresses have it.
    pub addresses: Option<u64>,
    /// Some of them.
    pub samples: Vec<Text>,
}

/// An identifier of Feedback-ID (v1).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FeedbackLoop {
    /// The identifier.
    pub id: Text,
    /// How much of its mail users called spam.
    pub spam_ratio: Option<f64>,
}

/// Mail that was refused or deferred (v1).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct DeliveryError {
    /// `PERMANENT_ERROR` or `TEMPORARY_ERROR`.
    pub class: Text,
    /// Why: `RATE_LIMIT_EXCEEDED`, `SUSPECTED_SPAM` ...
    pub reason: Text,
    /// How much of the mail.
    pub ratio: Option<f64>,
}

/// One metric of one domain (v2, `DomainStat`).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Metric {
    /// The name that the query gave it.
    pub name: Text,
    /// The metric: `SPAM_RATE`, `AUTH_SUCCESS_RATE` ... Empty where the answer does not say it.
    pub metric: Text,
    /// The day: `2026-02-04`; `None` of a metric over the whole time.
    pub date: Option<Text>,
    /// The value.
    pub value: MetricValue,
}

/// A value of a [`Metric`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum MetricValue {
    /// A number.
    Number(f64),
    /// A text.
    Text(Text),
    /// Several texts.
    Texts(Vec<Text>),
    /// None, or one of another sort.
    Missing,
}

/// Whether a domain meets Google's requirements (v2, `DomainComplianceStatus`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Compliance {
    /// The domain that was asked for.
    pub domain: Text,
    /// Each requirement of the registrable domain, those of a subdomain behind it.
    pub requirements: Vec<Requirement>,
}

/// One requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Requirement {
    /// Of which domain.
    pub domain: Text,
    /// Which: `SPF`, `DMARC_ALIGNMENT`, `ONE_CLICK_UNSUBSCRIBE` ...
    pub requirement: Text,
    /// `COMPLIANT`, `NEEDS_WORK`, or a word that is new.
    pub status: Text,
    /// Why, where Google says it: `NO_UNSUB_GENERAL`.
    pub reason: Option<Text>,
}

/// Why an answer could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostmasterError {
    kind: PostmasterErrorKind,
}

/// The kinds of [`PostmasterError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PostmasterErrorKind {
    /// Longer than so many octets.
    TooLong(usize),
    /// No JSON; line and column of it.
    Syntax(usize, usize),
    /// JSON, but no such answer.
    Shape,
}

/// The longest answer, in octets.
pub const MAX: usize = 16 * 1024 * 1024;

/// Reads one `TrafficStats` (v1).
///
/// # Errors
/// [`PostmasterError`] if it is none.
pub fn traffic_stats(json: &[u8]) -> Result<TrafficStats, PostmasterError> {
    let raw: RawStats = serde_json::from_value(document(json)?).map_err(|_| SHAPE)?;
    raw.stats().ok_or(SHAPE)
}

/// Reads a list of `TrafficStats` (v1), of one page.
///
/// # Errors
/// [`PostmasterError`] if it is none.
pub fn traffic_stats_list(json: &[u8]) -> Result<Vec<TrafficStats>, PostmasterError> {
    let raw: RawList = serde_json::from_value(document(json)?).map_err(|_| SHAPE)?;
    raw.traffic_stats.into_iter().map(|it| it.stats().ok_or(SHAPE)).collect()
}

/// Reads the answer to `domainStats:query` (v2), of one page.
///
/// # Errors
/// [`PostmasterError`] if it is none.
pub fn metrics(json: &[u8]) -> Result<Vec<Metric>, PostmasterError> {
    let document = document(json)?;
    let list = match document.get("domainStats") {
        Some(list) => list.as_array().ok_or(SHAPE)?,
        None if document.is_object() => return Ok(Vec::new()),
        None => return Err(SHAPE),
    };
    Ok(list.iter().map(v2::metric).collect())
}

/// Reads a `complianceStatus` (v2).
///
/// # Errors
/// [`PostmasterError`] if it is none.
pub fn compliance(json: &[u8]) -> Result<Compliance, PostmasterError> {
    let document = document(json)?;
    let name = document.get("name").and_then(Value::as_str).ok_or(SHAPE)?;
    let mut compliance = Compliance { domain: Text::lossy(segment(name, 1)), requirements: Vec::new() };
    for data in ["complianceData", "subdomainComplianceData"].iter().filter_map(|it| document.get(*it)) {
        v2::requirements(data, &mut compliance);
    }
    Ok(compliance)
}

fn document(json: &[u8]) -> Result<Value, PostmasterError> {
    json::parse(json, MAX).map_err(|fault| PostmasterError {
        kind: match fault {
            Fault::TooLong { limit } => PostmasterErrorKind::TooLong(limit),
            Fault::Syntax { line, column } => PostmasterErrorKind::Syntax(line, column),
        },
    })
}

const SHAPE: PostmasterError = PostmasterError { kind: PostmasterErrorKind::Shape };

fn segment(name: &str, index: usize) -> &str {
    name.split('/').nth(index).unwrap_or_default()
}

impl PostmasterError {
    /// What is wrong.
    pub fn kind(&self) -> PostmasterErrorKind {
        self.kind
    }

    /// Whether trying again may help. Never.
    pub fn is_transient(&self) -> bool {
        false
    }
}

impl std::error::Error for PostmasterError {}

impl fmt::Display for PostmasterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            PostmasterErrorKind::TooLong(limit) => write!(f, "Postmaster Tools: longer than {limit} octets"),
            PostmasterErrorKind::Syntax(line, column) => {
                write!(f, "Postmaster Tools: no JSON at line {line}, column {column}")
            }
            PostmasterErrorKind::Shape => f.write_str("Postmaster Tools: no answer of that kind"),
        }
    }
}

impl fmt::Display for Reputation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bad => "bad",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        })
    }
}
