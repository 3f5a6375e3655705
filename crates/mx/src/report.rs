//! Who is told how TLS fared.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use posthaste_auth::tls_rpt::{Failure, ResultType, Tally, TlsResult};
use rustls::CertificateError;

use crate::trace::Trace;

/// Gets the TLS result of every session with a mail host, and of every MTA-STS policy that could not be had: what
/// reports by RFC 8460 are made of.
///
/// It is called on the way of a mail: keep it short, and hand what takes time to others.
pub trait TlsObserver: fmt::Debug + Send + Sync {
    /// One session, or one policy.
    fn observe(&self, result: &TlsResult);
}

/// Counts for the reports of a day:
///
/// ```
/// use std::sync::{Arc, Mutex};
///
/// use posthaste_auth::tls_rpt::{Tally, TallyLimits};
/// use posthaste_mx::Mx;
///
/// fn counted(mx: Mx) -> (Mx, Arc<Mutex<Tally>>) {
///     let tally = Arc::new(Mutex::new(Tally::new(TallyLimits::default())));
///     (mx.with_tls_observer(tally.clone()), tally)
/// }
/// ```
impl TlsObserver for Mutex<Tally> {
    fn observe(&self, result: &TlsResult) {
        self.lock().unwrap_or_else(PoisonError::into_inner).add(result);
    }
}

/// Tells the trace and the observer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reporter(pub(crate) Option<Arc<dyn TlsObserver>>);

impl Reporter {
    pub(crate) fn tell(&self, result: &TlsResult, trace: &Trace<'_>) {
        trace.note(result);
        if let Some(observer) = &self.0 {
            observer.observe(result);
        }
    }
}

/// What a handshake failed of, in the words of a report (RFC 8460 §4.3).
pub(crate) fn failure(error: &io::Error) -> Failure {
    let of_tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    Failure::new(of_tls.map_or(ResultType::ValidationFailure, kind), words(error))
}

/// What is wrong with a certificate, in the words of a report.
pub(crate) fn kind(error: &rustls::Error) -> ResultType {
    let rustls::Error::InvalidCertificate(why) = error else { return ResultType::ValidationFailure };
    match why {
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => ResultType::CertificateExpired,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            ResultType::CertificateHostMismatch
        }
        // Another authority of the same name is not the one that is trusted.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => ResultType::CertificateNotTrusted,
        _ => ResultType::ValidationFailure,
    }
}

/// What a handshake failed of, for people.
pub(crate) fn words(error: &io::Error) -> String {
    let of_tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match of_tls {
        Some(rustls::Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure)) => {
            "no TLSA record matches the certificate".to_owned()
        }
        _ => error.to_string(),
    }
}
