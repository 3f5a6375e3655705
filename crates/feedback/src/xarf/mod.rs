//! XARF, the Extended Abuse Reporting Format: JSON about abuse of every sort, mail among it.
//!
//! ```
//! use posthaste_feedback::Kind;
//! use posthaste_feedback::xarf;
//!
//! let report = xarf::parse(br#"{"Version": "3", "Disclosure": true,
//!     "ReporterInfo": {"ReporterOrg": "Trap Works", "ReporterOrgDomain": "trap.example", "ReporterOrgEmail": "r@trap.example"},
//!     "Report": {"ReportClass": "Activity", "ReportType": "Spam", "Date": "2026-02-05T14:17:10Z", "SourceIp": "192.0.2.55"}}"#)?;
//! assert_eq!(report.kind(), Kind::Abuse);
//!
//! let error = xarf::parse(br#"{"Version": "3"}"#).unwrap_err();
//! assert_eq!(error.to_string(), "XARF: Disclosure is missing");
//! # Ok::<(), xarf::XarfError>(())
//! ```
//!
//! A document is checked against the schema of its version: of version 3 (github.com/abusix/xarf, `schemas/3`, read
//! 2026-11-24) all sixteen types; of version 4 (github.com/xarf/xarf-spec, `schemas/v4`, read 2026-11-24) the core, and the
//! types of messaging.

mod cvss;
mod format;
mod sample;
mod shape;
mod v3;
mod v3_parts;
mod v4;

use std::fmt;
use std::net::IpAddr;

use posthaste_types::{Address, Text, Timestamp};
use serde_json::Value;

pub use sample::Sample;

use crate::json::{self, Fault};
use crate::limits::Limits;
use crate::report::Kind;

/// A XARF report that obeys its schema.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Xarf {
    /// Which version of the format.
    pub version: Version,
    /// `ReportClass`, or `category`: `Activity`, `messaging`.
    pub class: Text,
    /// `ReportType`, or `type`: `Spam`, `spam`.
    pub report_type: Text,
    /// `ReportSubType`: `Trap`.
    pub subtype: Option<Text>,
    /// `ReporterCaseID`, or `report_id`.
    pub case_id: Option<Text>,
    /// The organisation that reports; a person need not name one.
    pub reporter: Option<Text>,
    /// Its address.
    pub reporter_email: Option<Address>,
    /// When it happened, or was noticed last.
    pub date: Timestamp,
    /// When it was noticed first.
    pub first_seen: Option<Timestamp>,
    /// The address from which it came.
    pub source_ip: Option<IpAddr>,
    /// Its port.
    pub source_port: Option<u16>,
    /// The URL or the name from which it came.
    pub source: Option<Text>,
    /// `SmtpMailFromAddress`, or `smtp_from`.
    pub mail_from: Option<Address>,
    /// `SmtpRcptToAddress`, or `smtp_to`.
    pub rcpt_to: Option<Address>,
    /// What shows it.
    pub samples: Vec<Sample>,
}

/// A version of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Version {
    /// Version 3, of abusix.
    V3,
    /// Version 4.
    V4,
}

/// Why a document is no XARF report: what, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XarfError {
    kind: XarfErrorKind,
    at: Text,
}

/// The kinds of [`XarfError`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum XarfErrorKind {
    /// Longer than so many octets.
    TooLong(usize),
    /// No JSON, or nested too deep.
    Syntax,
    /// A version that is not known.
    Version,
    /// A class and a type that make no report.
    UnknownType,
    /// A member is missing.
    Missing,
    /// A member that may not be there.
    Unexpected,
    /// A value that may not stand there; the words say what may.
    Value(&'static str),
}

/// Reads a document of at most 16 MiB.
///
/// # Errors
/// [`XarfError`] with the path of the member that violates the schema.
pub fn parse(json: &[u8]) -> Result<Xarf, XarfError> {
    parse_with(json, Limits::default().xarf)
}

/// Reads a document of at most `limit` octets.
///
/// # Errors
/// As [`parse`].
pub fn parse_with(json: &[u8], limit: usize) -> Result<Xarf, XarfError> {
    let value = json::parse(json, limit).map_err(|fault| match fault {
        Fault::TooLong { limit } => XarfError::new(XarfErrorKind::TooLong(limit), ""),
        Fault::Syntax { line, column } => {
            XarfError::new(XarfErrorKind::Syntax, &format!("line {line}, column {column}"))
        }
    })?;
    match (value.get("Version"), value.get("xarf_version")) {
        (_, Some(_)) => v4::read(&value),
        (Some(_), None) => v3::read(&value),
        (None, None) if value.is_object() => Err(XarfError::new(XarfErrorKind::Missing, "Version")),
        (None, None) => Err(XarfError::new(XarfErrorKind::Value("an object"), "")),
    }
}

/// Whether octets say that they are a XARF document.
pub(crate) fn looks_like(octets: &[u8]) -> bool {
    let head = octets.get(..octets.len().min(HEAD)).unwrap_or_default();
    let has = |name: &[u8]| head.windows(name.len()).any(|it| it == name);
    has(b"\"xarf_version\"") || has(b"\"ReporterInfo\"") || has(b"\"Version\"") && has(b"\"Report\"")
}

const HEAD: usize = 4096;

impl Xarf {
    /// What the report says in the terms of mail: spam is abuse, phishing a fraud, malware a virus.
    pub fn kind(&self) -> Kind {
        let class = self.class.as_str().to_ascii_lowercase();
        match (class.as_str(), self.report_type.as_str().to_ascii_lowercase().as_str()) {
            ("activity", "spam") | ("messaging", _) => Kind::Abuse,
            ("content", "phishing" | "fraud") => Kind::Fraud,
            ("content", "malware") => Kind::Virus,
            _ => Kind::Other,
        }
    }
}

impl XarfError {
    pub(crate) fn new(kind: XarfErrorKind, at: &str) -> Self {
        Self { kind, at: Text::lossy(at) }
    }

    /// What is wrong.
    pub fn kind(&self) -> &XarfErrorKind {
        &self.kind
    }

    /// The path of the member, as `Report.Samples[0].Payload`, or line and column where it is no JSON.
    pub fn at(&self) -> &str {
        self.at.as_str()
    }

    /// Whether it is only too long.
    pub fn is_limit(&self) -> bool {
        matches!(self.kind, XarfErrorKind::TooLong(_))
    }

    /// Whether trying again may help. Never.
    pub fn is_transient(&self) -> bool {
        false
    }
}

impl std::error::Error for XarfError {}

impl fmt::Display for XarfError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = if self.at.is_empty() { "the document" } else { self.at.as_str() };
        match self.kind {
            XarfErrorKind::TooLong(limit) => write!(f, "XARF: longer than {limit} octets"),
            XarfErrorKind::Syntax => write!(f, "XARF: no JSON at {at}"),
            XarfErrorKind::Version => write!(f, "XARF: {at} is no version 3 or 4"),
            XarfErrorKind::UnknownType => write!(f, "XARF: {at} is no type of report"),
            XarfErrorKind::Missing => write!(f, "XARF: {at} is missing"),
            XarfErrorKind::Unexpected => write!(f, "XARF: {at} may not be there"),
            XarfErrorKind::Value(wanted) => write!(f, "XARF: {at} is not {wanted}"),
        }
    }
}

impl fmt::Display for Xarf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "XARF {}/{}", self.class, self.report_type)?;
        self.subtype.iter().try_for_each(|subtype| write!(f, "/{subtype}"))
    }
}

/// The text of a member.
fn text(object: &Value, name: &str) -> Option<Text> {
    object.get(name)?.as_str().map(Text::lossy)
}
