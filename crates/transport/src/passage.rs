//! What an attempt was carried by.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use posthaste_types::Text;

use crate::Source;

/// A connection that a mail was sent over, or was about to be: for people and logs, and for whoever counts by source.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Passage {
    /// The host, by the name that it was found by.
    pub host: Text,
    /// Its address and port; `None` for what has none, such as a socket of this machine.
    pub address: Option<SocketAddr>,
    /// What it was dialled from; `None` if the system chose.
    pub source: Option<Source>,
    /// The TLS version and cipher suite; `None` in clear.
    pub tls: Option<Text>,
    /// Why the session is encrypted, or is not.
    pub why: Text,
}

impl Passage {
    /// A connection in clear, of which no more than the host is known.
    pub fn to(host: impl fmt::Display) -> Self {
        Self { host: Text::lossy(host), address: None, source: None, tls: None, why: Text::default() }
    }
}

/// `mx.example.org [192.0.2.25]:25 from 192.0.2.7 (out7.example.com), TLSv1_3 ...; why`
impl fmt::Display for Passage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, address, source, tls, why } = self;
        f.write_str(host.as_str())?;
        if let Some(address) = address {
            write!(f, " [{}]:{}", address.ip(), address.port())?;
        }
        if let Some(Source { address, ehlo }) = source {
            write!(f, " from {address} ({ehlo})")?;
        }
        write!(f, ", {}", tls.as_ref().map_or("in clear", Text::as_str))?;
        if why.is_empty() { Ok(()) } else { write!(f, "; {why}") }
    }
}

/// The passages of an attempt and of those derived from it, oldest first.
#[derive(Clone, Default)]
pub(crate) struct Passages(Arc<Mutex<Vec<Arc<Passage>>>>);

impl Passages {
    pub(crate) fn add(&self, passage: Arc<Passage>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() < MAX {
            all.push(passage);
        }
    }

    pub(crate) fn all(&self) -> Vec<Arc<Passage>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// How many are kept: an attempt has one, or one more for each part and try.
const MAX: usize = 64;
