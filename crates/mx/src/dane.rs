//! DANE (RFC 7672): the TLSA records of a host, and a certificate that must match them.

use std::sync::Arc;

use posthaste_auth::dane::{self, Association, Matching, Selector, Usage};
use posthaste_dns::{Dnssec, Presence, RecordData, RecordKind, Resolve as _};
use posthaste_types::{DnsName, Tick};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use crate::address_book::Dns;
use crate::security::{Denied, NextHop};
use crate::tls::Seen;

/// What the TLSA records of a host say, all of them secure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DaneHost {
    /// Where they stand: the name that the server is asked for (§8.1).
    pub(crate) base: DnsName,
    /// Those that are usable; if none is, the session must be encrypted and nothing more (§2.2).
    pub(crate) usable: Vec<Association>,
    /// The names of each domain whose mail is on its way: a certificate of an authority may bear them instead (§3.2.2).
    pub(crate) next_hops: Vec<Vec<DnsName>>,
}

impl DaneHost {
    /// The same host, reached for these domains.
    pub(crate) fn reached_for(mut self, next_hops: &[NextHop]) -> Self {
        self.next_hops = next_hops.iter().map(|hop| hop.secure_names.clone()).collect();
        self
    }
}

/// The records of the first of these names that has secure ones (§2.2.3).
///
/// # Errors
/// [`Denied`] if that is not known: then the host must not be used (§2.1.3).
pub(crate) async fn find(dns: &Dns, port: u16, bases: &[DnsName], by: Tick) -> Result<Option<DaneHost>, Denied> {
    for base in bases {
        let Ok(name) = dane::record_name(port, base) else { continue };
        let answer = dns.resolver.resolve(&name, RecordKind::Tlsa, by.min(dns.deadline())).await;
        let answer = answer.map_err(|error| Denied::unknown(&error, &name))?;
        if answer.records().is_empty() || answer.dnssec() != Dnssec::Secure {
            continue;
        }
        let usable = answer.records().iter().take(MAX_RECORDS).filter_map(|data| match data {
            RecordData::Tlsa(record) => Association::of(record).ok(),
            _ => None,
        });
        return Ok(Some(DaneHost { base: base.clone(), usable: usable.collect(), next_hops: Vec::new() }));
    }
    Ok(None)
}

/// Whether a name is a secure alias: it may lead to what is not secure, and have TLSA records of its own (§2.2.2).
///
/// # Errors
/// [`Denied`] if that is not known.
pub(crate) async fn is_secure_alias(dns: &Dns, name: &DnsName, by: Tick) -> Result<bool, Denied> {
    let answer = dns.resolver.resolve(name, RecordKind::Cname, by.min(dns.deadline())).await;
    let answer = answer.map_err(|error| Denied::unknown(&error, name))?;
    Ok(answer.presence() == Presence::Found && answer.dnssec() == Dnssec::Secure)
}

/// Takes a certificate that a TLSA record matches.
///
/// A DANE-TA authority must stand in the chain that the server shows, or whole in the record.
#[derive(Debug)]
pub(crate) struct DaneVerifier {
    pub(crate) host: Arc<DaneHost>,
    pub(crate) seen: Seen,
    pub(crate) provider: Arc<CryptoProvider>,
}

impl DaneVerifier {
    /// The certificates of the authorities that the records name.
    fn anchors(&self, intermediates: &[CertificateDer<'_>]) -> RootCertStore {
        let mut anchors = RootCertStore::empty();
        for association in self.host.usable.iter().filter(|association| association.usage() == Usage::TrustAnchor) {
            let whole = (association.selector(), association.matching()) == (Selector::Certificate, Matching::Full);
            let given = whole.then(|| CertificateDer::from(association.data().to_vec()));
            let shown = intermediates.iter().filter(|certificate| matches(association, certificate));
            for certificate in shown.map(|shown| shown.clone().into_owned()).chain(given) {
                // What is no certificate anchors nothing.
                let _ = anchors.add(certificate);
            }
        }
        anchors
    }
}

impl DaneVerifier {
    /// Whether the certificate names each domain whose mail is on its way, by one of its names.
    fn bears_next_hops(&self, certificate: &ParsedCertificate<'_>) -> bool {
        let named = |name: &DnsName| {
            let name = ServerName::try_from(name.as_str());
            name.is_ok_and(|name| verify_server_name(certificate, &name).is_ok())
        };
        !self.host.next_hops.is_empty() && self.host.next_hops.iter().all(|names| names.iter().any(named))
    }
}

fn matches(association: &Association, certificate: &CertificateDer<'_>) -> bool {
    let parsed = ParsedCertificate::try_from(certificate);
    parsed.is_ok_and(|parsed| association.matches(certificate, parsed.subject_public_key_info().as_ref()))
}

impl ServerCertVerifier for DaneVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let of_end = |association: &&Association| association.usage() == Usage::EndEntity;
        // §3.1.1: names and dates do not count.
        if self.host.usable.iter().filter(of_end).any(|association| matches(association, end_entity)) {
            return Ok(ServerCertVerified::assertion());
        }
        let anchors = self.anchors(intermediates);
        if anchors.is_empty() {
            return Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure));
        }
        let parsed = ParsedCertificate::try_from(end_entity)?;
        let algorithms = self.provider.signature_verification_algorithms.all;
        verify_server_cert_signed_by_trust_anchor(&parsed, &anchors, intermediates, now, algorithms)?;
        match verify_server_name(&parsed, server_name) {
            Err(_) if self.bears_next_hops(&parsed) => self.seen.names_next_hops_alone(),
            other => other?,
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// How many TLSA records of a host are looked at.
const MAX_RECORDS: usize = 32;
