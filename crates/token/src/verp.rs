//! Variable envelope return paths: an address for each recipient of each mail.

use std::time::Duration;

use posthaste_types::{Address, Domain, MailId, Timestamp};

use crate::correlation::{Correlation, LEN, open, seal};
use crate::days::DAY;
use crate::error::{PathError, TokenError};
use crate::ring::{Form, KeyRing, Purpose};

/// Makes and reads the return paths (MAIL FROM) of one domain: `bounce+<token>@news.example.com`.
///
/// A report that comes to such an address names the mail and the recipient and cannot be made up: an
/// asynchronous bounce acts by this proof, not by what it says.
#[derive(Clone, Debug)]
pub struct ReturnPaths {
    ring: KeyRing,
    domain: Domain,
    prefix: Box<str>,
    max_age: Duration,
}

impl ReturnPaths {
    /// The longest prefix: with `+` and the 53 characters of the token, 64 octets.
    pub const MAX_PREFIX: usize = 10;
    /// How old a return path counts, unless set: 30 days. Our queue's life and that of the next hop are
    /// five days each (RFC 5321 §4.5.4.1), and mailbox polling may add weeks.
    pub const MAX_AGE: Duration = Duration::from_secs(30 * DAY);

    /// Return paths `prefix+...@domain`; mail to that domain must reach [`read`](Self::read).
    ///
    /// # Errors
    /// [`PathError`] if the prefix is not 1 to 10 of `a-z`, `0-9`, `-`, `_`, or the domain is so long that
    /// no address fits.
    pub fn new(ring: KeyRing, domain: Domain, prefix: &str) -> Result<Self, PathError> {
        let fine = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, b'-' | b'_');
        if prefix.is_empty() || prefix.len() > Self::MAX_PREFIX || !prefix.bytes().all(fine) {
            return Err(PathError::Prefix { limit: Self::MAX_PREFIX });
        }
        Address::new(&format!("{prefix}+{}", "a".repeat(LEN)), domain.clone())?;
        Ok(Self { ring, domain, prefix: prefix.into(), max_age: Self::MAX_AGE })
    }

    /// Sets how old a return path counts.
    #[must_use]
    pub fn with_max_age(mut self, max_age: Duration) -> Self {
        self.max_age = max_age;
        self
    }

    /// The return path of one recipient. `at` is the moment of acceptance, to the day: so the path is the
    /// same on every attempt, which greylisting asks for.
    pub fn address(&self, mail: MailId, recipient: u32, at: Timestamp) -> Address {
        let token = seal(&self.ring, Purpose::Bounce, Form::ReturnPath, mail, recipient, at);
        let local = format!("{}+{token}", self.prefix);
        match Address::new(&local, self.domain.clone()) {
            Ok(address) => address,
            Err(_) => unreachable!("`new` checked the length of every path of this prefix and domain"),
        }
    }

    /// Reads an address that a report came to. `None`: not one of these return paths.
    ///
    /// # Errors
    /// [`TokenError`] if it looks like one and is not genuine, or is too old.
    pub fn read(&self, address: &Address, now: Timestamp) -> Result<Option<Correlation>, TokenError> {
        if *address.domain() != self.domain {
            return Ok(None);
        }
        let local = address.local_part();
        let Some((prefix, rest)) = local.split_at_checked(self.prefix.len()) else { return Ok(None) };
        let Some(token) = rest.strip_prefix('+').filter(|_| prefix.eq_ignore_ascii_case(&self.prefix)) else {
            return Ok(None);
        };
        open(&self.ring, Purpose::Bounce, Form::ReturnPath, token, now, self.max_age).map(Some)
    }
}
