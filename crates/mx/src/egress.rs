//! Where connections are made from: source addresses, their names and weights, and proxies.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use posthaste_transport::{SiteId, Source};
use posthaste_types::Text;
use zeroize::Zeroizing;

use crate::error::{ConfigError, ConfigErrorKind};

/// One address to send from, with its EHLO name and its weight.
///
/// A source is IPv4 or IPv6, by its address, and reaches addresses of its family alone: list one of each for both. The
/// n-th IPv4 source goes along with the n-th IPv6 source, if their weights are the same.
///
/// ```
/// use posthaste_mx::{Egress, MxConfig, Socks5};
/// use posthaste_transport::Source;
///
/// let mut config = MxConfig::new("mail.example.com".parse()?);
/// let first = Source::new("192.0.2.7".parse()?, "out7.example.com".parse()?);
/// let second = Source::new("192.0.2.8".parse()?, "out8.example.com".parse()?);
/// let proxy = Socks5::new("10.0.0.8:1080".parse()?).with_login("ada", "correct horse")?;
/// config.sources = vec![Egress::new(first).with_weight(3), Egress::new(second).through(proxy)];
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Egress {
    /// The address and the name in EHLO. Behind a proxy: the address that peers see, which nothing is bound to here.
    pub source: Source,
    /// How often it is chosen, beside the others of its family; 0 for never, unless all have 0. Default: 1.
    pub weight: u32,
    /// The proxy that connects on our behalf. Default: none.
    pub proxy: Option<Socks5>,
}

impl Egress {
    /// A source with weight 1 and without a proxy.
    pub fn new(source: Source) -> Self {
        Self { source, weight: 1, proxy: None }
    }

    /// The same with another weight.
    #[must_use]
    pub fn with_weight(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }

    /// The same through a proxy.
    #[must_use]
    pub fn through(mut self, proxy: Socks5) -> Self {
        self.proxy = Some(proxy);
        self
    }
}

impl fmt::Display for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.source.address, self.source.ehlo)?;
        self.proxy.as_ref().map_or(Ok(()), |proxy| write!(f, " through SOCKS5 {}", proxy.address))
    }
}

/// A SOCKS5 proxy (RFC 1928). It gets addresses alone, never names: what the DNS says is judged here.
#[derive(Clone, PartialEq, Eq)]
pub struct Socks5 {
    address: SocketAddr,
    login: Option<Arc<Login>>,
}

#[derive(PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) name: Box<[u8]>,
    pub(crate) password: Zeroizing<Vec<u8>>,
}

impl Socks5 {
    /// A proxy that asks for no login.
    pub fn new(address: SocketAddr) -> Self {
        Self { address, login: None }
    }

    /// The same with a user name and a password (RFC 1929), each of 1 to 255 octets. They go in clear: keep the way
    /// to the proxy private.
    ///
    /// # Errors
    /// [`ConfigErrorKind::Credentials`] if one of them is empty or too long.
    pub fn with_login(mut self, name: &str, password: &str) -> Result<Self, ConfigError> {
        let fits = |text: &str| (1..=255).contains(&text.len());
        if !fits(name) || !fits(password) {
            let text = "SOCKS5 takes 1 to 255 octets (RFC 1929)";
            return Err(ConfigError::new(ConfigErrorKind::Credentials, text));
        }
        let password = Zeroizing::new(password.as_bytes().to_vec());
        self.login = Some(Arc::new(Login { name: name.as_bytes().into(), password }));
        Ok(self)
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn login(&self) -> Option<&Login> {
        self.login.as_deref()
    }
}

impl fmt::Debug for Socks5 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let login = self.login.as_ref().map(|_| "***");
        f.debug_struct("Socks5").field("address", &self.address).field("login", &login).finish()
    }
}

/// How a configured source fares.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SourceState {
    /// Which.
    pub source: Source,
    /// How many sessions came to take mail.
    pub sessions: u64,
    /// How many connections came to nothing.
    pub failures: u64,
    /// What keeps it from being used at all: an address that is not ours, a proxy that does not answer.
    pub fault: Option<Text>,
    /// The sites with which it is in trouble, by name.
    pub troubles: Vec<SourceTrouble>,
}

/// A site that a source does not get through to. Until the trouble is [`source_hold`](crate::MxConfig::source_hold) old,
/// mail to the site goes from others, if there are some.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SourceTrouble {
    /// Which site.
    pub site: SiteId,
    /// Which kind.
    pub kind: TroubleKind,
    /// What was seen last.
    pub why: Text,
}

/// What keeps a source from a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TroubleKind {
    /// The site refuses it: no session, or a reply that names its address.
    Blocked,
    /// No connection comes to be, or it breaks before mail is taken.
    Unreachable,
}

impl fmt::Display for TroubleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Blocked => "blocked",
            Self::Unreachable => "unreachable",
        })
    }
}
