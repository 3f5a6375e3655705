//! The rules and what violates them.

use std::fmt;

/// The rules of [`check_strict`](super::check_strict), each from a standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// CR and LF stand together alone, and the last line has them: RFC 5322 §2.3.
    LineEnd,
    /// A line has at most 998 octets: RFC 5322 §2.1.1.
    LineTooLong,
    /// There is no NUL: RFC 5321 §4.5.2 and RFC 5322 §4 (obsolete).
    Nul,
    /// A header line is a field or its continuation, without a space before the colon: RFC 5322 §2.2, §3.6.8.
    FieldSyntax,
    /// An empty line ends a header: RFC 5322 §2.1, RFC 2046 §5.1.
    NoEmptyLine,
    /// No line of a field is white space alone: RFC 5322 §3.2.2.
    BlankFold,
    /// A field holds no control but the tab: RFC 5322 §2.2.
    Control,
    /// What is not ASCII in a header is UTF-8: RFC 6532 §3.1.
    NotUtf8,
    /// Date and From stand there: RFC 5322 §3.6.
    Missing,
    /// A field that may stand once stands once: RFC 5322 §3.6.
    Repeated,
    /// From, Sender, Reply-To, To and Cc are addresses: RFC 5322 §3.4, §3.6.2, §3.6.3.
    Address,
    /// Several authors need a Sender: RFC 5322 §3.6.2.
    NoSender,
    /// Date is a date-time, of no obsolete form: RFC 5322 §3.3.
    Date,
    /// Message-ID, In-Reply-To and References are message identities: RFC 5322 §3.6.4.
    MessageId,
    /// Bcc is taken out by who sends: RFC 5322 §3.6.3.
    Bcc,
    /// Return-Path is written at delivery, and does not stand in what is sent: RFC 5321 §4.4.
    ReturnPath,
    /// Content-Length is a mail store's own and does not travel: no standard of mail has it (RFC 2076 §3.17).
    ContentLength,
    /// MIME-Version is 1.0 and stands with the other MIME fields: RFC 2045 §4.
    MimeVersion,
    /// A MIME field stands once in a part: RFC 2045 §3.
    MimeFieldTwice,
    /// Content-Type is a type, a subtype and parameters: RFC 2045 §5.1.
    ContentType,
    /// A multipart has a boundary of 1 to 70 characters of its alphabet: RFC 2046 §5.1.1.
    Boundary,
    /// A multipart ends with its last delimiter: RFC 2046 §5.1.1.
    NotClosed,
    /// Content-Transfer-Encoding is known, and `binary` only where BINARYMIME is: RFC 2045 §6.1, RFC 3030 §3.
    TransferEncoding,
    /// A multipart or a message is not encoded: RFC 2045 §6.4.
    EncodedMultipart,
    /// A body with octets above 127 says 8bit: RFC 2045 §2.7, §6.2.
    EightBit,
    /// Within the limits of reading.
    Limit,
}

impl Rule {
    /// What the rule asks, and where it stands.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::LineEnd => ("a bare CR or LF, or no line end at the end", "RFC 5322 §2.3"),
            Self::LineTooLong => ("a line longer than 998 octets", "RFC 5322 §2.1.1"),
            Self::Nul => ("a NUL", "RFC 5322 §4"),
            Self::FieldSyntax => ("a header line that is no field", "RFC 5322 §2.2"),
            Self::NoEmptyLine => ("no empty line behind the header", "RFC 5322 §2.1"),
            Self::BlankFold => ("a folded line of white space alone", "RFC 5322 §3.2.2"),
            Self::Control => ("a control", "RFC 5322 §2.2"),
            Self::NotUtf8 => ("not UTF-8", "RFC 6532 §3.1"),
            Self::Missing => ("missing", "RFC 5322 §3.6"),
            Self::Repeated => ("more than once", "RFC 5322 §3.6"),
            Self::Address => ("not an address list", "RFC 5322 §3.4"),
            Self::NoSender => ("several authors and no Sender", "RFC 5322 §3.6.2"),
            Self::Date => ("not a date-time", "RFC 5322 §3.3"),
            Self::MessageId => ("not a message identity", "RFC 5322 §3.6.4"),
            Self::Bcc => ("to be taken out before sending", "RFC 5322 §3.6.3"),
            Self::ReturnPath => ("written at delivery alone", "RFC 5321 §4.4"),
            Self::ContentLength => ("a mail store's own field", "RFC 2076"),
            Self::MimeVersion => ("MIME-Version is not 1.0, or missing beside MIME fields", "RFC 2045 §4"),
            Self::MimeFieldTwice => ("a MIME field stands twice", "RFC 2045 §3"),
            Self::ContentType => ("not a content type", "RFC 2045 §5.1"),
            Self::Boundary => ("no boundary, or one against its grammar", "RFC 2046 §5.1.1"),
            Self::NotClosed => ("a multipart without its last delimiter", "RFC 2046 §5.1.1"),
            Self::TransferEncoding => ("not a transfer encoding that SMTP carries", "RFC 2045 §6.1"),
            Self::EncodedMultipart => ("a multipart or message that is encoded", "RFC 2045 §6.4"),
            Self::EightBit => ("octets above 127 in a body that does not say 8bit", "RFC 2045 §2.7"),
            Self::Limit => ("over a limit of reading", "limits"),
        }
    }

    /// Where the rule stands: `RFC 5322 §3.6`.
    pub fn section(self) -> &'static str {
        self.words().1
    }
}

/// A rule that is not kept, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    rule: Rule,
    field: Box<str>,
    at: usize,
}

impl Violation {
    pub(super) fn new(rule: Rule, field: &str, at: usize) -> Self {
        Self { rule, field: field.into(), at }
    }

    /// The rule.
    pub fn rule(&self) -> Rule {
        self.rule
    }

    /// The header field, as it stands; empty where none is meant.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// The offset.
    pub fn at(&self) -> usize {
        self.at
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, section) = self.rule.words();
        f.write_str(what)?;
        if !self.field.is_empty() {
            write!(f, " in {}", self.field)?;
        }
        write!(f, " ({section}) at byte {}", self.at)
    }
}

/// Why octets should not be sent as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StrictError {
    violations: Vec<Violation>,
}

impl StrictError {
    pub(super) fn new(violations: Vec<Violation>) -> Self {
        Self { violations }
    }

    /// Every violation, in the order of the message. At least one.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Whether trying again may help. Never.
    pub fn is_transient(&self) -> bool {
        false
    }
}

impl fmt::Display for StrictError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, violation) in self.violations.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{violation}")?;
        }
        Ok(())
    }
}

impl std::error::Error for StrictError {}
