//! Mail hosts of a domain.

use std::net::IpAddr;

use posthaste_dns::{DnsError, Found, Mx, ResolveExt};
use posthaste_fetch::inward_class;
use posthaste_types::{DnsName, Domain};

use crate::exam::Exam;

/// The mail hosts, the best first; a null MX is none.
pub(super) async fn ask(exam: &Exam<'_>, domain: &Domain) -> Result<(Vec<DnsName>, Found<Mx>), DnsError> {
    let found = exam.dns.mx(&DnsName::from(domain), exam.room.by).await?;
    let mut sorted: Vec<&Mx> = found.values.iter().filter(|mx| !mx.is_null()).collect();
    sorted.sort_by_key(|mx| mx.preference);
    let hosts = sorted.iter().take(MOST).map(|mx| mx.exchange.clone()).collect();
    Ok((hosts, found))
}

/// Why the rest of the world cannot reach an address; `None` if it can. Addresses of examples are left alone: who audits
/// one tries this out.
pub(super) fn inward(ip: IpAddr) -> Option<&'static str> {
    inward_class(ip).filter(|class| !class.contains("documentation"))
}

/// How many hosts of one domain are looked at.
pub(super) const MOST: usize = 20;
