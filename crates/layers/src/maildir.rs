//! Final delivery into maildirs.

use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use posthaste_transport::{Attempt, Capabilities, Outcomes, Route, Transport, TransportError};
use posthaste_types::{Address, Cause, Domain, Mail, Outcome, Reply, Stage};
use sha2::{Digest, Sha256};

use crate::file::{Fault, Temporary, blocking, sync_dir};

/// Delivers into maildirs: each recipient gets a file of his own in `new`.
///
/// This is final delivery: accepted means [delivered](posthaste_transport::Finality::Delivered), and the fields
/// `Return-Path` (RFC 5321 §4.4) and `Delivered-To` stand in front of the octets, which are otherwise unchanged: CRLF
/// line ends, so that signatures hold over the file as it is.
///
/// # Files
/// As the maildir format asks: written in `tmp`, on disk, then linked into `new` under a unique name, and the folder
/// is on disk before the recipient is accepted. The name is `SECONDS.MAILID` `R` `DIGITS.HOST`: when the mail was
/// accepted, its [`MailId`](posthaste_types::MailId), 16 hex digits that stand for the recipient, and a host name. A
/// repeated attempt finds its file if nobody has read it, and delivers no second one. On Unix only the owner may read
/// them. `tmp`, `new` and `cur` are made where they are missing; the maildir itself is not.
///
/// # Faults
/// A mailbox that cannot be written defers its recipients; if nobody's can be written, the whole attempt is an error
/// ([`Misconfigured`](posthaste_transport::TransportErrorKind::Misconfigured) for a missing or forbidden folder).
///
/// # Stacking
/// Right: alone, or under a [`Timeout`](crate::Timeout) where the maildirs are on a network.
/// ```
/// # use posthaste_layers::Maildir;
/// let everybody = Maildir::new("/var/mail/all");
/// let each = Maildir::of_recipients(|to| match to.as_str() {
///     "ada@example.org" => Some("/home/ada/Maildir".into()),
///     _ => None, // 550 5.1.1
/// });
/// ```
/// Wrong: under a layer that tries the attempt again when one recipient of it failed. The others had their mail.
#[derive(Clone)]
pub struct Maildir {
    mailbox_of: Arc<MailboxOf>,
    host: Arc<str>,
}

type MailboxOf = dyn Fn(&Address) -> Option<PathBuf> + Send + Sync;

impl Maildir {
    /// Delivers for everybody into one maildir.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        let dir = dir.into();
        Self::of_recipients(move |_| Some(dir.clone()))
    }

    /// Delivers into the maildir that `mailbox_of` names; `None` refuses the recipient with 550 5.1.1.
    ///
    /// A local part may hold anything, slashes and dots included: look it up, never join it to a path.
    pub fn of_recipients(mailbox_of: impl Fn(&Address) -> Option<PathBuf> + Send + Sync + 'static) -> Self {
        Self { mailbox_of: Arc::new(mailbox_of), host: "localhost".into() }
    }

    /// The host in the names of files; `localhost` by default, which does while no other host writes the same maildir.
    #[must_use]
    pub fn host(mut self, host: &Domain) -> Self {
        self.host = host.as_str().into();
        self
    }

    fn write(&self, attempt: &Attempt) -> Result<Vec<Outcome>, TransportError> {
        attempt.start()?;
        let mut outcomes = Vec::new();
        let mut fault = None;
        let mut nobody = true;
        for (i, recipient) in attempt.recipients().iter().enumerate() {
            let outcome = match (self.mailbox_of)(&recipient.address) {
                None => no_such_mailbox()?,
                Some(dir) => match self.write_one(attempt, i, &dir, &recipient.address) {
                    Ok(name) => Outcome::accepted(Cause::local(format!("written to new/{name}"))),
                    Err(Fault::Behind(cause)) => Outcome::in_doubt(cause),
                    Err(Fault::Before(error)) => {
                        outcomes.push(Outcome::deferred(Cause::local(&error)));
                        fault.get_or_insert(error);
                        continue;
                    }
                },
            };
            nobody = false;
            attempt.settle(i, outcome.clone());
            outcomes.push(outcome);
        }
        match fault {
            Some(error) if nobody => Err(error),
            _ => Ok(outcomes),
        }
    }

    fn write_one(&self, attempt: &Attempt, place: usize, dir: &Path, to: &Address) -> Result<String, Fault> {
        let (tmp, new) = (dir.join("tmp"), dir.join("new"));
        let mut made = Made::No;
        for folder in [&tmp, &new, &dir.join("cur")] {
            if make_folder(folder).map_err(|error| Fault::before(folder, error))? == Made::Yes {
                made = Made::Yes;
            }
        }
        if made == Made::Yes {
            // A folder whose name is lost takes its mail along.
            sync_dir(dir).map_err(|error| Fault::before(dir, error))?;
        }
        let name = self.name_of(attempt.mail(), to);
        let from = attempt.mail().envelope().from();
        let fields = format!("Return-Path: {from}\r\nDelivered-To: {to}\r\n");
        let pieces = std::iter::once(fields.as_bytes()).chain(attempt.mail().content().chunks());
        let file = Temporary::write(&tmp, &name, pieces)?;
        // His alone: whoever comes behind him is not in doubt yet.
        attempt.narrowed(&[place]).as_ref().unwrap_or(attempt).past_return()?;
        let path = new.join(&name);
        match file.publish(&path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(Fault::before(&path, error)),
            // An earlier attempt, whose answer was lost, wrote the same.
            Ok(()) | Err(_) => {}
        }
        sync_dir(&new).map_err(|error| Fault::behind(&new, &error))?;
        Ok(name)
    }

    fn name_of(&self, mail: &Mail, to: &Address) -> String {
        let digest = Sha256::digest(to.as_str());
        let hex: String = digest.iter().take(8).map(|octet| format!("{octet:02x}")).collect();
        let millis = mail.id().to_bytes().iter().take(6).fold(0_u64, |millis, octet| millis << 8 | u64::from(*octet));
        format!("{}.{}R{hex}.{}", millis / 1000, mail.id(), self.host)
    }
}

impl fmt::Debug for Maildir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Maildir").field("host", &self.host).finish_non_exhaustive()
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Transport for Maildir {
    fn capabilities(&self) -> Capabilities {
        Capabilities::mx().tracks_progress()
    }

    async fn deliver(&self, attempt: &Attempt) -> Result<Outcomes, TransportError> {
        let maildir = self.clone();
        let Some(written) = blocking(attempt, move |attempt| maildir.write(attempt)).await else {
            return Ok(attempt.give_up(Cause::local("the writing of a file was broken off")));
        };
        let mut outcomes = written?.into_iter();
        let missing = || Outcome::in_doubt(Cause::local("no outcome"));
        Ok(Outcomes::each(attempt, |_| outcomes.next().unwrap_or_else(missing)))
    }

    async fn route(&self, _: &Domain) -> Result<Route, TransportError> {
        Ok(Route::to_relay())
    }

    async fn close(&self) {}
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Made {
    Yes,
    No,
}

/// Makes a folder below one that exists, if it is missing; on Unix only its owner may look into it.
fn make_folder(folder: &Path) -> std::io::Result<Made> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    match builder.create(folder) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(Made::No),
        other => other.map(|()| Made::Yes),
    }
}

fn no_such_mailbox() -> Result<Outcome, TransportError> {
    let reply = Reply::new(550, "5.1.1 no such mailbox").map_err(TransportError::internal)?;
    Ok(Outcome::from_reply(reply, Stage::Rcpt))
}
