//! An answer, taken apart.

use posthaste_types::{BounceClass, EnhancedStatus, ProviderId, Reply, Stage};

use crate::verdict::Severity;

/// An answer, taken apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said<'a> {
    pub(crate) code: Option<u16>,
    /// The enhanced status code of the text.
    pub(crate) status: Option<EnhancedStatus>,
    /// The one of the report's Status field.
    pub(crate) field: Option<EnhancedStatus>,
    pub(crate) stage: Option<Stage>,
    pub(crate) text: &'a str,
    pub(crate) provider: Option<&'a ProviderId>,
    pub(crate) severity: Severity,
}

impl Default for Said<'_> {
    fn default() -> Self {
        Self {
            code: None,
            status: None,
            field: None,
            stage: None,
            text: "",
            provider: None,
            severity: Severity::Permanent,
        }
    }
}

impl Said<'_> {
    pub(crate) fn any_status(&self) -> Option<EnhancedStatus> {
        self.status.or(self.field)
    }

    /// Whether an answer at this stage can be of this class. RFC 5321 §3.3: no recipient is known before
    /// RCPT, so what is said earlier is about the sending address (greeting, EHLO) or the sender (MAIL).
    pub(crate) fn may_be(&self, class: BounceClass) -> bool {
        match self.stage {
            Some(Stage::Connect | Stage::Ehlo) => !is_about_recipient(class) && class != BounceClass::Policy,
            Some(Stage::StartTls | Stage::Auth | Stage::Mail) => !is_about_recipient(class),
            _ => true,
        }
    }

    /// The first digit that fits the severity.
    pub(crate) fn digit(&self) -> u16 {
        match self.severity {
            Severity::Success => 2,
            Severity::Transient => 4,
            Severity::Permanent => 5,
        }
    }
}

/// A reply in one line.
#[derive(Debug)]
pub(crate) struct SpokenReply {
    /// Code, first enhanced status code, words.
    pub(crate) text: String,
    words_at: usize,
    pub(crate) status: Option<EnhancedStatus>,
}

impl SpokenReply {
    /// The words without codes.
    pub(crate) fn words(&self) -> &str {
        self.text.get(self.words_at..).unwrap_or_default()
    }
}

/// A reply in one line, without the enhanced status codes of its lines but the first.
pub(crate) fn spoken(reply: &Reply) -> SpokenReply {
    let length: usize = reply.lines().map(|line| line.len() + 1).sum();
    let mut spoken = SpokenReply { text: String::with_capacity(length + 4), words_at: 4, status: None };
    let code = reply.code();
    spoken
        .text
        .extend([code / 100, code / 10 % 10, code % 10].into_iter().filter_map(|n| char::from_digit(n.into(), 10)));
    spoken.text.push(' ');
    for line in reply.lines() {
        let word = line.find([' ', '\t']).map_or(line, |end| &line[..end]);
        let begins = word.as_bytes().get(1) == Some(&b'.');
        let status = if begins { EnhancedStatus::parse(word).ok() } else { None };
        if status.is_some() && spoken.status.is_none() && spoken.text.len() == 4 {
            spoken.status = status;
            spoken.text.push_str(word);
            spoken.text.push(' ');
            spoken.words_at = spoken.text.len();
        }
        let said = if status.is_some() { line[word.len()..].trim() } else { line.trim() };
        spoken.status = spoken.status.or(status);
        if spoken.text.len() > spoken.words_at && !said.is_empty() {
            spoken.text.push(' ');
        }
        spoken.text.push_str(said);
    }
    spoken
}

pub(crate) fn severity_of(code: u16) -> Severity {
    match code / 100 {
        2 | 3 => Severity::Success,
        4 => Severity::Transient,
        _ => Severity::Permanent,
    }
}

/// Whether the class blames the recipient or its domain.
const fn is_about_recipient(class: BounceClass) -> bool {
    matches!(
        class,
        BounceClass::BadAddressSyntax
            | BounceClass::BadDomain
            | BounceClass::BadMailbox
            | BounceClass::InactiveMailbox
            | BounceClass::MailboxTemp
            | BounceClass::Quota
            | BounceClass::RecipientPolicy
    )
}
