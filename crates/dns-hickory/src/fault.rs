//! Hickory's errors in our words.

use hickory_resolver::net::{DnsError as HickoryDnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use posthaste_dns::{DnsError, DnsErrorKind};

pub(crate) fn to_error(error: NetError) -> DnsError {
    DnsError::new(kind(&error)).because(error)
}

fn kind(error: &NetError) -> DnsErrorKind {
    match error {
        NetError::Dns(HickoryDnsError::DnssecBogus) => DnsErrorKind::Bogus,
        NetError::Dns(HickoryDnsError::ResponseCode(ResponseCode::Refused)) => DnsErrorKind::Refused,
        NetError::Dns(_) => DnsErrorKind::ServFail,
        NetError::ForeignClassRecord { .. } | NetError::Proto(_) | NetError::QueryCaseMismatch => {
            DnsErrorKind::Malformed
        }
        NetError::Timeout => DnsErrorKind::Timeout,
        _ => DnsErrorKind::Network,
    }
}
