//! The durable spool, suppression list, event log and DKIM keys in one SQLite file.
//!
//! [`Sqlite`] implements the ports [`Spool`](posthaste_queue::Spool),
//! [`SuppressionStore`](posthaste_suppression::SuppressionStore) and [`KeyStore`](posthaste_sign::KeyStore). Mail, recipients, attempts, events and
//! suppressions commit together, and the file can be opened and queried with any SQLite: the README of this
//! crate lists its tables and some useful questions.
//!
//! ```
//! use posthaste_queue::{Admission, NewMail, Spool};
//! use posthaste_sqlite::Sqlite;
//! use posthaste_types::{Address, Content, Envelope, Mail, MailId, Timestamp};
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("mail.db");
//! let spool = Sqlite::open(&path)?;
//!
//! let envelope = Envelope::new("ada@example.com".parse::<Address>()?, ["bob@example.org".parse::<Address>()?])?;
//! let (content, _) = Content::from_raw(b"Subject: hi\r\n\r\nIt is on its way.\r\n".to_vec())?;
//! let mail = Mail::new(MailId::from_bytes([7; 16]), envelope, content);
//! let (now, expires) = (Timestamp::from_unix_secs(1_800_000_000), Timestamp::from_unix_secs(1_800_345_600));
//!
//! let admitted = spool.admit(vec![NewMail::new(mail, now, expires)]).await?;
//! assert!(matches!(admitted[..], [Admission::Accepted(_)])); // it is on the disk now
//! assert_eq!(spool.due(now, None, 10).await?.len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Durability
//! The write-ahead log is synced before a write is answered (`synchronous=FULL`); no setting changes that.
//! One thread writes, and all requests that wait share one transaction and one sync (group commit); each
//! still stands or falls alone. After a failed read, write or sync nothing is written until the spool is
//! opened again. A process that dies loses nothing that was answered.
//!
//! # One owner
//! [`Sqlite::open`] holds a lock of the system on `<path>.lock` for the life of the handle. A second
//! opener, in this process or another, gets [`InUse`](posthaste_queue::SpoolErrorKind::InUse) at once; the
//! system frees the lock when the owner dies. Others may read: [`Sqlite::open_read_only`]. What another program, such as
//! the `sqlite3` shell, puts into the table `suppression` is found from the owner's next write on, so that no lease is
//! given for it.
//!
//! # Damage
//! What is stored of a mail carries checksums and is read back through the checks of its types. A damaged
//! mail is set apart in the table `quarantine`: its recipients end as
//! [`Quarantined`](posthaste_types::Fate::Quarantined), events tell it, and no other mail is touched, but
//! for those that share a damaged body. A damaged entry of the suppression list forbids everything it may
//! have touched.
//!
//! # What is kept
//! The content of a mail is removed in the transaction in which its last recipient ends; the rest when
//! [`forget`](posthaste_queue::Spool::forget) is told so. A body that many mails share is stored once, if
//! their contents hold the same memory, as those of a campaign do.
//!
//! # Keys
//! The secrets of DKIM keys stand in the file as they are: it is made for its owner alone (mode 0600), and gives and takes
//! no secret while others may read it. One that is erased is overwritten in the file; the write-ahead log may hold it until
//! it is copied and begun anew, at the latest when the spool is closed.
//!
//! # Limits
//! Those of [`Settings`], and SQLite's: a content of at most 1,000,000,000 octets. Local disks only: the
//! locks do not work on network file systems. Memory: the page caches, the requests that wait, and at most
//! 32 MiB of recent shared bodies (or one that is larger).
//!
//! # Features
//! `test-no-sync`: never for use. With it, and with the variable `POSTHASTE_TEST_NO_SYNC` set, nothing is
//! synced, so that a test of durability can show that it would notice.

#![forbid(unsafe_code)]

mod filter;
mod hash;
mod keys;
mod lane;
mod lock;
mod lookup;
mod open;
mod read_only;
mod reader;
mod rows;
mod schema;
mod settings;
mod spool;
mod sqlite;
mod store;
mod trouble;
mod writer;

pub use read_only::ReadOnly;
pub use settings::Settings;
pub use sqlite::Sqlite;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
