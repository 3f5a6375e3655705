//! What TLS must come to: for a mail on its way to a site, and at each host of it.

use std::sync::Arc;

use posthaste_auth::mta_sts::{Mode, Policy};
use posthaste_auth::tls_rpt::{Failure, PolicyType, ResultType, TlsPolicyUsed};
use posthaste_dns::{DnsError, DnsErrorKind};
use posthaste_transport::TlsPolicy;
use posthaste_types::{Cause, DnsName, Domain};

use crate::address_book::Dns;
use crate::dane::DaneHost;
use crate::tls::Trust;

/// What is demanded on the way to a site. Equal ones may share a connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Security {
    /// What the attempt and the mail ask for.
    pub(crate) policy: TlsPolicy,
    /// The MTA-STS policy of the recipients' domains.
    pub(crate) sts: Option<Arc<Policy>>,
    /// How it must be known which hosts are the domain's.
    pub(crate) hosts: Hosts,
    /// The hosts that a secure answer of the DNS names, sorted: for them DANE counts (RFC 7672 §2.2.1).
    pub(crate) secure_hosts: Vec<DnsName>,
}

/// How it must be known which hosts take a domain's mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Hosts {
    /// By any answer of the DNS, or by the user.
    Any,
    /// By a secure answer, or by an MTA-STS policy (RFC 8689 §4.2.1).
    Proved,
}

/// What is demanded of one host.
#[derive(Clone, Debug)]
pub(crate) struct HostSecurity {
    pub(crate) need: Need,
    pub(crate) trust: Trust,
    /// The name that the server is asked for, if it is not the host's.
    pub(crate) server_name: Option<DnsName>,
    pub(crate) used: TlsPolicyUsed,
    /// What a policy that is only tested objects to already.
    pub(crate) objection: Option<Failure>,
}

/// Why a host is not connected to.
#[derive(Debug)]
pub(crate) struct Denied {
    pub(crate) failure: crate::failure::Failure,
    /// The policy that denies it, and what is told of that.
    pub(crate) told: Option<Box<(TlsPolicyUsed, Failure)>>,
}

impl From<crate::failure::Failure> for Denied {
    fn from(failure: crate::failure::Failure) -> Self {
        Self { failure, told: None }
    }
}

impl Denied {
    /// That the DNS does not answer. That it answers with what is bogus is told: the domain's own fault, or an attack.
    pub(crate) fn unknown(error: &DnsError, name: &DnsName) -> Self {
        let told = bogus(error).map(Box::new);
        Self { failure: Dns::failure(error, name), told }
    }
}

/// What is told of an answer whose signatures do not hold (RFC 8460 §4.3.2.1): nobody goes on without it.
pub(crate) fn bogus(error: &DnsError) -> Option<(TlsPolicyUsed, Failure)> {
    let why = || Failure::new(ResultType::DnssecInvalid, error);
    (error.kind() == DnsErrorKind::Bogus).then(|| (TlsPolicyUsed::new(PolicyType::Tlsa), why()))
}

/// A recipient's domain, whose name the certificate of an authority's host may bear (RFC 7672 §3.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NextHop {
    pub(crate) domain: Domain,
    /// The domain, and what its alias leads to, if its mail hosts come from a secure answer.
    pub(crate) secure_names: Vec<DnsName>,
}

/// Whether there must be TLS at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    WhereOffered,
    Always,
}

impl Security {
    /// Without a policy of the recipient's side.
    pub(crate) fn plain(policy: TlsPolicy) -> Self {
        Self { policy, sts: None, hosts: Hosts::Any, secure_hosts: Vec::new() }
    }

    /// Whether it is proved that the host is the domain's.
    fn proves(&self, host: &str) -> bool {
        let named = |policy: &Arc<Policy>| DnsName::parse(host).is_ok_and(|host| policy.names(&host));
        self.secure_hosts.iter().any(|secure| secure.as_str() == host) || self.sts.as_ref().is_some_and(named)
    }

    /// What is demanded of a host, given its TLSA records. DANE goes before MTA-STS (RFC 8461 §2).
    ///
    /// # Errors
    /// [`Denied`] if the MTA-STS policy forbids the host, or the mail needs a host that is proved.
    pub(crate) fn of_host(&self, host: &str, dane: Option<DaneHost>) -> Result<HostSecurity, Denied> {
        if self.hosts == Hosts::Proved && !self.proves(host) {
            let cause = Cause::tls(format_args!("{host}: {UNPROVED}"));
            return Err(crate::failure::Failure::temporary(cause).into());
        }
        let unusable = match dane {
            Some(dane) if !dane.usable.is_empty() => return Ok(authenticated(dane)),
            other => other.is_some(),
        };
        let trust = match self.policy {
            TlsPolicy::Opportunistic | TlsPolicy::Encrypted => Trust::Anybody,
            _ => Trust::Host,
        };
        let opportunistic = self.policy == TlsPolicy::Opportunistic && !unusable;
        let need = if opportunistic { Need::WhereOffered } else { Need::Always };
        let used = TlsPolicyUsed::new(if unusable { PolicyType::Tlsa } else { PolicyType::NoPolicyFound });
        let objection = unusable.then(|| Failure::new(ResultType::TlsaInvalid, "no TLSA record is usable"));
        let plain = HostSecurity { need, trust, server_name: None, used, objection };
        match &self.sts {
            Some(policy) => under_sts(plain, policy, host),
            None => Ok(plain),
        }
    }
}

impl HostSecurity {
    pub(crate) fn is_opportunistic(&self) -> bool {
        self.need == Need::WhereOffered
    }

    /// What demands more than the sender asked for, for people.
    pub(crate) fn demanded_by(&self) -> Option<&'static str> {
        match (self.need, self.used.kind) {
            (Need::Always, PolicyType::Tlsa) => Some("demanded by DANE (RFC 7672)"),
            (Need::Always, PolicyType::Sts) => Some("demanded by MTA-STS (RFC 8461)"),
            _ => None,
        }
    }
}

fn authenticated(dane: DaneHost) -> HostSecurity {
    let mut used = TlsPolicyUsed::new(PolicyType::Tlsa);
    used.strings = dane.usable.iter().map(ToString::to_string).collect();
    let server_name = Some(dane.base.clone());
    HostSecurity { need: Need::Always, trust: Trust::Dane(Arc::new(dane)), server_name, used, objection: None }
}

fn under_sts(plain: HostSecurity, policy: &Policy, host: &str) -> Result<HostSecurity, Denied> {
    let mut used = TlsPolicyUsed::new(PolicyType::Sts);
    used.strings = policy.lines();
    used.mx_hosts = policy.mx().iter().map(ToString::to_string).collect();
    let named = DnsName::parse(host).is_ok_and(|host| policy.names(&host));
    let objection = || Failure::new(ResultType::ValidationFailure, "the MTA-STS policy does not name this host");
    match policy.mode() {
        Mode::Enforce if named => Ok(HostSecurity { need: Need::Always, trust: Trust::Host, used, ..plain }),
        Mode::Enforce => {
            let why = objection();
            let cause = Cause::tls(format_args!("{host}: {} (RFC 8461)", why.reason));
            Err(Denied { failure: crate::failure::Failure::temporary(cause), told: Some(Box::new((used, why))) })
        }
        _ => {
            let trust = if matches!(plain.trust, Trust::Anybody) { Trust::Observed } else { plain.trust };
            let objection = (!named).then(objection).or(plain.objection);
            Ok(HostSecurity { trust, used, objection, ..plain })
        }
    }
}

const UNPROVED: &str = "the mail needs REQUIRETLS, and neither DNSSEC nor MTA-STS says that this is a host of the domain \
                        (RFC 8689 §4.2.1)";
