//! Files that are private, and whole or not there.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;

use posthaste_sign::{KeyStoreError, KeyStoreErrorKind};
use zeroize::Zeroizing;

/// An error that names the path.
pub(crate) fn error(kind: KeyStoreErrorKind, path: &Path, what: impl std::fmt::Display) -> KeyStoreError {
    KeyStoreError::new(kind, format!("{}: {what}", path.display()))
}

/// An error of the system, which names the path.
pub(crate) fn unavailable(path: &Path) -> impl Fn(io::Error) -> KeyStoreError + '_ {
    |source| error(KeyStoreErrorKind::Unavailable, path, source)
}

/// Makes a folder for its owner alone, if there is none.
pub(crate) fn make_folder(path: &Path) -> Result<(), KeyStoreError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(unavailable(path))
}

/// Refuses a folder in which others could put a key of theirs.
pub(crate) fn check_folder(path: &Path) -> Result<Metadata, KeyStoreError> {
    let found = fs::metadata(path).map_err(unavailable(path))?;
    if !found.is_dir() {
        return Err(error(KeyStoreErrorKind::Unavailable, path, "not a folder"));
    }
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&found.permissions());
        if mode & 0o022 != 0 {
            let what = format!("others may write this folder (mode {:03o}); do: chmod go-w", mode & 0o777);
            return Err(error(KeyStoreErrorKind::Exposed, path, what));
        }
    }
    Ok(found)
}

/// What a file that should be private holds; `None` if there is none. At most `limit` octets.
pub(crate) fn read_secret(
    path: &Path,
    folder: &Metadata,
    limit: usize,
) -> Result<Option<Zeroizing<Vec<u8>>>, KeyStoreError> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => {}
        Ok(_) => return Err(error(KeyStoreErrorKind::Exposed, path, "a link or a folder, where a file should be")),
        Err(source) if source.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(unavailable(path)(source)),
    }
    let file = match File::open(path) {
        Ok(file) => file,
        Err(source) if source.kind() == ErrorKind::NotFound => return Ok(None), // erased meanwhile
        Err(source) => return Err(unavailable(path)(source)),
    };
    // Of the file that is open, whatever its name means by now.
    check_private(path, &file.metadata().map_err(unavailable(path))?, folder)?;
    read_some(file, limit).map(Some).map_err(unavailable(path))
}

/// What a file holds, at most `limit` octets; `None` if there is none.
pub(crate) fn read(path: &Path, limit: usize) -> Result<Option<Zeroizing<Vec<u8>>>, KeyStoreError> {
    match File::open(path).and_then(|file| read_some(file, limit)) {
        Ok(octets) => Ok(Some(octets)),
        Err(source) if source.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(unavailable(path)(source)),
    }
}

fn read_some(file: File, limit: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    // Room for everything from the start: a buffer that grows leaves copies behind.
    let mut octets = Zeroizing::new(Vec::with_capacity(limit + 1));
    file.take(limit as u64 + 1).read_to_end(&mut octets)?;
    if octets.len() > limit {
        return Err(io::Error::new(ErrorKind::FileTooLarge, format!("more than {limit} octets")));
    }
    Ok(octets)
}

#[cfg(unix)]
fn check_private(path: &Path, file: &Metadata, folder: &Metadata) -> Result<(), KeyStoreError> {
    use std::os::unix::fs::MetadataExt;
    if file.mode() & 0o077 != 0 {
        let what = format!("others may use this secret (mode {:03o}); do: chmod 600", file.mode() & 0o777);
        return Err(error(KeyStoreErrorKind::Exposed, path, what));
    }
    if file.uid() != folder.uid() {
        return Err(error(KeyStoreErrorKind::Exposed, path, "it belongs to another user than its folder"));
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_private(_: &Path, _: &Metadata, _: &Metadata) -> Result<(), KeyStoreError> {
    Ok(())
}

/// Writes a private file in place of what had its name, and returns when that is on disk.
pub(crate) fn replace(folder: &Path, name: &str, octets: &[u8]) -> Result<(), KeyStoreError> {
    let (draft, path) = (folder.join(format!(".{name}.tmp")), folder.join(name));
    let written = create(&draft).and_then(|mut file| {
        file.write_all(octets)?;
        file.sync_all()?;
        fs::rename(&draft, &path)
    });
    written.map_err(|source| {
        drop(fs::remove_file(&draft));
        unavailable(&path)(source)
    })?;
    sync_folder(folder)
}

fn create(path: &Path) -> io::Result<File> {
    // A draft that is there was left by a process that died: the lock is ours.
    match fs::remove_file(path) {
        Err(source) if source.kind() != ErrorKind::NotFound => return Err(source),
        _ => {}
    }
    private(OpenOptions::new().write(true).create_new(true)).open(path)
}

pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Overwrites and removes a file; `false` if there is none.
pub(crate) fn wipe(folder: &Path, name: &str) -> Result<bool, KeyStoreError> {
    let path = folder.join(name);
    let opened = match OpenOptions::new().write(true).open(&path) {
        Err(source) if source.kind() == ErrorKind::NotFound => return Ok(false),
        opened => opened,
    };
    let wiped = opened.and_then(|mut file| {
        let length = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX).min(MAX_WIPED);
        file.write_all(&vec![0; length])?;
        file.sync_all()
    });
    // What cannot be overwritten can still be removed.
    let removed = fs::remove_file(&path);
    wiped.and(removed).map_err(unavailable(&path))?;
    sync_folder(folder)?;
    Ok(true)
}

/// Has a folder remember the names in it.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), KeyStoreError> {
    if cfg!(unix) {
        return File::open(folder).and_then(|folder| folder.sync_all()).map_err(unavailable(folder));
    }
    Ok(())
}

const MAX_WIPED: usize = 64 * 1024;
