//! Changing a file that belongs to somebody else, such as `/etc/hosts`: whole or not at all, with its mode and owner, behind
//! links, one change at a time.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};

use super::fs::NO_FILE;

/// A file that is being changed. As long as it lives, no other certkit changes the file.
#[derive(Debug)]
pub struct Replacing {
    /// Where the file really is, behind links.
    path: PathBuf,
    file: File,
}

/// How long to wait for another change: it takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);

impl Replacing {
    /// Opens the file and waits for changes that are under way.
    ///
    /// # Errors
    /// What the system says; [`io::ErrorKind::InvalidInput`] for a device or a pipe; [`io::ErrorKind::TimedOut`] when somebody holds the file for seconds.
    pub fn open(path: &Path) -> io::Result<Self> {
        let path = fs::canonicalize(path)?;
        let kind = fs::metadata(&path)?;
        if kind.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        // A new file would take the place of a device, and a pipe would be waited for.
        if !kind.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, NO_FILE));
        }
        let start = Instant::now();
        loop {
            let file = File::open(&path)?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                // The change that was waited for may have put another file into this place.
                Ok(()) if same_file(&file, &path)? => return Ok(Self { path, file }),
                Ok(()) => {}
                Err(rustix::io::Errno::WOULDBLOCK) if start.elapsed() < PATIENCE => {
                    thread::sleep(Duration::from_millis(5));
                }
                Err(rustix::io::Errno::WOULDBLOCK) => return Err(io::ErrorKind::TimedOut.into()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// At most `limit` bytes of the file.
    ///
    /// # Errors
    /// What the system says; [`io::ErrorKind::FileTooLarge`] when there is more.
    pub fn read(&mut self, limit: u64) -> io::Result<Vec<u8>> {
        self.file.rewind()?;
        super::fs::read_limited_from(&self.file, limit)
    }

    /// Puts new contents into its place.
    ///
    /// # Errors
    /// What the system says; the file is then as it was.
    pub fn write(self, contents: &[u8]) -> io::Result<()> {
        let meta = self.file.metadata()?;
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".certkit-{}.tmp", std::process::id()));
        let temporary = self.path.with_file_name(name);
        let result = (|| {
            let mut new = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
            new.write_all(contents)?;
            if (meta.uid(), meta.gid()) != owner(&new)? {
                fchown(&new, Some(meta.uid()), Some(meta.gid()))?;
            }
            new.set_permissions(fs::Permissions::from_mode(meta.mode() & 0o7777))?;
            new.sync_all()?;
            fs::rename(&temporary, &self.path)
        })();
        if let Err(error) = result {
            let _ = fs::remove_file(&temporary);
            // Containers mount the one file, which can then be written and not replaced.
            if error.raw_os_error() == Some(rustix::io::Errno::BUSY.raw_os_error()) {
                let mut file = OpenOptions::new().write(true).open(&self.path)?;
                file.write_all(contents)?;
                file.set_len(contents.len() as u64)?;
                return file.sync_all();
            }
            return Err(error);
        }
        if let Some(folder) = self.path.parent().and_then(|folder| File::open(folder).ok()) {
            let _ = folder.sync_all();
        }
        Ok(())
    }
}

fn same_file(file: &File, path: &Path) -> io::Result<bool> {
    let (one, other) = (file.metadata()?, fs::metadata(path)?);
    Ok((one.dev(), one.ino()) == (other.dev(), other.ino()))
}

fn owner(file: &File) -> io::Result<(u32, u32)> {
    let meta = file.metadata()?;
    Ok((meta.uid(), meta.gid()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mode_and_links_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("file"), dir.path().join("link"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let mut replacing = Replacing::open(&link).unwrap();
        assert_eq!(replacing.read(9).unwrap(), b"old");
        replacing.write(b"new").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o640);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn what_is_no_plain_file_stays() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        assert_eq!(Replacing::open(&socket).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert_eq!(Replacing::open(dir.path()).unwrap_err().kind(), io::ErrorKind::IsADirectory);
    }

    #[test]
    fn changes_at_once_are_all_kept() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        // One process: the temporary name is the same for all, so the lock is all that keeps them apart.
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..10 {
                        let mut replacing = Replacing::open(&file).unwrap();
                        let mut contents = replacing.read(1 << 20).unwrap();
                        contents.push(b'x');
                        replacing.write(&contents).unwrap();
                    }
                });
            }
        });
        assert_eq!(fs::read(&file).unwrap().len(), 40);
    }
}
