//! Writing files so that they are whole or not there, also after a power cut.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use posthaste_transport::{Attempt, TransportError, Withdrawn};
use posthaste_types::Cause;

/// A file under a temporary name, on disk; removed when dropped, unless it was moved.
#[derive(Debug)]
pub(crate) struct Temporary(PathBuf);

impl Temporary {
    /// Writes the pieces and returns after fsync. `stem` makes the name readable; it is unique in any case.
    pub(crate) fn write<'a>(dir: &Path, stem: &str, pieces: impl Iterator<Item = &'a [u8]>) -> Result<Self, Fault> {
        let n = COUNTER.fetch_add(1, Ordering::Relaxed);
        let path = dir.join(format!(".{stem}.{}.{n}.tmp", std::process::id()));
        let mut file = create(&path).map_err(|error| Fault::before(&path, error))?;
        let temporary = Self(path);
        let mut written = Ok(());
        for piece in pieces {
            written = written.and_then(|()| file.write_all(piece));
        }
        written.and_then(|()| file.sync_all()).map_err(|error| Fault::before(&temporary.0, error))?;
        Ok(temporary)
    }

    /// Gives it its name, in place of what had it.
    pub(crate) fn replace(self, name: &Path) -> io::Result<()> {
        fs::rename(&self.0, name)
    }

    /// Gives it its name, unless a file has it: that is [`ErrorKind::AlreadyExists`].
    pub(crate) fn publish(self, name: &Path) -> io::Result<()> {
        match fs::hard_link(&self.0, name) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(error),
            // A file system without hard links.
            Err(_) => self.replace(name),
            Ok(()) => Ok(()),
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // It has moved, or it cannot be helped: a hidden file is left over.
        let _ = fs::remove_file(&self.0);
    }
}

/// Why a file was not written.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Before anything was there under its own name.
    Before(TransportError),
    /// The file may be there.
    Behind(Cause),
}

impl Fault {
    pub(crate) fn before(path: &Path, error: io::Error) -> Self {
        let text = format!("{}: {error}", path.display());
        Self::Before(match error.kind() {
            ErrorKind::NotFound
            | ErrorKind::PermissionDenied
            | ErrorKind::NotADirectory
            | ErrorKind::IsADirectory
            | ErrorKind::InvalidFilename
            | ErrorKind::ReadOnlyFilesystem => TransportError::misconfigured(text),
            kind => TransportError::unreachable(io::Error::new(kind, text)),
        })
    }

    pub(crate) fn behind(path: &Path, error: &io::Error) -> Self {
        Self::Behind(Cause::local(format!("{}: {error}", path.display())))
    }
}

impl From<Withdrawn> for Fault {
    fn from(withdrawn: Withdrawn) -> Self {
        Self::Before(withdrawn.into())
    }
}

/// Makes the names in a folder durable.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(dir)?.sync_all()?;
    }
    Ok(())
}

/// Runs file work where it may block. `None` if it panicked or the runtime ends: then the attempt was given up.
pub(crate) async fn blocking<T: Send + 'static>(
    attempt: &Attempt,
    work: impl FnOnce(&Attempt) -> T + Send + 'static,
) -> Option<T> {
    let held = attempt.clone();
    tokio::task::spawn_blocking(move || work(&held)).await.ok()
}

/// Mail is private: only its owner reads it.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

static COUNTER: AtomicU64 = AtomicU64::new(0);
