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
//! The hosts are tried best first, hosts of equal preference in random order, their IPv6 and IPv4 addresses by turns, up to
//! [`MxConfig::address_limit`]. The next address of a preference is tried beside the one before when that one has had
//! its [head start](MxConfig::head_start) (RFC 8305 §5); a less preferred host only when the better ones have failed.
//! What leads back to this host ([`MxConfig::own_names`], [`MxConfig::own_addresses`]) is left out with all that is not
//! better. A host that cannot be reached, refuses the session or loses it before MAIL is
//! answered passes the mail on to the next; an answer to MAIL, RCPT or DATA is final for the attempt. If no host is
//! left, what was temporary decides: mail is refused only if every host refused it for good.
//!
//! # From where
//! From what the system takes, or from [`MxConfig::sources`]: addresses with their EHLO names, by weight, each directly
//! or through a SOCKS5 proxy (RFC 1928, RFC 1929), which gets addresses and never names. Each source has its own
//! connections. One that a site refuses or that does not get there gives way to the others for that site;
//! [`Mx::sources`] says how each fares. What was used stands in the trace, in results and in the words of a failure.
//!
//! # TLS
//! [`TlsPolicy::Opportunistic`](posthaste_transport::TlsPolicy::Opportunistic) takes any certificate, and goes on in
//! clear where STARTTLS is not offered or refused. Where the handshake fails, the host is tried once more in clear,
//! on a new connection (RFC 7435 §3: some protection most of the time). The stricter policies never fall back; a mail
//! that needs REQUIRETLS (RFC 8689) goes as [`TlsPolicy::Verified`](posthaste_transport::TlsPolicy::Verified), and only to
//! hosts that a DNSSEC-secure answer or an MTA-STS policy names (§4.2.1).
//!
//! The recipient's side may ask for more, per host:
//!
//! * DANE, where the answers for MX, address and TLSA records are all DNSSEC-secure: a certificate that a TLSA record
//!   matches, or nothing is sent there. That of an authority's host must bear the host's name or the recipient's domain
//!   (RFC 7672 §3.2.2). If no record is usable, TLS with any certificate. An answer that is bogus or not known defers;
//!   nothing is sent in clear instead. A certificate so proved is enough for `Verified` too.
//! * MTA-STS, with [`Mx::with_fetch`]: in mode `enforce` only hosts that the policy names, with a certificate valid for
//!   them; in mode `testing` as without a policy, and the failure is told. [`Mx::sts_policies`] and
//!   [`Mx::keep_sts_policies`] carry policies over a restart.
//!
//! DANE goes before MTA-STS (RFC 8461 §2). How TLS fared in each session, and why it is encrypted or not, is told to
//! [`Mx::with_tls_observer`] and the trace, as [`TlsResult`](posthaste_auth::tls_rpt::TlsResult). A
//! [`Tally`](posthaste_auth::tls_rpt::Tally) counts them for reports. TLSA records are looked at when a connection is
//! opened, and not again while it is used.
//!
//! # Scope
//! RFC 5321 §5 and RFC 7505 (routing), RFC 8305 §5 (several addresses), RFC 1928 and RFC 1929 (SOCKS5, CONNECT alone),
//! RFC 3207 and RFC 8314 (TLS), RFC 8461 (MTA-STS), RFC 7672 (DANE), RFC 8460 (its results), RFC 8689 (REQUIRETLS), RFC 4954 (AUTH), RFC 2033
//! (LMTP, over TCP or a Unix socket), on the sessions of `posthaste-smtp`. Certificates that were withdrawn are not
//! looked for. Retries and rates are the engine's.
//!
//! # Limits
//! See [`MxConfig`], [`RelayConfig`] and [`PoolLimits`]. 10,000 MTA-STS policies and 1,000 troubles of a source are
//! remembered, 64 hosts of a domain and 32 TLSA records of a host looked at. An idle connection holds at most 32 KiB, without TLS.
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
mod dial;
mod egress;
mod error;
mod failure;
mod job;
mod lease;
mod lock_step;
mod mx;
mod open;
mod outbox;
mod parts;
mod peer;
mod pool;
mod progress;
mod race;
mod relay;
mod report;
mod routing;
mod secured;
mod security;
mod socks;
mod sources;
mod stream;
mod sts;
mod targets;
mod tls;
mod trace;
mod turn;
mod unix;
mod url;
mod wait;
mod why;

pub use config::{DaneUse, InwardAddresses, MxConfig, PoolLimits, RelayConfig, RelaySecurity};
pub use egress::{Egress, Socks5, SourceState, SourceTrouble, TroubleKind};
pub use error::{ConfigError, ConfigErrorKind};
pub use mx::Mx;
pub use relay::Relay;
pub use report::TlsObserver;
pub use tls::TlsRoots;
