//! A file that says which process a server is, and that there is only one.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::OFlags;

use super::opener::{FileIdentity, Opener};

/// A file with this process's id, locked as long as this lives and removed at its end.
#[derive(Debug)]
pub struct PidFile {
    path: PathBuf,
    /// Holds the lock.
    file: File,
    /// Removes it.
    opener: Arc<dyn Opener>,
}

/// Why there is no such file.
#[derive(Debug, thiserror::Error)]
pub enum PidFileError {
    /// The lock is another process's; `pid` is what the file says, if it says anything.
    #[error("another server is running with the pid file `{}`{}", path.display(), of(pid))]
    InUse { path: PathBuf, pid: String },
    #[error("cannot write the pid file `{}`: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

fn of(pid: &str) -> String {
    if pid.is_empty() { String::new() } else { format!(" (process {pid})") }
}

impl PidFile {
    /// Several with the same content.
    ///
    /// # Errors
    /// As for [`create`](Self::create), for the first that fails; none is left then.
    pub fn create_all(paths: Vec<&Path>, opener: &Arc<dyn Opener>) -> Result<Vec<Self>, PidFileError> {
        paths.into_iter().map(|path| Self::create(path, opener)).collect()
    }

    /// Writes this process's id and a line break. What an ended process left is replaced. At the end the file is
    /// removed by `opener`.
    ///
    /// # Errors
    /// Another process holds the file, or it cannot be written.
    pub fn create(path: &Path, opener: &Arc<dyn Opener>) -> Result<Self, PidFileError> {
        let failed = |source| PidFileError::Io { path: path.to_owned(), source };
        loop {
            // Not truncated before it is locked: it may be another's.
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                // The folder may belong to a user with fewer rights, who could make it lead to another file.
                .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
                .open(path)
                .map_err(failed)?;
            let metadata = file.metadata().map_err(failed)?;
            if !metadata.is_file() || metadata.nlink() > 1 {
                return Err(failed(io::ErrorKind::AlreadyExists.into()));
            }
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let mut pid = String::new();
                    // Whatever it holds is only mentioned.
                    let _ = file.take(20).read_to_string(&mut pid);
                    let pid = pid.trim().to_owned();
                    return Err(PidFileError::InUse { path: path.to_owned(), pid });
                }
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
            // The one who held the lock may have removed the file in the meantime.
            if !is_at(&file, path).map_err(failed)? {
                continue;
            }
            let write = |file: &mut File| {
                file.set_len(0)?;
                file.rewind()?;
                writeln!(file, "{}", std::process::id())
            };
            write(&mut file).map_err(failed)?;
            return Ok(Self { path: path.to_owned(), file, opener: Arc::clone(opener) });
        }
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // What has taken its place by now is another's.
        if let Ok(metadata) = self.file.metadata() {
            let _ = self.opener.remove(&self.path, FileIdentity::from(&metadata));
        }
    }
}

/// Whether `path` still leads to `file`.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let ours = file.metadata()?;
    match std::fs::metadata(path) {
        Ok(there) => Ok(FileIdentity::from(&there) == FileIdentity::from(&ours)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::sys::opener::OwnRights;

    #[test]
    fn one_process_at_a_time_and_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pid");
        let create = |path: &Path| PidFile::create(path, &OwnRights::shared());
        fs::write(&path, "123456789 an old and longer text\n").unwrap();
        let file = create(&path).unwrap();
        let own = format!("{}\n", std::process::id());
        assert_eq!(fs::read_to_string(&path).unwrap(), own);
        // A lock belongs to the open file, so that another one in this process is refused too.
        let error = create(&path).unwrap_err();
        assert!(matches!(&error, PidFileError::InUse { pid, .. } if *pid == own.trim()), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), own);
        drop(file);
        assert!(!path.exists());

        let file = create(&path).unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(&path, "another's").unwrap();
        drop(file);
        assert_eq!(fs::read_to_string(&path).unwrap(), "another's");
        assert!(matches!(create(&folder.path().join("no/pid")), Err(PidFileError::Io { .. })));
    }
}
