//! Bounce address tag validation (draft-levine-smtp-batv).

use std::time::Duration;

use data_encoding::HEXLOWER;
use posthaste_types::{Address, Timestamp};

use crate::days::{DAY, beginning, day_of, days_since, whole_days};
use crate::error::{RewriteError, TokenError};
use crate::local::{address, plain};
use crate::mac::{hmac_sha1, text_matches};
use crate::ring::KeyId;
use crate::secret::SharedSecret;
use crate::shared::SharedKeys;

/// Tags senders, so that a bounce to an address that never sent is known: `prvs=KDDDSSSSSS=user@example.com`.
///
/// K is the id of the key, DDD the day of expiry, SSSSSS 24 bits of an HMAC-SHA-1 over both and the
/// address. That is enough to refuse backscatter, and too little to suppress a recipient by: what acts
/// comes to a [`ReturnPaths`](crate::ReturnPaths). Software that tells senders apart by their address
/// (greylisting, ezmlm) sees another one every day.
///
/// The tag covers the address in lower case, so it holds when a hop changes the case.
#[derive(Clone, Debug)]
pub struct Batv {
    keys: SharedKeys,
    days: u64,
}

impl Batv {
    /// How long a tag counts, unless set: 7 days, as in Exim.
    pub const LIFETIME: Duration = Duration::from_secs(7 * DAY);
    /// The longest lifetime: the date repeats after 1000 days.
    pub const MAX_LIFETIME: Duration = Duration::from_secs(499 * DAY);
    /// What a tag adds to a local part, in octets.
    pub const OVERHEAD: usize = PREFIX.len() + TAG + 1;

    /// Tags under these keys.
    pub fn new(keys: SharedKeys) -> Self {
        Self { keys, days: whole_days(Self::LIFETIME, CYCLE) }
    }

    /// Sets how long a tag counts: whole days, rounded up, at most [`MAX_LIFETIME`](Self::MAX_LIFETIME).
    /// Every host that checks needs the longest that is in use.
    #[must_use]
    pub fn with_lifetime(mut self, lifetime: Duration) -> Self {
        self.days = whole_days(lifetime.min(Self::MAX_LIFETIME), CYCLE);
        self
    }

    /// The sender with a tag, for MAIL FROM alone. Take the moment when the mail was accepted: then the
    /// path is the same on every attempt.
    ///
    /// # Errors
    /// [`RewriteError`] if the local part has more than 48 octets or the address no room.
    pub fn tag(&self, sender: &Address, at: Timestamp) -> Result<Address, RewriteError> {
        let key = self.keys.sealing(at);
        let stamp = format!("{}{:03}", key.id, (day_of(at) + self.days) % CYCLE);
        let mac = signature(&key.secret, &stamp, &sender.as_str().to_ascii_lowercase());
        address(&format!("{PREFIX}{stamp}{mac}={}", plain(sender)), sender.domain().clone())
    }

    /// The sender without its tag. `None`: the address has no tag.
    ///
    /// # Errors
    /// [`TokenError`] if it has one that is not ours, or is too old.
    pub fn check(&self, tagged: &Address, now: Timestamp) -> Result<Option<Address>, TokenError> {
        let Some((tag, sender)) = split(tagged) else { return Ok(None) };
        let (stamp, mac) = tag.split_at_checked(STAMP).ok_or(TokenError::Malformed)?;
        let (key, day) = numbers(stamp).ok_or(TokenError::Malformed)?;
        let secret = self.keys.secret(key).ok_or(TokenError::UnknownKey(key))?;
        let ours = signature(secret, stamp, &sender.as_str().to_ascii_lowercase());
        // QUIRK: Exim covers the address in the case that it was given; `batv.rs`, `in_the_case_of_others`.
        let theirs = signature(secret, stamp, sender.as_str());
        if !(text_matches(mac, &ours) | text_matches(mac, &theirs)) {
            return Err(TokenError::Forged);
        }
        self.check_date(day, day_of(now))?;
        Ok(Some(sender))
    }

    /// The sender without its tag, whoever made it: for comparing senders, and proof of nothing.
    pub fn untagged(tagged: &Address) -> Option<Address> {
        split(tagged).filter(|(tag, _)| tag.bytes().all(|c| c.is_ascii_hexdigit())).map(|(_, sender)| sender)
    }

    /// One day more than the lifetime is allowed: the clocks of hosts differ.
    fn check_date(&self, expires: u64, today: u64) -> Result<(), TokenError> {
        let over = days_since(expires, today, CYCLE);
        if over == 0 || CYCLE - over <= self.days + 1 {
            return Ok(());
        }
        let issued = beginning(today.saturating_sub(over).saturating_sub(self.days));
        Err(TokenError::Expired { issued, max_age: Duration::from_secs(self.days * DAY) })
    }
}

/// The ten characters of the tag, and the address without it.
fn split(tagged: &Address) -> Option<(String, Address)> {
    let local = plain(tagged);
    let (head, rest) = local.split_at_checked(PREFIX.len())?;
    let (tag, sender) = rest.split_once('=').filter(|_| head.eq_ignore_ascii_case(PREFIX))?;
    let sender = address(sender, tagged.domain().clone()).ok()?;
    (tag.len() == TAG).then(|| (tag.to_owned(), sender))
}

fn numbers(stamp: &str) -> Option<(KeyId, u64)> {
    let (key, day) = stamp.split_at_checked(1).filter(|_| stamp.bytes().all(|c| c.is_ascii_digit()))?;
    Some((KeyId::new(key.parse().ok()?), day.parse().ok()?))
}

fn signature(secret: &SharedSecret, stamp: &str, sender: &str) -> String {
    let mac = hmac_sha1(secret.expose(), &[stamp.as_bytes(), sender.as_bytes()]);
    HEXLOWER.encode(&mac[..3])
}

const PREFIX: &str = "prvs=";
/// Key and day.
const STAMP: usize = 4;
/// Key, day and 24 bits in hexadecimal digits.
const TAG: usize = STAMP + 6;
/// Three digits of days.
const CYCLE: u64 = 1000;
