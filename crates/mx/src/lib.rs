//! Delivery to the recipients' MX or through a relay, over SMTP with TLS.
//!
//! [`Mx`] finds the mail hosts of a domain (RFC 5321 §5) and delivers to them; [`Relay`] hands everything to one
//! server, with AUTH, or to an LMTP server. Both are [`Transport`](posthaste_transport::Transport)s: one outcome for
//! each recipient, connections kept and used again, TLS where it is offered, or demanded.
//!
//! Delivery through a relay, without a queue:
//!
//! ```no_run
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! use posthaste_mx::{Relay, RelayConfig};
//! use posthaste_transport::{Attempt, Transport};
//! use posthaste_types::{Address, Content, Envelope, Mail, MailId};
//!
//! let config = RelayConfig::from_url("smtp+starttls://ada%40example.com@relay.example.net:587")?
//!     .with_password("correct horse")?;
//! let relay = Relay::with_config(config)?;
//!
//! let (from, to): (Address, Address) = ("ada@example.com".parse()?, "bob@example.org".parse()?);
//! let (content, _) = Content::from_raw(b"Subject: hi\n\nHello.\n".to_vec())?;
//! let mail = Mail::new(MailId::from_bytes([7; 16]), Envelope::new(from, [to])?, content);
//! for outcome in &relay.deliver(&Attempt::of(&mail)).await? {
//!     println!("{outcome}");
//! }
//! relay.close().await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Which host gets it
//! The hosts are tried best first, hosts of equal preference in random order, IPv6 and IPv4 by turns, up to
//! [`MxConfig::address_limit`]. A host that cannot be reached, refuses the session or loses it before MAIL is
//! answered passes the mail on to the next; an answer to MAIL, RCPT or DATA is final for the attempt. If no host is
//! left, what was temporary decides: mail is refused only if every host refused it for good.
//!
//! # TLS
//! [`TlsPolicy::Opportunistic`](posthaste_transport::TlsPolicy::Opportunistic) takes any certificate, and goes on in
//! clear where STARTTLS is not offered or refused. Where the handshake fails, the host is tried once more in clear,
//! on a new connection (RFC 7435 §3: some protection most of the time). The stricter policies never fall back; a mail
//! that needs REQUIRETLS (RFC 8689) goes as [`TlsPolicy::Verified`](posthaste_transport::TlsPolicy::Verified).
//!
//! The recipient's side may ask for more, per host:
//!
//! * DANE, where the answers for MX, address and TLSA records are all DNSSEC-secure: a certificate that a TLSA record
//!   matches, or nothing is sent there. If no record is usable, TLS with any certificate. A TLSA answer that is bogus or
//!   not known defers; nothing is sent in clear instead. A certificate so proved is enough for `Verified` too.
//! * MTA-STS, with [`Mx::with_fetch`]: in mode `enforce` only hosts that the policy names, with a certificate valid for
//!   them; in mode `testing` as without a policy, and the failure is told.
//!
//! DANE goes before MTA-STS (RFC 8461 §2). How TLS fared in each session is told to [`Mx::with_tls_observer`] and the
//! trace, as [`TlsResult`](posthaste_auth::tls_rpt::TlsResult).
//!
//! # Scope
//! RFC 5321 §5 and RFC 7505 (routing), RFC 3207 and RFC 8314 (TLS), RFC 8461 (MTA-STS), RFC 7672 (DANE), RFC 8460 (its results), RFC 4954 (AUTH), RFC 2033 (LMTP over TCP), on
//! the sessions of `posthaste-smtp`. Not yet: SOCKS5, LMTP on a Unix socket. Retries and rates are
//! the engine's.
//!
//! # Limits
//! See [`MxConfig`], [`RelayConfig`] and [`PoolLimits`]. An idle connection holds at most 32 KiB, without TLS.
//!
//! # Features
//! None.

#![forbid(unsafe_code)]

mod address_book;
mod clock;
mod config;
mod connection;
mod dane;
mod delivery;
mod error;
mod failure;
mod lease;
mod lock_step;
mod mx;
mod open;
mod outbox;
mod pool;
mod relay;
mod report;
mod routing;
mod secured;
mod security;
mod stream;
mod sts;
mod targets;
mod tls;
mod trace;
mod turn;
mod url;
mod wait;

pub use config::{DaneUse, InwardAddresses, MxConfig, PoolLimits, RelayConfig, RelaySecurity};
pub use error::{ConfigError, ConfigErrorKind};
pub use mx::Mx;
pub use relay::Relay;
pub use report::TlsObserver;
pub use tls::TlsRoots;
