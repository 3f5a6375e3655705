//! Who is audited.

use std::net::IpAddr;

use posthaste_provider::Volume;
use posthaste_types::{Domain, Timestamp};

/// A domain that sends mail, and what is known of how it does.
///
/// ```
/// use posthaste_doctor::SendingDomain;
/// use posthaste_provider::Volume;
///
/// let sending = SendingDomain::new("news.example.com".parse()?)
///     .ip("192.0.2.25".parse()?)
///     .selector("s1")
///     .ehlo("mail.example.com")
///     .mail_from("bounces.news.example.com".parse()?)
///     .volume(Volume::per_day(20_000));
/// assert_eq!(sending.domain().as_str(), "news.example.com");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendingDomain {
    domain: Domain,
    ips: Vec<IpAddr>,
    selectors: Vec<DkimSelector>,
    ehlo: Option<String>,
    mail_from: Option<Domain>,
    volume: Volume,
    policy_none_since: Option<Timestamp>,
}

/// A selector of DKIM (RFC 6376 §3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DkimSelector {
    /// Its name: `s1`.
    pub name: String,
    /// When its key was made, if that is known: the DNS does not say it.
    pub made: Option<Timestamp>,
}

impl SendingDomain {
    /// The most addresses that are looked at; of others the audit says that it left them out.
    pub const MAX_IPS: usize = 64;
    /// The most selectors that are looked at; likewise.
    pub const MAX_SELECTORS: usize = 64;

    /// The domain that stands in From.
    pub fn new(domain: Domain) -> Self {
        Self {
            domain,
            ips: Vec::new(),
            selectors: Vec::new(),
            ehlo: None,
            mail_from: None,
            volume: Volume::UNKNOWN,
            policy_none_since: None,
        }
    }

    /// Adds an address that sends. IPv4 mapped into IPv6 is IPv4.
    #[must_use]
    pub fn ip(mut self, ip: IpAddr) -> Self {
        let ip = ip.to_canonical();
        if !self.ips.contains(&ip) {
            self.ips.push(ip);
        }
        self
    }

    /// Adds a selector that signs. Without any, usual ones are tried.
    #[must_use]
    pub fn selector(self, name: &str) -> Self {
        self.selector_made(name, None)
    }

    /// Adds a selector that signs, and when its key was made.
    #[must_use]
    pub fn selector_made(mut self, name: &str, made: Option<Timestamp>) -> Self {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        if !self.selectors.iter().any(|known| known.name == name) {
            self.selectors.push(DkimSelector { name, made });
        }
        self
    }

    /// The name that the sending hosts say in EHLO, as they say it.
    #[must_use]
    pub fn ehlo(mut self, name: &str) -> Self {
        self.ehlo = Some(name.to_owned());
        self
    }

    /// The domain of MAIL FROM, if it is another than that of From.
    #[must_use]
    pub fn mail_from(mut self, domain: Domain) -> Self {
        self.mail_from = Some(domain);
        self
    }

    /// How much it sends to one provider.
    #[must_use]
    pub fn volume(mut self, volume: Volume) -> Self {
        self.volume = volume;
        self
    }

    /// Since when its DMARC record says `p=none`, as whoever audits again and again remembers: the DNS does not say it.
    /// Half a year of it is a warning of its own.
    #[must_use]
    pub fn policy_none_since(mut self, when: Timestamp) -> Self {
        self.policy_none_since = Some(when);
        self
    }

    /// The domain that stands in From.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The addresses.
    pub fn ips(&self) -> &[IpAddr] {
        &self.ips
    }

    /// The selectors.
    pub fn selectors(&self) -> &[DkimSelector] {
        &self.selectors
    }

    /// The EHLO name, if known.
    pub fn ehlo_name(&self) -> Option<&str> {
        self.ehlo.as_deref()
    }

    /// The domain of MAIL FROM: that of From unless another was given.
    pub fn mail_from_domain(&self) -> &Domain {
        self.mail_from.as_ref().unwrap_or(&self.domain)
    }

    /// How much it sends.
    pub fn messages(&self) -> Volume {
        self.volume
    }

    /// Since when its DMARC record says `p=none`, if known.
    pub fn policy_none_since_when(&self) -> Option<Timestamp> {
        self.policy_none_since
    }

    pub(crate) fn looked_at_ips(&self) -> &[IpAddr] {
        self.ips.get(..Self::MAX_IPS).unwrap_or(&self.ips)
    }

    pub(crate) fn looked_at_selectors(&self) -> &[DkimSelector] {
        self.selectors.get(..Self::MAX_SELECTORS).unwrap_or(&self.selectors)
    }

    pub(crate) fn left_out(&self) -> usize {
        let left = |all: usize, most: usize| all.saturating_sub(most);
        left(self.ips.len(), Self::MAX_IPS) + left(self.selectors.len(), Self::MAX_SELECTORS)
    }
}
