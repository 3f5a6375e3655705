//! What a client session is told before it begins.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use posthaste_types::{Domain, Random};

use crate::auth::Credentials;
use crate::sasl::Mechanism;

/// The settings of a [`ClientSession`](crate::ClientSession).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientConfig {
    /// The name in EHLO: that of the sending address's PTR record.
    pub hello: HelloName,
    /// SMTP or LMTP. Default: SMTP.
    pub protocol: Protocol,
    /// Whether and how TLS is used. Default: opportunistic.
    pub tls: TlsUse,
    /// Whom to authenticate as. Default: nobody.
    pub credentials: Option<Credentials>,
    /// Where AUTH may be sent. Default: inside TLS.
    pub auth: AuthAllowed,
    /// The mechanisms of AUTH that may be used; the first one that is offered and fits is. Default: all, strongest
    /// first.
    pub mechanisms: Vec<Mechanism>,
    /// What makes the nonce of SCRAM, which is not used without it. Default: nothing.
    pub random: Option<Arc<dyn Random>>,
    /// Whether commands are sent without waiting where the peer offers PIPELINING (RFC 2920). Default: yes.
    pub pipelining: Pipelining,
    /// Whether content goes as a chunk (RFC 3030). Default: where it is offered, in doubt no sooner than by DATA.
    pub chunking: Chunking,
    /// The largest content, in octets, that goes as a chunk: it is wasted if every recipient is refused. Default:
    /// 65,536.
    pub max_chunk: usize,
    /// The most recipients of one MAIL transaction; a mail with more goes in several, one after another.
    /// Default: 100, which every server must take (RFC 5321 §4.5.3.1.8).
    pub max_recipients: usize,
    /// How long each answer may take.
    pub timeouts: Timeouts,
}

impl ClientConfig {
    /// The defaults, under this name.
    pub fn new(hello: impl Into<HelloName>) -> Self {
        Self {
            hello: hello.into(),
            protocol: Protocol::Smtp,
            tls: TlsUse::Opportunistic,
            credentials: None,
            auth: AuthAllowed::InsideTls,
            mechanisms: Mechanism::ALL.to_vec(),
            random: None,
            pipelining: Pipelining::WhereOffered,
            chunking: Chunking::WhereOffered,
            max_chunk: 64 * 1024,
            max_recipients: 100,
            timeouts: Timeouts::default(),
        }
    }

    /// The same settings for SMTP or LMTP.
    #[must_use]
    pub fn with_protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = protocol;
        self
    }

    /// The same settings with another use of TLS.
    #[must_use]
    pub fn with_tls(mut self, tls: TlsUse) -> Self {
        self.tls = tls;
        self
    }

    /// The same settings with credentials, and where they may be sent.
    #[must_use]
    pub fn with_credentials(mut self, credentials: Credentials, allowed: AuthAllowed) -> Self {
        self.credentials = Some(credentials);
        self.auth = allowed;
        self
    }

    /// The same settings with other mechanisms of AUTH, the best first.
    #[must_use]
    pub fn with_mechanisms(mut self, mechanisms: impl IntoIterator<Item = Mechanism>) -> Self {
        self.mechanisms = mechanisms.into_iter().collect();
        self
    }

    /// The same settings with a source of chance, for SCRAM.
    #[must_use]
    pub fn with_random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = Some(random);
        self
    }

    /// The same settings with or without pipelining.
    #[must_use]
    pub fn with_pipelining(mut self, pipelining: Pipelining) -> Self {
        self.pipelining = pipelining;
        self
    }

    /// The same settings with another use of chunks.
    #[must_use]
    pub fn with_chunking(mut self, chunking: Chunking) -> Self {
        self.chunking = chunking;
        self
    }

    /// The same settings with another limit of recipients per transaction (at least one).
    #[must_use]
    pub fn with_max_recipients(mut self, limit: usize) -> Self {
        self.max_recipients = limit.max(1);
        self
    }

    /// The same settings with other timeouts.
    #[must_use]
    pub fn with_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }
}

/// Whether content goes by BDAT (RFC 3030): behind the recipients without waiting for their answers, if the peer
/// offers CHUNKING and PIPELINING. Content larger than [`max_chunk`](ClientConfig::max_chunk), and with LMTP (whose
/// answers cannot be counted in advance) all content, goes by DATA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Chunking {
    /// All of it at once: that saves a round trip. If the connection is cut before the recipients are answered, all
    /// of them are in doubt. Behind a second of silence, when the connection may be gone, it is as
    /// [`WhereOffered`](Self::WhereOffered).
    Ahead,
    /// Always by DATA.
    Never,
    /// All but its last octet, which waits for the answers to the recipients: the content is on its way earlier than
    /// by DATA, and nobody is in doubt sooner.
    WhereOffered,
}

/// How a client names itself (RFC 5321 §4.1.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HelloName {
    /// An address literal, where there is no name (RFC 5321 §4.1.3).
    Address(IpAddr),
    /// A domain name.
    Domain(Domain),
}

impl From<Domain> for HelloName {
    fn from(domain: Domain) -> Self {
        Self::Domain(domain)
    }
}

impl From<IpAddr> for HelloName {
    fn from(address: IpAddr) -> Self {
        Self::Address(address)
    }
}

/// As it stands behind EHLO.
impl fmt::Display for HelloName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(IpAddr::V4(address)) => write!(f, "[{address}]"),
            Self::Address(IpAddr::V6(address)) => write!(f, "[IPv6:{address}]"),
            Self::Domain(domain) => domain.fmt(f),
        }
    }
}

/// The protocol of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// RFC 2033: LHLO, and an answer for each recipient behind the content.
    Lmtp,
    /// RFC 5321.
    Smtp,
}

/// What a client does about TLS.
///
/// Whether the certificate must be right is the adapter's policy: the session knows only whether the
/// channel is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TlsUse {
    /// TLS from the first octet (RFC 8314 §3.3): hand over the greeting as it comes out of TLS.
    Implicit,
    /// No STARTTLS, even where it is offered.
    Never,
    /// STARTTLS where it is offered, else in clear (RFC 7435).
    Opportunistic,
    /// STARTTLS, or nothing is sent (RFC 3207).
    Required,
}

/// Where AUTH may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthAllowed {
    /// In clear too: only where nobody can listen, such as on loopback.
    Anywhere,
    /// Inside TLS only.
    InsideTls,
}

/// Whether commands are sent in groups (RFC 2920).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Pipelining {
    /// One command, one reply: for a peer that once answered out of step.
    Never,
    /// Besides, the next mail's envelope goes behind the final dot of the last one, whose answer is still
    /// due; never content, never QUIT. If the peer offers PIPELINING.
    NextEnvelope,
    /// MAIL, every RCPT and DATA at once, if the peer offers PIPELINING.
    WhereOffered,
}

/// How long a client waits for each answer. The defaults are the minima of RFC 5321 §4.5.3.2; those that
/// it does not name are Postfix's.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// The greeting. Default: 300 s.
    pub greeting: Duration,
    /// EHLO, HELO, LHLO and every step of AUTH. Default: 300 s.
    pub hello: Duration,
    /// STARTTLS, and the handshake behind it. Default: 300 s.
    pub start_tls: Duration,
    /// MAIL. Default: 300 s.
    pub mail: Duration,
    /// RCPT, each. Default: 300 s.
    pub rcpt: Duration,
    /// DATA, until 354. Default: 120 s.
    pub data: Duration,
    /// Between two blocks of content that the peer takes. Default: 180 s.
    pub block: Duration,
    /// The answer behind the final dot. Default: 600 s; less risks duplicates (RFC 1047).
    pub end_of_data: Duration,
    /// RSET. Default: 20 s.
    pub rset: Duration,
    /// QUIT. Default: 10 s: nothing is lost by not hearing it.
    pub quit: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let secs = Duration::from_secs;
        Self {
            greeting: secs(300),
            hello: secs(300),
            start_tls: secs(300),
            mail: secs(300),
            rcpt: secs(300),
            data: secs(120),
            block: secs(180),
            end_of_data: secs(600),
            rset: secs(20),
            quit: secs(10),
        }
    }
}
