//! The elements of an aggregate report, by where they stand.

/// An element that is known where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Outside,
    Unknown,
    Feedback,
    Metadata,
    DateRange,
    Policy,
    Record,
    Row,
    Evaluated,
    Reason,
    Identifiers,
    AuthResults,
    Dkim,
    Spf,
    Leaf(Leaf),
}

/// An element that holds a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaf {
    Version,
    OrgName,
    Email,
    Contact,
    ReportId,
    Begin,
    End,
    Error,
    Generator,
    Domain,
    VersionPublished,
    Discovery,
    P,
    Sp,
    Np,
    Adkim,
    Aspf,
    Pct,
    Fo,
    Testing,
    SourceIp,
    Count,
    Disposition,
    AlignedDkim,
    AlignedSpf,
    ReasonKind,
    ReasonComment,
    EnvelopeTo,
    EnvelopeFrom,
    HeaderFrom,
    DkimDomain,
    DkimSelector,
    DkimResult,
    DkimHuman,
    SpfDomain,
    SpfScope,
    SpfResult,
    SpfHuman,
}

impl Place {
    /// The element of this name within this one.
    pub(super) fn child(self, name: &str) -> Self {
        match self.exact_child(name) {
            Self::Unknown if name.bytes().any(|octet| octet.is_ascii_uppercase()) => {
                self.exact_child(&name.to_ascii_lowercase())
            }
            known => known,
        }
    }

    fn exact_child(self, name: &str) -> Self {
        match self {
            // A document that was cut at its start, or wrapped into something.
            Self::Outside | Self::Unknown => match name {
                "feedback" => Self::Feedback,
                "record" if self == Self::Outside => Self::Record,
                _ => Self::Unknown,
            },
            Self::Feedback => match name {
                "record" => Self::Record,
                "report_metadata" => Self::Metadata,
                "policy_published" => Self::Policy,
                "version" => Self::Leaf(Leaf::Version),
                _ => Self::Unknown,
            },
            Self::Record => match name {
                "row" => Self::Row,
                "identifiers" | "identities" => Self::Identifiers,
                "auth_results" => Self::AuthResults,
                _ => Self::Unknown,
            },
            Self::AuthResults => match name {
                "dkim" => Self::Dkim,
                "spf" => Self::Spf,
                _ => Self::Unknown,
            },
            Self::Metadata if name == "date_range" => Self::DateRange,
            Self::Row if name == "policy_evaluated" => Self::Evaluated,
            Self::Evaluated if name == "reason" => Self::Reason,
            _ => self.leaf(name).map_or(Self::Unknown, Self::Leaf),
        }
    }

    fn leaf(self, name: &str) -> Option<Leaf> {
        match self {
            Self::Metadata => metadata_leaf(name),
            Self::Policy => policy_leaf(name),
            Self::DateRange => match name {
                "begin" => Some(Leaf::Begin),
                "end" => Some(Leaf::End),
                _ => None,
            },
            Self::Row => match name {
                "source_ip" => Some(Leaf::SourceIp),
                "count" => Some(Leaf::Count),
                _ => None,
            },
            Self::Evaluated => match name {
                "disposition" => Some(Leaf::Disposition),
                "dkim" => Some(Leaf::AlignedDkim),
                "spf" => Some(Leaf::AlignedSpf),
                _ => None,
            },
            Self::Reason => match name {
                "type" => Some(Leaf::ReasonKind),
                "comment" => Some(Leaf::ReasonComment),
                _ => None,
            },
            Self::Identifiers => match name {
                "header_from" => Some(Leaf::HeaderFrom),
                "envelope_from" => Some(Leaf::EnvelopeFrom),
                "envelope_to" => Some(Leaf::EnvelopeTo),
                _ => None,
            },
            _ => self.result_leaf(name),
        }
    }

    fn result_leaf(self, name: &str) -> Option<Leaf> {
        match self {
            Self::Dkim => match name {
                "domain" => Some(Leaf::DkimDomain),
                "selector" => Some(Leaf::DkimSelector),
                "result" => Some(Leaf::DkimResult),
                "human_result" => Some(Leaf::DkimHuman),
                _ => None,
            },
            Self::Spf => match name {
                "domain" => Some(Leaf::SpfDomain),
                "scope" => Some(Leaf::SpfScope),
                "result" => Some(Leaf::SpfResult),
                "human_result" => Some(Leaf::SpfHuman),
                _ => None,
            },
            _ => None,
        }
    }
}

fn metadata_leaf(name: &str) -> Option<Leaf> {
    Some(match name {
        "org_name" => Leaf::OrgName,
        "email" => Leaf::Email,
        "extra_contact_info" => Leaf::Contact,
        "report_id" => Leaf::ReportId,
        "error" => Leaf::Error,
        "generator" => Leaf::Generator,
        _ => return None,
    })
}

fn policy_leaf(name: &str) -> Option<Leaf> {
    Some(match name {
        "domain" => Leaf::Domain,
        "version_published" => Leaf::VersionPublished,
        "discovery_method" => Leaf::Discovery,
        "p" => Leaf::P,
        "sp" => Leaf::Sp,
        "np" => Leaf::Np,
        "adkim" => Leaf::Adkim,
        "aspf" => Leaf::Aspf,
        "pct" => Leaf::Pct,
        "fo" => Leaf::Fo,
        "testing" => Leaf::Testing,
        _ => return None,
    })
}
