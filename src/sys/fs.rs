//! Files that appear whole or not at all.
//!
//! [`create_all`] writes every file to a temporary neighbour first (mode set at creation, synced), and only then
//! gives them their names, without replacing anything unless asked. When one of them fails, those already in place
//! are taken back: all or none. [`stage`] does the first half alone, for those who must do something in between.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// A file to be made.
#[derive(Debug)]
pub struct NewFile {
    pub path: PathBuf,
    /// All of its bytes.
    pub contents: Vec<u8>,
    /// Its permission bits, such as 0o600 for a key. They hold from the first byte on.
    pub mode: u32,
    /// What to do when there is another file of that name.
    pub existing: Existing,
}

/// What to do when the file exists with other contents. (The same contents are never a conflict.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    Refuse,
    /// Replace it, and keep the old one as `.bak`.
    KeepBackup,
    Replace,
}

/// Mode of files that everybody may read.
pub const PUBLIC: u32 = 0o644;
/// Mode of files that hold a private key.
pub const PRIVATE: u32 = 0o600;

/// The error for folders, devices, pipes and sockets that would be replaced.
pub(super) const NO_FILE: &str = "it is not a regular file";

/// Why files could not be made. Nothing has changed on disk.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file of that name exists and holds something else.
    #[error("`{}` already exists and would be overwritten", .0.display())]
    Exists(PathBuf),
    #[error("cannot {action} {}: {}", .path.display(), plain(.source))]
    Io {
        /// What was tried, as `write`.
        action: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// Makes the folder that files go into, if it is not there.
///
/// # Errors
/// When it cannot be made.
pub fn create_folder(path: &Path) -> Result<(), Error> {
    // Anyone who may write to the folder of a CA can replace the CA, so others may not, whatever the umask.
    DirBuilder::new().recursive(true).mode(0o755).create(path).map_err(|source| Error::Io {
        action: "make the folder",
        path: path.to_path_buf(),
        source,
    })
}

/// Creates all files or none of them.
///
/// # Errors
/// [`Error::Exists`] before anything is written when a file is in the way, [`Error::Io`] when the system refuses.
pub fn create_all(files: &[NewFile]) -> Result<(), Error> {
    stage(files)?.commit()
}

/// Files that are on disk under temporary names. They go away when this is dropped.
#[must_use]
pub struct StagedFiles<'a>(Vec<Staged<'a>>);

/// More files than these are synced together, with all else that the file system has in hand: one wait instead of one
/// for each file.
const MANY: usize = 16;

/// Writes files under temporary names and waits until they are on disk.
///
/// # Errors
/// As [`create_all`]; nothing is left behind.
pub fn stage(files: &[NewFile]) -> Result<StagedFiles<'_>, Error> {
    let mut pending = Vec::with_capacity(files.len());
    for file in files {
        match fs::symlink_metadata(&file.path) {
            Ok(_) if same_contents(file) => continue,
            Ok(_) if file.existing == Existing::Refuse => return Err(Error::Exists(file.path.clone())),
            // A rename would replace a device such as /dev/null by a file.
            Ok(meta) if !meta.is_file() && !meta.is_symlink() => {
                return Err(Error::Io { action: "replace", path: file.path.clone(), source: no_file() });
            }
            _ => {}
        }
        pending.push(file);
    }
    let together = cfg!(target_os = "linux") && pending.len() > MANY;
    let mut staged = Vec::with_capacity(pending.len());
    for file in pending {
        staged.push(Staged::write(file, !together)?);
    }
    #[cfg(target_os = "linux")]
    if together && let Some(first) = files.first() {
        let folder = parent(&first.path);
        File::open(folder)
            .and_then(|folder| Ok(rustix::fs::syncfs(folder)?))
            .map_err(|source| Error::Io { action: "write into", path: folder.into(), source })?;
    }
    Ok(StagedFiles(staged))
}

impl StagedFiles<'_> {
    /// Gives all files their names, or none.
    ///
    /// # Errors
    /// When a name was taken in the meantime, or the system refuses.
    pub fn commit(mut self) -> Result<(), Error> {
        let staged = &mut self.0;
        for index in 0..staged.len() {
            if let Err(error) = staged[index].commit() {
                for done in &mut staged[..index] {
                    done.undo();
                }
                return Err(error);
            }
        }
        let mut folders: Vec<&Path> = Vec::new();
        for file in staged.iter_mut() {
            file.forget_backup();
            let folder = parent(&file.file.path);
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        for folder in folders {
            // The names are durable now, too. Some file systems cannot sync a folder.
            let _ = File::open(folder).and_then(|folder| folder.sync_all());
        }
        Ok(())
    }
}

/// Removes what killed runs left in a folder: temporary files of processes that are no more.
pub fn remove_leftovers(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| {
            let (_, number) = name.strip_suffix(".tmp")?.rsplit_once(TEMPORARY)?;
            rustix::process::Pid::from_raw(number.parse().ok()?)
        });
        if process.is_some_and(|id| rustix::process::test_kill_process(id) == Err(rustix::io::Errno::SRCH)) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// What stands between a file's name and the number of the process that writes it, while it is temporary.
const TEMPORARY: &str = ".certkit-";

/// Reads at most `limit` bytes of a file; more is an error of kind [`io::ErrorKind::FileTooLarge`].
///
/// # Errors
/// What the system says, with [`io::ErrorKind::IsADirectory`] for a directory.
pub fn read_limited(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    read_limited_from(file, limit)
}

pub(super) fn no_file() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, NO_FILE)
}

/// As [`read_limited`], from anything that can be read.
///
/// # Errors
/// What the reader says.
pub fn read_limited_from(reader: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut contents = Vec::new();
    reader.take(limit + 1).read_to_end(&mut contents)?;
    if contents.len() as u64 > limit {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(contents)
}

/// An I/O error in words, without Rust's "(os error 2)".
pub fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}

fn same_contents(file: &NewFile) -> bool {
    let is_plain = fs::metadata(&file.path).is_ok_and(|meta| meta.is_file());
    // A key that others may read is not the same file, even with the same bytes.
    let mode_fits = file.mode & 0o077 != 0
        || fs::metadata(&file.path).is_ok_and(|meta| meta.permissions().mode() & 0o077 == 0);
    is_plain && mode_fits && fs::read(&file.path).is_ok_and(|old| old == file.contents)
}

/// A file on its way: written under a temporary name beside its place.
struct Staged<'a> {
    file: &'a NewFile,
    temporary: PathBuf,
    /// What stood at the place before, kept until all files are in place.
    backup: Option<PathBuf>,
}

impl<'a> Staged<'a> {
    fn write(file: &'a NewFile, sync: bool) -> Result<Self, Error> {
        let temporary = beside(&file.path, &format!("{TEMPORARY}{}.tmp", std::process::id()));
        let staged = Self { file, temporary, backup: None };
        let result = (|| {
            // A leftover of a killed run with this process number.
            match fs::remove_file(&staged.temporary) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut out =
                OpenOptions::new().write(true).create_new(true).mode(file.mode).open(&staged.temporary)?;
            out.write_all(&file.contents)?;
            if sync { out.sync_all() } else { Ok(()) }
        })();
        result.map_err(|source| Error::Io { action: "write", path: file.path.clone(), source })?;
        Ok(staged)
    }

    /// Gives the file its name.
    fn commit(&mut self) -> Result<(), Error> {
        let path = &self.file.path;
        let io_error = |source| Error::Io { action: "write", path: path.clone(), source };
        if self.file.existing != Existing::Refuse && fs::symlink_metadata(path).is_ok() {
            let backup = match self.file.existing {
                Existing::KeepBackup => free_backup_name(path),
                _ => beside(path, &format!("{TEMPORARY}{}.old", std::process::id())),
            };
            let _ = fs::remove_file(&backup);
            fs::hard_link(path, &backup).map_err(io_error)?;
            self.backup = Some(backup);
            // A rename over the old name: no reader ever sees a gap.
            return fs::rename(&self.temporary, path).map_err(io_error);
        }
        // A hard link, unlike a rename, never replaces: the name is ours or an error.
        match fs::hard_link(&self.temporary, path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(Error::Exists(path.clone()));
            }
            // File systems without hard links (FAT, some network shares).
            Err(_) if fs::symlink_metadata(path).is_err() => {
                fs::rename(&self.temporary, path).map_err(io_error)?;
            }
            Err(source) => return Err(io_error(source)),
        }
        let _ = fs::remove_file(&self.temporary);
        Ok(())
    }

    /// Takes a committed file back.
    fn undo(&mut self) {
        let _ = match self.backup.take() {
            Some(backup) => fs::rename(backup, &self.file.path),
            None => fs::remove_file(&self.file.path),
        };
    }

    /// All files are in place: forgets what was replaced.
    fn forget_backup(&mut self) {
        if let Some(backup) = self.backup.take()
            && self.file.existing == Existing::Replace
        {
            let _ = fs::remove_file(backup);
        }
    }
}

impl Drop for Staged<'_> {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.temporary);
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path.file_name().unwrap_or(path.as_os_str()));
    name.push(suffix);
    path.with_file_name(name)
}

/// Where a file goes that is replaced and kept: `key.bak`, or `key.bak.2` and so on, since an older backup may be the only
/// copy of a key.
pub fn free_backup_name(path: &Path) -> PathBuf {
    let first = beside(path, ".bak");
    if fs::symlink_metadata(&first).is_err() {
        return first;
    }
    (2u32..)
        .map(|number| beside(path, &format!(".bak.{number}")))
        .find(|name| fs::symlink_metadata(name).is_err())
        .unwrap_or(first)
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new_file(path: PathBuf, contents: &str, existing: Existing) -> NewFile {
        NewFile { path, contents: contents.into(), mode: PRIVATE, existing }
    }

    #[test]
    fn all_or_none() {
        let dir = tempfile::tempdir().unwrap();
        let first = dir.path().join("first");
        let second = dir.path().join("second");
        fs::write(&second, "mine").unwrap();
        let files =
            [new_file(first.clone(), "a", Existing::Refuse), new_file(second.clone(), "b", Existing::Refuse)];
        assert!(matches!(create_all(&files), Err(Error::Exists(path)) if path == second));
        assert!(!first.exists());
        assert_eq!(fs::read(&second).unwrap(), b"mine");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_failure_at_the_second_takes_the_first_back() {
        let dir = tempfile::tempdir().unwrap();
        let first = dir.path().join("first");
        fs::write(&first, "old").unwrap();
        // The second place is a directory with something in it: it can be staged, not replaced.
        let second = dir.path().join("missing/second");
        let files =
            [new_file(first.clone(), "new", Existing::Replace), new_file(second, "b", Existing::Refuse)];
        assert!(create_all(&files).is_err());
        assert_eq!(fs::read(&first).unwrap(), b"old");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn modes_backups_and_identical_files() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        create_all(&[new_file(path.clone(), "one", Existing::Refuse)]).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        create_all(&[new_file(path.clone(), "one", Existing::Refuse)]).unwrap();
        create_all(&[new_file(path.clone(), "two", Existing::KeepBackup)]).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read(dir.path().join("key.bak")).unwrap(), b"one");
        create_all(&[new_file(path.clone(), "three", Existing::Replace)]).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn what_is_no_plain_file_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        for existing in [Existing::Replace, Existing::KeepBackup] {
            let error = create_all(&[new_file(socket.clone(), "a", existing)]).unwrap_err();
            assert!(error.to_string().ends_with(NO_FILE), "{error}");
        }
        assert!(!fs::symlink_metadata(&socket).unwrap().is_file());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn reading_has_a_limit() {
        assert_eq!(read_limited_from(&b"abc"[..], 3).unwrap(), b"abc");
        assert_eq!(read_limited_from(&b"abcd"[..], 3).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(read_limited(Path::new("/"), 3).unwrap_err().kind(), io::ErrorKind::IsADirectory);
    }
}
