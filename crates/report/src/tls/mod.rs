//! TLS reports (RFC 8460).

mod read;
mod tally;
mod write;

use std::fmt;
use std::net::IpAddr;

use posthaste_auth::tls_rpt::{PolicyType, ResultType};
use posthaste_types::Timestamp;

pub(crate) use read::read_document;
pub use tally::TlsTally;

/// What a sender saw of TLS with a domain's mail hosts, over a period (RFC 8460 §4.4).
///
/// Reading keeps what could be read and leaves the rest `None`, empty or zero, with a problem that says so. Writing
/// ([`to_json`](Self::to_json)) is strict. All texts are one line without controls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsReport {
    /// `organization-name`.
    pub organization_name: String,
    /// `contact-info`.
    pub contact_info: String,
    /// `report-id`.
    pub report_id: String,
    /// `date-range/start-datetime`, to the second.
    pub start: Option<Timestamp>,
    /// `date-range/end-datetime`, to the second.
    pub end: Option<Timestamp>,
    /// `policies`: one for each policy that was applied.
    pub policies: Vec<TlsPolicyReport>,
}

impl TlsReport {
    /// A report without policies.
    pub fn new(
        organization_name: impl Into<String>,
        contact_info: impl Into<String>,
        report_id: impl Into<String>,
        (start, end): (Timestamp, Timestamp),
    ) -> Self {
        Self {
            organization_name: organization_name.into(),
            contact_info: contact_info.into(),
            report_id: report_id.into(),
            start: Some(start.to_whole_seconds()),
            end: Some(end.to_whole_seconds()),
            policies: Vec::new(),
        }
    }
}

/// The sessions under one policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsPolicyReport {
    /// `policy/policy-type`.
    pub policy_type: Option<PolicyType>,
    /// `policy/policy-string`: the TLSA records, or the lines of the MTA-STS policy.
    pub policy_strings: Vec<String>,
    /// `policy/policy-domain`.
    pub policy_domain: String,
    /// `policy/mx-host`: the patterns of the MTA-STS policy.
    pub mx_hosts: Vec<String>,
    /// `summary/total-successful-session-count`.
    pub successful: u64,
    /// `summary/total-failure-session-count`.
    pub failed: u64,
    /// `failure-details`.
    pub failures: Vec<TlsFailure>,
}

impl TlsPolicyReport {
    /// A policy of a domain, without sessions.
    pub fn new(policy_type: PolicyType, policy_domain: impl Into<String>) -> Self {
        Self { policy_type: Some(policy_type), policy_domain: policy_domain.into(), ..Self::default() }
    }
}

/// Sessions that failed alike.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct TlsFailure {
    /// `result-type`.
    pub result_type: Option<TlsResultType>,
    /// `sending-mta-ip`.
    pub sending_mta_ip: Option<IpAddr>,
    /// `receiving-mx-hostname`.
    pub receiving_mx_hostname: Option<String>,
    /// `receiving-mx-helo`.
    pub receiving_mx_helo: Option<String>,
    /// `receiving-ip`.
    pub receiving_ip: Option<IpAddr>,
    /// `failed-session-count`.
    pub failed_sessions: u64,
    /// `additional-information`: where to read more.
    pub additional_information: Option<String>,
    /// `failure-reason-code`.
    pub failure_reason_code: Option<String>,
}

impl TlsFailure {
    /// So many sessions that failed in one way.
    pub fn new(result_type: ResultType, failed_sessions: u64) -> Self {
        Self { result_type: Some(TlsResultType::Known(result_type)), failed_sessions, ..Self::default() }
    }
}

/// A `result-type`: one of the standard, or a word that this crate does not know.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TlsResultType {
    /// One of RFC 8460 §4.3.
    Known(ResultType),
    /// Another one.
    Other(String),
}

impl TlsResultType {
    /// The word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(known) => known.as_str(),
            Self::Other(word) => word,
        }
    }

    /// The type of a word.
    pub(crate) fn of_word(word: &str) -> Self {
        let known = RESULT_TYPES.iter().find(|known| known.as_str() == word);
        known.map_or_else(|| Self::Other(word.to_owned()), |known| Self::Known(*known))
    }
}

impl fmt::Display for TlsResultType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

pub(crate) fn policy_type(word: &str) -> Option<PolicyType> {
    [PolicyType::Tlsa, PolicyType::Sts, PolicyType::NoPolicyFound].into_iter().find(|known| known.as_str() == word)
}

const RESULT_TYPES: &[ResultType] = &[
    ResultType::StartTlsNotSupported,
    ResultType::CertificateHostMismatch,
    ResultType::CertificateExpired,
    ResultType::CertificateNotTrusted,
    ResultType::ValidationFailure,
    ResultType::TlsaInvalid,
    ResultType::DnssecInvalid,
    ResultType::DaneRequired,
    ResultType::StsPolicyFetchError,
    ResultType::StsPolicyInvalid,
    ResultType::StsWebpkiInvalid,
];
