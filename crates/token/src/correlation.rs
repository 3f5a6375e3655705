//! What names a mail and a recipient in 53 letters.

use std::fmt;
use std::time::Duration;

use posthaste_types::{MailId, Timestamp};

use crate::days::{DAY, beginning, day_of};
use crate::encoding::{decode, encode};
use crate::error::TokenError;
use crate::mac::mac_matches;
use crate::ring::{Form, KeyId, KeyRing, Purpose};

/// What a genuine return path or complaint token names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Correlation {
    /// The mail.
    pub mail: MailId,
    /// The place of the recipient in the mail's envelope, from 0.
    pub recipient: u32,
    /// The beginning of the day (UTC) on which the mail was accepted.
    pub issued: Timestamp,
}

impl fmt::Display for Correlation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "mail {}, recipient {}", self.mail, self.recipient)
    }
}

pub(crate) fn seal(
    ring: &KeyRing,
    purpose: Purpose,
    form: Form,
    mail: MailId,
    recipient: u32,
    at: Timestamp,
) -> String {
    let days = u16::try_from(day_of(at)).unwrap_or(u16::MAX);
    let key = ring.current(at);
    let mut bytes = [0; OCTETS];
    let (body, mac) = bytes.split_at_mut(BODY);
    body[0] = key.number();
    body[1..17].copy_from_slice(&mail.to_bytes());
    body[17..21].copy_from_slice(&recipient.to_be_bytes());
    body[21..].copy_from_slice(&days.to_be_bytes());
    if let Some(ours) = ring.mac(key, purpose, form, &[body]) {
        mac.copy_from_slice(&ours[..MAC]);
    }
    encode(&bytes)
}

pub(crate) fn open(
    ring: &KeyRing,
    purpose: Purpose,
    form: Form,
    token: &str,
    now: Timestamp,
    max_age: Duration,
) -> Result<Correlation, TokenError> {
    let bytes = decode(token).ok_or(TokenError::Malformed)?;
    let bytes: [u8; OCTETS] = bytes.try_into().map_err(|_| TokenError::Malformed)?;
    let (body, mac) = bytes.split_at(BODY);
    let key = KeyId::new(body[0]);
    let ours = ring.mac(key, purpose, form, &[body]);
    if !mac_matches(mac, &ours.ok_or(TokenError::UnknownKey(key))?) {
        return Err(TokenError::Forged);
    }
    let (mut mail, mut recipient, mut days) = ([0; 16], [0; 4], [0; 2]);
    mail.copy_from_slice(&body[1..17]);
    recipient.copy_from_slice(&body[17..21]);
    days.copy_from_slice(&body[21..]);
    let issued = beginning(u64::from(u16::from_be_bytes(days)));
    // The date is a day's beginning: the whole day counts.
    if now.since(issued) > max_age.saturating_add(Duration::from_secs(DAY)) {
        return Err(TokenError::Expired { issued, max_age });
    }
    Ok(Correlation { mail: MailId::from_bytes(mail), recipient: u32::from_be_bytes(recipient), issued })
}

/// The length of a sealed text, in letters.
pub(crate) const LEN: usize = 53;
/// Key, mail, recipient, days since 1970.
const BODY: usize = 1 + 16 + 4 + 2;
/// 80 bits: what 64 octets of local part leave.
const MAC: usize = 10;
const OCTETS: usize = BODY + MAC;
