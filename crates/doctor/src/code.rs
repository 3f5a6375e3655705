//! What can be found.

use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident = $word:literal,)*) => {
        /// What was found, as a stable word: `spf-lookups`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])* $code,)*
        }

        impl Code {
            /// Every code, in the order of the alphabet.
            pub const ALL: &[Code] = &[$(Self::$code),*];

            /// The word, which stays the same: `spf-lookups`.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$code => $word,)*
                }
            }
        }
    };
}

codes! {
    /// A sending address is not of the public Internet.
    AddressInward = "address-inward",
    /// BIMI: its certificate is missing.
    BimiCertificate = "bimi-certificate",
    /// BIMI: a record that declines to show a logo.
    BimiDeclined = "bimi-declined",
    /// BIMI: the logo cannot be had, or is no SVG Tiny PS.
    BimiLogo = "bimi-logo",
    /// BIMI: the policy of DMARC is too weak for it.
    BimiPolicy = "bimi-policy",
    /// BIMI: the record cannot be used.
    BimiRecord = "bimi-record",
    /// DANE: records that nobody believes, for the answers are not signed.
    DaneInsecure = "dane-insecure",
    /// DANE: no record of a host can be used.
    DaneUnusable = "dane-unusable",
    /// DKIM: an algorithm that receivers do not take.
    DkimAlgorithm = "dkim-algorithm",
    /// DKIM: only Ed25519 keys, which many receivers do not know.
    DkimEd25519Only = "dkim-ed25519-only",
    /// DKIM: no key of this selector.
    DkimMissing = "dkim-missing",
    /// DKIM: no key was found under the names that were guessed.
    DkimNotFound = "dkim-not-found",
    /// DKIM: an old key.
    DkimOld = "dkim-old",
    /// DKIM: something else.
    DkimOther = "dkim-other",
    /// DKIM: a key that is taken back.
    DkimRevoked = "dkim-revoked",
    /// DKIM: more than one record of a selector.
    DkimSeveral = "dkim-several",
    /// DKIM: a key that receivers do not take, for it is too short.
    DkimShortKey = "dkim-short-key",
    /// DKIM: a record that cannot be read.
    DkimSyntax = "dkim-syntax",
    /// DKIM: the domain says that it is testing.
    DkimTesting = "dkim-testing",
    /// DKIM: a key shorter than is advised.
    DkimWeakKey = "dkim-weak-key",
    /// DMARC: a part of the record is not used.
    DmarcDefect = "dmarc-defect",
    /// DMARC: the domain of a report address would send the reports to another domain.
    DmarcForeignRedirect = "dmarc-foreign-redirect",
    /// DMARC: no record.
    DmarcMissing = "dmarc-missing",
    /// DMARC: the domain of a report address does not consent.
    DmarcNoConsent = "dmarc-no-consent",
    /// DMARC: the domain of a report address takes no mail.
    DmarcNoMail = "dmarc-no-mail",
    /// DMARC: nobody gets reports.
    DmarcNoReports = "dmarc-no-reports",
    /// DMARC: something else.
    DmarcOther = "dmarc-other",
    /// DMARC: `p=none`.
    DmarcPolicyNone = "dmarc-policy-none",
    /// DMARC: `p=none` for longer than it takes to learn who sends.
    DmarcPolicyNoneLong = "dmarc-policy-none-long",
    /// DMARC: the domain of a report address has the reports sent to another address.
    DmarcRedirected = "dmarc-redirected",
    /// DMARC: more than one record.
    DmarcSeveral = "dmarc-several",
    /// DMARC: the record cannot be read.
    DmarcSyntax = "dmarc-syntax",
    /// DMARC: `t=y`.
    DmarcTesting = "dmarc-testing",
    /// DMARC: subdomains are less protected.
    DmarcWeakSubdomains = "dmarc-weak-subdomains",
    /// DNSSEC: signatures do not hold.
    DnssecBogus = "dnssec-bogus",
    /// DNSSEC: the resolver did not check signatures.
    DnssecNotChecked = "dnssec-not-checked",
    /// DNSSEC: the zone is not signed.
    DnssecUnsigned = "dnssec-unsigned",
    /// The domain does not exist.
    DomainMissing = "domain-missing",
    /// EHLO: the name does not lead to the address.
    EhloElsewhere = "ehlo-elsewhere",
    /// EHLO: it is no name that hosts greet with.
    EhloInvalid = "ehlo-invalid",
    /// EHLO: another name than that of the address.
    EhloOtherName = "ehlo-other-name",
    /// EHLO: SPF of the name does not let the address pass.
    EhloSpf = "ehlo-spf",
    /// EHLO: the name has no address.
    EhloUnresolved = "ehlo-unresolved",
    /// On a block list.
    Listed = "listed",
    /// MTA-STS: the host of the policy has no address.
    MtaStsHost = "mta-sts-host",
    /// MTA-STS: a short time of keeping.
    MtaStsMaxAge = "mta-sts-max-age",
    /// MTA-STS: not set up.
    MtaStsMissing = "mta-sts-missing",
    /// MTA-STS: a mode that protects nothing.
    MtaStsMode = "mta-sts-mode",
    /// MTA-STS: a mail host that the policy does not name.
    MtaStsMx = "mta-sts-mx",
    /// MTA-STS: the policy cannot be had or used.
    MtaStsPolicy = "mta-sts-policy",
    /// MTA-STS: the record cannot be used.
    MtaStsRecord = "mta-sts-record",
    /// MX: an alias.
    MxAlias = "mx-alias",
    /// MX: none, and so the domain's own address.
    MxImplicit = "mx-implicit",
    /// MX: an address that is not of the public Internet.
    MxInward = "mx-inward",
    /// MX: neither a mail host nor an address.
    MxMissing = "mx-missing",
    /// MX: a host without address.
    MxNoAddress = "mx-no-address",
    /// MX: a null MX among others.
    MxNullAmongOthers = "mx-null-among-others",
    /// A DNS server, a list or another host did not answer: nothing is known.
    NotKnown = "not-known",
    /// The domain takes no mail (RFC 7505).
    NullMx = "null-mx",
    /// Reverse DNS: a name in a domain of somebody else.
    PtrForeign = "ptr-foreign",
    /// Reverse DNS: a name as end users have.
    PtrGeneric = "ptr-generic",
    /// Reverse DNS: a name that does not lead back.
    PtrMismatch = "ptr-mismatch",
    /// Reverse DNS: no name.
    PtrMissing = "ptr-missing",
    /// SMTP: no TLS.
    SmtpNoTls = "smtp-no-tls",
    /// SPF: a record that another needs is missing.
    SpfDangling = "spf-dangling",
    /// SPF: too long for one datagram.
    SpfLong = "spf-long",
    /// SPF: more lookups than receivers make.
    SpfLookups = "spf-lookups",
    /// SPF: a record that leads back to itself.
    SpfLoop = "spf-loop",
    /// SPF: no record.
    SpfMissing = "spf-missing",
    /// SPF: more than ten mail hosts in an `mx`.
    SpfMxNames = "spf-mx-names",
    /// SPF: `?all`.
    SpfNeutralAll = "spf-neutral-all",
    /// SPF: neither `all` nor `redirect`.
    SpfNoAll = "spf-no-all",
    /// SPF: it passes for a domain that is not aligned.
    SpfNotAligned = "spf-not-aligned",
    /// SPF: a sending address does not pass.
    SpfNotPass = "spf-not-pass",
    /// SPF: something else.
    SpfOther = "spf-other",
    /// SPF: `+all`.
    SpfPassAll = "spf-pass-all",
    /// SPF: `ptr`.
    SpfPtr = "spf-ptr",
    /// SPF: more than one record.
    SpfSeveral = "spf-several",
    /// SPF: a record that cannot be read.
    SpfSyntax = "spf-syntax",
    /// SPF: a modifier that nobody knows.
    SpfUnknownModifier = "spf-unknown-modifier",
    /// SPF: terms that nobody reads.
    SpfUnreachable = "spf-unreachable",
    /// SPF: too many lookups find nothing.
    SpfVoidLookups = "spf-void-lookups",
    /// SPF: a network so wide that strangers send from it.
    SpfWideNetwork = "spf-wide-network",
    /// TLS-RPT: not set up.
    TlsRptMissing = "tls-rpt-missing",
    /// TLS-RPT: the record cannot be used.
    TlsRptRecord = "tls-rpt-record",
}

impl Code {
    /// The demands of providers that are not met where this is found, by their words.
    pub(crate) const fn demands(self) -> &'static [&'static str] {
        match self {
            Self::SpfMissing
            | Self::SpfSeveral
            | Self::SpfSyntax
            | Self::SpfLookups
            | Self::SpfVoidLookups
            | Self::SpfDangling
            | Self::SpfLoop
            | Self::SpfMxNames
            | Self::SpfNotPass => &["spf", "spf-or-dkim", "alignment"],
            Self::SpfNotAligned => &["alignment"],
            Self::DkimMissing
            | Self::DkimNotFound
            | Self::DkimRevoked
            | Self::DkimSeveral
            | Self::DkimSyntax
            | Self::DkimAlgorithm => &["dkim", "spf-or-dkim", "alignment"],
            Self::DkimShortKey => &["dkim-key", "dkim", "spf-or-dkim", "alignment"],
            Self::DmarcMissing | Self::DmarcSeveral | Self::DmarcSyntax => &["dmarc"],
            Self::PtrMissing | Self::PtrMismatch => &["ptr", "own-ptr"],
            Self::PtrForeign | Self::PtrGeneric => &["own-ptr"],
            Self::DomainMissing | Self::MxMissing | Self::NullMx => &["sender-domain"],
            Self::Listed => &["unlisted"],
            _ => &[],
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_in_order_and_one_of_a_kind() {
        let words: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        let mut sorted = words.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(words, sorted);
    }
}
