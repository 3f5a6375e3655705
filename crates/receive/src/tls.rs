//! TLS of the server's side.

use std::fmt;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// A certificate chain and its key, ready for STARTTLS. TLS 1.2 and 1.3.
#[derive(Clone)]
pub struct ServerTls(Arc<rustls::ServerConfig>);

impl ServerTls {
    /// Takes a certificate chain (the host's own first) and its private key (PKCS #8, PKCS #1 or SEC 1), both in PEM.
    ///
    /// # Errors
    /// [`TlsError`] if one of them cannot be read, or the key is not that of the certificate.
    pub fn from_pem(certificates: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(certificates)
            .collect::<Result<_, _>>()
            .map_err(|error| TlsError::new(TlsErrorKind::Certificate, error))?;
        if chain.is_empty() {
            return Err(TlsError { kind: TlsErrorKind::Certificate, source: "no certificate in it".into() });
        }
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| TlsError::new(TlsErrorKind::Key, error))?;
        // Two providers in one program panic, unless each user names his own.
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error| TlsError::new(TlsErrorKind::Pair, error))?;
        Ok(Self(Arc::new(config)))
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.0))
    }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerTls(***)")
    }
}

/// Why a certificate or its key cannot be used. The key is never shown.
#[derive(Debug, thiserror::Error)]
#[error("{kind}: {source}")]
pub struct TlsError {
    kind: TlsErrorKind,
    source: Box<dyn std::error::Error + Send + Sync>,
}

/// The kinds of [`TlsError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum TlsErrorKind {
    /// The certificate chain is not PEM, or empty.
    #[error("certificate")]
    Certificate,
    /// The key is not PEM, or of no known form.
    #[error("private key")]
    Key,
    /// They cannot be used, or not with one another.
    #[error("certificate and key")]
    Pair,
}

impl TlsError {
    fn new(kind: TlsErrorKind, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self { kind, source: Box::new(source) }
    }

    /// Which of them.
    pub fn kind(&self) -> TlsErrorKind {
        self.kind
    }
}
