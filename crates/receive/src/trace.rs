//! The Received field.

use std::fmt::Write as _;
use std::net::IpAddr;

use posthaste_smtp::{HelloVerb, MailParameters, Protocol};
use posthaste_types::{Domain, Envelope, Timestamp};

use crate::Session;

/// The trace field of this hop (RFC 5321 §4.4), folded, at most 998 octets a line.
pub(crate) fn received(
    session: &Session,
    host: &Domain,
    envelope: &Envelope,
    parameters: &MailParameters,
    id: &str,
    now: Timestamp,
) -> String {
    let mut field = String::with_capacity(USUAL);
    let _ = write!(field, "Received: from {} (", greeting(session.hello()));
    match session.peer().address.ip() {
        IpAddr::V4(ip) => drop(write!(field, "[{ip}]")),
        IpAddr::V6(ip) => drop(write!(field, "[IPv6:{ip}]")),
    }
    let _ = write!(field, ")\r\n\tby {host} with {} id {id}", with(session, parameters));
    if let Some(tls) = session.tls() {
        let _ = write!(field, "\r\n\t(using {} with cipher {})", tls.version, tls.cipher);
    }
    // With several recipients the field would tell each of the others.
    if let [only] = envelope.to() {
        let _ = write!(field, "\r\n\tfor <{}>", only.address);
    }
    let _ = write!(field, ";\r\n\t{}\r\n", now.to_rfc5322());
    field
}

/// What the client calls itself, so that it can be a domain or an address literal: what else it says is not repeated.
fn greeting(name: &str) -> &str {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    if name.is_empty() || name.len() > 255 || !name.chars().all(fine) { "unknown" } else { name }
}

/// The protocol by its name in the registry (RFC 3848, RFC 6531 §4.3).
fn with(session: &Session, parameters: &MailParameters) -> &'static str {
    let inside_tls = session.tls().is_some();
    let names = match session.protocol() {
        _ if session.hello_verb() == Some(HelloVerb::Helo) => return "SMTP",
        Protocol::Lmtp if parameters.is_smtputf8() => ["UTF8LMTP", "UTF8LMTPA", "UTF8LMTPS", "UTF8LMTPSA"],
        Protocol::Lmtp => ["LMTP", "LMTPA", "LMTPS", "LMTPSA"],
        _ if parameters.is_smtputf8() => ["UTF8SMTP", "UTF8SMTPA", "UTF8SMTPS", "UTF8SMTPSA"],
        _ => ["ESMTP", "ESMTPA", "ESMTPS", "ESMTPSA"],
    };
    let [plain, authenticated, tls, both] = names;
    match (inside_tls, session.authenticated().is_some()) {
        (false, false) => plain,
        (false, true) => authenticated,
        (true, false) => tls,
        (true, true) => both,
    }
}

/// More octets than most of them take.
const USUAL: usize = 384;
