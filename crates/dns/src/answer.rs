//! An answer, positive or negative, with what is known about it.

use std::sync::Arc;
use std::time::Duration;

use posthaste_types::DnsName;

use crate::record::RecordData;

/// What the DNS says to one question.
///
/// That a name does not exist, or has no record of the kind, is an answer too. What is not known is a
/// [`DnsError`](crate::DnsError) and never stands here. Cloning is cheap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    presence: Presence,
    records: Arc<[RecordData]>,
    chain: Arc<[DnsName]>,
    ttl: Duration,
    dnssec: Dnssec,
    unreadable: usize,
}

impl Answer {
    /// The records found, usable for `ttl` from now. No records is [`no_data`](Self::no_data).
    pub fn found(records: impl IntoIterator<Item = RecordData>, ttl: Duration) -> Self {
        let records: Arc<[RecordData]> = records.into_iter().collect();
        let presence = if records.is_empty() { Presence::NoData } else { Presence::Found };
        Self { records, ..Self::negative(presence, ttl) }
    }

    /// The name exists, and has no record of the kind (RFC 2308 §2.2); usable for `ttl` from now.
    pub fn no_data(ttl: Duration) -> Self {
        Self::negative(Presence::NoData, ttl)
    }

    /// The name does not exist, and nothing below it (RFC 2308 §2.1, RFC 8020); usable for `ttl` from now.
    pub fn nx_domain(ttl: Duration) -> Self {
        Self::negative(Presence::NxDomain, ttl)
    }

    /// Adds the aliases that were followed: each name that a CNAME led to, in order.
    #[must_use]
    pub fn with_chain(mut self, chain: impl IntoIterator<Item = DnsName>) -> Self {
        self.chain = chain.into_iter().collect();
        self
    }

    /// Adds the DNSSEC status, which is else [`Dnssec::Indeterminate`].
    #[must_use]
    pub fn with_dnssec(mut self, dnssec: Dnssec) -> Self {
        self.dnssec = dnssec;
        self
    }

    /// Replaces the time for which the answer is usable.
    #[must_use]
    pub fn with_ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// Says that so many records of the set could not be read and are left out.
    #[must_use]
    pub fn with_unreadable(mut self, count: usize) -> Self {
        self.unreadable = count;
        self
    }

    /// Whether there are records, and if not, which of the two negatives this is.
    pub fn presence(&self) -> Presence {
        self.presence
    }

    /// The records, all of the kind that was asked for, in the order of the answer; empty if negative.
    pub fn records(&self) -> &[RecordData] {
        &self.records
    }

    /// The names that CNAMEs led to, in order; empty if the name asked for is no alias. The records belong
    /// to the last. (RFC 1034 §3.6.2)
    pub fn chain(&self) -> &[DnsName] {
        &self.chain
    }

    /// How long from now the answer may be used: the least of all its records, negative ones by the SOA (RFC 2308 §5).
    pub fn ttl(&self) -> Duration {
        self.ttl
    }

    /// What is known about the answer's signatures. It covers the whole chain, and negatives too.
    pub fn dnssec(&self) -> Dnssec {
        self.dnssec
    }

    /// How many records of the set are left out because a name in them is none that [`DnsName`] can hold.
    pub fn unreadable(&self) -> usize {
        self.unreadable
    }

    fn negative(presence: Presence, ttl: Duration) -> Self {
        Self { presence, records: [].into(), chain: [].into(), ttl, dnssec: Dnssec::Indeterminate, unreadable: 0 }
    }
}

/// Whether there are records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "an answer of the DNS is one of these three; a match must see all")]
pub enum Presence {
    /// There are.
    Found,
    /// The name exists, without a record of the kind.
    NoData,
    /// The name does not exist.
    NxDomain,
}

/// What is known about the signatures of an answer (RFC 4035 §4.3).
///
/// The fourth status, bogus, is an error: [`DnsErrorKind::Bogus`](crate::DnsErrorKind::Bogus).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 4035 §4.3 names these, and bogus")]
pub enum Dnssec {
    /// A chain of signatures reaches from a trust anchor to the answer, checked here or by a resolver that the
    /// user trusts.
    Secure,
    /// It is proved that no such chain exists: the zone is not signed.
    Insecure,
    /// Not known; nobody whom the user trusts has checked.
    #[default]
    Indeterminate,
}

impl Dnssec {
    /// The status of two answers taken together: secure only if both are.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Secure, Self::Secure) => Self::Secure,
            (Self::Indeterminate, _) | (_, Self::Indeterminate) => Self::Indeterminate,
            _ => Self::Insecure,
        }
    }
}
