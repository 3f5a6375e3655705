//! Who remembers which questions had no answer.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use posthaste_dns::{Answer, DnsError, RecordKind, Resolve};
use posthaste_types::{DnsName, Tick};

/// The resolver of one check: it remembers what had no answer, so that no check calls fine what is not known.
pub(crate) struct Witness {
    inner: Arc<dyn Resolve>,
    failures: Mutex<Vec<DnsError>>,
}

impl Witness {
    pub(crate) fn new(inner: Arc<dyn Resolve>) -> Self {
        Self { inner, failures: Mutex::default() }
    }

    /// What had no answer, each question once.
    pub(crate) fn failures(&self) -> Vec<DnsError> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn remember(&self, error: &DnsError, name: &DnsName, kind: RecordKind) {
        let error = error.clone().asking(name, kind);
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = failures.iter().any(|known| known.to_string() == error.to_string());
        if failures.len() < MAX && !is_known {
            failures.push(error);
        }
    }
}

#[async_trait]
impl Resolve for Witness {
    async fn resolve(&self, name: &DnsName, kind: RecordKind, by: Tick) -> Result<Answer, DnsError> {
        let answer = self.inner.resolve(name, kind, by).await;
        if let Err(error) = &answer {
            self.remember(error, name, kind);
        }
        answer
    }

    fn at(&self, server: SocketAddr) -> Result<Arc<dyn Resolve>, DnsError> {
        self.inner.at(server)
    }
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Witness").field("failures", &self.failures().len()).finish_non_exhaustive()
    }
}

/// How many are remembered.
const MAX: usize = 100;
