//! State in a folder: one file for each value, leases by flock(2), changes by inotify(7).

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{CreateFlags, WatchFlags};
use rustix::fs::{FlockOperation, inotify};

use super::backend::{Backend, Lock, Watch};
use super::{Error, Result};
use crate::sys::fs::{Existing, NewFile, PRIVATE, create_all, is_temporary, read_limited};

/// State files are small; a chain is some 6 kB.
const MAX_FILE_BYTES: u64 = 1 << 20;
/// What another machine changes on a shared folder raises no event here.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// A folder.
#[derive(Debug)]
pub(super) struct FileBackend {
    root: PathBuf,
}

/// A file whose lock is held. It is given back explicitly: a child that was forked and has not executed its program yet
/// has the file open too.
struct LockedFile(File);

impl FileBackend {
    /// Below `root`, which need not exist yet.
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    fn open_lock(&self, key: &str) -> Result<(File, PathBuf)> {
        let path = self.location(key);
        make_parent(&path)?;
        let options = &mut OpenOptions::new();
        options.create(true).truncate(false).write(true).mode(0o600);
        Ok((options.open(&path).map_err(Error::io("open", &path))?, path))
    }
}

impl Backend for FileBackend {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>> {
        read(&self.location(key))
    }

    fn put(&self, key: &str, value: &[u8]) -> Result<()> {
        let path = self.location(key);
        make_parent(&path)?;
        write(path, value.to_vec(), PRIVATE)
    }

    fn compare_and_swap(&self, key: &str, old: Option<&[u8]>, new: &[u8]) -> Result<bool> {
        // One lock for each folder: what is swapped is small, and seldom.
        let folder = key.rsplit_once('/').map_or("", |(folder, _)| folder);
        let _lock = self.wait_for_lease(&format!("{folder}/.swap"))?;
        if self.get(key)?.as_deref() != old {
            return Ok(false);
        }
        self.put(key, new)?;
        Ok(true)
    }

    fn remove(&self, key: &str) -> Result<()> {
        remove(&self.location(key))
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        let (from, to) = (self.location(from), self.location(to));
        make_parent(&to)?;
        fs::rename(&from, &to).map_err(Error::io("replace", &to))?;
        to.parent().map_or(Ok(()), sync_dir)
    }

    fn list(&self, folder: &str) -> Result<Vec<String>> {
        let path = self.location(folder);
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::io("read", &path)(error)),
        };
        let is_shown = |name: &String| !name.starts_with('.') && !is_temporary(name);
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(Error::io("read", &path))?;
            names.extend(entry.file_name().into_string().ok().filter(is_shown));
        }
        names.sort_unstable();
        Ok(names)
    }

    fn lease(&self, key: &str) -> Result<Option<Lock>> {
        let (file, path) = self.open_lock(key)?;
        let locked =
            rustix::io::retry_on_intr(|| rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive));
        match locked {
            Ok(()) => Ok(Some(Lock::new(LockedFile(file)))),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(Error::io("lock", &path)(error.into())),
        }
    }

    fn wait_for_lease(&self, key: &str) -> Result<Lock> {
        let (file, path) = self.open_lock(key)?;
        rustix::io::retry_on_intr(|| rustix::fs::flock(&file, FlockOperation::LockExclusive))
            .map_err(|error| Error::io("lock", &path)(error.into()))?;
        Ok(Lock::new(LockedFile(file)))
    }

    fn make_folder(&self, folder: &str) -> Result<()> {
        private_dir(&self.location(folder))
    }

    fn watch(&self, folder: &str) -> Result<Box<dyn Watch>> {
        let path = self.location(folder);
        private_dir(&path)?;
        Ok(Box::new(FolderWatch::new(path)))
    }

    fn location(&self, key: &str) -> PathBuf {
        self.root.join(key.trim_start_matches('/'))
    }
}

impl Drop for LockedFile {
    fn drop(&mut self) {
        // Closing it gives the lock back at the latest.
        let _ = rustix::fs::flock(&self.0, FlockOperation::Unlock);
    }
}

/// A folder by its events, and by its time of change.
struct FolderWatch {
    path: PathBuf,
    /// `None` where the system gives no inotify, or no more of it.
    events: Option<OwnedFd>,
    seen: Option<FolderState>,
}

/// Which folder it is, and when it was changed.
type FolderState = (u64, u64, i64, i64);

impl FolderWatch {
    fn new(path: PathBuf) -> Self {
        // The events first: what happens in between is then seen twice rather than never.
        let events = events_of(&path);
        let seen = state_of(&path);
        Self { path, events, seen }
    }
}

impl Watch for FolderWatch {
    fn wait(&mut self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        loop {
            let now = state_of(&self.path);
            let is_another = now.map(folder) != self.seen.map(folder);
            let mut has_changed = now != self.seen;
            self.seen = now;
            if is_another {
                self.events = events_of(&self.path);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let pause = if has_changed { Duration::ZERO } else { left.min(LOOK_EVERY) };
            match &self.events {
                Some(events) => has_changed |= has_events(events, pause),
                None => std::thread::sleep(pause),
            }
            if has_changed || left.is_zero() {
                return has_changed;
            }
        }
    }
}

fn folder((device, number, ..): FolderState) -> (u64, u64) {
    (device, number)
}

fn state_of(path: &Path) -> Option<FolderState> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino(), metadata.mtime(), metadata.mtime_nsec()))
}

fn events_of(path: &Path) -> Option<OwnedFd> {
    let events = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).ok()?;
    let wanted = WatchFlags::CREATE
        | WatchFlags::CLOSE_WRITE
        | WatchFlags::DELETE
        | WatchFlags::MOVED_FROM
        | WatchFlags::MOVED_TO
        | WatchFlags::ONLYDIR;
    inotify::add_watch(&events, path, wanted).ok()?;
    Some(events)
}

/// Waits for events and takes them all.
fn has_events(events: &OwnedFd, limit: Duration) -> bool {
    let limit = Timespec::try_from(limit).ok();
    let mut polled = [PollFd::new(events, PollFlags::IN)];
    // A signal ends the wait early, which the caller notices by its clock.
    if !matches!(poll(&mut polled, limit.as_ref()), Ok(1..)) {
        return false;
    }
    let mut space = [0; 4096];
    while matches!(rustix::io::read(events, &mut space), Ok(1..)) {}
    true
}

fn make_parent(path: &Path) -> Result<()> {
    path.parent().map_or(Ok(()), private_dir)
}

/// Makes a directory and its parents, for the owner alone.
pub(super) fn private_dir(path: &Path) -> Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(Error::io("make the folder", path))
}

/// Writes a file whole and durably, in place of an older one.
pub(super) fn write(path: PathBuf, contents: Vec<u8>, mode: u32) -> Result<()> {
    // What could not be read again would stop every later run.
    if contents.len() as u64 > MAX_FILE_BYTES {
        return Err(Error::io("write", &path)(io::ErrorKind::FileTooLarge.into()));
    }
    Ok(create_all(&[NewFile { path, contents, mode, existing: Existing::Replace }])?)
}

/// Reads a file that may be missing.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    match read_limited(path, MAX_FILE_BYTES) {
        Ok(contents) => Ok(Some(contents)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", path)(error)),
    }
}

pub(super) fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Makes names in a directory durable.
pub(super) fn sync_dir(path: &Path) -> Result<()> {
    File::open(path).and_then(|dir| dir.sync_all()).map_err(Error::io("write", path))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_is_kept_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let files = FileBackend::new(dir.path().join("state"));
        files.put("accounts/a/key.pem", b"key").unwrap();
        let mode = |path: &str| {
            let path = dir.path().join("state").join(path);
            fs::metadata(path).unwrap().permissions().mode() & 0o777
        };
        for folder in ["", "accounts", "accounts/a"] {
            assert_eq!(mode(folder), 0o700, "{folder}");
        }
        assert_eq!(mode("accounts/a/key.pem"), 0o600);
    }

    #[test]
    fn what_could_not_be_read_again_is_not_written() {
        let dir = tempfile::tempdir().unwrap();
        let files = FileBackend::new(dir.path().to_owned());
        let most = usize::try_from(MAX_FILE_BYTES).unwrap();
        files.put("a", &vec![1; most]).unwrap();
        assert!(files.put("a", &vec![2; most + 1]).is_err());
        assert_eq!(files.get("a").unwrap().unwrap(), vec![1; most]);
    }

    #[test]
    fn a_folder_that_was_replaced_is_watched_again() {
        let dir = tempfile::tempdir().unwrap();
        let files = FileBackend::new(dir.path().join("state"));
        let mut watch = files.watch("live").unwrap();
        assert!(!watch.wait(Duration::ZERO));
        fs::remove_dir(dir.path().join("state/live")).unwrap();
        assert!(watch.wait(Duration::from_secs(60)));
        files.put("live/a", b"1").unwrap();
        assert!(watch.wait(Duration::from_secs(60)));
    }

    #[test]
    fn files_on_their_way_are_not_listed() {
        let dir = tempfile::tempdir().unwrap();
        let files = FileBackend::new(dir.path().to_owned());
        for name in ["b", "a", ".hidden", "a.certkit-12-34.tmp", "www.certkit-demo.de"] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        assert_eq!(files.list("").unwrap(), ["a", "b", "www.certkit-demo.de"]);
    }
}
