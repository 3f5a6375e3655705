//! What the caller gave for the header, and the fields that come of it.

use posthaste_types::{HeaderField, HeaderName, HeaderValue, Mailbox, MessageId, ParseError, Timestamp};
use sha2::{Digest, Sha256};

use super::builder::AutoSubmitted;
use super::fields::{self, FieldKind};
use super::problem::Problem;
use crate::encode::Folder;

/// What the caller gave for the header.
#[derive(Clone, Debug, Default)]
pub(crate) struct Given {
    pub(crate) from: Option<Mailbox>,
    pub(crate) sender: Option<Mailbox>,
    pub(crate) reply_to: Vec<Mailbox>,
    pub(crate) to: Vec<Mailbox>,
    pub(crate) cc: Vec<Mailbox>,
    pub(crate) bcc: Vec<Mailbox>,
    pub(crate) subject: Option<HeaderValue>,
    pub(crate) date: Option<Timestamp>,
    pub(crate) message_id: Option<MessageId>,
    pub(crate) in_reply_to: Option<MessageId>,
    pub(crate) references: Vec<MessageId>,
    pub(crate) list_id: Option<HeaderValue>,
    pub(crate) unsubscribe: Vec<String>,
    pub(crate) one_click: Option<String>,
    pub(crate) feedback_id: Option<String>,
    pub(crate) auto_submitted: Option<AutoSubmitted>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

impl Given {
    /// Every field but Date and Message-ID, encoded.
    pub(super) fn fields(&self, problems: &mut Vec<Problem>) -> Vec<HeaderField> {
        let mut fields: Vec<(String, Result<HeaderField, ParseError>)> = Vec::new();
        let mut add = |place: &str, field| fields.push((place.to_owned(), field));
        for (place, name, mailboxes) in [
            ("from", "From", self.from.as_slice()),
            ("sender", "Sender", self.sender.as_slice()),
            ("reply_to", "Reply-To", &self.reply_to),
            ("to", "To", &self.to),
            ("cc", "Cc", &self.cc),
        ] {
            if !mailboxes.is_empty() {
                let mut folder = Folder::new(name);
                folder.mailboxes(mailboxes);
                add(place, folder.finish());
            }
        }
        if let Some(subject) = &self.subject {
            add("subject", fields::text("Subject", subject.as_str()));
        }
        if let Some(id) = &self.in_reply_to {
            add("in_reply_to", fields::message_ids("In-Reply-To", std::slice::from_ref(id)));
        }
        if !self.references.is_empty() {
            add("references", fields::message_ids("References", &self.references));
        }
        self.list_fields(&mut add);
        for (i, (name, value)) in self.headers.iter().enumerate() {
            let field = match fields::field_kind(name) {
                FieldKind::Structured => fields::structured(name.as_str(), value.as_str()),
                FieldKind::Text | FieldKind::Reserved(_) => fields::text(name.as_str(), value.as_str()),
            };
            add(&format!("header[{i}].value"), field);
        }
        let keep = |(place, field): (String, Result<HeaderField, ParseError>)| {
            field.map_err(|error| problems.push(Problem::parse(place, &error))).ok()
        };
        fields.into_iter().filter_map(keep).collect()
    }

    fn list_fields(&self, add: &mut impl FnMut(&str, Result<HeaderField, ParseError>)) {
        if let Some(id) = &self.list_id {
            add("list_id", fields::list_id(id));
        }
        let uris: Vec<String> = self.one_click.iter().chain(&self.unsubscribe).map(|uri| format!("<{uri}>")).collect();
        if !uris.is_empty() {
            add("list_unsubscribe", fields::structured("List-Unsubscribe", &uris.join(", ")));
        }
        if self.one_click.is_some() {
            // RFC 8058 §3.1.
            add("one_click", fields::structured("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"));
        }
        if let Some(id) = &self.feedback_id {
            add("feedback_id", fields::feedback_id(id));
        }
        if let Some(how) = self.auto_submitted {
            add("auto_submitted", fields::structured("Auto-Submitted", how.as_str()));
        }
    }

    /// Names and values as they were given.
    pub(super) fn pairs(&self) -> Vec<(String, String)> {
        let Self { from, sender, reply_to, to, cc, bcc, subject, date, message_id, in_reply_to, references, .. } = self;
        let Self { list_id, unsubscribe, one_click, feedback_id, auto_submitted, headers, .. } = self;
        let mut pairs: Vec<(String, String)> = Vec::new();
        let mut add = |name: &str, value: String| pairs.push((name.to_owned(), value));
        let lists = [("From", from.as_slice()), ("Sender", sender.as_slice()), ("Reply-To", reply_to)];
        for (name, mailboxes) in lists.into_iter().chain([("To", to.as_slice()), ("Cc", cc), ("Bcc", bcc)]) {
            mailboxes.iter().for_each(|mailbox| add(name, mailbox.to_string()));
        }
        subject.iter().for_each(|subject| add("Subject", subject.to_string()));
        date.iter().for_each(|date| add("Date", date.to_rfc5322()));
        message_id.iter().for_each(|id| add("Message-ID", id.to_string()));
        in_reply_to.iter().for_each(|id| add("In-Reply-To", id.to_string()));
        references.iter().for_each(|id| add("References", id.to_string()));
        list_id.iter().for_each(|id| add("List-Id", id.to_string()));
        one_click.iter().for_each(|uri| add("List-Unsubscribe (one click)", uri.clone()));
        unsubscribe.iter().for_each(|uri| add("List-Unsubscribe", uri.clone()));
        feedback_id.iter().for_each(|id| add("Feedback-ID", id.clone()));
        auto_submitted.iter().for_each(|how| add("Auto-Submitted", how.as_str().to_owned()));
        headers.iter().for_each(|(name, value)| add(name.as_str(), value.to_string()));
        pairs
    }

    pub(super) fn fingerprint(&self, body: &[u8; 32]) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(b"posthaste message 1");
        for (name, value) in self.pairs() {
            for text in [name, value] {
                hash.update((text.len() as u64).to_be_bytes());
                hash.update(text);
            }
        }
        hash.update(u64::MAX.to_be_bytes());
        hash.update(body);
        hash.finalize().into()
    }
}
