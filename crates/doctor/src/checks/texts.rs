//! TXT records, and how they stand in evidence.

use posthaste_auth::records::TxtRecord;
use posthaste_dns::{DnsError, Found, Presence, ResolveExt};
use posthaste_types::DnsName;

use crate::exam::Exam;

/// The texts of a name.
pub(super) async fn ask(exam: &Exam<'_>, name: &DnsName) -> Result<Found<Vec<u8>>, DnsError> {
    exam.dns.txt(name, exam.room.by).await
}

/// A record as it was seen: its line in a zone file.
pub(super) fn seen(name: &DnsName, text: &[u8]) -> String {
    TxtRecord::new(name.clone(), String::from_utf8_lossy(text)).to_string()
}

/// That there is none, in words.
pub(super) fn none<T>(name: &DnsName, kind: &str, found: &Found<T>) -> String {
    match found.presence {
        Presence::NxDomain => format!("{name} {kind}: no such name (NXDOMAIN)"),
        _ => format!("{name} {kind}: no such record"),
    }
}
