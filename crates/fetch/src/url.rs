//! Where a request goes.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use posthaste_types::{DnsName, ParseError, ParseErrorKind};

/// A URL of the schemes `https` and `http` (RFC 3986), without user and fragment; the host in A-labels.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Url {
    scheme: Scheme,
    host: Host,
    port: Option<u16>,
    /// Begins with a slash.
    path: Box<str>,
}

/// The schemes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scheme {
    /// In clear.
    Http,
    /// Inside TLS.
    Https,
}

/// The host of a URL.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Host {
    /// An address; IPv6 stands in brackets.
    Address(IpAddr),
    /// A name.
    Name(DnsName),
}

impl Url {
    /// The longest URL, in octets.
    pub const MAX: usize = 2048;

    /// The resource at `path` (with its query) of a host, inside TLS, on the scheme's port.
    ///
    /// # Errors
    /// [`ParseError`] if the path does not begin with a slash, or holds what must be escaped.
    pub fn https(host: &DnsName, path: &str) -> Result<Self, ParseError> {
        let path = check_path(path, 0)?;
        Ok(Self { scheme: Scheme::Https, host: Host::Name(host.clone()), port: None, path })
    }

    /// Reads a URL.
    ///
    /// # Errors
    /// [`ParseError`] with the offset of the first offence.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if text.len() > Self::MAX {
            return Err(ParseError::new(URL, ParseErrorKind::TooLong { limit: Self::MAX }, Self::MAX));
        }
        let (scheme, rest) = text.split_once("://").ok_or_else(|| syntax("no scheme", 0))?;
        let at = text.len() - rest.len();
        let scheme = match () {
            () if scheme.eq_ignore_ascii_case("https") => Scheme::Https,
            () if scheme.eq_ignore_ascii_case("http") => Scheme::Http,
            () => return Err(syntax("the scheme is neither https nor http", 0)),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
        if let Some(user) = authority.rfind('@') {
            return Err(syntax("a user", at + user));
        }
        let (host, port) = split_port(authority, at)?;
        let path = match path {
            "" => "/".into(),
            query if query.starts_with('?') => check_path(&format!("/{query}"), (at + end).saturating_sub(1))?,
            path => check_path(path, at + end)?,
        };
        Ok(Self { scheme, host: parse_host(host, at)?, port, path })
    }

    /// The scheme.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port: the scheme's (443, 80) where none is named.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(match self.scheme {
            Scheme::Http => 80,
            Scheme::Https => 443,
        })
    }

    /// The host, and the port if one is named: what stands in the `Host` field (RFC 9110 §7.2).
    pub fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.to_string(),
        }
    }

    /// The path and the query, from the slash on.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What a reference means that is found there: a whole URL, or a path from the root. Others are not known.
    pub(crate) fn join(&self, reference: &str) -> Option<Self> {
        let reference = reference.split('#').next().unwrap_or_default();
        if reference.starts_with('/') && !reference.starts_with("//") {
            return Some(Self { path: check_path(reference, 0).ok()?, ..self.clone() });
        }
        Self::parse(reference).ok()
    }
}

fn split_port(authority: &str, at: usize) -> Result<(&str, Option<u16>), ParseError> {
    if authority.starts_with('[') && !authority.contains(']') {
        return Err(syntax("no IPv6 address in the brackets", at));
    }
    let behind = authority.rfind(']').map_or(0, |bracket| bracket + 1);
    let Some(colon) = authority.get(behind..).and_then(|rest| rest.find(':')) else {
        return Ok((authority, None));
    };
    let (host, port) = authority.split_at_checked(behind + colon).unwrap_or((authority, ""));
    let digits = port.get(1..).unwrap_or_default();
    let number = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten();
    match number {
        Some(port) if port != 0 => Ok((host, Some(port))),
        _ => Err(syntax("the port is no number from 1 to 65535", at + behind + colon + 1)),
    }
}

fn parse_host(host: &str, at: usize) -> Result<Host, ParseError> {
    if let Some(inner) = host.strip_prefix('[') {
        let v6 = inner.strip_suffix(']').and_then(|inner| inner.parse::<Ipv6Addr>().ok());
        return v6.map(|v6| Host::Address(v6.into())).ok_or_else(|| syntax("no IPv6 address in the brackets", at));
    }
    if let Ok(v4) = host.parse::<Ipv4Addr>() {
        return Ok(Host::Address(v4.into()));
    }
    let forbidden = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if let Some((offset, c)) = host.char_indices().find(|(_, c)| forbidden(*c)) {
        return Err(ParseError::new(URL, ParseErrorKind::Forbidden(c), at + offset));
    }
    // `127.1` and `0x7f000001` are addresses to some, names to others: they are neither here.
    let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    if last.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(syntax("the host ends in a number", at));
    }
    match DnsName::parse(host) {
        Ok(name) if !name.is_root() => Ok(Host::Name(name)),
        Ok(_) => Err(syntax("the host is the root", at)),
        Err(error) => Err(error.within(at)),
    }
}

fn check_path(path: &str, at: usize) -> Result<Box<str>, ParseError> {
    if path.len() > Url::MAX {
        return Err(ParseError::new(URL, ParseErrorKind::TooLong { limit: Url::MAX }, at));
    }
    if !path.starts_with('/') {
        return Err(syntax("the path does not begin with a slash", at));
    }
    let forbidden = |c: char| !c.is_ascii_graphic() || "\"<>\\^`{|}#".contains(c);
    match path.char_indices().find(|(_, c)| forbidden(*c)) {
        Some((offset, c)) => Err(ParseError::new(URL, ParseErrorKind::Forbidden(c), at + offset)),
        None => Ok(path.into()),
    }
}

impl FromStr for Url {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(IpAddr::V6(v6)) => write!(f, "[{v6}]"),
            Self::Address(IpAddr::V4(v4)) => v4.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        write!(f, "{scheme}://{}{}", self.authority(), self.path)
    }
}

/// Without the query, which may hold a secret.
impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.split('?').next().unwrap_or_default();
        let query = if path.len() < self.path.len() { "?***" } else { "" };
        write!(f, "Url({:?} {}{path}{query})", self.scheme, self.authority())
    }
}

fn syntax(why: &'static str, at: usize) -> ParseError {
    ParseError::new(URL, ParseErrorKind::Syntax(why), at)
}

const URL: &str = "URL";
