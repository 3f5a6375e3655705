//! The store.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use posthaste_sign::{KeyEntry, KeySecret, KeyState, KeyStore, KeyStoreError, KeyStoreErrorKind, Selector};
use posthaste_types::Domain;

use crate::disk::{self, error, unavailable};
use crate::{pem, text};

/// Keys in a folder: a text and a PEM file for each. See the crate's documentation for the files.
#[derive(Debug)]
pub struct KeyFolder {
    path: PathBuf,
    /// Writers of this process take turns here, those of others by the file `lock`.
    turn: Mutex<()>,
}

impl KeyFolder {
    /// The most keys of a folder that are listed.
    pub const MAX_KEYS: usize = 100_000;

    /// Opens the folder; makes it if there is none, for its owner alone.
    ///
    /// # Errors
    /// [`KeyStoreError`] that names the path; of kind [`Exposed`](KeyStoreErrorKind::Exposed) if others may write it.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, KeyStoreError> {
        let path = path.as_ref();
        disk::make_folder(path)?;
        disk::check_folder(path)?;
        Ok(Self { path: path.to_owned(), turn: Mutex::new(()) })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn of(&self, domain: &Domain) -> PathBuf {
        self.path.join(domain.as_str())
    }

    fn lock(&self) -> Result<Turn<'_>, KeyStoreError> {
        let guard = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.path.join(LOCK);
        let file = disk::private(OpenOptions::new().create(true).truncate(false).write(true)).open(&path);
        let file = file.map_err(unavailable(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Turn { file, _guard: guard }),
            Err(TryLockError::WouldBlock) => Err(error(KeyStoreErrorKind::Busy, &path, "another process is writing")),
            Err(TryLockError::Error(source)) => Err(unavailable(&path)(source)),
        }
    }

    fn entry(&self, domain: &Domain, selector: &str) -> Result<Option<KeyEntry>, KeyStoreError> {
        let path = self.of(domain).join(format!("{selector}.{ENTRY}"));
        let Some(octets) = disk::read(&path, text::MAX)? else { return Ok(None) };
        let damaged = |what: &str| error(KeyStoreErrorKind::Damaged, &path, what);
        let entry = text::parse(&octets).map_err(|what| damaged(&what))?;
        if entry.domain() != domain || entry.selector().as_str() != selector {
            return Err(damaged("it is of another key than its name says"));
        }
        Ok(Some(entry))
    }

    /// The names in a folder that begin with no dot; none if there is no folder.
    fn names(folder: &Path) -> Result<Vec<String>, KeyStoreError> {
        let found = match fs::read_dir(folder) {
            Ok(found) => found,
            Err(source) if matches!(source.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(Vec::new());
            }
            Err(source) => return Err(unavailable(folder)(source)),
        };
        let mut names = Vec::new();
        for item in found {
            let name = item.map_err(unavailable(folder))?.file_name();
            if let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) {
                names.push(name.to_owned());
            }
            if names.len() > 2 * Self::MAX_KEYS {
                let what = format!("more than {} keys", Self::MAX_KEYS);
                return Err(error(KeyStoreErrorKind::Unavailable, folder, what));
            }
        }
        names.sort();
        Ok(names)
    }
}

/// Held while something is written.
struct Turn<'a> {
    file: File,
    _guard: MutexGuard<'a, ()>,
}

impl Drop for Turn<'_> {
    /// By name: a process that is being started may hold a copy of the descriptor.
    fn drop(&mut self) {
        let _ = self.file.unlock(); // what cannot be unlocked is let go by closing
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl KeyStore for KeyFolder {
    async fn put(&self, entry: &KeyEntry, secret: &KeySecret) -> Result<(), KeyStoreError> {
        let (domain, selector) = (entry.domain(), entry.selector());
        let _turn = self.lock()?;
        if self.entry(domain, selector.as_str())?.is_some() {
            let what = format!("there is a key {selector} of {domain}");
            return Err(error(KeyStoreErrorKind::Exists, &self.path, what));
        }
        let folder = self.of(domain);
        disk::make_folder(&folder)?;
        disk::check_folder(&folder)?;
        disk::sync_folder(&self.path)?;
        // The secret first: an entry never stands without it.
        disk::replace(&folder, &format!("{selector}.{SECRET}"), pem::compose(secret).as_bytes())?;
        disk::replace(&folder, &format!("{selector}.{ENTRY}"), text::compose(entry).as_bytes())
    }

    async fn keys(&self, domain: Option<&Domain>) -> Result<Vec<KeyEntry>, KeyStoreError> {
        let domains = match domain {
            Some(domain) => vec![domain.clone()],
            // What is no domain is none of ours: the lock.
            None => Self::names(&self.path)?.iter().filter_map(|name| Domain::parse(name).ok()).collect(),
        };
        let mut found = Vec::new();
        for domain in domains {
            for name in Self::names(&self.of(&domain))? {
                let selector = name.strip_suffix(ENTRY).and_then(|name| name.strip_suffix('.'));
                if let Some(selector) = selector {
                    found.extend(self.entry(&domain, selector)?);
                }
            }
        }
        found.sort_by(|a, b| {
            let key = |entry: &KeyEntry| (entry.domain().as_str().to_owned(), entry.selector().as_str().to_owned());
            key(a).cmp(&key(b))
        });
        Ok(found)
    }

    async fn secret(&self, domain: &Domain, selector: &Selector) -> Result<Option<KeySecret>, KeyStoreError> {
        if self.entry(domain, selector.as_str())?.is_none() {
            return Ok(None); // of a `put` that did not come to its end
        }
        let folder = self.of(domain);
        disk::check_folder(&self.path)?;
        let owner = disk::check_folder(&folder)?;
        let path = folder.join(format!("{selector}.{SECRET}"));
        let Some(octets) = disk::read_secret(&path, &owner, pem::MAX)? else { return Ok(None) };
        pem::parse(&octets).map(Some).map_err(|what| error(KeyStoreErrorKind::Damaged, &path, what))
    }

    async fn advance(
        &self,
        domain: &Domain,
        selector: &Selector,
        from: KeyState,
        to: KeyState,
    ) -> Result<bool, KeyStoreError> {
        let _turn = self.lock()?;
        match self.entry(domain, selector.as_str())? {
            Some(entry) if entry.state() == from => {
                let name = format!("{selector}.{ENTRY}");
                disk::replace(&self.of(domain), &name, text::compose(&entry.in_state(to)).as_bytes())?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    async fn erase(&self, domain: &Domain, selector: &Selector) -> Result<bool, KeyStoreError> {
        let _turn = self.lock()?;
        if self.entry(domain, selector.as_str())?.is_none() {
            return Ok(false);
        }
        disk::wipe(&self.of(domain), &format!("{selector}.{SECRET}"))
    }
}

const LOCK: &str = "lock";
const ENTRY: &str = "key";
const SECRET: &str = "pem";
