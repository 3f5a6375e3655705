//! The sender rewriting scheme, for those who relay.

use std::time::Duration;

use posthaste_types::{Address, Domain, Timestamp};

use crate::days::{DAY, beginning, day_of, days_since, whole_days};
use crate::error::{RewriteError, TokenError};
use crate::local::{address, plain};
use crate::mac::text_matches;
use crate::shared::SharedKeys;
use crate::srs_form::SrsForm;

/// Rewrites the senders of mail that is relayed, and leads what comes back to them.
///
/// A host that forwards sends with a domain of its own, for which SPF (RFC 7208) permits it:
/// `SRS0=HHHH=TT=example.com=user@fwd.example.net`. A sender that another host has rewritten already becomes
/// `SRS1=HHHH=fwd.example.net==HHHH=TT=example.com=user@second.example.org`, and so it stays however many
/// hosts follow: each names the first host, never a chain.
///
/// The hash covers its text in lower case, so it holds when a hop changes the case. A date repeats after
/// 1024 days: retire keys sooner.
#[derive(Clone, Debug)]
pub struct Srs {
    keys: SharedKeys,
    domain: Domain,
    form: SrsForm,
    hash: usize,
    days: u64,
}

impl Srs {
    /// How old an address counts, unless set: 21 days, as in libsrs2.
    pub const MAX_AGE: Duration = Duration::from_secs(21 * DAY);
    /// The shortest hash that can be set, in characters.
    pub const MIN_HASH: usize = 4;
    /// The longest hash that can be set, in characters.
    pub const MAX_HASH: usize = 16;

    /// Rewrites to addresses of `domain`; mail to it must reach [`reverse`](Self::reverse).
    pub fn new(keys: SharedKeys, domain: Domain) -> Self {
        let days = whole_days(Self::MAX_AGE, CYCLE);
        Self { keys, domain, form: SrsForm::Strict, hash: SrsForm::Strict.hash_length(), days }
    }

    /// Sets whose addresses they are, where other software has the same keys; also the length of the
    /// hash, to what that software has by default.
    #[must_use]
    pub fn with_form(mut self, form: SrsForm) -> Self {
        (self.form, self.hash) = (form, form.hash_length());
        self
    }

    /// Sets the length of the hash, in characters: [`MIN_HASH`](Self::MIN_HASH) to
    /// [`MAX_HASH`](Self::MAX_HASH). A shorter one is not accepted from then on.
    #[must_use]
    pub fn with_hash_length(mut self, characters: usize) -> Self {
        self.hash = characters.clamp(Self::MIN_HASH, Self::MAX_HASH);
        self
    }

    /// Sets how old an address counts: whole days, rounded up, at most 1022.
    #[must_use]
    pub fn with_max_age(mut self, max_age: Duration) -> Self {
        self.days = whole_days(max_age, CYCLE - 2);
        self
    }

    /// The sender as it is relayed on. One of our own domain stays as it is. Take the moment when the
    /// mail was accepted: then the path is the same on every attempt.
    ///
    /// # Errors
    /// [`RewriteError`] if it does not fit: nothing is cut off. Such mail can go with a sender of the
    /// relay's own, which it has to remember.
    pub fn rewrite(&self, sender: &Address, at: Timestamp) -> Result<Address, RewriteError> {
        if *sender.domain() == self.domain {
            return Ok(sender.clone());
        }
        let local = plain(sender);
        let host = sender.domain().as_str();
        let rewritten = match Srs1::split(&local) {
            Some(other) => self.guarded(other.host, other.rest, at),
            None => match behind(&local, "SRS0") {
                Some(rest) => self.guarded(host, rest, at),
                None => self.dated(host, &local, at),
            },
        };
        address(&rewritten, self.domain.clone())
    }

    /// To whom a bounce goes that came to `address`: the sender, or for SRS1 the first host. `None`: the
    /// address is not one of these.
    ///
    /// # Errors
    /// [`TokenError`] if it looks like one and is not ours, or is too old.
    pub fn reverse(&self, address: &Address, now: Timestamp) -> Result<Option<Address>, TokenError> {
        if *address.domain() != self.domain {
            return Ok(None);
        }
        let local = plain(address);
        if behind(&local, "SRS1").is_some() {
            return self.reverse_guarded(&Srs1::split(&local).ok_or(TokenError::Malformed)?).map(Some);
        }
        match behind(&local, "SRS0") {
            Some(rest) => self.reverse_dated(rest, now).map(Some),
            None => Ok(None),
        }
    }

    fn dated(&self, host: &str, user: &str, at: Timestamp) -> String {
        let stamp = stamp(day_of(at));
        let hash = self.form.dated(&self.keys.sealing(at).secret, &stamp, host, user);
        format!("SRS0={}={stamp}={host}={user}", cut(&hash, self.hash))
    }

    fn guarded(&self, host: &str, rest: &str, at: Timestamp) -> String {
        let hash = self.form.guarded(&self.keys.sealing(at).secret, host, rest);
        format!("SRS1={}={host}={rest}", cut(&hash, self.hash))
    }

    fn reverse_dated(&self, rest: &str, now: Timestamp) -> Result<Address, TokenError> {
        // The local part may hold the separator, or nothing: what stands last is taken whole.
        let mut parts = rest.get(1..).unwrap_or_default().splitn(4, '=');
        let mut part = || parts.next().ok_or(TokenError::Malformed);
        let (hash, stamp, host, user) = (part()?, part()?, part()?, part()?);
        let day = day_in_cycle(stamp).ok_or(TokenError::Malformed)?;
        let genuine = |secret| self.matches(hash, &self.form.dated(secret, stamp, host, user));
        if !self.keys.secrets().any(genuine) {
            return Err(TokenError::Forged);
        }
        self.check_date(day, day_of(now))?;
        join(user, host)
    }

    fn reverse_guarded(&self, parts: &Srs1<'_>) -> Result<Address, TokenError> {
        let genuine = |secret| self.matches(parts.hash, &self.form.guarded(secret, parts.host, parts.rest));
        if !self.keys.secrets().any(genuine) {
            return Err(TokenError::Forged);
        }
        join(&format!("SRS0{}", parts.rest), parts.host)
    }

    fn matches(&self, given: &str, ours: &str) -> bool {
        given.len() >= self.hash && text_matches(given, ours)
    }

    /// A date of tomorrow counts: the clocks of hosts differ.
    fn check_date(&self, day: u64, today: u64) -> Result<(), TokenError> {
        let age = days_since(day, today, CYCLE);
        if age <= self.days || age == CYCLE - 1 {
            return Ok(());
        }
        let max_age = Duration::from_secs(self.days * DAY);
        Err(TokenError::Expired { issued: beginning(today.saturating_sub(age)), max_age })
    }
}

/// `SRS1=hash=host=` and what stood behind `SRS0`, its separator included.
struct Srs1<'a> {
    hash: &'a str,
    host: &'a str,
    rest: &'a str,
}

impl<'a> Srs1<'a> {
    fn split(local: &'a str) -> Option<Self> {
        let (hash, tail) = behind(local, "SRS1")?.get(1..)?.split_once('=')?;
        let (host, rest) = tail.split_once('=')?;
        (rest.starts_with(SEPARATORS) && Domain::parse(host).is_ok()).then_some(Self { hash, host, rest })
    }
}

/// What stands behind the tag, the separator included.
fn behind<'a>(local: &'a str, tag: &str) -> Option<&'a str> {
    let (head, rest) = local.split_at_checked(tag.len())?;
    (head.eq_ignore_ascii_case(tag) && rest.starts_with(SEPARATORS)).then_some(rest)
}

fn join(local: &str, host: &str) -> Result<Address, TokenError> {
    let host = Domain::parse(host).map_err(|_| TokenError::Malformed)?;
    address(local, host).map_err(|_| TokenError::Malformed)
}

/// The hash in ASCII, so every place is a boundary.
fn cut(hash: &str, length: usize) -> &str {
    hash.get(..length).unwrap_or(hash)
}

fn stamp(day: u64) -> String {
    let letter = |bits: u64| char::from(STAMP[usize::from(bits as u8 & 31)]);
    [letter(day >> 5), letter(day)].iter().collect()
}

fn day_in_cycle(stamp: &str) -> Option<u64> {
    let value = |c: u8| STAMP.iter().position(|letter| *letter == c.to_ascii_uppercase()).map(|at| at as u64);
    match stamp.as_bytes() {
        [high, low] => Some(value(*high)? << 5 | value(*low)?),
        _ => None,
    }
}

/// The first of them is written; other hosts use them all.
const SEPARATORS: [char; 3] = ['=', '-', '+'];
const STAMP: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Two characters of base 32.
const CYCLE: u64 = 1024;
