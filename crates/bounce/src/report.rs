//! What was read: the report and what it says of each recipient.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;

use posthaste_types::{
    Address, BounceClass, EnhancedStatus, EnvelopeId, Evidence, MessageId, ProviderId, Reply, ReversePath, Text,
};

use crate::read::{Fields, addressed_to, unfold};
use crate::verdict::{Action, Verdict};

/// What a message that came back says.
#[derive(Clone)]
pub struct Reading {
    pub(crate) format: Format,
    pub(crate) recipients: Vec<RecipientReport>,
    pub(crate) original: Original,
    /// The header of the message, and those of the messages within that it passes on.
    pub(crate) headers: Vec<Box<[u8]>>,
    /// Read when it is asked for.
    pub(crate) addressed_to: OnceLock<Vec<Address>>,
    pub(crate) arrival_date: Option<Text>,
    pub(crate) is_forwarded: bool,
    pub(crate) envelope_id: Option<EnvelopeId>,
    pub(crate) reporting_mta: Option<Text>,
    pub(crate) defects: Vec<Defect>,
}

impl Reading {
    /// The form in which the message says it.
    pub fn format(&self) -> Format {
        self.format
    }

    /// What it is: what is said of the first recipient.
    pub fn kind(&self) -> ReportKind {
        self.recipients.first().map_or(ReportKind::Other, |recipient| recipient.kind)
    }

    /// Each recipient that it is about. Empty for a message that reports nothing.
    pub fn recipients(&self) -> &[RecipientReport] {
        &self.recipients
    }

    /// The message that it is about, as far as it is enclosed.
    pub fn original(&self) -> &Original {
        &self.original
    }

    /// The addresses among which a return path of ours may be: those to which this message came
    /// (Delivered-To, X-Original-To, Envelope-To, To), then the return path of the enclosed original.
    pub fn return_paths(&self) -> impl Iterator<Item = &Address> {
        let addressed = || self.headers.iter().flat_map(|header| addressed_to(Fields(header))).collect();
        self.addressed_to
            .get_or_init(addressed)
            .iter()
            .chain(self.original.return_path.as_ref().and_then(ReversePath::address))
    }

    /// The envelope id of the original (ENVID, RFC 3461 §4.4), from Original-Envelope-Id.
    pub fn envelope_id(&self) -> Option<&EnvelopeId> {
        self.envelope_id.as_ref()
    }

    /// The mail server that reports, as it calls itself (Reporting-MTA, RFC 3464 §2.2.2).
    pub fn reporting_mta(&self) -> Option<&str> {
        self.reporting_mta.as_ref().map(Text::as_str)
    }

    /// When the original came to the server that reports (Arrival-Date, RFC 3464 §2.2.5), as it is written.
    pub fn arrival_date(&self) -> Option<&str> {
        self.arrival_date.as_ref().map(Text::as_str)
    }

    /// Whether somebody passed the report on within a message of his.
    pub fn is_forwarded(&self) -> bool {
        self.is_forwarded
    }

    /// What the report lacks of its standard.
    pub fn defects(&self) -> &[Defect] {
        &self.defects
    }
}

/// What its methods tell, and nothing else.
impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Reading");
        shown.field("format", &self.format).field("is_forwarded", &self.is_forwarded);
        shown.field("recipients", &self.recipients).field("original", &self.original);
        shown.field("return_paths", &self.return_paths().collect::<Vec<_>>());
        shown.field("envelope_id", &self.envelope_id).field("reporting_mta", &self.reporting_mta);
        shown.field("arrival_date", &self.arrival_date).field("defects", &self.defects).finish()
    }
}

/// One line for each recipient.
impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.recipients.is_empty() {
            return f.write_str("no report");
        }
        for (i, recipient) in self.recipients.iter().enumerate() {
            write!(f, "{}{recipient}", if i == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

/// The form of a message that came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// A delivery status notification (RFC 3464, RFC 6533).
    DeliveryStatus,
    /// A feedback report (RFC 5965).
    FeedbackReport,
    /// A notice of what the recipient's program did with the message (RFC 8098): not about delivery.
    DispositionNotification,
    /// A text for people.
    Text,
    /// None of these.
    Unknown,
}

/// What is said of a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReportKind {
    /// An automatic answer (RFC 3834).
    AutoReply,
    /// It was not delivered and will not be.
    Bounce,
    /// The receiver asks the sender to prove itself.
    Challenge,
    /// The recipient complained.
    Complaint,
    /// It is not delivered yet; the server goes on trying.
    Delay,
    /// It was delivered.
    Delivered,
    /// It was delivered to a list, which goes on.
    Expanded,
    /// Something else.
    Other,
    /// It was handed to a server that does not report (RFC 3464 §2.3.3).
    Relayed,
}

impl ReportKind {
    /// The name in events and stored rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AutoReply => "auto_reply",
            Self::Bounce => "bounce",
            Self::Challenge => "challenge",
            Self::Complaint => "complaint",
            Self::Delay => "delay",
            Self::Delivered => "delivered",
            Self::Expanded => "expanded",
            Self::Other => "other",
            Self::Relayed => "relayed",
        }
    }
}

impl fmt::Display for ReportKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What lists call a hard or a soft bounce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Permanence {
    /// There is no such address, or no such domain, and nobody tries again.
    Hard,
    /// Another failure, or one that may pass.
    Soft,
    /// No failure.
    None,
}

impl Permanence {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hard => "hard",
            Self::Soft => "soft",
            Self::None => "none",
        }
    }
}

/// The Action field of a delivery status notification (RFC 3464 §2.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReportedAction {
    /// Not delivered; no further attempt.
    Failed,
    /// Not delivered yet.
    Delayed,
    /// Delivered.
    Delivered,
    /// Handed to a server that does not report.
    Relayed,
    /// Delivered to a list.
    Expanded,
}

impl ReportedAction {
    /// The word of the standard.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Delayed => "delayed",
            Self::Delivered => "delivered",
            Self::Relayed => "relayed",
            Self::Expanded => "expanded",
        }
    }
}

/// What is said of one recipient.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RecipientReport {
    /// What it comes to.
    pub kind: ReportKind,
    /// The address at the place that reports (Final-Recipient); unknown in some complaints.
    pub address: ReportedAddress,
    /// The address that was mailed (Original-Recipient), if it is named.
    pub original: Option<ReportedAddress>,
    /// The Action field.
    pub reported_action: Option<ReportedAction>,
    /// The Status field (RFC 3464 §2.3.4), or the code that the text holds.
    pub status: Option<EnhancedStatus>,
    /// The SMTP reply within the diagnostic or the text.
    pub reply: Option<Reply>,
    /// The Diagnostic-Code field without its type, or the words of a text; at most 1,000 octets.
    pub diagnostic: Option<Text>,
    /// The server that said it (Remote-MTA).
    pub remote_mta: Option<Text>,
    /// When it was last tried (Last-Attempt-Date), as it is written.
    pub last_attempt_date: Option<Text>,
    /// How long it is still tried (Will-Retry-Until), as it is written.
    pub will_retry_until: Option<Text>,
    /// Which octets of the message say it: the Diagnostic-Code or Status field, the line of the reply or of the
    /// recipient. `None` where they stand in a part that had to be decoded.
    pub said_at: Option<Range<usize>>,
    /// The provider that said it, if the server's name tells.
    pub provider: Option<ProviderId>,
    /// The judgement.
    pub verdict: Verdict,
}

impl RecipientReport {
    /// The class of the verdict.
    pub fn class(&self) -> BounceClass {
        self.verdict.class
    }

    /// The action of the verdict.
    pub fn action(&self) -> Action {
        self.verdict.action
    }

    /// The recipient as an address: the final one, else the original one.
    pub fn recipient(&self) -> Option<&Address> {
        self.address.address().or_else(|| self.original.as_ref()?.address())
    }

    /// Whether the address takes no mail, as far as the report says: what lists call a hard or a soft bounce.
    pub fn permanence(&self) -> Permanence {
        match self.kind {
            ReportKind::Bounce if self.verdict.is_hard() => Permanence::Hard,
            ReportKind::Bounce | ReportKind::Delay => Permanence::Soft,
            _ => Permanence::None,
        }
    }

    /// Why: the words of the report and the rule.
    pub fn evidence(&self) -> Vec<Evidence> {
        self.verdict.evidence()
    }
}

impl fmt::Display for RecipientReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.address, self.kind, self.verdict)
    }
}

/// An address as a report writes it: `rfc822; bob@example.org`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReportedAddress {
    text: Text,
    address: Option<Address>,
}

impl ReportedAddress {
    /// The recipient is not named.
    pub fn unknown() -> Self {
        Self::default()
    }

    /// Takes the text of an address that may be none.
    pub(crate) fn new(text: &str) -> Self {
        let address = Address::parse(text).ok();
        Self { text: Text::lossy(address.as_ref().map_or(text, Address::as_str)), address }
    }

    /// The address, if the text is one: a redacted one or one of another mail system is not.
    pub fn address(&self) -> Option<&Address> {
        self.address.as_ref()
    }

    /// The text without its type.
    pub fn as_str(&self) -> &str {
        self.text.as_str()
    }
}

impl fmt::Display for ReportedAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.text.is_empty() { f.write_str("unknown recipient") } else { self.text.fmt(f) }
    }
}

/// The enclosed message or its header.
#[derive(Clone, Default)]
pub struct Original {
    pub(crate) message_id: Option<MessageId>,
    pub(crate) return_path: Option<ReversePath>,
    /// As it stands, less what is cut.
    pub(crate) header: Box<[u8]>,
}

/// Its fields as text.
impl fmt::Debug for Original {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { message_id, return_path, header: _ } = self;
        let mut shown = f.debug_struct("Original");
        shown.field("message_id", message_id).field("return_path", return_path);
        shown.field("fields", &self.fields().collect::<Vec<_>>()).finish()
    }
}

impl Original {
    /// Its Message-ID.
    pub fn message_id(&self) -> Option<&MessageId> {
        self.message_id.as_ref()
    }

    /// Its Return-Path, or what the report calls the original MAIL FROM.
    pub fn return_path(&self) -> Option<&ReversePath> {
        self.return_path.as_ref()
    }

    /// The value of its first header field of this name, unfolded.
    pub fn field(&self, name: &str) -> Option<Cow<'_, str>> {
        Fields(&self.header).find(name)
    }

    /// Its header fields, at most [`MAX_FIELDS`](Self::MAX_FIELDS), unfolded, in their order.
    pub fn fields(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        let fields = Fields(&self.header).iter().take(Self::MAX_FIELDS);
        fields.map(|field| (String::from_utf8_lossy(field.name), unfold(field.value)))
    }

    /// The most header fields that are given.
    pub const MAX_FIELDS: usize = 200;
}

/// What a report lacks of its standard; it is read all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Defect {
    /// No Action field, or one of an unknown word: taken as failed.
    Action,
    /// A recipient's address that is none.
    Address,
    /// A field stands in the wrong group, or groups are not separated.
    Grouping,
    /// No Reporting-MTA field.
    ReportingMta,
    /// No Status field, or one that is no status.
    Status,
}
