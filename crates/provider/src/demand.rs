//! What is demanded.

use std::fmt;
use std::time::Duration;

/// What a rule demands of a sender.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Demand {
    /// SPF or DKIM passes for the domain of From (DMARC alignment).
    Alignment,
    /// Bounces are read, and who does not exist is taken off the list.
    BounceHandling,
    /// Recipients have asked for the mail.
    Consent,
    /// DKIM passes.
    Dkim,
    /// Keys of DKIM are long enough.
    #[non_exhaustive]
    DkimKey {
        /// Shorter ones do not count, in bits.
        bits: u32,
        /// What is advised, in bits.
        advised: Option<u32>,
    },
    /// There is a DMARC record, whatever its policy.
    Dmarc,
    /// Messages are as RFC 5322 wants them.
    Format,
    /// List-Unsubscribe with List-Unsubscribe-Post (RFC 8058).
    OneClick,
    /// The name of the sending address lies in a domain of the sender.
    OwnPtr,
    /// The sending address has a name that leads back to it.
    Ptr,
    /// The domains of MAIL FROM and From exist and take mail.
    SenderDomain,
    /// Recipients rarely say that it is spam.
    #[non_exhaustive]
    SpamRate {
        /// Complaints of all mail: below this.
        below: f64,
        /// What is to be aimed at.
        target: Option<f64>,
    },
    /// SPF passes.
    Spf,
    /// SPF or DKIM passes.
    SpfOrDkim,
    /// Mail comes over TLS.
    Tls,
    /// Sending addresses and domains stand on none of these DNS lists.
    #[non_exhaustive]
    Unlisted {
        /// Ids of lists, as `posthaste-reputation` knows them.
        lists: Vec<String>,
    },
    /// A link in the message ends the subscription.
    UnsubscribeLink,
    /// Who unsubscribes gets nothing more after a while.
    #[non_exhaustive]
    UnsubscribeWithin {
        /// The longest while.
        time: Duration,
    },
}

impl Demand {
    /// The word of the table: `spf-or-dkim`.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Alignment => "alignment",
            Self::BounceHandling => "bounce-handling",
            Self::Consent => "consent",
            Self::Dkim => "dkim",
            Self::DkimKey { .. } => "dkim-key",
            Self::Dmarc => "dmarc",
            Self::Format => "format",
            Self::OneClick => "one-click",
            Self::OwnPtr => "own-ptr",
            Self::Ptr => "ptr",
            Self::SenderDomain => "sender-domain",
            Self::SpamRate { .. } => "spam-rate",
            Self::Spf => "spf",
            Self::SpfOrDkim => "spf-or-dkim",
            Self::Tls => "tls",
            Self::Unlisted { .. } => "unlisted",
            Self::UnsubscribeLink => "unsubscribe-link",
            Self::UnsubscribeWithin { .. } => "unsubscribe-within",
        }
    }

    /// Whether it is the same demand, whatever its numbers.
    pub fn is_same(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl fmt::Display for Demand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DkimKey { bits, advised: None } => write!(f, "DKIM keys of {bits} bits or more"),
            Self::DkimKey { bits, advised: Some(advised) } => {
                write!(f, "DKIM keys of {bits} bits or more, better {advised}")
            }
            Self::SpamRate { below, target: None } => write!(f, "a spam rate below {} %", percent(*below)),
            Self::SpamRate { below, target: Some(target) } => {
                write!(f, "a spam rate below {} %, better {} %", percent(*below), percent(*target))
            }
            Self::UnsubscribeWithin { time } => {
                write!(f, "no more mail {} hours after an unsubscription", time.as_secs() / 3600)
            }
            other => f.write_str(other.words()),
        }
    }
}

impl Demand {
    fn words(&self) -> &'static str {
        match self {
            Self::Alignment => "SPF or DKIM for the domain of From",
            Self::BounceHandling => "bounces taken off the list",
            Self::Consent => "recipients who asked for the mail",
            Self::Dkim => "DKIM passes",
            Self::Dmarc => "a DMARC record",
            Self::Format => "messages in the form of RFC 5322",
            Self::OneClick => "one-click unsubscription (RFC 8058)",
            Self::OwnPtr => "reverse DNS with a domain of your own",
            Self::Ptr => "reverse DNS that leads back to the address",
            Self::SenderDomain => "sender domains that exist and take mail",
            Self::Spf => "SPF passes",
            Self::SpfOrDkim => "SPF or DKIM passes",
            Self::Tls => "TLS",
            Self::Unlisted { .. } => "no listing on block lists",
            Self::UnsubscribeLink => "a link to unsubscribe in the message",
            Self::DkimKey { .. } => "long DKIM keys",
            Self::SpamRate { .. } => "a low spam rate",
            Self::UnsubscribeWithin { .. } => "prompt unsubscription",
        }
    }
}

/// A share in percent, without the noise of binary fractions.
fn percent(share: f64) -> f64 {
    (share * 100_000.0).round() / 1000.0
}
