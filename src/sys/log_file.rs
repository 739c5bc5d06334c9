//! A log file: appended to, opened anew after it was moved away, and moved away by itself when it grows.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::opener::Opener;

/// A file that lines are appended to.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    rotation: Rotation,
    opener: Arc<dyn Opener>,
    open: Mutex<Open>,
}

/// When a log file is moved away, and to where.
#[derive(Clone, Debug, Default)]
pub struct Rotation {
    /// Bytes; `None` for never.
    pub max_size: Option<u64>,
    /// Where the full file goes; `None` for its own name with a dot and the time in seconds.
    pub backup: Option<PathBuf>,
}

#[derive(Debug)]
struct Open {
    file: File,
    /// Not a device or a pipe: those have no length, and are nobody's to move away.
    is_regular: bool,
}

impl LogFile {
    /// Opens or creates the file.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(path: &Path, rotation: Rotation, opener: Arc<dyn Opener>) -> io::Result<Self> {
        // The place of a relative path stays the same.
        let path = std::path::absolute(path)?;
        let open = Mutex::new(Open::at(&path, &*opener)?);
        Ok(Self { path, rotation, opener, open })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends `bytes`, and moves the file away before it grows beyond its largest size. When there is no room,
    /// what was appended in part is taken back, so that lines stay whole.
    ///
    /// # Errors
    /// What the system says; nothing was appended then. (A file that cannot be moved away grows on.)
    pub fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let mut open = self.lock();
        if !open.is_regular {
            return open.file.write_all(bytes);
        }
        let mut before = open.file.metadata()?.len();
        let size = before.saturating_add(bytes.len() as u64);
        if before > 0 && self.rotation.max_size.is_some_and(|largest| size > largest) {
            self.rotate(&mut open);
            before = open.file.metadata()?.len();
        }
        let mut written = 0;
        while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
            match open.file.write(rest) {
                Ok(more) => written += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    // Another process may have appended or truncated it meanwhile.
                    if open.file.metadata()?.len() == before.saturating_add(written as u64) {
                        let _ = open.file.set_len(before);
                    }
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Opens what is at the path now: the file may have been moved away.
    ///
    /// # Errors
    /// What the system says; the file in use stays in use.
    pub fn reopen(&self) -> io::Result<()> {
        let new = Open::at(&self.path, &*self.opener)?;
        *self.lock() = new;
        Ok(())
    }

    /// The file in use, for one who writes to it directly.
    ///
    /// # Errors
    /// There is no further descriptor.
    pub fn descriptor(&self) -> io::Result<OwnedFd> {
        Ok(self.lock().file.try_clone()?.into())
    }

    /// Moves the file away, and begins a new one. One that cannot be moved stays in use.
    pub fn rotate_now(&self) {
        let mut open = self.lock();
        if open.is_regular {
            self.rotate(&mut open);
        }
    }

    /// Removes what is in the file.
    ///
    /// # Errors
    /// What the system says.
    pub fn truncate(&self) -> io::Result<()> {
        let open = self.lock();
        if open.is_regular { open.file.set_len(0) } else { Ok(()) }
    }

    fn rotate(&self, open: &mut Open) {
        if self.opener.move_away(&self.path, self.rotation.backup.as_deref()).is_ok()
            && let Ok(new) = Open::at(&self.path, &*self.opener)
        {
            *open = new;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn at(path: &Path, opener: &dyn Opener) -> io::Result<Self> {
        let file = opener.append(path)?;
        let is_regular = file.metadata()?.is_file();
        Ok(Self { file, is_regular })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::sys::opener::OwnRights;

    #[test]
    fn a_file_that_was_moved_away_is_opened_anew() {
        let folder = tempfile::tempdir().unwrap();
        let (path, moved) = (folder.path().join("log"), folder.path().join("moved"));
        fs::write(&path, "before\n").unwrap();
        let log = LogFile::open(&path, Rotation::default(), OwnRights::shared()).unwrap();
        log.append(b"one\n").unwrap();
        fs::rename(&path, &moved).unwrap();
        log.append(b"two\n").unwrap();
        log.reopen().unwrap();
        log.append(b"three\n").unwrap();
        assert_eq!(fs::read_to_string(&moved).unwrap(), "before\none\ntwo\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), "three\n");
    }

    #[test]
    fn no_file_grows_beyond_its_largest_size() {
        let folder = tempfile::tempdir().unwrap();
        let (path, backup) = (folder.path().join("log"), folder.path().join("old"));
        let rotation = Rotation { max_size: Some(10), backup: Some(backup.clone()) };
        let log = LogFile::open(&path, rotation, OwnRights::shared()).unwrap();
        log.append(b"123456\n").unwrap();
        log.append(b"ab\n").unwrap();
        assert!(!backup.exists(), "exactly as large as it may be");
        log.append(b"c\n").unwrap();
        assert_eq!(fs::read_to_string(&backup).unwrap(), "123456\nab\n");
        // What alone is larger goes into a file of its own.
        log.append(b"a line that is long\n").unwrap();
        assert_eq!(fs::read_to_string(&backup).unwrap(), "c\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), "a line that is long\n");
        let plain = Rotation { max_size: Some(1), backup: None };
        let log = LogFile::open(&path, plain, OwnRights::shared()).unwrap();
        log.append(b"x").unwrap();
        let names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|one| one.unwrap().file_name()).collect();
        assert!(names.iter().any(|name| name.to_string_lossy().starts_with("log.")), "{names:?}");
    }

    #[test]
    fn a_device_is_never_moved_away() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        crate::sys::testing::make_fifo(&pipe);
        let _reader = File::options().read(true).write(true).open(&pipe).unwrap();
        let rotation = Rotation { max_size: Some(1), backup: None };
        let log = LogFile::open(&pipe, rotation, OwnRights::shared()).unwrap();
        for _ in 0..3 {
            log.append(b"line\n").unwrap();
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_others_append_is_neither_cut_off_nor_left_out_of_the_size() {
        let folder = tempfile::tempdir().unwrap();
        let (path, backup) = (folder.path().join("log"), folder.path().join("old"));
        let rotation = Rotation { max_size: Some(10), backup: Some(backup.clone()) };
        let log = LogFile::open(&path, rotation, OwnRights::shared()).unwrap();
        fs::write(&path, "another's\n").unwrap();
        log.append(b"ours\n").unwrap();
        assert_eq!(fs::read_to_string(&backup).unwrap(), "another's\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), "ours\n");
    }

    #[test]
    fn a_file_is_moved_away_or_emptied_on_request() {
        let folder = tempfile::tempdir().unwrap();
        let (path, backup) = (folder.path().join("log"), folder.path().join("old"));
        let rotation = Rotation { max_size: None, backup: Some(backup.clone()) };
        let log = LogFile::open(&path, rotation, OwnRights::shared()).unwrap();
        log.append(b"one\n").unwrap();
        log.rotate_now();
        log.append(b"two\n").unwrap();
        assert_eq!(fs::read_to_string(&backup).unwrap(), "one\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), "two\n");
        log.truncate().unwrap();
        log.append(b"three\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "three\n");
    }

    #[test]
    fn a_full_disk_is_reported() {
        let log = LogFile::open(Path::new("/dev/full"), Rotation::default(), OwnRights::shared()).unwrap();
        assert_eq!(log.append(b"x").unwrap_err().kind(), io::ErrorKind::StorageFull);
    }
}
