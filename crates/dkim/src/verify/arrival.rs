//! How a message came, and how it is checked.

use std::net::IpAddr;
use std::time::Duration;

use posthaste_auth::spf;

use crate::check::CheckLimits;

/// How a message came: who connected, and as whom. As it stood on the wire: what is no name and no address is no error,
/// but a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    ip: IpAddr,
    helo: String,
    mail_from: String,
}

impl Arrival {
    /// From this address, with this name in HELO or EHLO, and this reverse path, with or without angle brackets; empty is
    /// the null path.
    pub fn new(ip: IpAddr, helo: impl Into<String>, mail_from: impl Into<String>) -> Self {
        Self { ip, helo: helo.into(), mail_from: mail_from.into() }
    }

    /// The address of the client.
    pub fn ip(&self) -> IpAddr {
        self.ip
    }

    /// The name in HELO or EHLO.
    pub fn helo(&self) -> &str {
        &self.helo
    }

    /// The reverse path.
    pub fn mail_from(&self) -> &str {
        &self.mail_from
    }
}

/// How a message is checked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MessageSettings {
    /// The time for the questions of iprev, DKIM and ARC, and as much again for those of DMARC; by default 20 seconds.
    pub time: Duration,
    /// How SPF is checked; by default as RFC 7208 wants it, with a trace. A cache of records and the receiver's name are
    /// set here.
    pub spf: spf::Settings,
    /// How much of DKIM and ARC is taken on; see [`CheckLimits`].
    pub limits: CheckLimits,
}

impl Default for MessageSettings {
    fn default() -> Self {
        Self { time: Duration::from_secs(20), spf: spf::Settings::default(), limits: CheckLimits::default() }
    }
}
