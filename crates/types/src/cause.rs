//! What decided an outcome.

use std::fmt;

use crate::domain::DnsName;
use crate::reply::Reply;
use crate::text::Text;

/// What decided an [`Outcome`](crate::Outcome).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "via", rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Cause {
    /// The DNS, before any connection.
    #[non_exhaustive]
    Dns {
        /// What the DNS said.
        fault: DnsFault,
        /// The name that was asked for.
        name: DnsName,
        /// More, for people.
        text: Text,
    },
    /// An answer of an HTTP gateway.
    #[non_exhaustive]
    Http {
        /// The status code.
        status: u16,
        /// The body's first line.
        text: Text,
    },
    /// Something on this side: the spool, a timeout of ours, a message that the peer cannot take.
    #[non_exhaustive]
    Local {
        /// What.
        text: Text,
    },
    /// The connection.
    #[non_exhaustive]
    Network {
        /// What happened to it.
        fault: NetworkFault,
        /// More, for people.
        text: Text,
    },
    /// An SMTP reply.
    #[non_exhaustive]
    Smtp {
        /// The reply.
        reply: Reply,
        /// What it answered.
        stage: Stage,
    },
    /// TLS, or a policy that demands it.
    #[non_exhaustive]
    Tls {
        /// What.
        text: Text,
    },
}

impl Cause {
    /// A DNS fault at `name`.
    pub fn dns(fault: DnsFault, name: DnsName, text: impl fmt::Display) -> Self {
        Self::Dns { fault, name, text: Text::lossy(text) }
    }

    /// An HTTP status and its text.
    pub fn http(status: u16, text: impl fmt::Display) -> Self {
        Self::Http { status, text: Text::lossy(text) }
    }

    /// Something on this side.
    pub fn local(text: impl fmt::Display) -> Self {
        Self::Local { text: Text::lossy(text) }
    }

    /// A fault of the connection.
    pub fn network(fault: NetworkFault, text: impl fmt::Display) -> Self {
        Self::Network { fault, text: Text::lossy(text) }
    }

    /// An SMTP reply to `stage`.
    pub fn smtp(reply: Reply, stage: Stage) -> Self {
        Self::Smtp { reply, stage }
    }

    /// A fault of TLS or of a policy that demands it.
    pub fn tls(text: impl fmt::Display) -> Self {
        Self::Tls { text: Text::lossy(text) }
    }

    /// The SMTP reply, if that decided.
    pub fn reply(&self) -> Option<&Reply> {
        match self {
            Self::Smtp { reply, .. } => Some(reply),
            _ => None,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns { fault, name, text } if text.is_empty() => write!(f, "DNS: {fault}: {name}"),
            Self::Dns { fault, name, text } => write!(f, "DNS: {fault}: {name}: {text}"),
            Self::Http { status, text } => write!(f, "HTTP {status} {text}"),
            Self::Local { text } => text.fmt(f),
            Self::Network { fault, text } => write!(f, "{fault}: {text}"),
            Self::Smtp { reply, .. } => reply.fmt(f),
            Self::Tls { text } => write!(f, "TLS: {text}"),
        }
    }
}

/// What the DNS said, where mail could not be routed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum DnsFault {
    /// DNSSEC proved that the answer is forged or broken.
    Bogus,
    /// The name exists and has neither MX nor address.
    NoAddress,
    /// The name does not exist (NXDOMAIN).
    NoSuchDomain,
    /// The domain takes no mail (RFC 7505).
    NullMx,
    /// No answer that counts: timeout, SERVFAIL, refused.
    Temporary,
}

impl fmt::Display for DnsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bogus => "bogus answer",
            Self::NoAddress => "no address",
            Self::NoSuchDomain => "no such domain",
            Self::NullMx => "the domain takes no mail (null MX)",
            Self::Temporary => "no answer",
        })
    }
}

/// What happened to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum NetworkFault {
    /// It ended where an answer was due.
    Closed,
    /// It was refused.
    ConnectionRefused,
    /// The peer broke the protocol.
    Protocol,
    /// No answer in time.
    TimedOut,
    /// No way there.
    Unreachable,
}

impl fmt::Display for NetworkFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "connection closed",
            Self::ConnectionRefused => "connection refused",
            Self::Protocol => "protocol violated",
            Self::TimedOut => "timed out",
            Self::Unreachable => "unreachable",
        })
    }
}

/// What an SMTP reply answered, in the order of the dialogue (RFC 5321 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Stage {
    /// The connection: the greeting.
    Connect,
    /// EHLO, HELO or LHLO.
    Ehlo,
    /// STARTTLS.
    StartTls,
    /// AUTH.
    Auth,
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Rcpt,
    /// DATA, before the content.
    Data,
    /// The content: the reply behind the final dot or the last chunk.
    EndOfData,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connection",
            Self::Ehlo => "EHLO",
            Self::StartTls => "STARTTLS",
            Self::Auth => "AUTH",
            Self::Mail => "MAIL FROM",
            Self::Rcpt => "RCPT TO",
            Self::Data => "DATA",
            Self::EndOfData => "end of data",
        })
    }
}
