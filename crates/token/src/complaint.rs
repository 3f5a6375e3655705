//! A header field by which a complaint names the mail and the recipient.

use std::time::Duration;

use posthaste_types::{HeaderField, MailId, Timestamp};

use crate::correlation::{Correlation, open, seal};
use crate::days::DAY;
use crate::error::TokenError;
use crate::ring::{Form, KeyRing, Purpose};

/// Makes and reads the header field that a complaint brings back: `Posthaste-Token: <53 letters>`.
///
/// A complaint holds the message or its header, often with every address of the recipient replaced
/// (RFC 6590). This field holds no address and no part of one: it says the same afterwards. It belongs
/// among the fields that DKIM signs.
#[derive(Clone, Debug)]
pub struct ComplaintTokens {
    ring: KeyRing,
    max_age: Duration,
}

impl ComplaintTokens {
    /// The name of the field.
    pub const FIELD: &str = "Posthaste-Token";
    /// The longest value that is read, in octets: room for folding.
    pub const MAX_VALUE: usize = 256;
    /// How old a token counts, unless set: 90 days. People complain about what they find weeks later.
    pub const MAX_AGE: Duration = Duration::from_secs(90 * DAY);

    /// Tokens under the keys of a ring.
    pub fn new(ring: KeyRing) -> Self {
        Self { ring, max_age: Self::MAX_AGE }
    }

    /// Sets how old a token counts.
    #[must_use]
    pub fn with_max_age(mut self, max_age: Duration) -> Self {
        self.max_age = max_age;
        self
    }

    /// The field for one recipient of a mail accepted `at`; 72 octets with its line end.
    pub fn field(&self, mail: MailId, recipient: u32, at: Timestamp) -> HeaderField {
        match HeaderField::parse(&format!("{}: {}", Self::FIELD, self.value(mail, recipient, at))) {
            Ok(field) => field,
            Err(_) => unreachable!("letters and digits are a header field"),
        }
    }

    /// The value of the field, where the caller writes fields by name and value.
    pub fn value(&self, mail: MailId, recipient: u32, at: Timestamp) -> String {
        seal(&self.ring, Purpose::Complaint, Form::Field, mail, recipient, at)
    }

    /// Reads the value of the field, in any case, folded (RFC 5322 §2.2.3) or in angle brackets.
    ///
    /// # Errors
    /// [`TokenError`]: no token, a token that is not genuine, or one that is too old.
    pub fn read(&self, value: &str, now: Timestamp) -> Result<Correlation, TokenError> {
        if value.len() > Self::MAX_VALUE {
            return Err(TokenError::TooLong { limit: Self::MAX_VALUE });
        }
        let value: String = value.chars().filter(|c| !matches!(c, ' ' | '\t' | '\r' | '\n')).collect();
        let bare = value.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(&value);
        open(&self.ring, Purpose::Complaint, Form::Field, bare, now, self.max_age)
    }
}
