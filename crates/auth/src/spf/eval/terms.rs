//! Whether a mechanism matches (RFC 7208 §5).

use std::net::IpAddr;
use std::sync::Arc;

use posthaste_dns::{Answer, DnsError, Presence, RecordData, RecordKind};
use posthaste_types::DnsName;

use super::{Evaluation, Frame, Stop, UNKNOWN};
use crate::spf::macro_string::MacroString;
use crate::spf::outcome::{Limit, Reason, Verdict};
use crate::spf::prefix::{DualPrefix, in_v4, in_v6};
use crate::spf::record::Mechanism;

impl Evaluation<'_> {
    pub(super) async fn is_match(&mut self, frame: &Frame, mechanism: &Mechanism) -> Result<bool, Stop> {
        if mechanism.is_lookup() {
            self.count_lookup()?;
        }
        match mechanism {
            Mechanism::Include { .. } => Ok(false), // a level of its own: see `check_host`
            Mechanism::All | Mechanism::Ip4 { .. } | Mechanism::Ip6 { .. } => Ok(self.is_network(mechanism)),
            Mechanism::A { domain, prefix } => match self.target(frame, domain.as_ref()).await? {
                Some(host) => self.is_host(frame, &host, *prefix).await,
                None => Ok(false), // §4.8 leaves a malformed name open; it is a name that does not exist
            },
            Mechanism::Mx { domain, prefix } => match self.target(frame, domain.as_ref()).await? {
                Some(domain) => self.is_mail_host(frame, &domain, *prefix).await,
                None => Ok(false),
            },
            Mechanism::Ptr { domain } => match self.target(frame, domain.as_ref()).await? {
                Some(domain) => Ok(self.validated(frame).await?.iter().any(|name| name.is_within(&domain))),
                None => Ok(false),
            },
            Mechanism::Exists { domain } => {
                match self.target(frame, Some(domain)).await? {
                    // §5.7: "The lookup type is A even when the connection type is IPv6."
                    Some(name) => Ok(self.counted(frame, &name, RecordKind::A).await?.map_err(Stop::dns)?.presence()
                        == Presence::Found),
                    None => Ok(false),
                }
            }
        }
    }

    /// §5.1 and §5.6: what needs no question.
    pub(super) fn is_network(&self, mechanism: &Mechanism) -> bool {
        match (mechanism, self.query.ip()) {
            (Mechanism::All, _) => true,
            (Mechanism::Ip4 { network, prefix }, IpAddr::V4(ip)) => in_v4(ip, *network, *prefix),
            (Mechanism::Ip6 { network, prefix }, IpAddr::V6(ip)) => in_v6(ip, *network, *prefix),
            _ => false,
        }
    }

    /// §5.2: whose record is included.
    pub(super) async fn include(&mut self, frame: &Frame, spec: &MacroString) -> Result<DnsName, Stop> {
        self.count_lookup()?;
        self.target(frame, Some(spec)).await?.ok_or_else(|| Stop::dangling(spec))
    }

    /// §5.3.
    async fn is_host(&mut self, frame: &Frame, host: &DnsName, prefix: DualPrefix) -> Result<bool, Stop> {
        let answer = self.counted(frame, host, self.address_kind()).await?.map_err(Stop::dns)?;
        Ok(addresses(&answer).any(|address| prefix.is_match(address, self.query.ip())))
    }

    /// §5.4: no A or AAAA record of the domain itself stands in for a missing MX.
    async fn is_mail_host(&mut self, frame: &Frame, domain: &DnsName, prefix: DualPrefix) -> Result<bool, Stop> {
        let answer = self.counted(frame, domain, RecordKind::Mx).await?.map_err(Stop::dns)?;
        // §4.6.4: more than ten is a permanent error, whichever would have matched.
        if answer.records().len().saturating_add(answer.unreadable()) > self.settings.limits.mx_names {
            return Err(Stop::limit(Limit::MxNames));
        }
        for data in answer.records() {
            let RecordData::Mx(mx) = data else { continue };
            if !mx.is_null() && self.is_host(frame, &mx.exchange, prefix).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// §5.5: the names of the address that lead back to it. Errors count as no name; what finds nothing is not
    /// counted, for it says nothing about the domain that is checked.
    async fn validated(&mut self, frame: &Frame) -> Result<Arc<[DnsName]>, Stop> {
        if let Some(names) = &self.validated {
            return Ok(names.clone());
        }
        let ip = self.query.ip();
        let mut validated = Vec::new();
        if let Ok(answer) = self.asked(frame, &DnsName::reverse(ip), RecordKind::Ptr).await? {
            for data in answer.records().iter().take(self.settings.limits.ptr_names) {
                let RecordData::Ptr(name) = data else { continue };
                let answer = self.asked(frame, name, self.address_kind()).await?;
                if answer.is_ok_and(|answer| addresses(&answer).any(|address| address == ip)) {
                    validated.push(name.clone());
                }
            }
        }
        let validated: Arc<[DnsName]> = validated.into();
        self.validated = Some(validated.clone());
        Ok(validated)
    }

    /// The value of the macro `p` (§7.3): the domain itself, else a name below it, else any; only looked up if the
    /// text asks for it.
    pub(super) async fn validated_for(&mut self, frame: &Frame, text: &MacroString) -> Result<String, Stop> {
        if !text.needs_validated() {
            return Ok(String::new());
        }
        let names = self.validated(frame).await?;
        let best = names
            .iter()
            .find(|name| **name == frame.domain)
            .or_else(|| names.iter().find(|name| name.is_within(&frame.domain)))
            .or_else(|| names.first());
        Ok(best.map_or(UNKNOWN, DnsName::as_str).to_owned())
    }

    /// Asks, and counts what finds nothing (§4.6.4).
    async fn counted(
        &mut self,
        frame: &Frame,
        name: &DnsName,
        kind: RecordKind,
    ) -> Result<Result<Answer, DnsError>, Stop> {
        let answer = self.asked(frame, name, kind).await?;
        if answer.as_ref().is_ok_and(|answer| answer.presence() != Presence::Found) {
            self.void_lookups = self.void_lookups.saturating_add(1);
            if self.void_lookups > self.settings.limits.void_lookups {
                return Err(Stop(Verdict::PermError, Reason::Limit(Limit::VoidLookups)));
            }
        }
        Ok(answer)
    }

    pub(super) fn count_lookup(&mut self) -> Result<(), Stop> {
        if self.lookups >= self.settings.limits.lookups {
            return Err(Stop::limit(Limit::Lookups));
        }
        self.lookups += 1;
        Ok(())
    }

    fn address_kind(&self) -> RecordKind {
        if self.query.ip().is_ipv4() { RecordKind::A } else { RecordKind::Aaaa }
    }
}

fn addresses(answer: &Answer) -> impl Iterator<Item = IpAddr> {
    answer.records().iter().filter_map(|data| match data {
        RecordData::A(v4) => Some(IpAddr::V4(*v4)),
        RecordData::Aaaa(v6) => Some(IpAddr::V6(*v6)),
        _ => None,
    })
}
