//! TLS of the client's side: roots, and what of a certificate is looked at.

use std::fmt;
use std::sync::{Arc, OnceLock};

use posthaste_transport::TlsPolicy;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::error::{ConfigError, ConfigErrorKind};

/// The authorities that [`TlsPolicy::Verified`] trusts.
#[derive(Clone)]
pub struct TlsRoots(Roots);

#[derive(Clone)]
enum Roots {
    Explicit(Arc<RootCertStore>),
    Platform,
    WebPki,
}

impl TlsRoots {
    /// The platform's: read when they are first needed.
    pub fn platform() -> Self {
        Self(Roots::Platform)
    }

    /// Mozilla's, compiled in.
    pub fn webpki() -> Self {
        Self(Roots::WebPki)
    }

    /// These certificates, in PEM, and no others.
    ///
    /// # Errors
    /// [`ConfigError`] if there is none in it, or one of them cannot be read.
    pub fn from_pem(pem: &[u8]) -> Result<Self, ConfigError> {
        let bad = |error: &dyn fmt::Display| ConfigError::new(ConfigErrorKind::Roots, error);
        let mut store = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| bad(&error))?;
            store.add(certificate).map_err(|error| bad(&error))?;
        }
        if store.is_empty() {
            return Err(bad(&"no certificate in it"));
        }
        Ok(Self(Roots::Explicit(Arc::new(store))))
    }

    fn client_config(&self, provider: &Arc<CryptoProvider>) -> Result<ClientConfig, rustls::Error> {
        let builder =
            ClientConfig::builder_with_provider(Arc::clone(provider)).with_safe_default_protocol_versions()?;
        let store = match &self.0 {
            Roots::Explicit(store) => Arc::clone(store),
            Roots::WebPki => Arc::new(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }),
            Roots::Platform => {
                let verifier = rustls_platform_verifier::Verifier::new(Arc::clone(provider))?;
                return Ok(builder
                    .dangerous()
                    .with_custom_certificate_verifier(Arc::new(verifier))
                    .with_no_client_auth());
            }
        };
        Ok(builder.with_root_certificates(store).with_no_client_auth())
    }
}

impl fmt::Debug for TlsRoots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Roots::Explicit(store) => write!(f, "TlsRoots({} certificates)", store.len()),
            Roots::Platform => f.write_str("TlsRoots(platform)"),
            Roots::WebPki => f.write_str("TlsRoots(webpki)"),
        }
    }
}

/// Whether the certificate of a host is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Any certificate will do: the policy wants encryption alone.
    Anybody,
    /// The certificate must be valid for the host.
    Host,
}

impl Trust {
    /// What a policy wants; a policy that is not known here gets the strictest.
    pub(crate) fn of(policy: TlsPolicy) -> Self {
        match policy {
            TlsPolicy::Opportunistic | TlsPolicy::Encrypted => Self::Anybody,
            _ => Self::Host,
        }
    }
}

/// Made once: each keeps the session tickets of its own connections.
pub(crate) struct Tls {
    roots: TlsRoots,
    provider: Arc<CryptoProvider>,
    anybody: OnceLock<Result<Arc<ClientConfig>, rustls::Error>>,
    host: OnceLock<Result<Arc<ClientConfig>, rustls::Error>>,
}

impl Tls {
    pub(crate) fn new(roots: TlsRoots) -> Self {
        // Two providers in one program panic, unless each user names his own.
        let provider = Arc::new(aws_lc_rs::default_provider());
        Self { roots, provider, anybody: OnceLock::new(), host: OnceLock::new() }
    }

    /// What a handshake is made with.
    ///
    /// # Errors
    /// If the roots cannot be used: a fault of ours.
    pub(crate) fn client_config(&self, trust: Trust) -> Result<Arc<ClientConfig>, rustls::Error> {
        let config = match trust {
            Trust::Anybody => self.anybody.get_or_init(|| self.config_for_anybody().map(Arc::new)),
            Trust::Host => self.host.get_or_init(|| self.roots.client_config(&self.provider).map(Arc::new)),
        };
        config.clone()
    }

    fn config_for_anybody(&self) -> Result<ClientConfig, rustls::Error> {
        let builder =
            ClientConfig::builder_with_provider(Arc::clone(&self.provider)).with_safe_default_protocol_versions()?;
        let verifier = Arc::new(AnyCertificate(Arc::clone(&self.provider)));
        Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("roots", &self.roots).finish_non_exhaustive()
    }
}

/// Takes every certificate, if only the peer holds its key (RFC 7435 §3).
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
