//! A folder of `.eml` files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use posthaste_transport::{Attempt, Capabilities, Outcomes, Route, Transport, TransportError};
use posthaste_types::{Cause, Domain, Outcome};
use sha2::{Digest, Sha256};

use crate::file::{Fault, Temporary, blocking, sync_dir};

/// Writes each mail into a folder: `NAME.eml`, its octets unchanged, and `NAME.envelope.json`, its
/// [`Envelope`](posthaste_types::Envelope) in that type's serde form.
///
/// For whoever picks mail up from a folder, and for looking at what a program sends: accepted means
/// [relayed](posthaste_transport::Finality::Relayed).
///
/// # Files
/// `NAME` is the [`MailId`](posthaste_types::MailId), a hyphen, and 16 hex digits that stand for the recipients of
/// the attempt: names sort by time, and the parts of a mail whose recipients were tried separately have names of their
/// own. A repeated attempt writes the same file again, so that repeating delivers once, unless somebody has taken the
/// file away in between. Files are written under a name with a leading dot and renamed, the envelope first: a `.eml`
/// file is always whole, and its envelope is there. They are on disk, the folder included, before the mail is accepted.
/// On Unix only the owner may read them.
///
/// The folder must exist; it is not made, so that a misspelt path is an error
/// ([`Misconfigured`](posthaste_transport::TransportErrorKind::Misconfigured)) and not a second folder.
///
/// # Stacking
/// Right: alone, or under a [`Timeout`](crate::Timeout) where the folder is on a network.
/// ```
/// # use std::{sync::Arc, time::Duration};
/// # use posthaste_layers::{EmlFolder, Timeout};
/// # let clock = Arc::new(posthaste_testkit::VirtualClock::new());
/// let transport = Timeout::new(EmlFolder::new("/srv/pickup"), Duration::from_secs(60), clock);
/// ```
/// Wrong: as a copy beside the transport that delivers, its outcome taken for that one's. A file in a folder says
/// nothing about the recipient.
#[derive(Clone, Debug)]
pub struct EmlFolder {
    dir: Arc<Path>,
}

impl EmlFolder {
    /// Writes into `dir`. Nothing is touched before the first delivery.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into().into() }
    }

    /// Where the message of this attempt is, once it was accepted.
    pub fn path_of(&self, attempt: &Attempt) -> PathBuf {
        self.dir.join(format!("{}.eml", name_of(attempt)))
    }

    /// Where the envelope of this attempt is, once it was accepted.
    pub fn envelope_path_of(&self, attempt: &Attempt) -> PathBuf {
        self.dir.join(format!("{}.envelope.json", name_of(attempt)))
    }

    fn write(&self, attempt: &Attempt) -> Result<(), Fault> {
        attempt.start()?;
        let name = name_of(attempt);
        let envelope = serde_json::to_vec_pretty(attempt.mail().envelope())
            .map_err(|error| Fault::Before(TransportError::internal(error)))?;
        let envelope = Temporary::write(&self.dir, &name, std::iter::once(envelope.as_slice()))?;
        let message = Temporary::write(&self.dir, &name, attempt.mail().content().chunks())?;
        attempt.past_return()?;
        let (path, envelope_path) = (self.path_of(attempt), self.envelope_path_of(attempt));
        // Without its message an envelope means nothing: nobody has taken anything yet.
        envelope.replace(&envelope_path).map_err(|error| Fault::before(&envelope_path, error))?;
        message.replace(&path).map_err(|error| Fault::before(&path, error))?;
        sync_dir(&self.dir).map_err(|error| Fault::behind(&self.dir, &error))
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Transport for EmlFolder {
    fn capabilities(&self) -> Capabilities {
        Capabilities::relay().idempotent().tracks_progress().max_recipients(MAX_RECIPIENTS)
    }

    async fn deliver(&self, attempt: &Attempt) -> Result<Outcomes, TransportError> {
        let folder = self.clone();
        match blocking(attempt, move |attempt| folder.write(attempt)).await {
            Some(Ok(())) => {
                let words = format!("written to {}.eml", name_of(attempt));
                Ok(Outcomes::all(attempt, Outcome::accepted(Cause::local(words))))
            }
            Some(Err(Fault::Before(error))) => Err(error),
            Some(Err(Fault::Behind(cause))) => Ok(Outcomes::in_doubt(attempt, cause)),
            None => Ok(attempt.give_up(Cause::local("the writing of a file was broken off"))),
        }
    }

    async fn route(&self, _: &Domain) -> Result<Route, TransportError> {
        Ok(Route::to_relay())
    }

    async fn close(&self) {}
}

fn name_of(attempt: &Attempt) -> String {
    let mut recipients = Sha256::new();
    for recipient in attempt.recipients() {
        // An address holds no line end, so lists that differ give octets that differ.
        recipients.update(recipient.address.as_str());
        recipients.update("\n");
    }
    let digest = recipients.finalize();
    let hex: String = digest.iter().take(8).map(|octet| format!("{octet:02x}")).collect();
    format!("{}-{hex}", attempt.mail().id())
}

/// The recipients of one file.
const MAX_RECIPIENTS: usize = 1000;
