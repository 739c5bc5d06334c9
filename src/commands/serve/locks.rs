//! `--flock`: files that one server at a time may have locked.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use crate::advice::serve::not_locked;
use crate::report::Failure;

/// Locks each file, in their order, and waits for those that say so. They are free again when the value goes.
///
/// # Errors
/// A file that does not exist, or that another process has locked.
pub(super) fn take(files: &[(PathBuf, bool)]) -> Result<Vec<File>, Failure> {
    files.iter().map(|(path, waits)| lock(path, *waits).map_err(|error| not_locked(path, &error))).collect()
}

fn lock(path: &Path, waits: bool) -> std::io::Result<File> {
    let file = File::open(path)?;
    if waits {
        file.lock()?;
        return Ok(file);
    }
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(std::io::ErrorKind::ResourceBusy.into()),
        Err(TryLockError::Error(error)) => Err(error),
    }
}
