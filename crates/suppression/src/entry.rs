//! What stands on the list.

use std::fmt;

use posthaste_types::{
    Address, BounceClass, Domain, Evidence, ListName, ParseError, StreamName, TenantName, Text, Timestamp,
};

/// One entry: what is suppressed (or allowed), where, why, by whom, since and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Entry {
    /// What it touches.
    pub what: What,
    /// Where it holds.
    pub scope: Scope,
    /// Whether it forbids or allows.
    pub effect: Effect,
    /// Why.
    pub reason: Reason,
    /// What decided.
    pub evidence: Vec<Evidence>,
    /// Who put it there.
    pub by: Actor,
    /// Since when.
    pub since: Timestamp,
    /// Until when; for good if `None`.
    pub until: Option<Timestamp>,
}

impl Entry {
    /// An entry that forbids, for good and without evidence; the rest are public fields.
    pub fn new(what: What, scope: Scope, reason: Reason, by: Actor, since: Timestamp) -> Self {
        Self { what, scope, effect: Effect::Forbid, reason, evidence: Vec::new(), by, since, until: None }
    }

    /// Whether it holds at `now`.
    pub fn holds_at(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// `bounce (bad_mailbox) since 2026-11-24T09:00:00Z: 550 5.1.1 no such user`
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} since {}", self.reason, self.since.to_whole_seconds())?;
        match self.evidence.first() {
            Some(evidence) => write!(f, ": {}", evidence.text),
            None => Ok(()),
        }
    }
}

/// What an entry touches.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum What {
    /// One address, in its normal form (see [`Address::normalized`]).
    Address(NormalAddress),
    /// Every address of a domain, not of its subdomains.
    Domain(Domain),
    /// One address of which only the hash is kept, so that an erased person stays suppressed: a MAC of the
    /// normal form, such as HMAC-SHA-256, under a key that belongs to the store and never leaves it. So a
    /// hash of one store means nothing in another, an export by hash cannot be tried against lists of
    /// addresses, and the key cannot be changed without losing these entries.
    Hash([u8; 32]),
}

impl What {
    /// One address.
    pub fn address(address: &Address) -> Self {
        Self::Address(NormalAddress::of(address))
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Domain(domain) => write!(f, "*@{domain}"),
            Self::Hash(hash) => hash.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
        }
    }
}

/// An address in the form in which addresses are compared: lower case throughout.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "Address", into = "Address")
)]
pub struct NormalAddress(Address);

impl NormalAddress {
    /// The normal form of an address. One that has none (lower case makes it invalid) is its own.
    pub fn of(address: &Address) -> Self {
        Self(Address::parse(&address.normalized()).unwrap_or_else(|_| address.clone()))
    }

    /// The address in normal form.
    pub fn as_address(&self) -> &Address {
        &self.0
    }
}

impl TryFrom<Address> for NormalAddress {
    type Error = ParseError;

    fn try_from(address: Address) -> Result<Self, ParseError> {
        Ok(Self::of(&address))
    }
}

impl From<NormalAddress> for Address {
    fn from(normal: NormalAddress) -> Self {
        normal.0
    }
}

impl fmt::Display for NormalAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where an entry holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Scope {
    /// For all mail.
    Everything,
    /// For one list.
    List(ListName),
    /// For one stream.
    Stream(StreamName),
    /// For one tenant.
    Tenant(TenantName),
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str("all mail"),
            Self::List(list) => write!(f, "list {list}"),
            Self::Stream(stream) => write!(f, "stream {stream}"),
            Self::Tenant(tenant) => write!(f, "tenant {tenant}"),
        }
    }
}

/// Whether an entry forbids or allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[expect(clippy::exhaustive_enums, reason = "an entry forbids or allows")]
pub enum Effect {
    /// No mail.
    Forbid,
    /// Mail in spite of an entry that forbids it and that touches as much or more, in a scope as wide or
    /// wider; never in spite of a complaint or an unsubscribe.
    Allow,
}

/// Why an entry stands on the list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Reason {
    /// A failure of this class.
    Bounce(BounceClass),
    /// The recipient complained.
    Complaint,
    /// It came from another list.
    Imported,
    /// A person decided.
    Manual,
    /// The recipient unsubscribed.
    Unsubscribe,
}

impl Reason {
    /// The name in stored rows: `bounce`, `complaint`, `imported`, `manual`, `unsubscribe`.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Bounce(_) => "bounce",
            Self::Complaint => "complaint",
            Self::Imported => "imported",
            Self::Manual => "manual",
            Self::Unsubscribe => "unsubscribe",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bounce(class) => write!(f, "bounce ({class})"),
            other => f.write_str(other.as_str()),
        }
    }
}

/// Who put or lifted an entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Actor {
    /// A person, by the application's own name of them.
    Person(Text),
    /// The recipient.
    Recipient,
    /// The library, from a reply or a report.
    System,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(name) => name.fmt(f),
            Self::Recipient => f.write_str("the recipient"),
            Self::System => f.write_str("the system"),
        }
    }
}
