//! What came out.

use posthaste_auth::dmarc::{self, Disposition};
use posthaste_auth::{iprev, spf};
use posthaste_types::{DnsName, HeaderField, ParseError};

use super::author::AuthorError;
use crate::arc::ArcResult;
use crate::check::DkimResult;

/// What a receiver found out about a message, each check with its evidence.
///
/// It judges nothing beyond the standards: whether to follow [`disposition`](Self::disposition), and whether an
/// [ARC](Self::arc) chain of a trusted sealer outweighs it, is for the receiver to decide (RFC 9989 §5.4, RFC 8617
/// §7.2.1).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MessageVerdict {
    /// Whether the address has a name that leads back to it.
    pub iprev: iprev::Outcome,
    /// SPF of the HELO name.
    pub helo: SpfCheck,
    /// SPF of the reverse path; of `postmaster@` the HELO name for the null path.
    pub mail_from: SpfCheck,
    /// Each DKIM signature, from the top; one of outcome `none` for an unsigned message.
    pub dkim: Vec<DkimResult>,
    /// The ARC chain.
    pub arc: ArcResult,
    /// DMARC of the author domain, of several the strictest; or why there is none.
    pub dmarc: Result<dmarc::Outcome, AuthorError>,
}

/// One SPF check: what was asked, and what came out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SpfCheck {
    /// What was asked.
    pub query: spf::Query,
    /// What came out.
    pub outcome: spf::Outcome,
}

impl MessageVerdict {
    /// What the author domain asks the receiver to do.
    ///
    /// Where readers may see another author than the one whose policy would be asked, nobody's policy can be followed, and
    /// the message is to be refused (RFC 7489 §6.6.1): else such a From field would get past any policy. A message without
    /// an author domain asks for nothing.
    pub fn disposition(&self) -> Disposition {
        match &self.dmarc {
            Ok(outcome) => outcome.disposition,
            Err(AuthorError::Missing) => Disposition::None,
            Err(_) => Disposition::Reject,
        }
    }

    /// The result of DMARC and why, in a sentence.
    pub fn dmarc_in_words(&self) -> String {
        match &self.dmarc {
            Ok(outcome) => outcome.to_string(),
            Err(error) => format!("permerror: {error}"),
        }
    }

    /// Whether the same message may get another verdict soon: the DNS did not answer, and it matters to DMARC. Who can
    /// wait answers 451 then.
    pub fn is_transient(&self) -> bool {
        self.dmarc.as_ref().is_ok_and(|outcome| outcome.verdict == dmarc::Verdict::TempError)
    }

    /// The Received-SPF field of the reverse path (RFC 7208 §9.1), as the host `receiver` writes it.
    ///
    /// # Errors
    /// As [`spf::received_spf`].
    pub fn received_spf(&self, receiver: &DnsName) -> Result<HeaderField, ParseError> {
        spf::received_spf(&self.mail_from.query, &self.mail_from.outcome, receiver)
    }
}
