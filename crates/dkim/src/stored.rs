//! A signer whose keys come from a store and change while it runs.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use posthaste_sign::{KeyEntry, KeyStage, KeyStore, KeyStoreError, KeyStoreErrorKind, Sign, SignError, Signs};
use posthaste_types::{Content, Domain, HeaderField, Timestamp};

use crate::from;
use crate::head::{self, Split};
use crate::key::DkimKey;
use crate::signer::{Dkim, MAX_HEADER};

/// Signs with whatever keys of a [`KeyStore`] are in the stage [`Signing`](KeyStage::Signing): a rotation needs no restart.
///
/// It reads the store when it first signs, and again when a minute has passed by the times of the messages that it signs, or
/// when [`refresh`](Self::refresh) is called; do so at the start, to learn early of a store that cannot be read. A key that retires may so sign for a minute longer, in each process; the days for
/// which its record stands cover that. If the store fails, it signs on with what it has, and tries again after five seconds. Every key
/// of a domain that is in use signs, as in [`Dkim`].
///
/// Mail of a domain whose key cannot be used is not signed by half: that is [`SignErrorKind::Key`](posthaste_sign::SignErrorKind::Key).
///
/// ```
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// # runtime.block_on(async {
/// use std::sync::Arc;
///
/// use posthaste_dkim::{DkimKey, KeyKind, StoredKeys};
/// use posthaste_sign::{KeyStage, KeyState, KeyStore, MemoryKeys, Sign};
/// use posthaste_types::{Content, Timestamp};
///
/// let (store, now) = (Arc::new(MemoryKeys::new()), Timestamp::from_unix_secs(1_790_000_000));
/// let (entry, secret) = DkimKey::generate(KeyKind::Ed25519)?.to_kept(&"example.com".parse()?, &"s1".parse()?, now)?;
/// store.put(&entry, &secret).await?;
/// let signer = StoredKeys::new(store.clone());
///
/// let content = Content::from_canonical(b"From: ada@example.com\r\n\r\nhi\r\n".to_vec())?;
/// assert!(signer.sign(&content, now).await.is_err(), "nobody sees the key yet");
/// let signing = KeyState::new(KeyStage::Signing, now); // posthaste-auth says when
/// store.advance(entry.domain(), entry.selector(), entry.state(), signing).await?;
/// signer.refresh(now).await?;
/// assert_eq!(signer.sign(&content, now).await?.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct StoredKeys {
    store: Arc<dyn KeyStore>,
    shape: Box<dyn Fn(Dkim) -> Dkim + Send + Sync>,
    every: Duration,
    read: Mutex<Option<Arc<Read>>>,
    reading: AtomicBool,
}

/// What was read, and when that is to be done again.
struct Read {
    at: Timestamp,
    due: Timestamp,
    domains: Domains,
}

struct Signer {
    dkim: Dkim,
    keys: Keys,
}

impl StoredKeys {
    /// How old what was read may be, unless another time is set.
    pub const EVERY: Duration = Duration::from_secs(60);

    /// Signs with the keys of this store.
    pub fn new(store: Arc<dyn KeyStore>) -> Self {
        Self {
            store,
            shape: Box::new(|dkim| dkim),
            every: Self::EVERY,
            read: Mutex::default(),
            reading: AtomicBool::new(false),
        }
    }

    /// How each domain signs: its reach, which header fields, when signatures expire. The keys are added to what this
    /// gives; it is asked whenever the store is read.
    #[must_use]
    pub fn shape(mut self, shape: impl Fn(Dkim) -> Dkim + Send + Sync + 'static) -> Self {
        self.shape = Box::new(shape);
        self
    }

    /// How old what was read may be, at least a second; else [`EVERY`](Self::EVERY).
    #[must_use]
    pub fn every(mut self, every: Duration) -> Self {
        self.every = every.max(Duration::from_secs(1));
        self
    }

    /// Reads the keys anew, at the time `at`: after a step of a rotation that must count at once.
    ///
    /// Cancel safe: dropped, what was read before stays.
    ///
    /// # Errors
    /// [`KeyStoreError`] if the store cannot be read; what was read before stays. That a key cannot be used is told when
    /// mail of its domain is signed.
    pub async fn refresh(&self, at: Timestamp) -> Result<(), KeyStoreError> {
        let mut tries = 0;
        let domains = loop {
            // A key may retire, and its secret be erased, between two questions: its successor signs by then.
            match self.load().await? {
                Loaded::All(domains) => break domains,
                Loaded::Changed(name) if tries == MAX_TRIES => {
                    let what = format!("{name} signs, and its secret is erased");
                    return Err(KeyStoreError::new(KeyStoreErrorKind::Damaged, what));
                }
                Loaded::Changed(_) => tries += 1,
            }
        };
        self.replace(Read { at, due: at.saturating_add(self.every), domains });
        Ok(())
    }

    async fn load(&self) -> Result<Loaded, KeyStoreError> {
        let before = self.read();
        let mut found: BTreeMap<String, Result<Keys, Fault>> = BTreeMap::new();
        for entry in self.store.keys(None).await? {
            if entry.state().stage != KeyStage::Signing {
                continue;
            }
            let known = before.as_ref().and_then(|before| before.key(&entry));
            let key = match known {
                Some(known) => Ok(known),
                None => match self.store.secret(entry.domain(), entry.selector()).await {
                    Ok(Some(secret)) => DkimKey::from_secret(&secret).map_err(|error| Arc::new(error) as Fault),
                    Ok(None) => return Ok(Loaded::Changed(entry.name().to_string())),
                    Err(error) if error.is_transient() => return Err(error),
                    // A damaged secret stops no other domain.
                    Err(error) => Err(Arc::new(error) as Fault),
                },
            };
            let keys = found.entry(entry.domain().to_string()).or_insert_with(|| Ok(Keys::new()));
            match (keys, key) {
                (Ok(keys), Ok(key)) => keys.push((entry, key)),
                (keys @ Ok(_), Err(error)) => *keys = Err(error),
                (Err(_), _) => {}
            }
        }
        let signer = |(name, keys): (String, Result<Keys, _>)| match keys {
            Ok(keys) => Some((name, Ok(Arc::new(self.signer(keys)?)))),
            Err(error) => Some((name, Err(error))),
        };
        Ok(Loaded::All(found.into_iter().filter_map(signer).collect()))
    }

    /// `None` without keys.
    fn signer(&self, keys: Keys) -> Option<Signer> {
        let domain = keys.first()?.0.domain().clone();
        let with = |dkim: Dkim, (entry, key): &(KeyEntry, DkimKey)| dkim.key(entry.selector().clone(), key.clone());
        Some(Signer { dkim: keys.iter().fold((self.shape)(Dkim::new(domain)), with), keys })
    }

    /// What was read, anew if that is due.
    async fn current(&self, at: Timestamp) -> Result<Arc<Read>, KeyStoreError> {
        let Some(read) = self.read() else {
            self.refresh(at).await?;
            return self.read().ok_or_else(|| KeyStoreError::new(KeyStoreErrorKind::Unavailable, "nothing was read"));
        };
        // A clock that was set back must not keep a key in use for longer.
        let is_due = at >= read.due || at.saturating_add(self.every) < read.at;
        if is_due && !self.reading.swap(true, Ordering::AcqRel) {
            let _done = Done(&self.reading); // also if this call is dropped
            if self.refresh(at).await.is_err() {
                let due = at.saturating_add(SOON.min(self.every));
                self.replace(Read { at, due, domains: read.domains.clone() });
            }
        }
        Ok(self.read().unwrap_or(read))
    }

    fn read(&self) -> Option<Arc<Read>> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn replace(&self, read: Read) {
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(read));
    }
}

type Keys = Vec<(KeyEntry, DkimKey)>;
type Domains = BTreeMap<String, Result<Arc<Signer>, Fault>>;
/// Why the keys of a domain cannot be used.
type Fault = Arc<dyn Error + Send + Sync>;

enum Loaded {
    All(Domains),
    /// A key that signs has no secret any more.
    Changed(String),
}

struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Read {
    /// The key of an entry, if it was read before: keys never change, only their states.
    fn key(&self, entry: &KeyEntry) -> Option<DkimKey> {
        let Some(Ok(signer)) = self.domains.get(entry.domain().as_str()) else { return None };
        let same = |known: &&(KeyEntry, DkimKey)| known.0.name() == entry.name() && known.0.record() == entry.record();
        signer.keys.iter().find(same).map(|(_, key)| key.clone())
    }

    /// The signers that may sign for a From domain: its own, and those of the domains above it.
    fn of(&self, from: &Domain) -> impl Iterator<Item = &Result<Arc<Signer>, Fault>> {
        std::iter::successors(Some(from.clone()), Domain::parent).filter_map(|domain| self.domains.get(domain.as_str()))
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Sign for StoredKeys {
    async fn sign(&self, content: &Content, at: Timestamp) -> Result<Vec<HeaderField>, SignError> {
        let read = self.current(at).await.map_err(SignError::unavailable)?;
        let mut fields = Vec::new();
        let mut used: Vec<&Domain> = Vec::new();
        for from in from_domains(content) {
            for signer in read.of(&from) {
                let signer = signer.as_ref().map_err(|error| SignError::key(error.clone()))?;
                if signer.dkim.signs_for(&from) == Signs::Yes && !used.contains(&signer.dkim.domain()) {
                    used.push(signer.dkim.domain());
                    fields.extend(signer.dkim.sign_content(content, at)?);
                }
            }
        }
        if used.is_empty() {
            // Without a key it only says why not: no From, two, or none of ours.
            let nobody = Domain::parse("invalid").map_err(SignError::key)?;
            return Dkim::new(nobody).sign_content(content, at);
        }
        Ok(fields)
    }

    fn signs_for(&self, from: &Domain) -> Signs {
        let Some(read) = self.read() else { return Signs::Unknown };
        let signs = |signer: &Result<Arc<Signer>, _>| {
            signer.as_ref().is_ok_and(|signer| signer.dkim.signs_for(from) == Signs::Yes)
        };
        // What is not there may be by the next message.
        if read.of(from).any(signs) { Signs::Yes } else { Signs::Unknown }
    }
}

/// The domains of the only From field, each once; none if there is none.
fn from_domains(content: &Content) -> Vec<Domain> {
    let Some(split) = Split::of(content.chunks(), MAX_HEADER) else { return Vec::new() };
    let from = head::fields(&split.head).filter_map(Result::ok).find(|field| field.is("From"));
    let mut domains = from.map(|field| from::domains(field.value)).unwrap_or_default();
    domains.dedup();
    domains
}

impl fmt::Debug for StoredKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredKeys").field("store", &self.store).field("every", &self.every).finish_non_exhaustive()
    }
}

/// How often a list of keys is read again because one of them has just retired.
const MAX_TRIES: u32 = 3;
/// How soon a store that failed is asked again.
const SOON: Duration = Duration::from_secs(5);
