//! One owner a spool.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use posthaste_queue::SpoolErrorKind;

use crate::open::private;
use crate::trouble::Fault;

/// The lock of the file beside the spool, `<path>.lock`. The system lets go of it when the process dies.
///
/// The file itself stays: were it removed, two processes could hold locks of two files of one name.
#[derive(Debug)]
pub(crate) struct OwnerLock {
    file: File,
}

impl OwnerLock {
    /// Takes the lock, or says at once that another has it.
    pub(crate) fn take(path: &Arc<Path>) -> Result<Self, Fault> {
        let beside = lock_path(path);
        let file = private(OpenOptions::new().create(true).truncate(false).write(true)).open(&beside);
        let file = file.map_err(|error| Fault::of_io(&beside.clone().into(), &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { file }),
            Err(TryLockError::WouldBlock) => {
                Err(Fault::new(SpoolErrorKind::InUse, path, "in use: another owner has it open"))
            }
            Err(TryLockError::Error(error)) => Err(Fault::of_io(&beside.into(), &error)),
        }
    }
}

impl Drop for OwnerLock {
    /// Lets go by name: a process that is being started right now may hold a copy of the descriptor until it begins
    /// its program, and closing ours alone would leave the file locked as long.
    fn drop(&mut self) {
        // What cannot be unlocked is let go by closing.
        let _ = self.file.unlock();
    }
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}
