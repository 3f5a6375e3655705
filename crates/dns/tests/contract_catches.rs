//! The contract suite finds those who break it: each flaw here is one that costs somebody mail.

mod support;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use posthaste_dns::contract;
use posthaste_dns::{Answer, DnsError, DnsErrorKind, Dnssec, MemoryZone, Presence, RecordData, RecordKind, Resolve};
use posthaste_types::{Clock, DnsName, Tick};

use support::TestClock;
use support::fixture::Fixture;

#[derive(Clone, Copy, Debug)]
enum Flaw {
    BogusIsServFail,
    ErrorIsNegative,
    FollowsNoAlias,
    ForgetsTheChain,
    IgnoresDeadlines,
    NegativeIsError,
    NoDataIsNxDomain,
    SaysSecure,
    TextsAreCut,
    TtlIsZero,
}

#[derive(Debug)]
struct Flawed {
    zone: MemoryZone,
    clock: TestClock,
    flaw: Flaw,
}

#[async_trait]
impl Resolve for Flawed {
    async fn resolve(&self, name: &DnsName, kind: RecordKind, by: Tick) -> Result<Answer, DnsError> {
        let result = self.zone.lookup(name, kind);
        match (self.flaw, result) {
            (Flaw::BogusIsServFail, Err(error)) if error.kind() == DnsErrorKind::Bogus => {
                Err(DnsError::new(DnsErrorKind::ServFail).asking(name, kind))
            }
            (Flaw::ErrorIsNegative, Err(_)) => Ok(Answer::no_data(Duration::ZERO)),
            (Flaw::FollowsNoAlias, Ok(answer)) if !answer.chain().is_empty() => Ok(Answer::no_data(answer.ttl())),
            (Flaw::ForgetsTheChain, Ok(answer)) => Ok(answer.with_chain([])),
            (Flaw::IgnoresDeadlines, Err(error)) if error.kind() == DnsErrorKind::Timeout => {
                self.clock.sleep_until(by.saturating_add(Duration::from_secs(3600))).await;
                Ok(Answer::no_data(Duration::ZERO))
            }
            (Flaw::NegativeIsError, Ok(answer)) if answer.presence() == Presence::NxDomain => {
                Err(DnsErrorKind::ServFail.into())
            }
            (Flaw::NoDataIsNxDomain, Ok(answer)) if answer.presence() == Presence::NoData => {
                Ok(Answer::nx_domain(answer.ttl()).with_chain(answer.chain().iter().cloned()))
            }
            (Flaw::SaysSecure, Ok(answer)) => Ok(answer.with_dnssec(Dnssec::Secure)),
            (Flaw::TextsAreCut, Ok(answer)) => {
                let records = answer.records().iter().map(|data| match data {
                    RecordData::Txt(text) => RecordData::Txt(text.iter().copied().take(255).collect()),
                    other => other.clone(),
                });
                if answer.presence() != Presence::Found {
                    return Ok(answer);
                }
                let chain = answer.chain().to_vec();
                Ok(Answer::found(records, answer.ttl()).with_chain(chain).with_dnssec(answer.dnssec()))
            }
            (Flaw::TtlIsZero, Ok(answer)) => Ok(answer.with_ttl(Duration::ZERO)),
            (_, result) => result,
        }
    }
}

#[tokio::test]
async fn each_flaw_is_found_by_its_clause() {
    for (flaw, clause) in [
        (Flaw::BogusIsServFail, "bogus.fault"),
        (Flaw::ErrorIsNegative, "is not known, but"),
        (Flaw::FollowsNoAlias, "CNAMEs are followed"),
        (Flaw::ForgetsTheChain, "the chain is in the answer"),
        (Flaw::IgnoresDeadlines, "comes by `by`"),
        (Flaw::NegativeIsError, "is known, but"),
        (Flaw::NoDataIsNxDomain, "MX"),
        (Flaw::SaysSecure, "what is not signed is not secure"),
        (Flaw::TextsAreCut, "a text of 256 octets"),
        (Flaw::TtlIsZero, "the TTL of"),
    ] {
        let fixture = Fixture::new(|zone, clock| Arc::new(Flawed { zone, clock, flaw }));
        let checked = tokio::spawn(async move { contract::check(&fixture).await }).await;
        let panic = checked.expect_err("the suite finds the flaw").into_panic();
        let literal = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let message = literal.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        assert!(message.contains(clause), "{flaw:?} was found by: {message}");
    }
}
