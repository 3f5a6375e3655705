//! Why a session is encrypted or is not, in words.

use std::fmt;

use posthaste_transport::TlsPolicy;

use crate::peer::Peer;
use crate::security::HostSecurity;
use crate::tls::{Seen, Trust};

/// What was looked at, and who asked for that.
pub(crate) fn encrypted(peer: &Peer, seen: &Seen, policy: TlsPolicy) -> String {
    let host = &peer.host;
    let asked = asked(&peer.security, policy);
    match (&peer.security.trust, seen.fault()) {
        (Trust::Anybody, _) => format!("its certificate was not looked at: {asked}"),
        (Trust::Dane(_), _) => format!("a TLSA record matches its certificate: {asked}"),
        (Trust::Observed, Some(fault)) => format!("{fault}, which the MTA-STS policy only tests"),
        (Trust::Host | Trust::Observed, _) => format!("its certificate is valid for {host}: {asked}"),
    }
}

/// What that means for the mail.
pub(crate) fn not_encrypted(security: &HostSecurity, policy: TlsPolicy) -> String {
    let asked = asked(security, policy);
    if security.is_opportunistic() {
        format!("it may go in clear: {asked}")
    } else {
        format!("nothing is sent in clear: {asked}")
    }
}

/// The strictest that asks for something.
fn asked(security: &HostSecurity, policy: TlsPolicy) -> impl fmt::Display {
    match (security.demanded_by(), policy) {
        (Some(demanded), _) => demanded,
        (None, TlsPolicy::Opportunistic) => "no policy asks for more than opportunistic TLS (RFC 7435)",
        (None, TlsPolicy::Encrypted) => "the sender demands TLS",
        (None, _) => "the sender demands a valid certificate",
    }
}
