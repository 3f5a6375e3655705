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

/// The text of a reply in one line without the enhanced status codes, and the first of these.
pub(crate) fn spoken(reply: &Reply) -> (String, Option<EnhancedStatus>) {
    let mut text = String::with_capacity(256);
    let mut first = None;
    for line in reply.lines() {
        let (word, rest) = line.split_once([' ', '\t']).unwrap_or((line, ""));
        let status = EnhancedStatus::parse(word).ok();
        first = first.or(status);
        let said = if status.is_some() { rest.trim() } else { line.trim() };
        if !text.is_empty() && !said.is_empty() {
            text.push(' ');
        }
        text.push_str(said);
    }
    (text, first)
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
