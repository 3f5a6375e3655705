//! What is told of a session.

use std::fmt;
use std::net::IpAddr;

use posthaste_types::{DnsName, Domain, Text, Timestamp};

/// How TLS fared in one session with a mail host, or why there was none, in the form that a report counts (§4).
///
/// Reports count sessions, not mails: a connection that is used again has one result.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsResult {
    /// When.
    pub at: Timestamp,
    /// Whose mail it was about: the domains that may want to know.
    pub domains: Vec<Domain>,
    /// The policy that was applied.
    pub policy: TlsPolicyUsed,
    /// The mail host (`receiving-mx-hostname`); `None` if no host was come to.
    pub host: Option<DnsName>,
    /// The host's address (`receiving-ip`).
    pub receiving_ip: Option<IpAddr>,
    /// Our address (`sending-mta-ip`).
    pub sending_ip: Option<IpAddr>,
    /// TLS version and cipher suite, if the session is encrypted: that can be so beside a failure.
    pub encryption: Option<Text>,
    /// What decided whether the session is encrypted, and how its certificate was looked at: for people, no report has
    /// it. Empty where there was no session.
    pub why: Text,
    /// What failed; `None` counts as `total-successful-session-count`.
    pub failure: Option<Failure>,
}

/// A policy that was applied (§4.4, `policy`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsPolicyUsed {
    /// Which kind.
    pub kind: PolicyType,
    /// `policy-string`: the TLSA records, or the lines of the MTA-STS policy.
    pub strings: Vec<String>,
    /// `mx-host`: the patterns of the MTA-STS policy.
    pub mx_hosts: Vec<String>,
}

impl TlsPolicyUsed {
    /// A policy of a kind, without strings and hosts.
    pub fn new(kind: PolicyType) -> Self {
        Self { kind, strings: Vec::new(), mx_hosts: Vec::new() }
    }
}

/// `policy-type` (§4.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PolicyType {
    /// DANE TLSA records.
    Tlsa,
    /// An MTA-STS policy.
    Sts,
    /// Neither of them.
    NoPolicyFound,
}

/// What failed (§4.4, `failure-details`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// `result-type`.
    pub kind: ResultType,
    /// `failure-reason-code`: more, for people.
    pub reason: Text,
}

impl Failure {
    /// A failure and its reason.
    pub fn new(kind: ResultType, reason: impl fmt::Display) -> Self {
        Self { kind, reason: Text::lossy(reason) }
    }
}

/// `result-type` (§4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResultType {
    /// The host does not offer STARTTLS.
    StartTlsNotSupported,
    /// The certificate is not for this host.
    CertificateHostMismatch,
    /// The certificate's time is over.
    CertificateExpired,
    /// Nobody whom we trust signed the certificate.
    CertificateNotTrusted,
    /// Another fault of the negotiation.
    ValidationFailure,
    /// No TLSA record of the host is usable, or none matches.
    TlsaInvalid,
    /// The DNSSEC signatures do not hold.
    DnssecInvalid,
    /// DANE was demanded, and there are no TLSA records.
    DaneRequired,
    /// The MTA-STS policy could not be fetched.
    StsPolicyFetchError,
    /// The MTA-STS policy is none.
    StsPolicyInvalid,
    /// The certificate of the MTA-STS policy's host is not valid.
    StsWebpkiInvalid,
}

impl ResultType {
    /// The standard's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StartTlsNotSupported => "starttls-not-supported",
            Self::CertificateHostMismatch => "certificate-host-mismatch",
            Self::CertificateExpired => "certificate-expired",
            Self::CertificateNotTrusted => "certificate-not-trusted",
            Self::ValidationFailure => "validation-failure",
            Self::TlsaInvalid => "tlsa-invalid",
            Self::DnssecInvalid => "dnssec-invalid",
            Self::DaneRequired => "dane-required",
            Self::StsPolicyFetchError => "sts-policy-fetch-error",
            Self::StsPolicyInvalid => "sts-policy-invalid",
            Self::StsWebpkiInvalid => "sts-webpki-invalid",
        }
    }
}

impl PolicyType {
    /// The standard's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tlsa => "tlsa",
            Self::Sts => "sts",
            Self::NoPolicyFound => "no-policy-found",
        }
    }
}

impl fmt::Display for ResultType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for PolicyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TlsResult {
    /// A session under no policy, so far without host, encryption and failure.
    pub fn new(at: Timestamp, domains: Vec<Domain>, policy: TlsPolicyUsed) -> Self {
        let (host, receiving_ip, sending_ip, encryption, failure) = (None, None, None, None, None);
        let why = Text::default();
        Self { at, domains, policy, host, receiving_ip, sending_ip, encryption, why, failure }
    }
}

impl fmt::Display for TlsResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TLS policy {}", self.policy.kind)?;
        if let Some(host) = &self.host {
            write!(f, ", {host}")?;
        }
        match &self.encryption {
            Some(words) => write!(f, ": {words}")?,
            None => f.write_str(": not encrypted")?,
        }
        if let Some(Failure { kind, reason }) = &self.failure {
            write!(f, ", {kind} ({reason})")?;
        }
        if self.why.is_empty() { Ok(()) } else { write!(f, "; {}", self.why) }
    }
}
