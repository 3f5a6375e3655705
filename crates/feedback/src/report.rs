//! A report of feedback, typed.

use std::fmt;
use std::net::IpAddr;

use posthaste_types::{Address, Domain, Evidence, MessageId, ReversePath, Text, Timestamp};

use crate::xarf::Xarf;

/// One report of feedback on one message, or on several alike.
///
/// It shows parts of somebody's mail: keep it as you would keep mail.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// In which form it came.
    pub form: Form,
    /// What it says.
    pub kind: Kind,
    /// The address in From of the mail that brought it: who reports.
    pub reporter: Option<Address>,
    /// `User-Agent`: the program that reports.
    pub user_agent: Option<Text>,
    /// `Version`, as it stands.
    pub version: Option<Text>,
    /// `Arrival-Date`, or Received-Date as older reports name it.
    pub arrived: Option<Timestamp>,
    /// `Incidents`: how many messages alike; 1 where it is not said.
    pub incidents: u32,
    /// `Source-IP`: the client that sent the message.
    pub source_ip: Option<IpAddr>,
    /// `Source-Port` (RFC 6692).
    pub source_port: Option<u16>,
    /// `Reporting-MTA`, without its type.
    pub reporting_mta: Option<Text>,
    /// `Original-Mail-From`.
    pub mail_from: Option<ReversePath>,
    /// Who got the message and complains: `Original-Rcpt-To`, `Removal-Recipient`, or what the form has instead. Empty if
    /// nothing says so.
    pub recipients: Vec<Recipient>,
    /// `Original-Envelope-Id`.
    pub envelope_id: Option<Text>,
    /// `Authentication-Results`, each field as it stands.
    pub authentication_results: Vec<Text>,
    /// `Reported-Domain`.
    pub domains: Vec<Text>,
    /// `Reported-URI`.
    pub uris: Vec<Text>,
    /// The message that it is about, as far as it is there.
    pub original: Option<Original>,
    /// The XARF document.
    pub xarf: Option<Box<Xarf>>,
    /// What made this report of that kind.
    pub evidence: Vec<Evidence>,
    /// What is missing or wrong and was got over.
    pub defects: Vec<Defect>,
}

/// In which form feedback came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Form {
    /// The Abuse Reporting Format (RFC 5965).
    Arf,
    /// Microsoft's Junk Mail Reporting Program: the message within a message, with fields of Outlook.com.
    Jmrp,
    /// XARF version 3 or 4.
    Xarf,
    /// A person forwards the message and complains in words.
    Forwarded,
}

/// What feedback says (RFC 5965 §7.3, RFC 6430, RFC 6591).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// `abuse`: somebody calls it spam.
    Abuse,
    /// `auth-failure`: it failed authentication.
    AuthFailure,
    /// `fraud`: phishing, or another fraud.
    Fraud,
    /// `not-spam`: it was wrongly taken for spam.
    NotSpam,
    /// `opt-out` and `opt-out-list`: somebody wants no more of it.
    OptOut,
    /// `virus`: it carries malware.
    Virus,
    /// Another type, or none of mail.
    Other,
}

/// Somebody who got the message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "an address is told or it is not")]
pub enum Recipient {
    /// The address.
    Address(Address),
    /// Redacted (RFC 6590), or no address. What stands there is the same for the same recipient, if the reporter obeys.
    Redacted(Text),
}

/// The message that a report is about.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Original {
    /// Return-Path.
    pub return_path: Option<ReversePath>,
    /// Message-ID.
    pub message_id: Option<MessageId>,
    /// From.
    pub from: Option<Address>,
    /// To, as far as they are addresses.
    pub to: Vec<Address>,
    /// Subject, decoded.
    pub subject: Option<Text>,
    /// Date.
    pub date: Option<Timestamp>,
    /// Feedback-ID: campaign and sender, never a recipient.
    pub feedback_id: Option<Text>,
    /// CFBL-Feedback-ID (RFC 9477 §3.2), its white space removed.
    pub cfbl_feedback_id: Option<Text>,
    /// List-Unsubscribe, as it stands: its URI may hold a token.
    pub list_unsubscribe: Option<Text>,
    /// Every field, in order, name and value on one line; at most 1,000.
    pub fields: Vec<(Text, Text)>,
}

/// What may name the message and the recipient, see [`Report::traces`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trace<'r> {
    /// Where bounces of the message go: a token in it is made for one recipient.
    ReturnPath(&'r Address),
    /// List-Unsubscribe of the original.
    ListUnsubscribe(&'r Text),
    /// CFBL-Feedback-ID of the original.
    CfblFeedbackId(&'r Text),
    /// Message-ID of the original.
    MessageId(&'r MessageId),
    /// The recipient itself, not redacted.
    Recipient(&'r Address),
    /// Feedback-ID of the original: the campaign alone.
    FeedbackId(&'r Text),
}

/// What is missing or wrong in a report, and was got over.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Defect {
    /// A field that RFC 5965 §3.1 requires is missing.
    Missing(&'static str),
    /// The value of a field cannot be used.
    Value(&'static str),
    /// A field that may stand once stands again; the first counts.
    Repeated(&'static str),
    /// There are more fields of this name than [`Limits::fields`](crate::Limits::fields).
    TooMany(&'static str),
    /// The message that it is about is not there.
    NoOriginal,
}

impl Report {
    pub(crate) fn new(form: Form, kind: Kind) -> Self {
        Self {
            form,
            kind,
            reporter: None,
            user_agent: None,
            version: None,
            arrived: None,
            incidents: 1,
            source_ip: None,
            source_port: None,
            reporting_mta: None,
            mail_from: None,
            recipients: Vec::new(),
            envelope_id: None,
            authentication_results: Vec::new(),
            domains: Vec::new(),
            uris: Vec::new(),
            original: None,
            xarf: None,
            evidence: Vec::new(),
            defects: Vec::new(),
        }
    }

    /// What may name the message and the recipient, the surest first.
    pub fn traces(&self) -> impl Iterator<Item = Trace<'_>> {
        let original = self.original.as_ref();
        let paths = [original.and_then(|it| it.return_path.as_ref()), self.mail_from.as_ref()];
        let paths = paths.into_iter().flatten().filter_map(|path| path.address()).map(Trace::ReturnPath);
        let unsubscribe = original.and_then(|it| it.list_unsubscribe.as_ref()).map(Trace::ListUnsubscribe);
        let cfbl = original.and_then(|it| it.cfbl_feedback_id.as_ref()).map(Trace::CfblFeedbackId);
        let id = original.and_then(|it| it.message_id.as_ref()).map(Trace::MessageId);
        let named = self.recipients.iter().filter_map(|it| it.address()).map(Trace::Recipient);
        let campaign = original.and_then(|it| it.feedback_id.as_ref()).map(Trace::FeedbackId);
        paths.chain(unsubscribe).chain(cfbl).chain(id).chain(named).chain(campaign)
    }

    /// The domain of the reporter.
    pub fn reporter_domain(&self) -> Option<&Domain> {
        self.reporter.as_ref().map(Address::domain)
    }
}

impl Original {
    /// The value of the first field of a name, without regard to case, on one line: for a token in a field of one's own.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(is, _)| is.as_str().eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

impl Recipient {
    /// The address, if it is told.
    pub fn address(&self) -> Option<&Address> {
        match self {
            Self::Address(address) => Some(address),
            Self::Redacted(_) => None,
        }
    }
}

impl Form {
    /// The word for people and rows: `arf`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Arf => "arf",
            Self::Jmrp => "jmrp",
            Self::Xarf => "xarf",
            Self::Forwarded => "forwarded",
        }
    }
}

impl Kind {
    /// The word of RFC 5965 and its registry: `abuse`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Abuse => "abuse",
            Self::AuthFailure => "auth-failure",
            Self::Fraud => "fraud",
            Self::NotSpam => "not-spam",
            Self::OptOut => "opt-out",
            Self::Virus => "virus",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Redacted(text) => write!(f, "{text} (redacted)"),
        }
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(field) => write!(f, "{field} is missing"),
            Self::Value(field) => write!(f, "the value of {field} cannot be used"),
            Self::Repeated(field) => write!(f, "{field} stands more than once"),
            Self::TooMany(field) => write!(f, "too many fields {field}"),
            Self::NoOriginal => f.write_str("the message that it is about is not there"),
        }
    }
}
