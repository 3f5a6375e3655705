//! Variable envelope return paths: an address for each recipient of each mail.

use std::fmt;
use std::time::Duration;

use posthaste_types::{Address, Domain, MailId, Timestamp};

use crate::encoding::{decode, encode};
use crate::error::{PathError, TokenError};
use crate::ring::{Form, KeyId, KeyRing, Purpose, mac_matches};

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
        Address::new(&format!("{prefix}+{}", encode(&[0; LEN])), domain.clone())?;
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
        let days = u16::try_from(at.as_unix_secs().max(0) / DAY_SECS).unwrap_or(u16::MAX);
        let key = self.ring.current(at);
        let mut bytes = [0; LEN];
        let (body, mac) = bytes.split_at_mut(BODY);
        body[0] = key.number();
        body[1..17].copy_from_slice(&mail.to_bytes());
        body[17..21].copy_from_slice(&recipient.to_be_bytes());
        body[21..].copy_from_slice(&days.to_be_bytes());
        if let Some(ours) = self.ring.mac(key, Purpose::Bounce, Form::ReturnPath, &[body]) {
            mac.copy_from_slice(&ours[..MAC]);
        }
        let local = format!("{}+{}", self.prefix, encode(&bytes));
        match Address::new(&local, self.domain.clone()) {
            Ok(address) => address,
            Err(_) => unreachable!("`new` checked the length of every path of this prefix and domain"),
        }
    }

    /// Reads an address that a report came to. `None`: not one of these return paths.
    ///
    /// # Errors
    /// [`TokenError`] if it looks like one and is not genuine, or is too old.
    pub fn read(&self, address: &Address, now: Timestamp) -> Result<Option<Verp>, TokenError> {
        if *address.domain() != self.domain {
            return Ok(None);
        }
        let local = address.local_part();
        let Some((prefix, rest)) = local.split_at_checked(self.prefix.len()) else { return Ok(None) };
        let Some(token) = rest.strip_prefix('+').filter(|_| prefix.eq_ignore_ascii_case(&self.prefix)) else {
            return Ok(None);
        };
        let bytes = decode(token).ok_or(TokenError::Malformed)?;
        let bytes: [u8; LEN] = bytes.try_into().map_err(|_| TokenError::Malformed)?;
        self.check(&bytes, now).map(Some)
    }

    fn check(&self, bytes: &[u8; LEN], now: Timestamp) -> Result<Verp, TokenError> {
        let (body, mac) = bytes.split_at(BODY);
        let key = KeyId::new(body[0]);
        let ours = self.ring.mac(key, Purpose::Bounce, Form::ReturnPath, &[body]);
        if !mac_matches(mac, &ours.ok_or(TokenError::UnknownKey(key))?) {
            return Err(TokenError::Forged);
        }
        let (mut mail, mut recipient, mut days) = ([0; 16], [0; 4], [0; 2]);
        mail.copy_from_slice(&body[1..17]);
        recipient.copy_from_slice(&body[17..21]);
        days.copy_from_slice(&body[21..]);
        let issued = Timestamp::from_unix_secs(i64::from(u16::from_be_bytes(days)) * DAY_SECS);
        // The date is a day's beginning: the whole day counts.
        if now.since(issued) > self.max_age.saturating_add(Duration::from_secs(DAY)) {
            return Err(TokenError::Expired { issued, max_age: self.max_age });
        }
        Ok(Verp { mail: MailId::from_bytes(mail), recipient: u32::from_be_bytes(recipient), issued })
    }
}

/// What a genuine return path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Verp {
    /// The mail.
    pub mail: MailId,
    /// The place of the recipient in the mail's envelope, from 0.
    pub recipient: u32,
    /// The beginning of the day (UTC) on which the mail was accepted.
    pub issued: Timestamp,
}

impl fmt::Display for Verp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "mail {}, recipient {}", self.mail, self.recipient)
    }
}

/// Key, mail, recipient, days since 1970.
const BODY: usize = 1 + 16 + 4 + 2;
/// 80 bits: what 64 octets of local part leave.
const MAC: usize = 10;
const LEN: usize = BODY + MAC;
const DAY: u64 = 86_400;
const DAY_SECS: i64 = 86_400;
