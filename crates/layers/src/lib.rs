//! Layers around transports, and transports of files and programs.
//!
//! A layer is a [`Transport`](posthaste_transport::Transport) around another: it changes when, where or whether an
//! attempt goes on, and forwards everything else. They stack; each says one right and one wrong place.
//!
//! | layer | what it does |
//! |---|---|
//! | [`Failover`] | tries the next transport where one could hand nothing to anyone |
//! | [`Hold`] | collects mail instead of sending it, to be looked at and released |
//! | [`Retry`] | tries again, within the time of the attempt |
//! | [`RouteBy`] | gives each recipient to a transport by domain or provider |
//! | [`Split`] | gives each transport a share of the mail |
//! | [`Suppress`] | asks a suppression list, and refuses whom it forbids |
//! | [`Tee`] | gives a copy of what was accepted to a second transport |
//! | [`Throttle`] | keeps a rate and a number at a time, over all and for each site |
//! | [`Timeout`] | ends what takes too long |
//! | [`Trace`] | collects the dialogue of each attempt |
//!
//! [`EmlFolder`], [`Maildir`] and [`Sendmail`] are transports of their own.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! use std::{sync::Arc, time::Duration};
//!
//! use posthaste_layers::{Failover, Limits, Retry, Throttle, Timeout};
//! use posthaste_transport::{Attempt, Memory, Transport};
//! # use posthaste_testkit::VirtualClock;
//! # use posthaste_types::{Address, Content, Envelope, Mail, MailId, OutcomeKind};
//!
//! # let to: Address = "bob@example.org".parse()?;
//! # let from: Address = "ada@example.com".parse()?;
//! # let content = Content::from_canonical(b"Subject: hi\r\n\r\nhi\r\n".to_vec())?;
//! # let mail = Mail::new(MailId::from_bytes([1; 16]), Envelope::new(from, [to])?, content);
//! # let clock = Arc::new(VirtualClock::new());
//! # let (near, far) = (Memory::relay(), Memory::relay());
//! let near = Retry::new(Timeout::new(near, Duration::from_secs(30), clock.clone()), clock.clone());
//! let both = Failover::new(near, clock.clone()).then(far);
//! let transport = Throttle::new(both, clock).overall(Limits::unlimited().at_a_time(20));
//!
//! let outcomes = transport.deliver(&Attempt::of(&mail)).await?;
//! assert!(outcomes.iter().all(|outcome| outcome.kind() == OutcomeKind::Accepted));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Scope
//! What stands between an application and the transports that open sockets, which are in other crates; files as
//! RFC 5322 messages (`.eml`), the maildir format (`tmp`, `new`, `cur`) with the fields of final delivery
//! (RFC 5321 §4.4), and programs with sendmail's command line.
//!
//! # No duplicates by a layer
//! A layer that tries twice or elsewhere derives its tries from the attempt
//! ([`Attempt::next_try`](posthaste_transport::Attempt::next_try)): there is none behind an acceptance or a doubt, and
//! nothing can be sent for a try that is over. Waits come before the first command, and end when an attempt is withdrawn;
//! one that is withdrawn behind it goes on with the hop that has heard of it, and no other hears of it.
//!
//! # Faults of ours bounce nobody
//! A folder or a program that is missing or may not be used is
//! [`Misconfigured`](posthaste_transport::TransportErrorKind::Misconfigured); a full disk and a failed write are
//! [`Unreachable`](posthaste_transport::TransportErrorKind::Unreachable), to be tried again. Where the files are
//! there and the sync of the folder failed, the outcome is in doubt.
//!
//! # Limits
//! One attempt has at most 1,000 recipients ([`EmlFolder`]) or 100 ([`Maildir`], [`Sendmail`]); a layer over several
//! transports has the smallest limit of them. What a layer remembers is bounded: [`Throttle::MAX_SITES`],
//! [`Trace::MAX_LINES`], [`Hold::MAX_HELD`], [`Hold::MAX_OCTETS`], [`Tee::MAX_COPIES`].
//! Files are written on tokio's pool for blocking work.
//!
//! # Features
//! None.

#![forbid(unsafe_code)]

mod eml;
mod failover;
mod file;
mod hold;
mod maildir;
mod retry;
mod route_by;
mod sendmail;
mod split;
mod suppress;
mod tee;
mod throttle;
mod timeout;
mod trace;

pub use eml::EmlFolder;
pub use failover::Failover;
pub use hold::{Held, HeldId, Hold, ReleaseError};
pub use maildir::Maildir;
pub use retry::Retry;
pub use route_by::RouteBy;
pub use sendmail::Sendmail;
pub use split::Split;
pub use suppress::Suppress;
pub use tee::{Copies, Tee};
pub use throttle::{Limits, Rate, Throttle};
pub use timeout::Timeout;
pub use trace::{Dialogue, Dialogues, Trace};
