//! What is looked at.

use std::fmt;

/// What a check looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Topic {
    /// SPF (RFC 7208).
    Spf,
    /// DKIM keys (RFC 6376, RFC 8463).
    Dkim,
    /// DMARC (RFC 9989).
    Dmarc,
    /// The name of a sending address (RFC 8601 §2.7.3, FCrDNS).
    ReverseDns,
    /// The name in EHLO (RFC 5321 §4.1.1.1).
    Ehlo,
    /// Mail hosts (RFC 5321 §5.1, RFC 7505).
    Mx,
    /// DNS block lists (RFC 5782).
    BlockLists,
    /// MTA-STS (RFC 8461).
    MtaSts,
    /// TLS-RPT (RFC 8460).
    TlsRpt,
    /// DANE (RFC 7672).
    Dane,
    /// DNSSEC (RFC 4033).
    Dnssec,
    /// BIMI.
    Bimi,
    /// A look at mail hosts by SMTP.
    Smtp,
}

impl Topic {
    /// The word of the JSON form: `mta-sts`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Spf => "spf",
            Self::Dkim => "dkim",
            Self::Dmarc => "dmarc",
            Self::ReverseDns => "reverse-dns",
            Self::Ehlo => "ehlo",
            Self::Mx => "mx",
            Self::BlockLists => "block-lists",
            Self::MtaSts => "mta-sts",
            Self::TlsRpt => "tls-rpt",
            Self::Dane => "dane",
            Self::Dnssec => "dnssec",
            Self::Bimi => "bimi",
            Self::Smtp => "smtp",
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Spf => "SPF",
            Self::Dkim => "DKIM",
            Self::Dmarc => "DMARC",
            Self::ReverseDns => "reverse DNS",
            Self::Ehlo => "EHLO",
            Self::Mx => "MX",
            Self::BlockLists => "block lists",
            Self::MtaSts => "MTA-STS",
            Self::TlsRpt => "TLS-RPT",
            Self::Dane => "DANE",
            Self::Dnssec => "DNSSEC",
            Self::Bimi => "BIMI",
            Self::Smtp => "SMTP",
        })
    }
}
