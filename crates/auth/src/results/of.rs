//! The results of our own checks.

use super::{MethodResult, Property};
use crate::{dmarc, iprev, spf};
use posthaste_types::Text;

impl MethodResult {
    /// The result of SPF (RFC 8601 §2.7.2): `smtp.mailfrom` or `smtp.helo`.
    pub fn spf(query: &spf::Query, outcome: &spf::Outcome) -> Self {
        let result = Self::named("spf", outcome.verdict.as_str()).reason(&outcome.reason);
        match query.identity() {
            spf::Identity::Helo => result.and("smtp", "helo", query.helo_name()),
            spf::Identity::MailFrom => result.and("smtp", "mailfrom", query.sender()),
        }
    }

    /// The result of DMARC (RFC 9989 §4.9): `header.from`, and whose record asks for what.
    pub fn dmarc(outcome: &dmarc::Outcome) -> Self {
        let result = Self::named("dmarc", outcome.verdict.as_str()).and("header", "from", &outcome.author);
        match &outcome.applied {
            Some(applied) => result.and("polrec", "p", applied.policy).and("polrec", "domain", &applied.domain),
            None => result,
        }
    }

    /// The result of iprev (RFC 8601 §2.7.3): `policy.iprev`.
    pub fn iprev(outcome: &iprev::Outcome) -> Self {
        Self::named("iprev", outcome.verdict.as_str()).and("policy", "iprev", outcome.ip)
    }

    fn named(method: &'static str, result: &'static str) -> Self {
        Self { method: method.into(), result: result.into(), reason: None, properties: Vec::new() }
    }

    fn and(mut self, ptype: &'static str, name: &'static str, value: impl std::fmt::Display) -> Self {
        self.properties.push(Property { ptype: ptype.into(), name: name.into(), value: Text::lossy(value) });
        self
    }
}
