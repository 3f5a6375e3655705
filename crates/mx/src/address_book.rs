//! Where addresses come from: the DNS port for mail hosts, the system for a relay that the user named.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use posthaste_dns::{DnsError, Dnssec, Presence, Resolve, ResolveExt as _};
use posthaste_types::{Cause, Clock, DnsFault, DnsName, Tick};

use crate::failure::Failure;
use crate::security::Denied;
use crate::targets::{AddressBook, Addresses};

/// The addresses of mail hosts.
#[derive(Debug)]
pub(crate) struct Dns {
    pub(crate) resolver: Arc<dyn Resolve>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) timeout: Duration,
}

impl Dns {
    /// When a question asked now must be answered.
    pub(crate) fn deadline(&self) -> Tick {
        self.clock.tick().saturating_add(self.timeout)
    }

    /// What a question without an answer means for mail to this name.
    pub(crate) fn failure(error: &DnsError, name: &DnsName) -> Failure {
        Failure::temporary(Cause::dns(error.fault(), name.clone(), error.kind()))
    }
}

#[async_trait]
impl AddressBook for Dns {
    async fn addresses(&self, host: &str, by: Tick) -> Result<Addresses, Denied> {
        let name = DnsName::parse(host).map_err(|error| Failure::permanent(Cause::local(error)))?;
        let found = self.resolver.addresses(&name, by.min(self.deadline())).await;
        let found = found.map_err(|error| Denied::unknown(&error, &name))?;
        match found.presence {
            Presence::Found => {
                let target = found.chain.last().cloned();
                let (secure_names, alias) = match found.dnssec {
                    // RFC 7672 §2.2.3: the name that an alias leads to comes first.
                    Dnssec::Secure => (target.into_iter().chain([name]).collect(), None),
                    _ => (Vec::new(), target.map(|_| name)),
                };
                Ok(Addresses { all: found.values, secure_names, alias })
            }
            Presence::NoData => Err(none(DnsFault::NoAddress, name).into()),
            Presence::NxDomain => Err(none(DnsFault::NoSuchDomain, name).into()),
        }
    }
}

/// RFC 5321 §5.1: a mail host without addresses is useless for good.
fn none(fault: DnsFault, name: DnsName) -> Failure {
    Failure::permanent(Cause::dns(fault, name, "the mail host has no address"))
}

/// The addresses of a relay, as the system resolves names: a hosts file counts.
#[derive(Debug)]
pub(crate) struct System;

#[async_trait]
impl AddressBook for System {
    async fn addresses(&self, host: &str, _by: Tick) -> Result<Addresses, Denied> {
        let found = |all| Addresses { all, secure_names: Vec::new(), alias: None };
        if let Ok(address) = host.parse() {
            return Ok(found(vec![address]));
        }
        let all = tokio::net::lookup_host((host, 0)).await.map_err(|error| Failure::io(&error, host))?;
        Ok(found(all.map(|address| address.ip()).collect()))
    }
}
