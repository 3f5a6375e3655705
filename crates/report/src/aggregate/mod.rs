//! DMARC aggregate reports (RFC 7489 §7.2 and appendix C, RFC 9990).

mod assign;
mod place;
mod read;
mod state;
mod value;
mod write;

use std::net::IpAddr;

use posthaste_types::Timestamp;

pub(crate) use assign::parse_address;
pub(crate) use read::{looks_like_report, read_document};
pub use value::{
    Aligned, Alignment, Discovery, Disposition, DkimOutcome, Override, Policy, Schema, SpfOutcome, SpfScope, Testing,
};
pub(crate) use write::checked;

/// One aggregate report: what a receiver saw of mail that names a domain in From, over a period.
///
/// Reading keeps what could be read and leaves the rest `None`, empty or zero, with a problem that says so. Writing
/// ([`to_xml`](Self::to_xml)) is strict. All texts are one line without controls.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Aggregate {
    /// Which schema it has, or is to have.
    pub schema: Schema,
    /// `version`, as it was given: 1.0 in both schemas.
    pub version: Option<String>,
    /// `report_metadata`.
    pub metadata: Metadata,
    /// `policy_published`.
    pub policy: PolicyPublished,
    /// `record`: one for each combination of address, results and identifiers.
    pub records: Vec<Record>,
}

impl Aggregate {
    /// A report without records. Version 1.0.
    pub fn new(schema: Schema, metadata: Metadata, policy: PolicyPublished) -> Self {
        Self { schema, version: Some("1.0".to_owned()), metadata, policy, records: Vec::new() }
    }

    /// How many messages it counts, over all records.
    pub fn messages(&self) -> u64 {
        self.records.iter().fold(0, |sum, record| sum.saturating_add(record.count))
    }
}

/// `report_metadata`: who reports, and on which time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metadata {
    /// `org_name`.
    pub org_name: String,
    /// `email`: whom to ask about the report.
    pub email: String,
    /// `extra_contact_info`.
    pub extra_contact_info: Option<String>,
    /// `report_id`: unique among the reports to one domain (RFC 9990, "Definition of Report-ID").
    pub report_id: String,
    /// `date_range/begin`, to the second.
    pub begin: Option<Timestamp>,
    /// `date_range/end`, to the second.
    pub end: Option<Timestamp>,
    /// `error`: what the reporter met when it read the domain's DMARC record.
    pub errors: Vec<String>,
    /// `generator` (RFC 9990): name and version of the program.
    pub generator: Option<String>,
}

impl Metadata {
    /// What a report must say of itself.
    pub fn new(
        org_name: impl Into<String>,
        email: impl Into<String>,
        report_id: impl Into<String>,
        (begin, end): (Timestamp, Timestamp),
    ) -> Self {
        Self {
            org_name: org_name.into(),
            email: email.into(),
            report_id: report_id.into(),
            begin: Some(begin.to_whole_seconds()),
            end: Some(end.to_whole_seconds()),
            ..Self::default()
        }
    }
}

/// `policy_published`: the DMARC record as the reporter found it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PolicyPublished {
    /// `domain`: where the record was found.
    pub domain: String,
    /// `version_published`, of drafts.
    pub version_published: Option<String>,
    /// `discovery_method` (RFC 9990).
    pub discovery_method: Option<Discovery>,
    /// `p`: the policy for the domain.
    pub p: Option<Policy>,
    /// `sp`: the policy for its subdomains.
    pub sp: Option<Policy>,
    /// `np` (RFC 9990): the policy for subdomains that do not exist.
    pub np: Option<Policy>,
    /// `adkim`: how DKIM must align.
    pub adkim: Option<Alignment>,
    /// `aspf`: how SPF must align.
    pub aspf: Option<Alignment>,
    /// `pct` (RFC 7489): the share of mail to which the policy applies, in per cent.
    pub pct: Option<u8>,
    /// `fo`: when failure reports are wanted.
    pub fo: Option<String>,
    /// `testing` (RFC 9990): the value of the tag `t`.
    pub testing: Option<Testing>,
}

impl PolicyPublished {
    /// A policy for a domain; all else is left at its default.
    pub fn new(domain: impl Into<String>, p: Policy) -> Self {
        Self { domain: domain.into(), p: Some(p), ..Self::default() }
    }
}

/// `record`: so many messages from one address with the same results and identifiers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// `row/source_ip`: the client that sent them.
    pub source_ip: Option<IpAddr>,
    /// `row/count`: how many messages.
    pub count: u64,
    /// `row/policy_evaluated/disposition`: what was done.
    pub disposition: Option<Disposition>,
    /// `row/policy_evaluated/dkim`: whether an aligned DKIM signature passed.
    pub dkim: Option<Aligned>,
    /// `row/policy_evaluated/spf`: whether SPF passed, aligned.
    pub spf: Option<Aligned>,
    /// `row/policy_evaluated/reason`: why something else was done than the policy says.
    pub reasons: Vec<Reason>,
    /// `identifiers/envelope_to`: the recipients' domain.
    pub envelope_to: Option<String>,
    /// `identifiers/envelope_from`: the domain of MAIL FROM; empty for a null reverse-path.
    pub envelope_from: Option<String>,
    /// `identifiers/header_from`: the domain of From.
    pub header_from: String,
    /// `auth_results/dkim`: each signature, whether aligned or not.
    pub dkim_results: Vec<DkimResult>,
    /// `auth_results/spf`: each check, whether aligned or not.
    pub spf_results: Vec<SpfResult>,
}

impl Record {
    /// So many messages from an address, with a domain in From. Results are to be filled in.
    pub fn new(source_ip: IpAddr, count: u64, header_from: impl Into<String>) -> Self {
        Self { source_ip: Some(source_ip), count, header_from: header_from.into(), ..Self::default() }
    }

    /// Whether DMARC passed: DKIM or SPF did, aligned (RFC 9989).
    pub fn passes(&self) -> bool {
        self.dkim == Some(Aligned::Pass) || self.spf == Some(Aligned::Pass)
    }
}

/// `reason`: why the disposition is not what the policy says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reason {
    /// `type`.
    pub kind: Option<Override>,
    /// `comment`.
    pub comment: Option<String>,
}

impl Reason {
    /// A reason without comment.
    pub fn new(kind: Override) -> Self {
        Self { kind: Some(kind), comment: None }
    }
}

/// `auth_results/dkim`: one signature.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DkimResult {
    /// `domain`: the tag `d`.
    pub domain: String,
    /// `selector`: the tag `s`. RFC 9990 requires it.
    pub selector: Option<String>,
    /// `result`.
    pub result: Option<DkimOutcome>,
    /// `human_result`: more, for people.
    pub human_result: Option<String>,
}

impl DkimResult {
    /// The result for a signature by its domain and selector.
    pub fn new(domain: impl Into<String>, selector: impl Into<String>, result: DkimOutcome) -> Self {
        Self { domain: domain.into(), selector: Some(selector.into()), result: Some(result), human_result: None }
    }
}

/// `auth_results/spf`: one check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SpfResult {
    /// `domain`: the one that was checked.
    pub domain: String,
    /// `scope`: where it came from.
    pub scope: Option<SpfScope>,
    /// `result`.
    pub result: Option<SpfOutcome>,
    /// `human_result`: more, for people.
    pub human_result: Option<String>,
}

impl SpfResult {
    /// The result for the domain of MAIL FROM.
    pub fn new(domain: impl Into<String>, result: SpfOutcome) -> Self {
        Self { domain: domain.into(), scope: Some(SpfScope::MailFrom), result: Some(result), human_result: None }
    }
}
