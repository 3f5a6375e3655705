//! The files of the repository.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::{Error, cargo};

/// One text file.
#[derive(Debug)]
pub struct Source {
    path: String,
    text: String,
}

impl Source {
    /// A file at `path`, below the root and with forward slashes.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into() }
    }

    /// Where it stands, below the root.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What stands in it.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Does the whole file serve tests only?
    pub(crate) fn is_test(&self) -> bool {
        self.path.split('/').any(|part| part == "tests" || part == "tests.rs")
    }

    /// Is it a generated table?
    pub(crate) fn is_table(&self) -> bool {
        self.path.ends_with("_table.rs")
    }
}

/// Every text file that git tracks or would track, lock files apart.
pub fn sources(root: &Path) -> Result<Vec<Source>, Error> {
    let listed = cargo::git(root, &["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
    let paths = listed.split_terminator('\0').filter(|path| !path.ends_with("Cargo.lock"));
    paths.filter_map(|path| read(root, path).transpose()).collect()
}

/// `None` for a folder, for a binary file, and for one that is gone though git still lists it.
fn read(root: &Path, path: &str) -> Result<Option<Source>, Error> {
    match fs::read(root.join(path)) {
        Ok(bytes) if bytes.contains(&0) => Ok(None),
        Ok(bytes) => Ok(Some(Source::new(path, String::from_utf8_lossy(&bytes)))),
        Err(e) if matches!(e.kind(), ErrorKind::IsADirectory | ErrorKind::NotFound) => Ok(None),
        Err(e) => Err(Error::because(path, e)),
    }
}
