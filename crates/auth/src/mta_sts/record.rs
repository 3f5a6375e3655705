//! The TXT record.

use std::fmt;

use posthaste_types::ParseError;
use sha2::{Digest, Sha256};

use super::policy::Policy;
use crate::tags::{self, syntax};

/// The TXT record at `_mta-sts` (§3.1): says that there is a policy, and by its `id` which one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Record(Box<str>);

impl Record {
    /// The longest record, in octets.
    pub const MAX: usize = 4096;

    /// Reads a record, its strings joined.
    ///
    /// # Errors
    /// [`ParseError`] with the offset of the first offence.
    pub fn parse(record: &[u8]) -> Result<Self, ParseError> {
        let fields = tags::fields(record, VERSION, RECORD, Self::MAX)?;
        // Of a field that stands twice the first counts, as in a policy (§3.2).
        let Some(id) = fields.iter().find(|field| field.name == "id") else {
            return Err(syntax(RECORD, "no `id`", record.len()));
        };
        Ok(Self(checked_id(id.value, id.at)?.into()))
    }

    /// A record with this `id`, which must change whenever the policy does.
    ///
    /// # Errors
    /// [`ParseError`] if it is not 1 to 32 letters and digits.
    pub fn new(id: &str) -> Result<Self, ParseError> {
        checked_id(id, 0).map(|id| Self(id.into()))
    }

    /// A record whose `id` is made from the policy, so that it changes when the policy does and only then: 32 digits of
    /// its SHA-256.
    pub fn for_policy(policy: &Policy) -> Self {
        let digest = Sha256::digest(policy.to_string().as_bytes());
        Self(digest.iter().take(16).map(|octet| format!("{octet:02x}")).collect::<String>().into())
    }

    /// The one record among the texts of the name: those of other versions are left out, and if not exactly one is
    /// left, or it cannot be read, the domain does not implement MTA-STS (§3.1).
    pub fn select<'a>(texts: impl IntoIterator<Item = &'a [u8]>) -> Option<Self> {
        let mut of_version = texts.into_iter().filter(|text| text.starts_with(PREFIX));
        match (of_version.next(), of_version.next()) {
            (Some(text), None) => Self::parse(text).ok(),
            _ => None,
        }
    }

    /// The `id`: 1 to 32 letters and digits. It changes when the policy does.
    pub fn id(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PUBLISHED}{};", self.0)
    }
}

fn checked_id(id: &str, at: usize) -> Result<&str, ParseError> {
    if id.is_empty() {
        return Err(syntax(RECORD, "no `id`", at));
    }
    if let Some(offence) = id.bytes().position(|b| !b.is_ascii_alphanumeric()) {
        return Err(syntax(RECORD, "`id` holds what is neither letter nor digit", at + offence));
    }
    if id.len() > 32 {
        return Err(syntax(RECORD, "`id` has more than 32 characters", at + 32));
    }
    Ok(id)
}

const RECORD: &str = "MTA-STS record";
const PUBLISHED: &str = "v=STSv1; id=";
const VERSION: &str = "v=STSv1";
const PREFIX: &[u8] = b"v=STSv1;";
