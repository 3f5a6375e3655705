//! Microsoft's Junk Mail Reporting Program: no feedback report, but the message within a message.

use posthaste_message::ReadMessage;
use posthaste_types::{Evidence, EvidenceSource};

use crate::report::{Form, Kind, Original, Report};

/// QUIRK: the mail has nothing machine-readable of its own. The original tells it, by the field with which Outlook.com
/// names the recipient, or the mail does, by sender and subject.
pub(super) fn report(message: &ReadMessage<'_>, original: &Original) -> Option<Report> {
    let named = original.field("X-HmXmrOriginalRecipient").map(str::to_owned);
    let by_sender = || {
        let is_theirs =
            message.from().iter().filter_map(|it| it.to_address()).any(|it| super::is_of_outlook(it.domain()));
        is_theirs
            && message
                .subject()
                .is_some_and(|subject| subject.trim().to_ascii_lowercase().starts_with("complaint about message from"))
    };
    if named.is_none() && !by_sender() {
        return None;
    }
    let mut report = Report::new(Form::Jmrp, Kind::Abuse);
    report.source_ip = message.subject().and_then(|subject| subject.split_whitespace().last()?.parse().ok());
    report.authentication_results =
        original.field("Authentication-Results").map(posthaste_types::Text::lossy).into_iter().collect();
    match named {
        Some(named) => {
            report
                .evidence
                .push(Evidence::new(EvidenceSource::Header, format_args!("X-HmXmrOriginalRecipient: {named}")));
            report.recipients.push(super::recipient(&named));
        }
        None => {
            let subject = message.subject().unwrap_or_default();
            report.evidence.push(Evidence::new(EvidenceSource::Header, format_args!("Subject: {subject}")));
            report.recipients.extend(super::only_recipient(original));
        }
    }
    Some(report)
}
