//! Who opens the files that a running server opens again: the process itself, or a [keeper](super::keeper) that may
//! do more.

use std::fmt::Debug;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::clock::{Clock, SystemClock};
use super::read::open_without_waiting;

/// Opens certificates, keys and log files, and removes what a server leaves at its end.
pub trait Opener: Debug + Send + Sync {
    /// Opens a file for reading, without waiting for the other end of a pipe.
    ///
    /// # Errors
    /// What the system says.
    fn read(&self, path: &Path) -> io::Result<File>;

    /// What there is to know of a file that [`Opener::read`] would open.
    ///
    /// # Errors
    /// What the system says.
    fn metadata(&self, path: &Path) -> io::Result<Metadata>;

    /// Opens a log file for appending, and makes it if there is none.
    ///
    /// # Errors
    /// What the system says.
    fn append(&self, path: &Path) -> io::Result<File>;

    /// Moves a log file to `backup`, or to its own name with a dot and the time in seconds.
    ///
    /// # Errors
    /// What the system says.
    fn move_away(&self, path: &Path, backup: Option<&Path>) -> io::Result<()>;

    /// Removes a file, unless another has taken its place.
    ///
    /// # Errors
    /// What the system says.
    fn remove(&self, path: &Path, file: FileIdentity) -> io::Result<()>;
}

/// One file, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileIdentity {
    pub device: u64,
    pub inode: u64,
}

impl From<&Metadata> for FileIdentity {
    fn from(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }
}

/// This process, with what it may do.
#[derive(Clone, Copy, Debug)]
pub struct OwnRights;

impl OwnRights {
    pub fn shared() -> Arc<dyn Opener> {
        Arc::new(Self)
    }
}

impl Opener for OwnRights {
    fn read(&self, path: &Path) -> io::Result<File> {
        open_without_waiting(path)
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        fs::metadata(path)
    }

    fn append(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new().create(true).append(true).open(path)
    }

    fn move_away(&self, path: &Path, backup: Option<&Path>) -> io::Result<()> {
        match backup {
            Some(backup) => fs::rename(path, backup),
            None => fs::rename(path, dated(path)),
        }
    }

    fn remove(&self, path: &Path, file: FileIdentity) -> io::Result<()> {
        if FileIdentity::from(&fs::metadata(path)?) == file { fs::remove_file(path) } else { Ok(()) }
    }
}

/// The path with a dot and the time in seconds.
pub(super) fn dated(path: &Path) -> PathBuf {
    let mut name = path.to_owned().into_os_string();
    name.push(format!(".{}", SystemClock.now().unix_timestamp()));
    name.into()
}
