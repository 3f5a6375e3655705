//! The judgement of one answer for one recipient.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use posthaste_types::{BounceClass, Evidence, EvidenceSource, ParseError, ParseErrorKind};

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
    /// How sure it is.
    pub confidence: Confidence,
    pub(crate) words: Words,
    pub(crate) rule: Option<Arc<Rule>>,
    pub(crate) advice: Arc<str>,
}

impl Verdict {
    /// One sentence for a person: what to do.
    pub fn advice(&self) -> &str {
        &self.advice
    }

    /// The words and the rule that decided, the words first.
    pub fn evidence(&self) -> Vec<Evidence> {
        let mut evidence = match &self.words {
            Words::Found(found) => found.clone(),
            Words::Reply(reply) => vec![Evidence::new(EvidenceSource::Reply, reply)],
        };
        evidence.extend(self.rule.as_deref().map(|rule| rule.says.clone()));
        evidence
    }

    /// The name of the rule that decided: of a row of `replies.toml` or `phrases.toml`, or `status.x.1.1`, `code.550`,
    /// `cause.dns`. `None` where no rule knows the answer, or none was needed.
    pub fn rule(&self) -> Option<&str> {
        self.rule.as_deref().map(Rule::name)
    }

    /// Whether it is about an address or a domain that does not exist (any more).
    pub(crate) fn is_hard(&self) -> bool {
        match self.class {
            BounceClass::BadMailbox | BounceClass::InactiveMailbox => true,
            // A domain that is not found once may be found again.
            BounceClass::BadAddressSyntax | BounceClass::BadDomain => self.severity == Severity::Permanent,
            _ => false,
        }
    }

    /// Whether the address must get no more mail because of this answer alone.
    pub fn suppresses(&self) -> bool {
        self.list_effect == ListEffect::Hard
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}: {}", self.class, self.severity, self.action)?;
        for (i, evidence) in self.evidence().iter().enumerate() {
            write!(f, "{}{evidence}", if i == 0 { ", because " } else { "; " })?;
        }
        Ok(())
    }
}

/// The words that a verdict stands on; those of a reply are made a piece of evidence when they are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Words {
    Found(Vec<Evidence>),
    Reply(Box<str>),
}

/// The name of a rule, and what it says as evidence.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    name: Box<str>,
    says: Evidence,
}

impl Rule {
    pub(crate) fn new(name: &str, says: impl fmt::Display) -> Arc<Self> {
        Arc::new(Self { name: name.into(), says: Evidence::new(EvidenceSource::Rule, says) })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

/// How sure a judgement is, in per cent: a rank of the kinds of evidence, not a measured frequency.
///
/// | per cent | what decided |
/// |---|---|
/// | 98 | a code of the provider's own, a field that means one thing |
/// | 95 | a phrase of the provider |
/// | 90 | a code that has one meaning at the provider |
/// | 85 | a phrase of everybody, unless its row says less |
/// | 70 | an enhanced status code (RFC 3463) |
/// | 40 | a reply code and its stage (RFC 5321) |
/// | 10 | nothing |
///
/// What is read out of a text for people, not out of fields for programs, is worth nine tenths of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Confidence(u8);

impl Confidence {
    pub(crate) const CERTAIN: Self = Self(98);
    /// From here on nothing else is asked.
    pub(crate) const CLEAR: Self = Self(80);
    pub(crate) const CODE: Self = Self(40);
    pub(crate) const NONE: Self = Self(10);
    pub(crate) const PHRASE: Self = Self(85);
    pub(crate) const PROVIDER_CODE: Self = Self(98);
    pub(crate) const PROVIDER_PHRASE: Self = Self(95);
    pub(crate) const PROVIDER_STATUS: Self = Self(90);
    pub(crate) const STATUS: Self = Self(70);
    /// Up to here the words are weak.
    pub(crate) const VAGUE: Self = Self(60);

    /// In per cent.
    pub const fn percent(self) -> u8 {
        self.0
    }

    /// Nine tenths of it.
    pub(crate) const fn in_words(self) -> Self {
        Self(self.0 - self.0 / 10)
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.0)
    }
}

impl FromStr for Confidence {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let percent = text.parse().ok().filter(|percent| *percent <= 100).map(Self);
        percent.ok_or_else(|| ParseError::new("confidence", ParseErrorKind::Syntax("not within 0 to 100"), 0))
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
