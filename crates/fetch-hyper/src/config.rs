//! The settings.

use std::fmt;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

/// The settings of [`HyperFetch`](crate::HyperFetch).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct FetchConfig {
    /// Whether hosts may have addresses that are not of the public Internet. Default: they may not.
    pub inward: InwardAddresses,
    /// Whether `http` is allowed. Default: it is not.
    pub plain_http: PlainHttp,
    /// Who signs the certificates of servers. Default: the platform's roots.
    pub roots: FetchRoots,
}

/// Whether hosts may have addresses that are not of the public Internet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InwardAddresses {
    /// They are dialled like any other: for tests on loopback.
    Allow,
    /// They are never dialled.
    #[default]
    Refuse,
}

/// Whether `http` is allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PlainHttp {
    /// It is.
    Allow,
    /// Only `https` is.
    #[default]
    Refuse,
}

/// The authorities that sign the certificates of servers.
#[derive(Clone, Default)]
pub struct FetchRoots(Roots);

#[derive(Clone, Default)]
enum Roots {
    Explicit(Arc<RootCertStore>),
    #[default]
    Platform,
    WebPki,
}

/// The root certificates cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("root certificates: {0}")]
pub struct RootsError(Box<str>);

impl FetchRoots {
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
    /// [`RootsError`] if there is none in it, or one of them cannot be read.
    pub fn from_pem(pem: &[u8]) -> Result<Self, RootsError> {
        let bad = |error: &dyn fmt::Display| RootsError(error.to_string().into());
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

    pub(crate) fn client_config(&self) -> Result<ClientConfig, rustls::Error> {
        // Two providers in one program panic, unless each user names his own.
        let provider: Arc<CryptoProvider> = Arc::new(aws_lc_rs::default_provider());
        let builder =
            ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
        let store = match &self.0 {
            Roots::Explicit(store) => Arc::clone(store),
            Roots::WebPki => Arc::new(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }),
            Roots::Platform => {
                let verifier = rustls_platform_verifier::Verifier::new(provider)?;
                return Ok(builder
                    .dangerous()
                    .with_custom_certificate_verifier(Arc::new(verifier))
                    .with_no_client_auth());
            }
        };
        Ok(builder.with_root_certificates(store).with_no_client_auth())
    }
}

impl fmt::Debug for FetchRoots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Roots::Explicit(store) => write!(f, "FetchRoots({} certificates)", store.len()),
            Roots::Platform => f.write_str("FetchRoots(platform)"),
            Roots::WebPki => f.write_str("FetchRoots(webpki)"),
        }
    }
}
