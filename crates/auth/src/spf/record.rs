//! The record, typed.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use posthaste_types::{ParseError, ParseErrorKind};

use super::macro_string::MacroString;
use super::parse;
use super::prefix::DualPrefix;

/// An SPF record (RFC 7208 §4.5, §4.6): every term was read, so that no error hides behind a match.
///
/// ```
/// use posthaste_auth::spf::{Mechanism, Qualifier, Record};
///
/// let record = Record::parse(b"v=spf1 ip4:192.0.2.0/24 include:_spf.example.net -all")?;
/// assert_eq!(record.directives().len(), 3);
/// assert_eq!(record.directives()[2].qualifier, Qualifier::Fail);
/// assert!(matches!(record.directives()[1].mechanism, Mechanism::Include { .. }));
/// assert_eq!(Record::parse(b"v=spf1 ip4:192.0.2.0/33").unwrap_err().at(), 21);
/// # Ok::<(), posthaste_types::ParseError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    pub(crate) directives: Vec<Directive>,
    pub(crate) redirect: Option<MacroString>,
    pub(crate) explanation: Option<MacroString>,
    pub(crate) unknown: Vec<UnknownModifier>,
}

impl Record {
    /// The longest record, in octets: what one TXT record can hold (RFC 1035 §3.2.1).
    pub const MAX: usize = 65_535;

    /// Reads a record, its strings joined (§3.3).
    ///
    /// # Errors
    /// [`ParseError`] with the offset of the first offence.
    pub fn parse(record: &[u8]) -> Result<Self, ParseError> {
        if record.len() > Self::MAX {
            return Err(ParseError::new(parse::RECORD, ParseErrorKind::TooLong { limit: Self::MAX }, Self::MAX));
        }
        parse::record(record)
    }

    /// A record without any term.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a directive behind the others.
    #[must_use]
    pub fn with(mut self, qualifier: Qualifier, mechanism: Mechanism) -> Self {
        self.directives.push(Directive { qualifier, mechanism });
        self
    }

    /// Sets the `redirect` modifier (§6.1).
    #[must_use]
    pub fn with_redirect(mut self, domain: MacroString) -> Self {
        self.redirect = Some(domain);
        self
    }

    /// Sets the `exp` modifier (§6.2).
    #[must_use]
    pub fn with_explanation(mut self, domain: MacroString) -> Self {
        self.explanation = Some(domain);
        self
    }

    /// Whether a text is an SPF record of this version: `v=spf1`, without regard to case, and then a space or the
    /// end (§4.5).
    pub fn is_one(text: &[u8]) -> bool {
        text.split_at_checked(VERSION.len()).is_some_and(|(version, rest)| {
            version.eq_ignore_ascii_case(VERSION.as_bytes()) && matches!(rest.first(), None | Some(b' '))
        })
    }

    /// The mechanisms with their qualifiers, in order.
    pub fn directives(&self) -> &[Directive] {
        &self.directives
    }

    /// The `redirect` modifier (§6.1).
    pub fn redirect(&self) -> Option<&MacroString> {
        self.redirect.as_ref()
    }

    /// The `exp` modifier (§6.2).
    pub fn explanation(&self) -> Option<&MacroString> {
        self.explanation.as_ref()
    }

    /// Modifiers that RFC 7208 does not define, in order; they change nothing (§6).
    pub fn unknown(&self) -> &[UnknownModifier] {
        &self.unknown
    }
}

/// A mechanism and what its match means (RFC 7208 §4.6.1).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Directive {
    /// What a match means.
    pub qualifier: Qualifier,
    /// What is looked at.
    pub mechanism: Mechanism,
}

impl Directive {
    /// Puts one together.
    pub fn new(qualifier: Qualifier, mechanism: Mechanism) -> Self {
        Self { qualifier, mechanism }
    }
}

/// What a match means (RFC 7208 §4.6.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 7208 §4.6.2 has these four")]
pub enum Qualifier {
    /// `+`, which need not be written.
    #[default]
    Pass,
    /// `-`.
    Fail,
    /// `~`.
    SoftFail,
    /// `?`.
    Neutral,
}

/// What a directive looks at (RFC 7208 §5).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mechanism {
    /// Matches always (§5.1).
    All,
    /// Matches if the other domain's record says pass (§5.2).
    Include {
        /// The other domain.
        domain: MacroString,
    },
    /// Matches the addresses of a host (§5.3).
    A {
        /// The host; `None` is the domain itself.
        domain: Option<MacroString>,
        /// How many leading bits count.
        prefix: DualPrefix,
    },
    /// Matches the addresses of the mail hosts of a domain (§5.4).
    Mx {
        /// The domain; `None` is the domain itself.
        domain: Option<MacroString>,
        /// How many leading bits count.
        prefix: DualPrefix,
    },
    /// Matches if the address has a validated name within a domain (§5.5: "do not use").
    Ptr {
        /// The domain; `None` is the domain itself.
        domain: Option<MacroString>,
    },
    /// Matches an IPv4 network (§5.6).
    Ip4 {
        /// An address of the network.
        network: Ipv4Addr,
        /// How many leading bits count, 0 to 32.
        prefix: u8,
    },
    /// Matches an IPv6 network (§5.6).
    Ip6 {
        /// An address of the network.
        network: Ipv6Addr,
        /// How many leading bits count, 0 to 128.
        prefix: u8,
    },
    /// Matches if the name has an A record (§5.7).
    Exists {
        /// The name.
        domain: MacroString,
    },
}

impl Mechanism {
    /// Whether it counts among the terms that ask the DNS, of which a check has ten (§4.6.4).
    pub fn is_lookup(&self) -> bool {
        !matches!(self, Self::All | Self::Ip4 { .. } | Self::Ip6 { .. })
    }
}

/// A modifier that RFC 7208 does not define (§6, `unknown-modifier`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownModifier {
    /// Its name, as it was written.
    pub name: Box<str>,
    /// Its value.
    pub value: MacroString,
}

impl UnknownModifier {
    pub(crate) fn new(name: &str, value: MacroString) -> Self {
        Self { name: name.into(), value }
    }
}

impl Qualifier {
    /// The character before a mechanism; empty for pass, where it need not be written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "",
            Self::Fail => "-",
            Self::SoftFail => "~",
            Self::Neutral => "?",
        }
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(VERSION)?;
        self.directives.iter().try_for_each(|directive| write!(f, " {directive}"))?;
        self.redirect.iter().try_for_each(|domain| write!(f, " redirect={domain}"))?;
        self.explanation.iter().try_for_each(|domain| write!(f, " exp={domain}"))?;
        self.unknown.iter().try_for_each(|UnknownModifier { name, value }| write!(f, " {name}={value}"))
    }
}

impl fmt::Display for Directive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.qualifier.as_str(), self.mechanism)
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |domain: &Option<MacroString>| domain.as_ref().map(|domain| format!(":{domain}")).unwrap_or_default();
        match self {
            Self::All => f.write_str("all"),
            Self::Include { domain } => write!(f, "include:{domain}"),
            Self::A { domain, prefix } => write!(f, "a{}{prefix}", of(domain)),
            Self::Mx { domain, prefix } => write!(f, "mx{}{prefix}", of(domain)),
            Self::Ptr { domain } => write!(f, "ptr{}", of(domain)),
            Self::Ip4 { network, prefix: 32 } => write!(f, "ip4:{network}"),
            Self::Ip4 { network, prefix } => write!(f, "ip4:{network}/{prefix}"),
            Self::Ip6 { network, prefix: 128 } => write!(f, "ip6:{network}"),
            Self::Ip6 { network, prefix } => write!(f, "ip6:{network}/{prefix}"),
            Self::Exists { domain } => write!(f, "exists:{domain}"),
        }
    }
}

pub(crate) const VERSION: &str = "v=spf1";
