//! TLS of the client's side: roots, and what of a certificate is looked at.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rustls::client::Resumption;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::dane::{DaneHost, DaneVerifier};
use crate::error::{ConfigError, ConfigErrorKind};
use crate::peer::Sharing;

/// The authorities that [`TlsPolicy::Verified`](posthaste_transport::TlsPolicy::Verified) trusts.
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

    fn verifier(&self, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, rustls::Error> {
        let store = match &self.0 {
            Roots::Explicit(store) => Arc::clone(store),
            Roots::WebPki => Arc::new(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }),
            Roots::Platform => return Ok(Arc::new(rustls_platform_verifier::Verifier::new(Arc::clone(provider))?)),
        };
        let built = WebPkiServerVerifier::builder_with_provider(store, Arc::clone(provider)).build();
        Ok(built.map_err(|error| rustls::Error::General(error.to_string()))?)
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Any certificate will do: the policy wants encryption alone.
    Anybody,
    /// A TLSA record must match it.
    Dane(Arc<DaneHost>),
    /// The certificate must be valid for the host.
    Host,
    /// Any certificate will do; whether it is valid for the host is told.
    Observed,
}

/// Made once: each keeps the session tickets of its own connections.
pub(crate) struct Tls {
    roots: TlsRoots,
    provider: Arc<CryptoProvider>,
    anybody: OnceLock<Arc<ClientConfig>>,
    host: OnceLock<Arc<ClientConfig>>,
}

impl Tls {
    pub(crate) fn new(roots: TlsRoots) -> Self {
        // Two providers in one program panic, unless each user names his own.
        let provider = Arc::new(aws_lc_rs::default_provider());
        Self { roots, provider, anybody: OnceLock::new(), host: OnceLock::new() }
    }

    /// What a handshake is made with, and where it is told what was wrong with a certificate that was taken all the
    /// same.
    ///
    /// # Errors
    /// If the roots cannot be used: a fault of ours.
    pub(crate) fn client_config(&self, trust: &Trust) -> Result<(Arc<ClientConfig>, Seen), rustls::Error> {
        let seen = Seen::default();
        let any = || Arc::new(AnyCertificate { provider: Arc::clone(&self.provider), judge: None });
        let config = match trust {
            Trust::Anybody => made_once(&self.anybody, || self.config(any()))?,
            Trust::Host => made_once(&self.host, || self.config(self.roots.verifier(&self.provider)?))?,
            Trust::Dane(host) => {
                let verifier =
                    DaneVerifier { host: Arc::clone(host), seen: seen.clone(), provider: Arc::clone(&self.provider) };
                Arc::new(self.config_without_tickets(Arc::new(verifier))?)
            }
            Trust::Observed => {
                let judge = (self.roots.verifier(&self.provider)?, seen.clone());
                let verifier = AnyCertificate { provider: Arc::clone(&self.provider), judge: Some(judge) };
                Arc::new(self.config_without_tickets(Arc::new(verifier))?)
            }
        };
        Ok((config, seen))
    }

    fn config(&self, verifier: Arc<dyn ServerCertVerifier>) -> Result<ClientConfig, rustls::Error> {
        let builder =
            ClientConfig::builder_with_provider(Arc::clone(&self.provider)).with_safe_default_protocol_versions()?;
        Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
    }

    /// A session that is resumed shows no certificate: what was true of another policy would count here.
    fn config_without_tickets(&self, verifier: Arc<dyn ServerCertVerifier>) -> Result<ClientConfig, rustls::Error> {
        let mut config = self.config(verifier)?;
        config.resumption = Resumption::disabled();
        Ok(config)
    }
}

/// A failure is not kept: the platform's roots may be readable later.
fn made_once<T, E>(cell: &OnceLock<Arc<T>>, make: impl FnOnce() -> Result<T, E>) -> Result<Arc<T>, E> {
    if let Some(made) = cell.get() {
        return Ok(Arc::clone(made));
    }
    let made = Arc::new(make()?);
    Ok(Arc::clone(cell.get_or_init(|| made)))
}

/// What is to be known of a certificate that was taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen(Arc<Mutex<Notes>>);

#[derive(Debug, Default)]
struct Notes {
    fault: Option<rustls::Error>,
    next_hops_alone: bool,
}

impl Seen {
    /// What was wrong with it all the same.
    pub(crate) fn fault(&self) -> Option<rustls::Error> {
        self.notes().fault.clone()
    }

    /// It bears the names of the domains whose mail is on its way, and not the host's: it proves nothing for others.
    pub(crate) fn names_next_hops_alone(&self) {
        self.notes().next_hops_alone = true;
    }

    pub(crate) fn sharing(&self) -> Sharing {
        if self.notes().next_hops_alone { Sharing::Sole } else { Sharing::Free }
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("roots", &self.roots).finish_non_exhaustive()
    }
}

/// Takes every certificate, if only the peer holds its key (RFC 7435 §3).
#[derive(Debug)]
struct AnyCertificate {
    provider: Arc<CryptoProvider>,
    /// Who is asked what he would say, and where that is kept.
    judge: Option<(Arc<dyn ServerCertVerifier>, Seen)>,
}

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Some((judge, seen)) = &self.judge {
            let fault = judge.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now).err();
            seen.notes().fault = fault;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_not_kept() {
        let cell = OnceLock::new();
        assert_eq!(made_once(&cell, || Err::<u8, _>("no roots")), Err("no roots"));
        assert_eq!(made_once(&cell, || Ok::<_, &str>(1)), Ok(Arc::new(1)));
        assert_eq!(made_once(&cell, || Err("no roots")), Ok(Arc::new(1)));
    }
}
