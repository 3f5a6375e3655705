//! Hickory's names and records in our words.

use hickory_resolver::proto::dnssec::rdata::DNSSECRData;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use posthaste_dns::{Ds, Mx, RecordData, RecordKind, Soa, Tlsa};
use posthaste_types::DnsName;

/// `None` for a kind that is newer than this crate.
pub(crate) fn record_type(kind: RecordKind) -> Option<RecordType> {
    Some(match kind {
        RecordKind::A => RecordType::A,
        RecordKind::Aaaa => RecordType::AAAA,
        RecordKind::Cname => RecordType::CNAME,
        RecordKind::Ds => RecordType::DS,
        RecordKind::Mx => RecordType::MX,
        RecordKind::Ns => RecordType::NS,
        RecordKind::Ptr => RecordType::PTR,
        RecordKind::Soa => RecordType::SOA,
        RecordKind::Tlsa => RecordType::TLSA,
        RecordKind::Txt => RecordType::TXT,
        _ => return None,
    })
}

/// The name in full, with the root at its end: no search list applies to it.
pub(crate) fn to_hickory(name: &DnsName) -> Option<Name> {
    if name.is_root() {
        return Some(Name::root());
    }
    let labels: Vec<_> = name.labels().collect();
    Name::from_labels(labels.iter().map(|label| &**label)).ok()
}

/// `None` for a name that [`DnsName`] cannot hold: of octets that are not printable, or with a dot in a label.
pub(crate) fn to_name(name: &Name) -> Option<DnsName> {
    let mut text = String::new();
    for label in name {
        let label = std::str::from_utf8(label).ok()?;
        if label.contains('.') {
            return None;
        }
        if !text.is_empty() {
            text.push('.');
        }
        text.push_str(label);
    }
    if text.is_empty() { Some(DnsName::root()) } else { DnsName::parse(&text).ok() }
}

/// `None` for data that cannot be held, or is of a kind that nobody asked for.
pub(crate) fn to_data(data: &RData) -> Option<RecordData> {
    Some(match data {
        RData::A(address) => RecordData::A(address.0),
        RData::AAAA(address) => RecordData::Aaaa(address.0),
        RData::CNAME(target) => RecordData::Cname(to_name(&target.0)?),
        RData::DNSSEC(DNSSECRData::DS(ds)) => {
            let (algorithm, digest_type) = (u8::from(ds.algorithm()), u8::from(ds.digest_type()));
            RecordData::Ds(Ds::new(ds.key_tag(), algorithm, digest_type, ds.digest().to_vec()))
        }
        RData::MX(mx) => RecordData::Mx(Mx::new(mx.preference, to_name(&mx.exchange)?)),
        RData::NS(target) => RecordData::Ns(to_name(&target.0)?),
        RData::PTR(target) => RecordData::Ptr(to_name(&target.0)?),
        RData::SOA(soa) => {
            let mut ours = Soa::new(to_name(&soa.mname)?, to_name(&soa.rname)?, soa.serial, soa.minimum);
            // The wire has unsigned times; hickory reads them as signed.
            (ours.refresh, ours.retry, ours.expire) =
                (soa.refresh.cast_unsigned(), soa.retry.cast_unsigned(), soa.expire.cast_unsigned());
            RecordData::Soa(ours)
        }
        RData::TLSA(tlsa) => {
            let (usage, selector) = (u8::from(tlsa.cert_usage), u8::from(tlsa.selector));
            RecordData::Tlsa(Tlsa::new(usage, selector, u8::from(tlsa.matching), tlsa.cert_data.clone()))
        }
        RData::TXT(text) => RecordData::Txt(text.txt_data.concat()),
        _ => return None,
    })
}
