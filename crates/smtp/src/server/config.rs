//! What a server session is told before it begins.

use std::time::Duration;

use posthaste_types::{Domain, Timestamp};

use crate::client::Protocol;
use crate::sasl::Mechanism;
use crate::scram::ScramOffer;

/// The settings and limits of a [`ServerSession`](crate::ServerSession). The limits are Postfix's.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerConfig {
    /// The name in the greeting, and the domain of `<Postmaster>` (RFC 5321 §4.1.1.3).
    pub hostname: Domain,
    /// SMTP or LMTP. Default: SMTP.
    pub protocol: Protocol,
    /// Whether STARTTLS is offered. Default: no.
    pub tls: TlsOffer,
    /// Whether and where AUTH is offered. Default: no.
    pub auth: AuthOffer,
    /// The mechanisms of AUTH that are offered then, in this order. Default: PLAIN and LOGIN, whose questions every host
    /// can answer.
    pub mechanisms: Vec<Mechanism>,
    /// What SCRAM-SHA-256 needs, which is not offered without it. Default: nothing.
    pub scram: Option<ScramOffer>,
    /// Whether SMTPUTF8 (RFC 6531) is offered. Default: yes.
    pub smtputf8: Offer,
    /// Whether DSN (RFC 3461) is offered: a promise to send the reports. Default: no.
    pub dsn: Offer,
    /// Whether REQUIRETLS (RFC 8689) is offered inside TLS: a promise to pass it on. Default: no.
    pub require_tls: Offer,
    /// Whether CHUNKING (RFC 3030) is offered. Default: yes.
    pub chunking: Offer,
    /// Whether BINARYMIME (RFC 3030) is offered with CHUNKING: a promise to keep bodies that are no lines, and to pass
    /// them on to nobody who does not offer it. [`MailParameters::body`](crate::MailParameters::body) tells which
    /// they are. Default: no.
    pub binary: Offer,
    /// Whether LIMITS (RFC 9422) is offered: it tells [`max_recipients`](Self::max_recipients),
    /// [`max_mails`](Self::max_mails) and [`max_recipient_domains`](Self::max_recipient_domains). Default: yes.
    pub limits: Offer,
    /// Whether MT-PRIORITY (RFC 6710) is offered: a promise to heed it. Default: no.
    pub priority: Offer,
    /// Whether DELIVERBY (RFC 2852) is offered: a promise to heed it. Default: no.
    pub deliver_by: Offer,
    /// Whether FUTURERELEASE (RFC 4865) is offered, and for how long: a promise to keep mail back. Default: no.
    pub future_release: Option<FutureRelease>,
    /// What happens to a client that does not wait where it must. Default: nothing.
    pub early_talk: EarlyTalk,
    /// What a bare CR or LF does. Default: it refuses the message and ends the session.
    pub bare_line_ends: BareLineEnds,
    /// The longest command line, in octets, CRLF included. Default: 2,048 (RFC 5321 §4.5.3.1.4 asks for 512).
    pub max_line: usize,
    /// The longest line of AUTH, in octets, CRLF included, if that is more. Default: 12,288 (RFC 4954 §4).
    pub max_auth_line: usize,
    /// The largest header, in octets. Default: 102,400.
    pub max_header: usize,
    /// The largest message, in octets, told as SIZE. Default: 26,214,400 (25 MiB).
    pub max_message: u64,
    /// The most recipients of one transaction. Default: 1,000 (RFC 5321 §4.5.3.1.8 asks for 100).
    pub max_recipients: usize,
    /// The most MAIL commands that are accepted in one session. Default: no limit.
    pub max_mails: Option<u32>,
    /// The most different domains of one session's recipients (RFC 9422 §4.3). Default: no limit.
    pub max_recipient_domains: Option<usize>,
    /// So many RCPT beyond the limits of a transaction are refused for free since the last accepted message; each
    /// further one counts as an error. Default: 1,000.
    pub max_overshoot: u32,
    /// After so many refused or wrong commands since the last accepted message, the session ends with 421.
    /// Default: 20.
    pub max_errors: u32,
    /// So many NOOP, RSET, VRFY, EXPN, HELP, repeated EHLO and empty chunks are free; each further one counts as an error.
    /// Default: 100.
    pub max_junk: u32,
    /// After so many failed attempts to authenticate the session ends with 421, whatever mail it has brought in between.
    /// Default: 6, for clients that try several mechanisms.
    pub max_auth_failures: u32,
    /// Octets of content that are read for nobody since the last accepted message: those behind the fault for which it is
    /// refused, and those of refused chunks. At more the refusal comes at once, and the session ends.
    /// Default: 104,857,600 (100 MiB), so that a client that announced no size still hears its 552.
    pub max_dropped: u64,
    /// How long a command, or the content at [`min_rate`](Self::min_rate) (all chunks together), may take. Default: 300 s
    /// (RFC 5321 §4.5.3.2.7).
    pub timeout: Duration,
    /// Octets a second: what arrives prolongs the wait for content by its size over this rate, up to
    /// [`timeout`](Self::timeout) from now, so that a slow peer ends. Default: 500.
    pub min_rate: u32,
}

impl ServerConfig {
    /// The defaults, under this name.
    pub fn new(hostname: Domain) -> Self {
        Self {
            hostname,
            protocol: Protocol::Smtp,
            tls: TlsOffer::No,
            auth: AuthOffer::No,
            mechanisms: vec![Mechanism::Plain, Mechanism::Login],
            scram: None,
            smtputf8: Offer::Yes,
            dsn: Offer::No,
            require_tls: Offer::No,
            chunking: Offer::Yes,
            binary: Offer::No,
            limits: Offer::Yes,
            priority: Offer::No,
            deliver_by: Offer::No,
            future_release: None,
            early_talk: EarlyTalk::Tolerate,
            bare_line_ends: BareLineEnds::Refuse,
            max_line: 2048,
            max_auth_line: 12_288,
            max_header: 102_400,
            max_message: 25 * 1024 * 1024,
            max_recipients: 1000,
            max_mails: None,
            max_recipient_domains: None,
            max_overshoot: 1000,
            max_errors: 20,
            max_junk: 100,
            max_auth_failures: 6,
            max_dropped: 100 * 1024 * 1024,
            timeout: Duration::from_secs(300),
            min_rate: 500,
        }
    }
}

/// Whether an extension is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "two values")]
pub enum Offer {
    /// It is.
    Yes,
    /// It is not.
    No,
}

/// How long FUTURERELEASE may keep mail back (RFC 4865 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct FutureRelease {
    /// At most so many seconds.
    pub max_interval: u32,
    /// At most until then.
    pub max_until: Timestamp,
}

impl FutureRelease {
    /// Both limits.
    pub fn new(max_interval: u32, max_until: Timestamp) -> Self {
        Self { max_interval, max_until }
    }
}

/// What happens to a client that sends on before the greeting, or behind EHLO, HELO, LHLO and DATA before their answers,
/// which end a group (RFC 5321 §4.3.1, RFC 2920 §3.1). Seen only as far as octets are handed over in that time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EarlyTalk {
    /// 554 5.5.0, and the session ends: as Postfix does.
    Refuse,
    /// What it sent is read in its turn.
    Tolerate,
}

/// Whether STARTTLS is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TlsOffer {
    /// TLS from the first octet (RFC 8314 §3.3): hand over what comes out of TLS.
    Implicit,
    /// No.
    No,
    /// Yes, for those who want it.
    Optional,
    /// Yes, and no mail is taken without it: 530 (RFC 3207 §4).
    Required,
}

/// Whether AUTH is offered (RFC 4954).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthOffer {
    /// In clear too: only where nobody can listen.
    Anywhere,
    /// Inside TLS only.
    InsideTls,
    /// Never.
    No,
}

/// What a bare CR or a bare LF does: the root of SMTP smuggling. In either setting a message ends with
/// CRLF `.` CRLF alone (RFC 5321 §4.1.1.4), or with the octets that BDAT counts; both are read alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BareLineEnds {
    /// In content it becomes CRLF; a command line may end with LF alone.
    Normalize,
    /// 521 5.5.2 at the end of the message, chunk or line, then the session ends: what follows is never executed.
    Refuse,
}
