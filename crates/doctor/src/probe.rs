//! The port for a look at a mail host: its greeting, and whether it offers TLS.
//!
//! [`MemoryProbe`] is the fake, [`contract`] checks any implementation.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use posthaste_types::{DnsName, Text, Tick};

/// Looks at a mail host.
///
/// # Contract
/// * It connects to port 25 of this address, reads the greeting, says EHLO and then QUIT. It sends no MAIL FROM.
/// * What the host says is `Ok`; `Err` means that there is no whole dialogue, and never that TLS is missing.
/// * The look or the error comes by `by`, a moment of the clock that the implementation holds. No more than 64 KiB of what
///   the host says are kept.
/// * Any number of looks may be under way at once. Dropping the future cuts the connection.
///
/// [`contract::check`] holds an implementation to this.
#[async_trait]
pub trait Probe: fmt::Debug + Send + Sync {
    /// Looks at `host`, which has this address.
    ///
    /// # Errors
    /// [`ProbeError`] if there is no whole dialogue.
    async fn look(&self, host: &DnsName, ip: IpAddr, by: Tick) -> Result<Look, ProbeError>;
}

/// What a mail host says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Look {
    /// The first word of its greeting: its name (RFC 5321 §4.2).
    pub greeting: Text,
    /// Whether it offers TLS (RFC 3207).
    pub starttls: StartTls,
}

/// Whether a mail host offers TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "it does or does not")]
pub enum StartTls {
    /// It does not.
    Missing,
    /// It does.
    Offered,
}

/// Why there is no look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// The host ended the dialogue.
    #[error("the host ended the connection")]
    Closed,
    /// What it said is no SMTP, or too much.
    #[error("what it says is no SMTP")]
    Protocol,
    /// It does not serve us: a greeting other than 220.
    #[error("the host does not serve us")]
    Refused,
    /// No time was left.
    #[error("no answer in time")]
    Timeout,
    /// There is no connection.
    #[error("no connection")]
    Unreachable,
}

impl ProbeError {
    /// Whether another look may succeed.
    pub const fn is_transient(self) -> bool {
        !matches!(self, Self::Protocol)
    }
}

impl Look {
    /// What a host said.
    pub fn new(greeting: impl fmt::Display, starttls: StartTls) -> Self {
        Self { greeting: Text::lossy(greeting), starttls }
    }
}

impl fmt::Display for StartTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "no",
            Self::Offered => "yes",
        })
    }
}

/// The mail hosts of a test. What was not put in is [`ProbeError::Unreachable`]. Clones share what is there.
#[derive(Clone, Debug, Default)]
pub struct MemoryProbe(Arc<Mutex<HashMap<IpAddr, Result<Look, ProbeError>>>>);

impl MemoryProbe {
    /// No hosts.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on the host at this address says this, or fails so.
    pub fn answer(&self, ip: IpAddr, look: Result<Look, ProbeError>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(ip, look);
    }
}

#[async_trait]
impl Probe for MemoryProbe {
    async fn look(&self, _host: &DnsName, ip: IpAddr, _by: Tick) -> Result<Look, ProbeError> {
        let hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.get(&ip).cloned().unwrap_or(Err(ProbeError::Unreachable))
    }
}

/// Holds an implementation of [`Probe`] to its contract.
pub mod contract {
    use posthaste_types::Tick;

    use super::{DnsName, IpAddr, Probe, ProbeError, StartTls};

    /// The hosts that [`check`] looks at; a fixture puts them there.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct Hosts {
        /// One that greets as `mail.example.com` and offers STARTTLS.
        pub with_tls: IpAddr,
        /// One that greets as `mail.example.com` and does not.
        pub without_tls: IpAddr,
        /// One that greets with 554.
        pub refusing: IpAddr,
        /// One that ends the connection before it greets.
        pub closing: IpAddr,
    }

    impl Hosts {
        /// The addresses, in this order.
        pub fn new(with_tls: IpAddr, without_tls: IpAddr, refusing: IpAddr, closing: IpAddr) -> Self {
            Self { with_tls, without_tls, refusing, closing }
        }
    }

    /// Looks at each host; `by` is a moment of the clock that the implementation holds, some seconds from now.
    ///
    /// # Panics
    /// If the contract is broken: the message says how.
    pub async fn check(probe: &dyn Probe, hosts: Hosts, name: &DnsName, by: Tick) {
        for (ip, starttls) in [(hosts.with_tls, StartTls::Offered), (hosts.without_tls, StartTls::Missing)] {
            let look = probe.look(name, ip, by).await;
            let look = look.unwrap_or_else(|error| panic!("what a host says is no error: {ip}: {error}"));
            assert_eq!(look.starttls, starttls, "STARTTLS of {ip}");
            assert_eq!(look.greeting.as_str(), "mail.example.com", "the name in the greeting of {ip}");
        }
        let refused = probe.look(name, hosts.refusing, by).await;
        assert_eq!(refused, Err(ProbeError::Refused), "a greeting of 554 is a refusal");
        let closed = probe.look(name, hosts.closing, by).await;
        assert!(closed.is_err(), "a connection that ends is no host without TLS: {closed:?}");
        let late = probe.look(name, hosts.with_tls, Tick::default()).await;
        assert!(matches!(late, Ok(_) | Err(ProbeError::Timeout)), "a deadline that is over is a timeout: {late:?}");
    }
}
