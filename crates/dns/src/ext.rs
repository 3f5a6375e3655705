//! The questions that mail asks, with typed values.

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join;
use posthaste_types::{DnsName, Tick};

use crate::answer::{Answer, Dnssec, Presence};
use crate::error::DnsError;
use crate::record::{Mx, RecordData, RecordKind};
use crate::resolve::Resolve;

/// Comfort on top of [`Resolve`]; every resolver has it.
#[async_trait]
pub trait ResolveExt: Resolve {
    /// The IPv6 and IPv4 addresses of a host, IPv6 first, each in the order of its answer.
    ///
    /// Both questions are asked at once. If one fails and the other finds addresses, these are returned, and the
    /// failure stands in [`Found::incomplete`].
    ///
    /// # Errors
    /// [`DnsError`] if a question has no answer and the other found nothing.
    async fn addresses(&self, host: &DnsName, by: Tick) -> Result<Found<IpAddr>, DnsError> {
        let (v6, v4) = join(self.resolve(host, RecordKind::Aaaa, by), self.resolve(host, RecordKind::A, by)).await;
        let address = |data: &RecordData| match data {
            RecordData::A(v4) => Some(IpAddr::V4(*v4)),
            RecordData::Aaaa(v6) => Some(IpAddr::V6(*v6)),
            _ => None,
        };
        match (v6, v4) {
            (Ok(v6), Ok(v4)) => Ok(Found::of(&v6, address).and(Found::of(&v4, address))),
            (Ok(one), Err(error)) | (Err(error), Ok(one)) if one.presence() == Presence::Found => {
                Ok(Found { incomplete: Some(error), ..Found::of(&one, address) })
            }
            (Err(error), _) | (_, Err(error)) => Err(error),
        }
    }

    /// The mail hosts of a domain, in the order of the answer. No implicit MX is added (RFC 5321 §5.1).
    ///
    /// # Errors
    /// [`DnsError`] if the answer is not known.
    async fn mx(&self, domain: &DnsName, by: Tick) -> Result<Found<Mx>, DnsError> {
        let answer = self.resolve(domain, RecordKind::Mx, by).await?;
        Ok(Found::of(&answer, |data| match data {
            RecordData::Mx(mx) => Some(mx.clone()),
            _ => None,
        }))
    }

    /// The names of an address (RFC 1035 §3.5, RFC 3596 §2.5).
    ///
    /// # Errors
    /// [`DnsError`] if the answer is not known.
    async fn ptr(&self, address: IpAddr, by: Tick) -> Result<Found<DnsName>, DnsError> {
        let answer = self.resolve(&DnsName::reverse(address), RecordKind::Ptr, by).await?;
        Ok(Found::of(&answer, |data| match data {
            RecordData::Ptr(name) => Some(name.clone()),
            _ => None,
        }))
    }

    /// The texts of a name, each with its strings joined.
    ///
    /// # Errors
    /// [`DnsError`] if the answer is not known.
    async fn txt(&self, name: &DnsName, by: Tick) -> Result<Found<Vec<u8>>, DnsError> {
        let answer = self.resolve(name, RecordKind::Txt, by).await?;
        Ok(Found::of(&answer, |data| match data {
            RecordData::Txt(text) => Some(text.clone()),
            _ => None,
        }))
    }
}

impl<R: Resolve + ?Sized> ResolveExt for R {}

/// What was found, typed; it stands for one answer, or for two of one host.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Found<T> {
    /// The values, in the order of the answer; empty if `presence` is not [`Presence::Found`].
    pub values: Vec<T>,
    /// Whether there are values, and if not, why.
    pub presence: Presence,
    /// The names that CNAMEs led to, in order.
    pub chain: Vec<DnsName>,
    /// How long from now this may be used.
    pub ttl: Duration,
    /// What is known about the signatures: of both answers, if there are two.
    pub dnssec: Dnssec,
    /// The error of the other question, if one of two failed.
    pub incomplete: Option<DnsError>,
}

impl<T> Found<T> {
    fn of(answer: &Answer, value: impl Fn(&RecordData) -> Option<T>) -> Self {
        Self {
            values: answer.records().iter().filter_map(value).collect(),
            presence: answer.presence(),
            chain: answer.chain().to_vec(),
            ttl: answer.ttl(),
            dnssec: answer.dnssec(),
            incomplete: None,
        }
    }

    /// Two answers of one name. NXDOMAIN speaks for every kind of record (RFC 8020 §2), but two servers may
    /// disagree while a name is being made: the name exists if one of them says so.
    fn and(mut self, other: Self) -> Self {
        self.values.extend(other.values);
        self.presence = match (self.presence, other.presence) {
            (Presence::Found, _) | (_, Presence::Found) => Presence::Found,
            (Presence::NoData, _) | (_, Presence::NoData) => Presence::NoData,
            (Presence::NxDomain, Presence::NxDomain) => Presence::NxDomain,
        };
        if self.chain.is_empty() {
            self.chain = other.chain;
        }
        self.ttl = self.ttl.min(other.ttl);
        self.dnssec = self.dnssec.and(other.dnssec);
        self
    }
}
