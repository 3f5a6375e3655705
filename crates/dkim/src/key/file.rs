//! Key files.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;

use zeroize::Zeroizing;

use super::{DkimKey, MAX_KEY};
use crate::error::{DkimError, DkimErrorKind};

impl DkimKey {
    /// Reads a key from a PEM file, as [`from_pem`](Self::from_pem) does.
    ///
    /// # Errors
    /// [`DkimError`] that names the file and says what is there instead.
    pub fn from_pem_file(path: impl AsRef<Path>) -> Result<Self, DkimError> {
        let path = path.as_ref();
        read(path).and_then(|text| Self::from_pem(&text)).map_err(|error| error.in_file(path))
    }

    /// Writes the key into a new PEM file that only its owner can read (mode 0600 where there are modes), and
    /// returns when it is on disk. A file that exists is never touched.
    ///
    /// # Errors
    /// [`DkimErrorKind::File`] that names the file; what was begun is removed.
    pub fn write_pem_file(&self, path: impl AsRef<Path>) -> Result<(), DkimError> {
        let path = path.as_ref();
        let error = |source: std::io::Error| DkimError::from(DkimErrorKind::File).because(source).in_file(path);
        let text = self.to_pem().map_err(|error| error.in_file(path))?;
        let mut file = private_file(path).map_err(error)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|source| {
            drop(std::fs::remove_file(path));
            error(source)
        })
    }
}

fn read(path: &Path) -> Result<Zeroizing<String>, DkimError> {
    let mut text = Zeroizing::new(String::with_capacity(MAX_KEY + 2));
    let file = File::open(path).map_err(|error| DkimError::from(DkimErrorKind::File).because(error))?;
    match file.take(MAX_KEY as u64 + 1).read_to_string(&mut text) {
        Ok(_) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            Err(DkimErrorKind::Malformed { why: "not a text; PEM is needed" }.into())
        }
        Err(error) => Err(DkimError::from(DkimErrorKind::File).because(error)),
    }
}

fn private_file(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
