//! The classes of failure and feedback, and the evidence of a judgement.

use std::fmt;
use std::str::FromStr;

use crate::error::ParseError;
use crate::text::Text;

macro_rules! classes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What a failure or a report is about.
        ///
        /// What a class means for the address, the route and the next attempt is data of the crate
        /// `bounce`; the law behind the data: reputation, policy, authentication, content, TLS, PTR
        /// and rate failures never suppress the recipient.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum BounceClass {
            $($(#[$doc])* $variant,)*
        }

        impl BounceClass {
            /// Every class.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name in tables, events and stored rows.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }

        impl FromStr for BounceClass {
            type Err = ParseError;

            fn from_str(text: &str) -> Result<Self, ParseError> {
                match text {
                    $($name => Ok(Self::$variant),)*
                    _ => Err(ParseError::syntax("bounce class", "no such class", 0)),
                }
            }
        }
    };
}

classes! {
    /// An attachment is not allowed.
    Attachment = "attachment",
    /// SMTP AUTH at a relay failed.
    AuthConfig = "auth_config",
    /// SPF, DKIM, DMARC or ARC.
    Authentication = "authentication",
    /// A vacation notice or another automatic answer.
    AutoReply = "auto_reply",
    /// The address is not a valid one.
    BadAddressSyntax = "bad_address_syntax",
    /// The domain does not exist or takes no mail.
    BadDomain = "bad_domain",
    /// No such user.
    BadMailbox = "bad_mailbox",
    /// A named block list.
    Blocklisted = "blocklisted",
    /// A challenge to the sender.
    ChallengeResponse = "challenge_response",
    /// The recipient complained.
    Complaint = "complaint",
    /// Delivered.
    Delivered = "delivered",
    /// The DNS had no answer.
    DnsTemp = "dns_temp",
    /// The next hop does not speak SMTPUTF8.
    EaiUnsupported = "eai_unsupported",
    /// Given up after the last deferral.
    Expired = "expired",
    /// Greylisted.
    Greylist = "greylist",
    /// The mailbox is disabled, closed or moved.
    InactiveMailbox = "inactive_mailbox",
    /// The mailbox cannot take it now.
    MailboxTemp = "mailbox_temp",
    /// The message violates a format rule.
    MessageFormat = "message_format",
    /// The message is too large.
    MessageSize = "message_size",
    /// The connection failed.
    Network = "network",
    /// A local policy without more detail.
    Policy = "policy",
    /// The protocol was violated.
    Protocol = "protocol",
    /// The sending address has no (right) PTR record.
    Ptr = "ptr",
    /// The mailbox is full.
    Quota = "quota",
    /// Too fast.
    RateLimit = "rate_limit",
    /// This mailbox does not take mail from this sender.
    RecipientPolicy = "recipient_policy",
    /// Relaying was denied.
    Relay = "relay",
    /// The reputation of the address or domain.
    Reputation = "reputation",
    /// The mail goes in circles.
    RoutingLoop = "routing_loop",
    /// The sender's domain or address.
    SenderAddress = "sender_address",
    /// A fault of the server.
    ServerError = "server_error",
    /// The server is not available.
    ServerUnavailable = "server_unavailable",
    /// The content looks like spam.
    SpamContent = "spam_content",
    /// Suppressed here; never sent.
    Suppressed = "suppressed",
    /// No answer in time.
    Timeout = "timeout",
    /// TLS.
    Tls = "tls",
    /// Too many connections.
    TooManyConnections = "too_many_connections",
    /// Too many recipients at once.
    TooManyRecipients = "too_many_recipients",
    /// Nothing decided.
    Unknown = "unknown",
    /// The recipient unsubscribed.
    Unsubscribe = "unsubscribe",
    /// A virus was found.
    Virus = "virus",
}

impl fmt::Display for BounceClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for BounceClass {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for BounceClass {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// One piece of evidence for a judgement: where it stood, and what it said.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Evidence {
    /// What kind of source.
    pub source: EvidenceSource,
    /// Its words: the reply, the header field, the row of a table.
    pub text: Text,
}

impl Evidence {
    /// A piece of evidence; the text is made one line.
    pub fn new(source: EvidenceSource, text: impl fmt::Display) -> Self {
        Self { source, text: Text::lossy(text) }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = match self.source {
            EvidenceSource::Entry => "entry",
            EvidenceSource::Header => "header",
            EvidenceSource::Record => "record",
            EvidenceSource::Reply => "reply",
            EvidenceSource::ReportField => "report",
            EvidenceSource::Rule => "rule",
        };
        write!(f, "{source}: {}", self.text)
    }
}

/// Where a piece of [`Evidence`] stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum EvidenceSource {
    /// An entry of a list, such as the suppression list.
    Entry,
    /// A header field of a message.
    Header,
    /// A DNS record.
    Record,
    /// A reply of a server.
    Reply,
    /// A field of a delivery report (RFC 3464).
    ReportField,
    /// A row of a rule table.
    Rule,
}
