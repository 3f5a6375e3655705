//! Our records in hickory's words.

use hickory_proto::dnssec::rdata::{DNSSECRData, DS};
use hickory_proto::dnssec::{Algorithm, DigestType};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, MX, NS, PTR, SOA, TLSA, TXT};
use hickory_proto::rr::{Name, RData, RecordType};
use posthaste_dns::{RecordData, RecordKind};
use posthaste_types::DnsName;

pub(super) fn record_kind(of: RecordType) -> Option<RecordKind> {
    RecordKind::ALL.iter().copied().find(|kind| of.to_string() == kind.as_str())
}

/// `None` if the name is none that our type can hold.
pub(super) fn dns_name(name: &Name) -> Option<DnsName> {
    let labels: Vec<&str> = name.iter().map(std::str::from_utf8).collect::<Result<_, _>>().ok()?;
    if labels.is_empty() {
        return Some(DnsName::root());
    }
    if labels.iter().any(|label| label.contains('.')) {
        return None;
    }
    DnsName::parse(&labels.join(".")).ok()
}

pub(super) fn name(name: &DnsName) -> Name {
    if name.is_root() {
        return Name::root();
    }
    // Our names keep the limits of RFC 1035 §2.3.4, which are all that can fail here.
    Name::from_labels(name.as_str().split('.').map(str::as_bytes)).unwrap_or_else(|_| Name::root())
}

pub(super) fn cname(target: Name) -> RData {
    RData::CNAME(CNAME(target))
}

/// The SOA of a negative answer that may be kept `minimum` seconds.
pub(super) fn soa(minimum: u32) -> RData {
    RData::SOA(SOA::new(Name::root(), Name::root(), 1, 7200, 1800, 1_209_600, minimum))
}

pub(super) fn rdata(data: &RecordData) -> RData {
    match data {
        RecordData::A(address) => RData::A(A(*address)),
        RecordData::Aaaa(address) => RData::AAAA(AAAA(*address)),
        RecordData::Cname(target) => cname(name(target)),
        RecordData::Ds(ds) => {
            let (algorithm, digest) = (Algorithm::from_u8(ds.algorithm), DigestType::from(ds.digest_type));
            RData::DNSSEC(DNSSECRData::DS(DS::new(ds.key_tag, algorithm, digest, ds.digest.clone())))
        }
        RecordData::Mx(mx) => RData::MX(MX::new(mx.preference, name(&mx.exchange))),
        RecordData::Ns(target) => RData::NS(NS(name(target))),
        RecordData::Ptr(target) => RData::PTR(PTR(name(target))),
        RecordData::Soa(of) => {
            let (primary, mailbox) = (name(&of.primary), name(&of.mailbox));
            let [refresh, retry, expire] =
                [of.refresh, of.retry, of.expire].map(|n| i32::try_from(n).unwrap_or(i32::MAX));
            RData::SOA(SOA::new(primary, mailbox, of.serial, refresh, retry, expire, of.minimum))
        }
        RecordData::Tlsa(tlsa) => {
            let (usage, selector) = (tlsa.usage.into(), tlsa.selector.into());
            RData::TLSA(TLSA::new(usage, selector, tlsa.matching.into(), tlsa.data.clone()))
        }
        RecordData::Txt(text) => RData::TXT(TXT::from_bytes(strings(text))),
        // A kind that is new in the zone and not yet here: its name has no such record.
        _ => RData::Unknown { code: RecordType::NULL, rdata: Default::default() },
    }
}

/// Strings of at most 255 octets (RFC 1035 §3.3.14); an empty text is one empty string.
fn strings(text: &[u8]) -> Vec<&[u8]> {
    if text.is_empty() { vec![text] } else { text.chunks(255).collect() }
}
