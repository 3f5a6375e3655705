//! DKIM keys in a folder of private files.
//!
//! [`KeyFolder`] implements [`KeyStore`](posthaste_sign::KeyStore): one text for each key that says where it stands, and
//! one PEM file for its secret.
//!
//! ```
//! # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
//! # runtime.block_on(async {
//! use posthaste_keystore_file::KeyFolder;
//! use posthaste_sign::{KeyEntry, KeySecret, KeyStore};
//! use posthaste_types::Timestamp;
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("keys");
//! let store = KeyFolder::open(&path)?;
//! let now = Timestamp::from_unix_secs(1_790_000_000);
//! let entry = KeyEntry::new("example.com".parse()?, "s1".parse()?, "v=DKIM1; k=ed25519; p=AAAA", now)?;
//! let secret = KeySecret::new(vec![7; 48]).ok_or("empty")?; // a key in PKCS #8, made by posthaste-dkim
//! store.put(&entry, &secret).await?; // on disk now: keys/example.com/s1.key and s1.pem
//! assert_eq!(store.keys(None).await?, [entry]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Files
//! Every file is written under another name, synced, and then given its name, and its folder is synced: it is whole or
//! not there. Files are made with mode 0600 and folders with 0700. A secret that its group or others may read, that
//! belongs to another user than the folder, or that is a link, is refused ([`Exposed`](posthaste_sign::KeyStoreErrorKind::Exposed)),
//! and so is a folder that others may write. Folders above are not looked at. Where there are no modes (Windows), none is
//! checked.
//!
//! An erased secret is overwritten before its file is removed; what the file system or the disk keeps of old blocks is
//! out of reach.
//!
//! # Several processes
//! Any number may read and write at once: writers take turns by a lock on the file `lock`, and who finds it taken gets
//! [`Busy`](posthaste_sign::KeyStoreErrorKind::Busy) at once. Calls read and write the disk where they are made, without
//! a runtime: a few small files. Local disks only.
//!
//! # Limits
//! Those of [`KeyEntry`](posthaste_sign::KeyEntry) and [`KeySecret`](posthaste_sign::KeySecret); [`KeyFolder::MAX_KEYS`].
//!
//! # Features
//! None.

#![forbid(unsafe_code)]

mod disk;
mod folder;
mod pem;
mod text;

pub use folder::KeyFolder;
