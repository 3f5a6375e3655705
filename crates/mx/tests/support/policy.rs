//! Certificates with faults, domains with policies, and somebody who listens.

use std::sync::{Arc, Mutex};

use posthaste_auth::tls_rpt::{ResultType, TlsResult};
use posthaste_dns::{MemoryZone, RecordData, Tlsa};
use posthaste_fetch::{MemoryFetch, Response, Url};
use posthaste_mx::{InwardAddresses, Mx, MxConfig, TlsObserver, TlsRoots};
use posthaste_receive::ServerTls;
use posthaste_testkit::{SeededRandom, VirtualClock};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData as _,
    date_time_ymd,
};

/// An authority that shows its own certificate in the chains of its servers.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) pem: String,
    pub(crate) der: Vec<u8>,
    pub(crate) public_key: Vec<u8>,
}

/// A server's chain and key.
#[derive(Clone)]
pub(crate) struct Identity {
    chain: String,
    key: String,
    pub(crate) der: Vec<u8>,
    pub(crate) public_key: Vec<u8>,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let (params, key) = (authority(name), KeyPair::generate().unwrap());
        let root = params.self_signed(&key).unwrap();
        let (pem, der, public_key) = (root.pem(), root.der().to_vec(), key.subject_public_key_info());
        Self { issuer: Issuer::new(params, key), pem, der, public_key }
    }

    pub(crate) fn identity(&self, host: &str, valid: Valid) -> Identity {
        self.identity_of(&[host], valid)
    }

    pub(crate) fn identity_of(&self, hosts: &[&str], valid: Valid) -> Identity {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(hosts.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap();
        match valid {
            Valid::Now => {}
            Valid::Formerly => {
                (params.not_before, params.not_after) = (date_time_ymd(2001, 1, 1), date_time_ymd(2002, 1, 1));
            }
            Valid::Later => {
                (params.not_before, params.not_after) = (date_time_ymd(4001, 1, 1), date_time_ymd(4002, 1, 1));
            }
        }
        let leaf = params.signed_by(&key, &self.issuer).unwrap();
        Identity {
            chain: format!("{}{}", leaf.pem(), self.pem),
            key: key.serialize_pem(),
            der: leaf.der().to_vec(),
            public_key: key.subject_public_key_info(),
        }
    }

    /// An authority that this one signed. Its servers show both.
    pub(crate) fn below(&self, name: &str) -> Self {
        let (mut params, key) = (authority(name), KeyPair::generate().unwrap());
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let pem = format!("{}{}", certificate.pem(), self.pem);
        let (der, public_key) = (certificate.der().to_vec(), key.subject_public_key_info());
        Self { issuer: Issuer::new(params, key), pem, der, public_key }
    }
}

/// When a certificate is valid.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Valid {
    Formerly,
    Now,
    Later,
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

impl Identity {
    pub(crate) fn self_signed(host: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec![host.to_owned()]).unwrap().self_signed(&key).unwrap();
        let public_key = key.subject_public_key_info();
        Self { chain: leaf.pem(), key: key.serialize_pem(), der: leaf.der().to_vec(), public_key }
    }

    /// The server's certificate alone, without those of its authorities.
    pub(crate) fn cut(mut self) -> Self {
        let end = "-----END CERTIFICATE-----\n";
        let at = self.chain.find("-----END CERTIFICATE-----").unwrap() + end.len();
        self.chain = self.chain[..at].replace('\r', "") + "\n";
        self
    }

    pub(crate) fn server(&self) -> ServerTls {
        ServerTls::from_pem(self.chain.as_bytes(), self.key.as_bytes()).unwrap()
    }
}

/// Keeps what was told.
#[derive(Debug, Default)]
pub(crate) struct Told(Mutex<Vec<TlsResult>>);

impl TlsObserver for Told {
    fn observe(&self, result: &TlsResult) {
        self.0.lock().unwrap().push(result.clone());
    }
}

impl Told {
    /// Takes out what was told so far.
    pub(crate) fn take(&self) -> Vec<TlsResult> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// The same as result types; `None` is a success.
    pub(crate) fn kinds(&self) -> Vec<Option<ResultType>> {
        self.take().into_iter().map(|result| result.failure.map(|failure| failure.kind)).collect()
    }
}

/// A domain of the test, its mail host on loopback, and what publishes its policies.
pub(crate) struct World {
    pub(crate) zone: MemoryZone,
    pub(crate) web: MemoryFetch,
    pub(crate) clock: VirtualClock,
    pub(crate) told: Arc<Told>,
    pub(crate) port: u16,
}

impl World {
    /// `example.org`, whose mail host is `mx.example.org` at 127.0.0.1 and this port.
    pub(crate) fn new(port: u16) -> Self {
        let zone = "example.org 300 MX 10 mx.example.org\nmx.example.org 300 A 127.0.0.1".parse().unwrap();
        Self { zone, web: MemoryFetch::new(), clock: VirtualClock::new(), told: Arc::default(), port }
    }

    pub(crate) fn mx(&self, roots: &Authority) -> Mx {
        self.mx_with(roots, |_| {})
    }

    pub(crate) fn mx_with(&self, roots: &Authority, change: impl FnOnce(&mut MxConfig)) -> Mx {
        let mut config = MxConfig::new("mail.example.com".parse().unwrap());
        config.port = self.port;
        config.inward = InwardAddresses::Allow;
        config.roots = TlsRoots::from_pem(roots.pem.as_bytes()).unwrap();
        change(&mut config);
        Mx::new(Arc::new(self.zone.clone()), Arc::new(self.clock.clone()), config)
            .with_random(Arc::new(SeededRandom::new(7)))
            .with_fetch(Arc::new(self.web.clone()))
            .with_tls_observer(self.told.clone())
    }

    /// Publishes a record with this id, and a policy.
    pub(crate) fn sts(&self, id: &str, mode: &str, mx: &str) {
        self.sts_of("example.org", id, &format!("version: STSv1\nmode: {mode}\nmx: {mx}\nmax_age: 86400\n"));
    }

    pub(crate) fn sts_of(&self, domain: &str, id: &str, policy: &str) {
        let name = format!("_mta-sts.{domain}");
        self.zone.remove(&name.parse().unwrap(), posthaste_dns::RecordKind::Txt);
        self.zone.add(&format!("{name} 300 TXT \"v=STSv1; id={id};\"")).unwrap();
        let page = Response::new(200).with_header("Content-Type", b"text/plain; charset=utf-8");
        self.web.answer(&policy_url(domain), page.with_body(policy.as_bytes().to_vec()));
    }

    /// Signs the zone and publishes a TLSA record.
    pub(crate) fn tlsa(&self, usage: u8, selector: u8, data: &[u8]) {
        self.zone.sign(posthaste_types::DnsName::parse("example.org").unwrap());
        let name: posthaste_types::DnsName = self.tlsa_name("mx.example.org");
        let ttl = std::time::Duration::from_secs(300);
        self.zone.insert(name, ttl, RecordData::Tlsa(Tlsa::new(usage, selector, 0, data.to_vec())));
    }

    pub(crate) fn tlsa_name(&self, host: &str) -> posthaste_types::DnsName {
        format!("_{}._tcp.{host}", self.port).parse().unwrap()
    }
}

pub(crate) fn policy_url(domain: &str) -> Url {
    Url::parse(&format!("https://mta-sts.{domain}/.well-known/mta-sts.txt")).unwrap()
}
