//! Embeddable email delivery: compose, sign, queue, deliver, and understand what comes back.
//!
//! An application opens a spool, says how mail leaves, and sends. What it gets is what people otherwise run a mail
//! server for: mail that is on disk before `send` returns, signed with DKIM, delivered to the recipients' MX, retried,
//! and followed until each recipient has come to its end, with the reply or the report that decided it.
//!
//! ```no_run
//! use posthaste::{Dkim, Mailer, Message, Sqlite};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let mailer = Mailer::builder()
//!     .spool(Sqlite::open("mail.db")?) // created if missing
//!     .signer(Dkim::from_pem_file("news.example.com", "s1", "dkim.pem")?)
//!     .transport(posthaste::mx_system()?) // or a Relay, a folder, your own type
//!     .return_path("bounces.news.example.com")
//!     .start()
//!     .await?;
//!
//! let receipt = mailer
//!     .send(
//!         Message::builder()
//!             .from("Ada <ada@news.example.com>")
//!             .to("bob@example.org")
//!             .subject("Your order")
//!             .text("It is on its way.")
//!             .build()?,
//!     )
//!     .await?; // it is on disk now
//!
//! println!("{}", receipt.settled().await?); // or follow mailer.watch() for everything
//! mailer.stop().await; // drains; what is left waits in the spool
//! # Ok(())
//! # }
//! ```
//!
//! # Where things are
//! The words of mail ([`Address`], [`Reply`], [`Outcome`], [`Event`] ...) and what a first program needs stand here, at
//! the root. What belongs to one part stands in its module: [`auth`], [`bounce`], [`dns`], [`feedback`], [`fetch`],
//! [`hygiene`], [`message`], [`provider`], [`queue`], [`report`], [`reputation`], [`sign`], [`smtp`], [`suppression`],
//! [`token`], [`transport`], [`unsubscribe`], and behind their features `dkim`, `dns_hickory`, `doctor`, `fetch_hyper`,
//! `keystore_file`, `layers`, `mx`, `receive`, `sqlite` and `testing`. Each type has one path.
//!
//! # Features
//! Features only add adapters. Default: `engine`, `sqlite`, `mx`, `dns-hickory`, `fetch-hyper`, `dkim`, `layers`; then
//! `doctor`, `keystore-file`, `receive`, `serde`, `testing`. Without default features only the pure part is left: no
//! tokio, no C library, no network.

#![forbid(unsafe_code)]

#[cfg(all(feature = "dns-hickory", feature = "engine", feature = "mx"))]
mod system;

#[cfg(all(feature = "dns-hickory", feature = "engine", feature = "mx"))]
pub use system::{SystemError, SystemErrorKind, hostname, mx_system, mx_system_with};

pub use posthaste_message::{Attachment, Message, Raw};
pub use posthaste_transport::{Attempt, Capabilities, Outcomes, Source, TlsPolicy, Transport, TransportError};
pub use posthaste_types::{
    Address, BodyKind, BounceClass, CampaignName, Cause, Clock, Constraint, Content, ContentError, ContentErrorKind,
    DnsFault, DnsName, Domain, Ending, EnhancedStatus, Envelope, EnvelopeId, Event, EventId, EventKind, Evidence,
    EvidenceSource, Explanation, Fate, HeaderField, HeaderName, HeaderValue, ListName, Mail, MailId, Mailbox,
    MessageId, NetworkFault, NodeId, Notify, OnceKey, OriginalRecipient, Outcome, OutcomeKind, ParseError,
    ParseErrorKind, ProviderId, Random, Recipient, Repairs, Repeat, Reply, RequireTls, Ret, ReversePath, Stage,
    Standing, StreamName, Tags, TenantName, Text, Tick, Timestamp, WaitState, Wanted,
};

#[cfg(feature = "engine")]
pub use posthaste_engine::{
    Audience, Durable, DurableEvents, EventFilter, FeedbackError, FeedbackErrorKind, Ingested, IngestedReport, Lagged,
    Live, LiveEvents, Mailer, MailerBuilder, Outgoing, Prepared, Preparing, Receipt, RecipientStanding, SendAll,
    SendError, SendErrorKind, Sending, Settings, Standings, StartError, StartErrorKind, Stopped, StreamPolicy,
    Submission, SystemClock, SystemRandom, Traceable, Via, WayOut,
};

#[cfg(feature = "dkim")]
pub use posthaste_dkim::Dkim;
#[cfg(feature = "mx")]
pub use posthaste_mx::{Mx, Relay};
#[cfg(feature = "sqlite")]
pub use posthaste_sqlite::Sqlite;

pub use posthaste_auth as auth;
pub use posthaste_bounce as bounce;
pub use posthaste_dns as dns;
pub use posthaste_feedback as feedback;
pub use posthaste_fetch as fetch;
pub use posthaste_hygiene as hygiene;
pub use posthaste_reputation as reputation;

/// Reading mail, and the parts of composing it that a first program does without.
pub mod message {
    pub use posthaste_message::{
        AutoSubmitted, Body, ComposeError, ComposeLimits, Defect, DefectKind, Header, IntoMailbox, IntoMessageId,
        Limit, Limits, MediaType, MessageBuilder, Part, Preview, Problem, ProblemKind, RawError, ReadAddress,
        ReadError, ReadMessage, Rule, Stamp, StrictError, TransferEncoding, Violation, check_strict, field_block, read,
    };
}

pub use posthaste_provider as provider;
pub use posthaste_queue as queue;
pub use posthaste_report as report;
pub use posthaste_sign as sign;
pub use posthaste_smtp as smtp;
pub use posthaste_suppression as suppression;
pub use posthaste_token as token;
pub use posthaste_unsubscribe as unsubscribe;

/// The port that hands mail to the next hop: its contract, its routes, its fake.
pub mod transport {
    pub use posthaste_transport::{
        Answer, AttemptBuilder, AttemptKey, Direction, Finality, Idempotency, Memory, Progress, Received, Route,
        RouteHost, SiteId, StartedAlready, TraceLines, TraceSink, TransportErrorKind, Withdrawn, contract,
    };
}

/// DKIM keys, records and checks (RFC 6376, RFC 8463), ARC (RFC 8617), and the check of a whole message.
#[cfg(feature = "dkim")]
pub mod dkim {
    pub use posthaste_dkim::{
        Algorithm, ArcField, ArcHistory, ArcReason, ArcResult, ArcSealer, ArcSet, ArcSignature, ArcVerdicts, Arrival,
        AuthorError, Canonicalization, ChainStatus, CheckLimits, DkimError, DkimErrorKind, DkimKey, DkimNote,
        DkimOutcome, DkimReason, DkimRecord, DkimResult, KeyKind, Listing, MessageSettings, MessageVerdict, Reach,
        SealError, SealErrorKind, Selector, SignedHeaders, SigningPolicy, SpfCheck, StoredKeys, WithoutKey, check,
        check_arc, check_arc_octets, check_message, check_octets,
    };
}

/// Delivery over SMTP: settings of [`Mx`] and [`Relay`].
#[cfg(feature = "mx")]
pub mod mx {
    pub use posthaste_mx::{
        ConfigError, ConfigErrorKind, DaneUse, InwardAddresses, MxConfig, PoolLimits, RelayConfig, RelaySecurity,
        TlsObserver, TlsRoots,
    };
}

#[cfg(feature = "dns-hickory")]
pub use posthaste_dns_hickory as dns_hickory;
#[cfg(feature = "doctor")]
pub use posthaste_doctor as doctor;
#[cfg(feature = "fetch-hyper")]
pub use posthaste_fetch_hyper as fetch_hyper;
#[cfg(feature = "keystore-file")]
pub use posthaste_keystore_file as keystore_file;
#[cfg(feature = "layers")]
pub use posthaste_layers as layers;
#[cfg(feature = "receive")]
pub use posthaste_receive as receive;
#[cfg(feature = "testing")]
pub use posthaste_testkit as testing;

/// The spool in one SQLite file: its settings, and how another program reads it.
#[cfg(feature = "sqlite")]
pub mod sqlite {
    pub use posthaste_sqlite::{ReadOnly, Settings};
}

/// The program of the readme compiles.
#[cfg(all(doctest, feature = "dkim", feature = "dns-hickory", feature = "engine", feature = "mx", feature = "sqlite"))]
#[doc = include_str!("../README.md")]
struct Readme;
