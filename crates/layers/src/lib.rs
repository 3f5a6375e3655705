//! Transports that wrap or stand in for others: timeout, file and maildir.
//!
//! [`EmlFolder`] and [`Maildir`] are [`Transport`](posthaste_transport::Transport)s of their own: they put mail into
//! files, durably. [`Timeout`] wraps any transport and ends what takes too long.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! use posthaste_layers::EmlFolder;
//! use posthaste_transport::{Attempt, Transport};
//! # use posthaste_types::{Address, Content, Envelope, Mail, MailId, OutcomeKind};
//!
//! # let to: Address = "bob@example.org".parse()?;
//! # let from: Address = "ada@example.com".parse()?;
//! # let content = Content::from_canonical(b"Subject: hi\r\n\r\nhi\r\n".to_vec())?;
//! # let mail = Mail::new(MailId::from_bytes([1; 16]), Envelope::new(from, [to])?, content);
//! let dir = tempfile::tempdir()?;
//! let folder = EmlFolder::new(dir.path());
//! let attempt = Attempt::of(&mail);
//! let outcomes = folder.deliver(&attempt).await?;
//! assert!(outcomes.iter().all(|outcome| outcome.kind() == OutcomeKind::Accepted));
//! assert_eq!(std::fs::read(folder.path_of(&attempt))?, mail.content().to_vec());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Scope
//! Files as RFC 5322 messages (`.eml`), the maildir format (`tmp`, `new`, `cur`), with the fields of final delivery
//! (RFC 5321 §4.4). Retry, throttle, failover and the other layers are to come. What opens sockets is in other
//! crates.
//!
//! # Faults of ours bounce nobody
//! A folder that is missing or may not be written is
//! [`Misconfigured`](posthaste_transport::TransportErrorKind::Misconfigured); a full disk and a failed write are
//! [`Unreachable`](posthaste_transport::TransportErrorKind::Unreachable), to be tried again. Where the files are
//! there and the sync of the folder failed, the outcome is in doubt.
//!
//! # Limits
//! One attempt has at most 1,000 recipients ([`EmlFolder`]) or 100 ([`Maildir`]). Files are written on tokio's pool
//! for blocking work.
//!
//! # Features
//! None.

#![forbid(unsafe_code)]

mod eml;
mod file;
mod maildir;
mod timeout;

pub use eml::EmlFolder;
pub use maildir::Maildir;
pub use timeout::Timeout;
