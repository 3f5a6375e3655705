//! What a submission server mends in the mail of its users (RFC 6409 §8), and what it does not take.

use posthaste::{Clock, Domain, MailId, SystemClock, SystemRandom};

/// The fields that a message has, of those that matter here.
#[derive(Clone, Copy, Default)]
pub(crate) struct Fields {
    pub(crate) from: bool,
    pub(crate) date: bool,
    pub(crate) message_id: bool,
}

impl Fields {
    /// Reads the header section up to its end, or to the first line that is none of a header.
    pub(crate) fn of(message: &[u8]) -> Self {
        let mut all = Self::default();
        for line in message.split(|octet| *octet == b'\n') {
            if line.first().is_some_and(|first| matches!(first, b' ' | b'\t')) {
                continue; // the field goes on
            }
            let mut halves = line.splitn(2, |octet| *octet == b':');
            let (Some(name), Some(_)) = (halves.next(), halves.next()) else { break };
            match name.trim_ascii_end().to_ascii_lowercase().as_slice() {
                b"from" => all.from = true,
                b"date" => all.date = true,
                b"message-id" => all.message_id = true,
                _ => {}
            }
        }
        all
    }

    /// Whether two messages that are the same in each octet are one, sent twice.
    pub(crate) fn tell_it_apart(self) -> bool {
        self.date || self.message_id
    }

    /// The fields to add (RFC 6409 §8.2, §8.3), each with its line end.
    pub(crate) fn missing(self, hostname: &Domain) -> String {
        let now = SystemClock::new().wall();
        let mut fields = String::new();
        if !self.date {
            fields += &format!("Date: {}\r\n", now.to_rfc5322());
        }
        if !self.message_id {
            fields += &format!("Message-ID: <{}@{hostname}>\r\n", MailId::new(now, &SystemRandom::new()));
        }
        fields
    }
}
