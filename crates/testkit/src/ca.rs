//! Certificates for tests.

use std::fmt;

use posthaste_receive::ServerTls;
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

/// A certificate authority that nobody trusts but the test.
///
/// ```
/// use posthaste_testkit::TestCa;
///
/// let ca = TestCa::new();
/// let tls = ca.server_tls(&["mx.example.org"]); // for a receiver
/// let root = ca.root_pem(); // for a client that verifies
/// # assert!(root.starts_with("-----BEGIN CERTIFICATE-----"));
/// # drop(tls);
/// ```
///
/// # Panics
/// Its methods panic if no certificate can be made, as for a name that is none.
pub struct TestCa {
    issuer: Issuer<'static, KeyPair>,
    root: String,
}

impl TestCa {
    /// A new authority, with a key of its own.
    pub fn new() -> Self {
        let mut params = params(&[], "posthaste test authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = key();
        let root = params.self_signed(&key).unwrap_or_else(|error| panic!("the root: {error}")).pem();
        Self { issuer: Issuer::new(params, key), root }
    }

    /// What a receiver shows that is all of these hosts.
    pub fn server_tls(&self, hosts: &[&str]) -> ServerTls {
        let (certificate, key) = self.server_pem(hosts);
        ServerTls::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap_or_else(|error| panic!("{error}"))
    }

    /// A certificate for these hosts and its private key, both in PEM.
    pub fn server_pem(&self, hosts: &[&str]) -> (String, String) {
        let key = key();
        let params = params(hosts, hosts.first().copied().unwrap_or_default());
        let certificate = params.signed_by(&key, &self.issuer).unwrap_or_else(|error| panic!("{hosts:?}: {error}"));
        (certificate.pem(), key.serialize_pem())
    }

    /// The root certificate in PEM: whoever trusts it trusts the servers.
    pub fn root_pem(&self) -> &str {
        &self.root
    }
}

impl Default for TestCa {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for TestCa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TestCa(***)")
    }
}

/// A certificate that signed itself, for these hosts, and its private key, both in PEM: what opportunistic TLS takes
/// and a client that verifies refuses.
///
/// # Panics
/// If a name is none.
pub fn self_signed_pem(hosts: &[&str]) -> (String, String) {
    let key = key();
    let params = params(hosts, hosts.first().copied().unwrap_or_default());
    let certificate = params.self_signed(&key).unwrap_or_else(|error| panic!("{hosts:?}: {error}"));
    (certificate.pem(), key.serialize_pem())
}

fn params(hosts: &[&str], name: &str) -> CertificateParams {
    let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let mut params = CertificateParams::new(hosts).unwrap_or_else(|error| panic!("{error}"));
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    params.distinguished_name = subject;
    params
}

fn key() -> KeyPair {
    KeyPair::generate().unwrap_or_else(|error| panic!("a key: {error}"))
}
