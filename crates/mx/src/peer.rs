//! The other end of a connection, and what is proved of it.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use posthaste_types::Text;

use crate::egress::Egress;
use crate::security::HostSecurity;

/// The other end.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// The name that it was found by.
    pub(crate) host: Box<str>,
    pub(crate) place: Place,
    /// What it is dialled from; `None` for what the system takes.
    pub(crate) egress: Option<Arc<Egress>>,
    pub(crate) security: Arc<HostSecurity>,
}

/// Where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Tcp(SocketAddr),
    /// A socket of this machine.
    Unix(Arc<Path>),
}

impl Place {
    pub(crate) fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Tcp(address) => Some(address.ip()),
            Self::Unix(_) => None,
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Tcp(address) => write!(f, "{} [{}]:{}", self.host, address.ip(), address.port())?,
            Place::Unix(path) => path.display().fmt(f)?,
        }
        self.egress.as_ref().map_or(Ok(()), |egress| write!(f, " from {egress}"))
    }
}

/// What is known of a connection's security.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proof {
    /// Who else may use it.
    pub(crate) sharing: Sharing,
    /// Why it is encrypted or not.
    pub(crate) why: Text,
}

/// Whose mail a connection is good for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// That of everybody with the same key.
    #[default]
    Free,
    /// That of the domains which it was opened for: its certificate names them, and not the host.
    Sole,
}
