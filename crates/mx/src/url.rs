//! The URL of a relay.

use std::net::{IpAddr, Ipv6Addr};
use std::path::PathBuf;

use posthaste_smtp::Protocol;
use posthaste_transport::TlsPolicy;
use posthaste_types::DnsName;

use crate::config::RelaySecurity;
use crate::error::{ConfigError, ConfigErrorKind as Kind};

pub(crate) struct RelayUrl {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) socket: Option<PathBuf>,
    pub(crate) protocol: Protocol,
    pub(crate) security: RelaySecurity,
    pub(crate) tls_policy: TlsPolicy,
    pub(crate) username: Option<String>,
}

/// Reads `scheme://[user@]host[:port][/]` (RFC 3986 §3). No part of it is shown in an error behind a user name.
pub(crate) fn parse(url: &str) -> Result<RelayUrl, ConfigError> {
    if let Some((scheme, path)) = url.split_once(":unix:") {
        return unix(scheme, path);
    }
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err(ConfigError::new(Kind::Scheme, "none; one of smtp, smtp+starttls, smtps, lmtp"));
    };
    let (protocol, security, tls_policy, port) = match scheme.to_ascii_lowercase().as_str() {
        "smtp" => (Protocol::Smtp, RelaySecurity::StartTls, TlsPolicy::Opportunistic, 25),
        "smtp+starttls" => (Protocol::Smtp, RelaySecurity::StartTls, TlsPolicy::Verified, 587),
        "smtps" => (Protocol::Smtp, RelaySecurity::Implicit, TlsPolicy::Verified, 465),
        "lmtp" => (Protocol::Lmtp, RelaySecurity::StartTls, TlsPolicy::Opportunistic, 24),
        other => return Err(ConfigError::new(Kind::Scheme, other.escape_debug())),
    };
    // A user name that is an address may stand there as it is: the last @ counts.
    let (userinfo, authority) = match rest.rsplit_once('@') {
        Some((userinfo, authority)) => (Some(userinfo), authority),
        None => (None, rest),
    };
    let username = userinfo.map(username).transpose()?;
    let authority = authority.strip_suffix('/').unwrap_or(authority);
    if authority.contains(['/', '?', '#']) {
        return Err(ConfigError::new(Kind::Syntax, "only a slash may stand behind host and port"));
    }
    let (host, given) = host_and_port(authority)?;
    let port = given.map_or(Ok(port), parse_port)?;
    Ok(RelayUrl { host, port, socket: None, protocol, security, tls_policy, username })
}

/// A socket of this machine, by its path as it is.
fn unix(scheme: &str, path: &str) -> Result<RelayUrl, ConfigError> {
    let protocol = match scheme.to_ascii_lowercase().as_str() {
        "lmtp" => Protocol::Lmtp,
        "smtp" => Protocol::Smtp,
        other => return Err(ConfigError::new(Kind::Scheme, other.escape_debug())),
    };
    if !path.starts_with('/') || path.ends_with('/') || path.contains('\0') {
        return Err(ConfigError::new(Kind::Host, "an absolute path of a socket stands behind unix:"));
    }
    Ok(RelayUrl {
        host: "localhost".to_owned(),
        port: 0,
        socket: Some(path.into()),
        protocol,
        security: RelaySecurity::StartTls,
        tls_policy: TlsPolicy::Opportunistic,
        username: None,
    })
}

fn username(userinfo: &str) -> Result<String, ConfigError> {
    if userinfo.contains(':') {
        return Err(ConfigError::new(Kind::PasswordInUrl, ""));
    }
    percent_decoded(userinfo)
        .filter(|name| !name.is_empty())
        .ok_or_else(|| ConfigError::new(Kind::Syntax, "the user name is empty or not percent-encoded UTF-8"))
}

fn host_and_port(authority: &str) -> Result<(String, Option<&str>), ConfigError> {
    let bad = |why: &str| ConfigError::new(Kind::Host, why);
    if let Some(rest) = authority.strip_prefix('[') {
        let (address, rest) = rest.split_once(']').ok_or_else(|| bad("the ] is missing"))?;
        let address: Ipv6Addr = address.parse().map_err(|_| bad("what stands in [] is no IPv6 address"))?;
        let port = match rest.strip_prefix(':') {
            Some(port) => Some(port),
            None if rest.is_empty() => None,
            None => return Err(bad("something stands behind the ]")),
        };
        return Ok((address.to_string(), port));
    }
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    if host.parse::<IpAddr>().is_err() {
        let name = DnsName::parse(host).map_err(|error| bad(&error.to_string()))?;
        return Ok((name.as_str().to_owned(), port));
    }
    Ok((host.to_owned(), port))
}

fn parse_port(text: &str) -> Result<u16, ConfigError> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let port = text.parse().ok().filter(|port| *port > 0 && digits);
    port.ok_or_else(|| ConfigError::new(Kind::Port, "not a number from 1 to 65535"))
}

/// RFC 3986 §2.1.
fn percent_decoded(text: &str) -> Option<String> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        if octet != b'%' {
            octets.push(octet);
            continue;
        }
        let digit = |b: Option<u8>| char::from(b?).to_digit(16);
        let (high, low) = (digit(rest.next())?, digit(rest.next())?);
        octets.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(octets).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let table = [
            ("smtp://relay.example.net", "relay.example.net", 25, None),
            ("SMTP+STARTTLS://Relay.example.net/", "relay.example.net", 587, None),
            ("smtps://ada%40example.com@relay.example.net", "relay.example.net", 465, Some("ada@example.com")),
            ("smtps://ada@example.com@relay.example.net:2465", "relay.example.net", 2465, Some("ada@example.com")),
            ("lmtp://127.0.0.1:2424", "127.0.0.1", 2424, None),
            ("smtp://[::1]:2525", "::1", 2525, None),
            ("smtp://[2001:db8::1]", "2001:db8::1", 25, None),
        ];
        for (text, host, port, user) in table {
            let url = parse(text).unwrap();
            assert_eq!((url.host.as_str(), url.port, url.username.as_deref()), (host, port, user), "{text}");
        }
        let url = parse("lmtp:unix:/run/dovecot/lmtp").unwrap();
        assert_eq!(url.socket.as_deref(), Some(std::path::Path::new("/run/dovecot/lmtp")));
        assert_eq!(url.protocol, Protocol::Lmtp);
        assert_eq!(parse("smtp+starttls://x").unwrap().tls_policy, TlsPolicy::Verified);
        assert_eq!(parse("smtps://x").unwrap().security, RelaySecurity::Implicit);
        assert_eq!(parse("lmtp://x").unwrap().protocol, Protocol::Lmtp);
    }

    #[test]
    fn bad_urls_say_which_part() {
        let table = [
            ("relay.example.net:25", Kind::Scheme),
            ("http://relay.example.net", Kind::Scheme),
            ("smtps:unix:/run/x", Kind::Scheme),
            ("lmtp:unix:run/x", Kind::Host),
            ("lmtp:unix:/", Kind::Host),
            ("lmtp:unix:", Kind::Host),
            ("smtp://", Kind::Host),
            ("smtp://a b", Kind::Host),
            ("smtp://a\r\nMAIL", Kind::Host),
            ("smtp://[::1", Kind::Host),
            ("smtp://[::1]x", Kind::Host),
            ("smtp://host:0", Kind::Port),
            ("smtp://host:65536", Kind::Port),
            ("smtp://host:+25", Kind::Port),
            ("smtp://host:", Kind::Port),
            ("smtp://ada:secret@host", Kind::PasswordInUrl),
            ("smtp://@host", Kind::Syntax),
            ("smtp://a%4@host", Kind::Syntax),
            ("smtp://a%ff@host", Kind::Syntax),
            ("smtp://host/path", Kind::Syntax),
            ("smtp://host?x=y", Kind::Syntax),
        ];
        for (text, kind) in table {
            let error = parse(text).map(|url| url.host).unwrap_err();
            assert_eq!(error.kind(), kind, "{text}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}
