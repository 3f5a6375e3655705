//! What is asked: who connects, and as whom.

use std::net::IpAddr;

use posthaste_types::{DnsName, Domain};

/// What an SPF check asks (RFC 7208 §4.1): may this address send for this identity?
///
/// HELO and MAIL FROM come as they stood on the wire: what is no domain is no error but the result
/// [`None`](super::Verdict::None). Each is cut at [`MAX`](Self::MAX) octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    ip: IpAddr,
    identity: Identity,
    helo: Box<str>,
    local_part: Box<str>,
    /// What was given for a domain.
    domain: Result<DnsName, Box<str>>,
}

/// Which identity is checked (RFC 7208 §2.3, §2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Identity {
    /// The name in HELO or EHLO.
    Helo,
    /// The reverse path.
    MailFrom,
}

impl Identity {
    /// The word of Received-SPF (§9.1): `helo` or `mailfrom`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Helo => "helo",
            Self::MailFrom => "mailfrom",
        }
    }
}

impl Query {
    /// The most octets that are taken of a HELO name or a sender.
    pub const MAX: usize = 1000;

    /// Checks the HELO identity: the sender is `postmaster@` the name (§2.3).
    pub fn helo(ip: IpAddr, helo: &str) -> Self {
        Self::new(ip, Identity::Helo, helo, POSTMASTER, helo)
    }

    /// Checks the MAIL FROM identity, with or without angle brackets; for the null path it is `postmaster@` the HELO
    /// name (§2.4).
    pub fn mail_from(ip: IpAddr, helo: &str, mail_from: &str) -> Self {
        let path = mail_from.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(mail_from);
        match path.rsplit_once('@') {
            _ if path.is_empty() => Self::new(ip, Identity::MailFrom, helo, POSTMASTER, helo),
            // §4.3: without a local part it is postmaster.
            Some(("", domain)) => Self::new(ip, Identity::MailFrom, helo, POSTMASTER, domain),
            Some((local, domain)) => Self::new(ip, Identity::MailFrom, helo, local, domain),
            None => Self::new(ip, Identity::MailFrom, helo, POSTMASTER, path),
        }
    }

    fn new(ip: IpAddr, identity: Identity, helo: &str, local: &str, domain: &str) -> Self {
        let domain = cut(domain);
        Self {
            ip: ip.to_canonical(), // §5: an IPv4-mapped IPv6 address is an IPv4 address
            identity,
            helo: cut(helo).into(),
            local_part: cut(local).into(),
            domain: to_name(domain).ok_or_else(|| domain.into()),
        }
    }

    /// The address of the client; IPv4 where it was mapped into IPv6.
    pub fn ip(&self) -> IpAddr {
        self.ip
    }

    /// Which identity is checked.
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// The HELO name, as it was given.
    pub fn helo_name(&self) -> &str {
        &self.helo
    }

    /// The sender, `local@domain`.
    pub fn sender(&self) -> String {
        format!("{}@{}", self.local_part, self.sender_domain())
    }

    /// The domain that is checked; `None` if what was given is no domain of two labels or more (§4.3).
    pub fn domain(&self) -> Option<&DnsName> {
        self.domain.as_ref().ok()
    }

    pub(super) fn local_part(&self) -> &str {
        &self.local_part
    }

    pub(super) fn sender_domain(&self) -> &str {
        self.domain.as_ref().map_or_else(|given| &**given, DnsName::as_str)
    }
}

/// §4.3: a domain literal, a malformed name or one that is not fully qualified is none; U-labels are taken as A-labels.
fn to_name(domain: &str) -> Option<DnsName> {
    if domain.starts_with('[') {
        return None;
    }
    let name = match domain.is_ascii() {
        true => DnsName::parse(domain).ok()?,
        false => Domain::parse(domain.strip_suffix('.').unwrap_or(domain)).ok()?.into(),
    };
    name.as_str().contains('.').then_some(name).filter(|name| !name.is_root())
}

fn cut(text: &str) -> &str {
    let mut end = text.len().min(Query::MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

const POSTMASTER: &str = "postmaster";
