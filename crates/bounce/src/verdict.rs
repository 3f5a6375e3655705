//! The judgement of one answer for one recipient.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use posthaste_types::{BounceClass, Evidence, ParseError, ParseErrorKind};

/// What an answer means, what to do about it, and why.
///
/// `Display` says it in words; [`advice`](Self::advice) tells a person what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verdict {
    /// What the failure is about.
    pub class: BounceClass,
    /// Whether it lasts.
    pub severity: Severity,
    /// What a sender does about it.
    pub action: Action,
    /// What it means for the address on a list.
    pub list_effect: ListEffect,
    /// What it is evidence about.
    pub scope: Scope,
    /// The words and the rule that decided, the words first.
    pub evidence: Vec<Evidence>,
    pub(crate) advice: Arc<str>,
}

impl Verdict {
    /// One sentence for a person: what to do.
    pub fn advice(&self) -> &str {
        &self.advice
    }

    /// Whether the address must get no more mail because of this answer alone.
    pub fn suppresses(&self) -> bool {
        self.list_effect == ListEffect::Hard
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}: {}", self.class, self.severity, self.action)?;
        for (i, evidence) in self.evidence.iter().enumerate() {
            write!(f, "{}{evidence}", if i == 0 { ", because " } else { "; " })?;
        }
        Ok(())
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $type:ident, $what:literal, $($(#[$vdoc:meta])* $variant:ident = $name:literal, $text:literal;)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $type {
            $($(#[$vdoc])* $variant,)*
        }

        impl $type {
            /// The name in tables and stored rows.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }

        /// In words.
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $text,)* })
            }
        }

        impl FromStr for $type {
            type Err = ParseError;

            fn from_str(text: &str) -> Result<Self, ParseError> {
                match text {
                    $($name => Ok(Self::$variant),)*
                    _ => Err(ParseError::new($what, ParseErrorKind::Syntax(concat!("no such ", $what)), 0)),
                }
            }
        }
    };
}

words! {
    /// Whether an answer lasts: the class of RFC 3463 §2. The first digit of the reply decides where it and
    /// the enhanced status code differ.
    Severity, "severity",
    /// Success.
    Success = "success", "success";
    /// Persistent transient failure: a later attempt may succeed.
    Transient = "transient", "temporary";
    /// Permanent failure.
    Permanent = "permanent", "permanent";
}

words! {
    /// What a sender does about an answer.
    Action, "action",
    /// Count it as a soft failure.
    CountSoft = "count_soft", "count it";
    /// Mend a setting or a DNS record of the sender.
    FixConfig = "fix_config", "mend the configuration";
    /// Mend the message.
    FixMessage = "fix_message", "mend the message";
    /// Log it and look at it.
    LogInvestigate = "log_investigate", "look at it";
    /// Nothing.
    None = "none", "nothing to do";
    /// Stop sending on this route until somebody has looked.
    PauseRoute = "pause_route", "pause the route";
    /// Try again later.
    Retry = "retry", "try again later";
    /// Try again later, and slower.
    RetrySlower = "retry_slower", "try again slower";
    /// Send to fewer recipients at once.
    SplitRecipients = "split_recipients", "send to fewer at once";
    /// Suppress the address.
    SuppressAddress = "suppress_address", "suppress the address";
    /// Suppress the address when it has happened several times on several days.
    SuppressAfterRepeats = "suppress_after_repeats", "suppress the address if it repeats";
    /// Suppress the whole domain.
    SuppressDomain = "suppress_domain", "suppress the domain";
}

impl Action {
    /// Whether it takes the recipient off, now or after repeats.
    pub(crate) const fn suppresses(self) -> bool {
        matches!(self, Self::SuppressAddress | Self::SuppressAfterRepeats | Self::SuppressDomain)
    }
}

words! {
    /// What an answer means for the address on a list.
    ListEffect, "list effect",
    /// It never counts against the address.
    None = "none", "does not count";
    /// It counts; repeated, it takes the address off.
    Soft = "soft", "counts";
    /// It takes the address off.
    Hard = "hard", "takes off";
}

words! {
    /// What an answer is evidence about.
    Scope, "scope",
    /// The recipient's domain.
    Domain = "domain", "the domain";
    /// What the last deferral was about.
    Inherited = "inherited", "the last deferral";
    /// The message.
    Message = "message", "the message";
    /// The provider or its server.
    Provider = "provider", "the provider";
    /// The recipient.
    Recipient = "recipient", "the recipient";
    /// The recipient on one list.
    RecipientListPair = "recipient_list_pair", "the recipient on this list";
    /// The recipient with this sender.
    RecipientSenderPair = "recipient_sender_pair", "the recipient with this sender";
    /// The way from this address to this provider.
    Route = "route", "the route";
    /// The sender's domain.
    SenderDomain = "sender_domain", "the sending domain";
    /// The software of one side.
    Software = "software", "the software";
    /// The sending address.
    SourceIp = "source_ip", "the sending IP address";
    /// Sending address, sender and recipient together (greylisting).
    Triplet = "triplet", "the triplet of address, sender and recipient";
    /// Nobody knows.
    Unknown = "unknown", "unknown";
}
