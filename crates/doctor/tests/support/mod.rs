//! Zones, resolvers and web pages that the tests share.

#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use posthaste_auth::records::Severity;
use posthaste_dns::{Answer, DnsError, DnsErrorKind, MemoryZone, RecordKind, Resolve};
use posthaste_doctor::{Audit, Code, Doctor, SendingDomain};
use posthaste_fetch::{MemoryFetch, Response, Url};
use posthaste_provider::Volume;
use posthaste_reputation::{DnsLists, Status, Subject};
use posthaste_testkit::VirtualClock;
use posthaste_types::{Clock, DnsName, Tick};

/// Public keys of RSA, by their bits.
pub(crate) const RSA_2048: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAn06WYk5FtIRSJ2SAcMhKIJEb4+izr7KaGXQWo1OHJ3lLrW6EWyO6dcdi5amqsqpW50ROdWtHFvLYQ+uOgPoMV6tl1ZM5Yc8qkxDtStmEpP4zpzx22pht2M7QHxYOkWl2FZIXfhLMwgSC6tGiYDFY/6VavmRcaJKYS/oaylD2wxftQwBo6QlnnOwI3WK8KXLg+2Q33ZPEghZkH2DnJTky8Lq1bydw58dJDOVoXutym2Tda1u59vC76sK/CcRfeTHyaqwH3RV17Vhl9laSL3+g3Ix8g+dlo0c4o89urAiQPcMrL9kkK8B6Fg6+aN3ZUt89MzIpIsJ6fxPtuFVL/5wIzwIDAQAB";
pub(crate) const RSA_1024: &str = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDAG0E5hbFUIs1IufyQOpm/xvGFN2pMtIW/xQ4RcviirtYVvZuqTIKtXBMeXBuGrrXo9LjhuxVHAIeSZ97EKhLxMH9OwnBazcP9AqYLfTXxG1HeU1b6IoR6PK6jam60/IP0U7nysME/BFYxk2BaNpyLr+yJOlxMu04HrGTVme0CswIDAQAB";
pub(crate) const RSA_768: &str = "MHwwDQYJKoZIhvcNAQEBBQADawAwaAJhAOTpmUw9lifaaUSeh8ojYlAFw6EOBYHajT63E7Zy+KM9Rb+hSJiaiYv/qUjFtmji6rV32nYO25TGPnB8Vod/0leNUX2P4WEMYh3cqbTRpKwm5YWFpSyF7+cWymQsxTgIywIDAQAB";

/// What every sound block list says of its test names, and that it lists nobody else.
pub(crate) fn add_lists(zone: &MemoryZone) {
    for list in DnsLists::builtin().iter().filter(|list| list.status() == Status::Active) {
        let tests = [
            (Subject::Ip(Ipv4Addr::new(127, 0, 0, 2).into()), "127.0.0.2"),
            (Subject::Ip(Ipv4Addr::new(127, 0, 0, 2).to_ipv6_mapped().into()), "127.0.0.2"),
            // Bits 2 and 8: each list of bits knows one of them.
            (Subject::Domain("test".parse().unwrap()), "127.0.0.10"),
        ];
        for (subject, code) in tests {
            // Lists that are not tested have no test names.
            let is_tested = !["dnswl", "dnswl_dwl", "iadb", "hostkarma"].contains(&list.id());
            if let (Ok(name), true) = (list.question(&subject), is_tested) {
                zone.add(&format!("{name}. IN A {code}")).unwrap();
            }
        }
    }
}

/// A domain where all is as it should be.
pub(crate) fn sound_zone() -> MemoryZone {
    let zone: MemoryZone = format!(
        r#"
        example.com.                          IN SOA ns.example.net. hostmaster.example.net. 1 7200 1800 1209600 300
        example.com.                          IN MX  10 mail.example.com.
        example.com.                          IN MX  20 mail2.example.com.
        example.com.                          IN TXT "v=spf1 mx include:_spf.example.net -all"
        _spf.example.net.                     IN TXT "v=spf1 ip4:203.0.113.0/24 ip6:2001:db8:5::/48 -all"
        mail.example.com.                     IN A   198.51.100.25
        mail.example.com.                     IN AAAA 2001:db8::25
        mail.example.com.                     IN TXT "v=spf1 a -all"
        mail2.example.com.                    IN A   203.0.113.25
        25.100.51.198.in-addr.arpa.           IN PTR mail.example.com.
        5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. IN PTR mail.example.com.
        s1._domainkey.example.com.            IN TXT "v=DKIM1; k=rsa; p={RSA_2048}"
        _dmarc.example.com.                   IN TXT "v=DMARC1; p=reject; rua=mailto:dmarc@example.com"
        _mta-sts.example.com.                 IN TXT "v=STSv1; id=20260901T000000;"
        mta-sts.example.com.                  IN A   198.51.100.80
        _smtp._tls.example.com.               IN TXT "v=TLSRPTv1; rua=mailto:tls@example.com"
        _25._tcp.mail.example.com.            IN TLSA 3 1 1 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
        "#
    )
    .parse()
    .unwrap();
    zone.sign("example.com".parse::<DnsName>().unwrap());
    add_lists(&zone);
    zone
}

/// What is known of the sound one.
pub(crate) fn sound_sending() -> SendingDomain {
    SendingDomain::new("example.com".parse().unwrap())
        .ip("198.51.100.25".parse().unwrap())
        .ip("2001:db8::25".parse().unwrap())
        .selector("s1")
        .ehlo("mail.example.com")
        .volume(Volume::per_day(50_000))
}

/// A policy that enforces, for these hosts.
pub(crate) fn web(domain: &str, hosts: &[&str]) -> MemoryFetch {
    let web = MemoryFetch::new();
    let url = Url::parse(&format!("https://mta-sts.{domain}/.well-known/mta-sts.txt")).unwrap();
    let mx: String = hosts.iter().map(|host| format!("mx: {host}\n")).collect();
    let body = format!("version: STSv1\nmode: enforce\n{mx}max_age: 604800\n");
    web.answer(&url, Response::new(200).with_header("Content-Type", b"text/plain").with_body(body.into_bytes()));
    web
}

pub(crate) fn sound_web() -> MemoryFetch {
    web("example.com", &["mail.example.com", "mail2.example.com"])
}

/// A domain with ten faults: what each is called, and of which name.
pub(crate) const FAULTS: [(Severity, Code, &str); 10] = [
    (Severity::Error, Code::SpfLookups, "faulty.example"),
    (Severity::Error, Code::DkimShortKey, "short._domainkey.faulty.example"),
    (Severity::Error, Code::DkimRevoked, "gone._domainkey.faulty.example"),
    (Severity::Error, Code::DmarcNoConsent, "_dmarc.faulty.example"),
    (Severity::Error, Code::PtrMissing, "198.51.100.66"),
    (Severity::Error, Code::EhloUnresolved, "host66.faulty.example"),
    (Severity::Warning, Code::MxNoAddress, "faulty.example"),
    (Severity::Error, Code::Listed, "198.51.100.66"),
    (Severity::Error, Code::MtaStsMx, "faulty.example"),
    (Severity::Warning, Code::DmarcPolicyNone, "_dmarc.faulty.example"),
];

pub(crate) fn faulty_zone() -> MemoryZone {
    let includes: String = (1..=11).map(|n| format!("include:s{n}.example.net ")).collect();
    let services: String =
        (1..=11).map(|n| format!("s{n}.example.net. IN TXT \"v=spf1 ip4:203.0.113.{n} -all\"\n")).collect();
    let zone: MemoryZone = format!(
        r#"
        faulty.example.                       IN SOA ns.example.net. hostmaster.example.net. 1 7200 1800 1209600 300
        faulty.example.                       IN MX  10 mail.faulty.example.
        faulty.example.                       IN MX  20 old.faulty.example.
        faulty.example.                       IN TXT "v=spf1 {includes}ip4:198.51.100.66 -all"
        mail.faulty.example.                  IN A   198.51.100.25
        short._domainkey.faulty.example.      IN TXT "v=DKIM1; k=rsa; p={RSA_768}"
        gone._domainkey.faulty.example.       IN TXT "v=DKIM1; k=rsa; p="
        _dmarc.faulty.example.                IN TXT "v=DMARC1; p=none; rua=mailto:reports@elsewhere.example"
        elsewhere.example.                    IN MX  10 mail.elsewhere.example.
        mail.elsewhere.example.               IN A   203.0.113.9
        _mta-sts.faulty.example.              IN TXT "v=STSv1; id=1;"
        mta-sts.faulty.example.               IN A   198.51.100.80
        _smtp._tls.faulty.example.            IN TXT "v=TLSRPTv1; rua=mailto:tls@faulty.example"
        66.100.51.198.zen.spamhaus.org.       IN A   127.0.0.4
        66.100.51.198.zen.spamhaus.org.       IN TXT "https://www.example.org/query/198.51.100.66"
        {services}"#
    )
    .parse()
    .unwrap();
    zone.sign("faulty.example".parse::<DnsName>().unwrap());
    add_lists(&zone);
    zone
}

pub(crate) fn faulty_sending() -> SendingDomain {
    SendingDomain::new("faulty.example".parse().unwrap())
        .ip("198.51.100.66".parse::<IpAddr>().unwrap())
        .selector("short")
        .selector("gone")
        .ehlo("host66.faulty.example")
        .volume(Volume::per_day(50_000))
}

/// Names one of the two mail hosts alone.
pub(crate) fn faulty_web() -> MemoryFetch {
    web("faulty.example", &["mail.faulty.example"])
}

pub(crate) async fn audit(dns: impl Resolve + 'static, web: MemoryFetch, sending: &SendingDomain) -> Audit {
    let clock = Arc::new(VirtualClock::new());
    Doctor::new(Arc::new(dns), clock).fetch(Arc::new(web)).audit(sending).await
}

/// All codes with their severities, sorted.
pub(crate) fn found(audit: &Audit) -> Vec<(Severity, Code)> {
    let mut found: Vec<_> = audit.findings().iter().map(|finding| (finding.severity, finding.code)).collect();
    found.sort();
    found
}

/// Every question fails so.
#[derive(Debug)]
pub(crate) struct Failing(pub(crate) DnsErrorKind);

#[async_trait]
impl Resolve for Failing {
    async fn resolve(&self, _: &DnsName, _: RecordKind, _: Tick) -> Result<Answer, DnsError> {
        Err(self.0.into())
    }
}

/// No question ever ends, against the contract.
#[derive(Debug)]
pub(crate) struct Hanging;

#[async_trait]
impl Resolve for Hanging {
    async fn resolve(&self, _: &DnsName, _: RecordKind, _: Tick) -> Result<Answer, DnsError> {
        std::future::pending().await
    }
}

/// Remembers what was asked, and may let one question fail.
#[derive(Clone, Debug)]
pub(crate) struct Recording {
    pub(crate) zone: MemoryZone,
    pub(crate) asked: Arc<Mutex<BTreeSet<(DnsName, RecordKind)>>>,
    pub(crate) fails: Option<(DnsName, RecordKind)>,
}

impl Recording {
    pub(crate) fn new(zone: MemoryZone) -> Self {
        Self { zone, asked: Arc::default(), fails: None }
    }
}

#[async_trait]
impl Resolve for Recording {
    async fn resolve(&self, name: &DnsName, kind: RecordKind, _: Tick) -> Result<Answer, DnsError> {
        self.asked.lock().unwrap().insert((name.clone(), kind));
        match &self.fails {
            Some((failing, of)) if failing == name && *of == kind => Err(DnsErrorKind::ServFail.into()),
            _ => self.zone.lookup(name, kind),
        }
    }
}

/// Every answer takes so long, by this clock.
#[derive(Debug)]
pub(crate) struct Slow {
    pub(crate) zone: MemoryZone,
    pub(crate) clock: VirtualClock,
    pub(crate) takes: Duration,
}

#[async_trait]
impl Resolve for Slow {
    async fn resolve(&self, name: &DnsName, kind: RecordKind, by: Tick) -> Result<Answer, DnsError> {
        let then = self.clock.tick().saturating_add(self.takes);
        self.clock.sleep_until(then.min(by)).await;
        if then > by { Err(DnsErrorKind::Timeout.into()) } else { self.zone.lookup(name, kind) }
    }
}

/// The sound zone with these sets of records in the place of its own; what is `name kind` alone is taken away.
pub(crate) fn zone(changes: &str) -> MemoryZone {
    let zone = sound_zone();
    let lines: Vec<&str> = changes.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    for line in &lines {
        let mut words = line.split_whitespace();
        let name: DnsName = words.next().unwrap().parse().unwrap();
        let kind = words.next().unwrap();
        zone.remove(&name, *RecordKind::ALL.iter().find(|known| known.as_str() == kind).unwrap());
    }
    for line in lines.iter().filter(|line| line.split_whitespace().count() > 2) {
        zone.add(line).unwrap();
    }
    zone
}

/// What is found in it.
pub(crate) async fn with(changes: &str) -> Audit {
    audit(zone(changes), sound_web(), &sound_sending()).await
}
