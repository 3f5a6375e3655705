//! Delivery with what the machine has: its DNS servers, its name, its clock.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use posthaste_dns::{Cached, Resolve};
use posthaste_dns_hickory::{Hickory, HickoryError};
use posthaste_engine::SystemClock;
#[cfg(feature = "fetch-hyper")]
use posthaste_fetch_hyper::{FetchConfig, HyperFetch};
use posthaste_mx::{Mx, MxConfig};
use posthaste_types::{Clock, Domain};

/// Delivers to the recipients' MX: by the DNS servers that the system names, under the name that the system has, with
/// DANE where those servers validate DNSSEC, and (feature `fetch-hyper`, on by default) with MTA-STS.
///
/// For other settings, [`mx_system_with`]; for another resolver or clock, [`Mx::new`].
///
/// # Errors
/// [`SystemErrorKind::Dns`] if the system's DNS configuration cannot be used, [`SystemErrorKind::Hostname`] if its
/// name is not fully qualified: servers refuse mail from a client that greets with another (RFC 5321 §4.1.1.1), and
/// mail must not bounce for that.
pub fn mx_system() -> Result<Mx, SystemError> {
    mx_system_with(MxConfig::new(hostname()?))
}

/// As [`mx_system`], with settings: `MxConfig::new("mail.example.com".parse()?)` brings the name.
///
/// ```no_run
/// use posthaste::mx::MxConfig;
///
/// let mut config = MxConfig::new("mail.example.com".parse()?);
/// config.pool.connections = 5;
/// let transport = posthaste::mx_system_with(config)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`SystemErrorKind::Dns`].
pub fn mx_system_with(config: MxConfig) -> Result<Mx, SystemError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let resolver: Arc<dyn Resolve> = Arc::new(Cached::new(Hickory::system(clock.clone())?, clock.clone()));
    let mx = Mx::new(resolver.clone(), clock.clone(), config);
    #[cfg(feature = "fetch-hyper")]
    let mx = mx.with_fetch(Arc::new(HyperFetch::new(resolver, clock, FetchConfig::default())));
    Ok(mx)
}

/// The name of this host, as mail hosts want to be greeted: fully qualified.
///
/// # Errors
/// [`SystemErrorKind::Hostname`] if it is not.
pub fn hostname() -> Result<Domain, SystemError> {
    qualified(&gethostname::gethostname().to_string_lossy())
}

fn qualified(name: &str) -> Result<Domain, SystemError> {
    let wrong = || SystemError { kind: SystemErrorKind::Hostname, name: name.escape_debug().to_string(), source: None };
    let domain = Domain::parse(name.trim_end_matches('.')).map_err(|_| wrong())?;
    if domain.as_str().contains('.') { Ok(domain) } else { Err(wrong()) }
}

/// Why the machine's own settings do not do.
#[derive(Debug)]
pub struct SystemError {
    kind: SystemErrorKind,
    /// Of the host, if that is what is wrong.
    name: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// The kinds of [`SystemError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SystemErrorKind {
    /// The system's DNS configuration cannot be read, or names no server.
    Dns,
    /// The host's name is not fully qualified.
    Hostname,
}

impl SystemError {
    /// The kind.
    pub fn kind(&self) -> SystemErrorKind {
        self.kind
    }
}

impl fmt::Display for SystemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.kind, &self.source) {
            (SystemErrorKind::Dns, Some(source)) => source.fmt(f),
            (SystemErrorKind::Dns, None) => f.write_str("the system's DNS configuration cannot be used"),
            (SystemErrorKind::Hostname, _) => {
                write!(
                    f,
                    "the name of this host, \"{}\", is not fully qualified, and mail hosts refuse others",
                    self.name
                )
            }
        }
    }
}

impl Error for SystemError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| &**source as &(dyn Error + 'static))
    }
}

impl From<HickoryError> for SystemError {
    fn from(error: HickoryError) -> Self {
        Self { kind: SystemErrorKind::Dns, name: String::new(), source: Some(error.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_not_fully_qualified_is_refused() {
        for name in ["", "localhost", "a1b2c3", "two words.example.com", "mail.\r\nexample.com", ".", "a..b"] {
            let error = qualified(name).unwrap_err();
            assert_eq!(error.kind(), SystemErrorKind::Hostname, "{name:?}");
            assert!(!error.to_string().contains('\n'), "{error}");
        }
        assert_eq!(qualified("Mail.Example.com.").unwrap().as_str(), "mail.example.com");
    }
}
