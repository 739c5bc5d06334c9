//! Files on their way: written under temporary names, then named, all or none.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use super::journal::{Journal, create_locked};
use super::step::{Fingerprint, Step, old_name};
use super::{Error, Existing, MARK, NewFile, beside, free_backup_name, heal, no_file, parent, same_contents};

/// Files that are on disk under temporary names. They go away when this is dropped.
#[must_use]
pub struct StagedFiles<'a> {
    files: Vec<Staged<'a>>,
    /// One for each folder, where there is more than one file.
    journals: Vec<Journal>,
    folders: Vec<PathBuf>,
    /// The number of this run and a random one: `123-1`.
    id: String,
}

/// A file on its way.
struct Staged<'a> {
    file: &'a NewFile,
    /// Its path behind links.
    path: PathBuf,
    temporary: PathBuf,
    after: Fingerprint,
    /// Kept open until it is synced; not where there are many.
    open: Option<File>,
    has_its_name: bool,
}

/// More files than these are synced together, with all else that the file system has in hand: one wait instead of one
/// for each file.
const MANY: usize = 16;
/// How often another run may change the files between two looks.
const ATTEMPTS: usize = 100;

/// Writes files under temporary names; [`StagedFiles::commit`] waits until they are on disk.
///
/// # Errors
/// As [`super::create_all`]; nothing is left behind.
pub fn stage(files: &[NewFile]) -> Result<StagedFiles<'_>, Error> {
    // In containers every run may have the same process number.
    let id = format!("{}-{}", std::process::id(), RandomState::new().build_hasher().finish());
    let mut staged = StagedFiles { files: Vec::new(), journals: Vec::new(), folders: Vec::new(), id };
    let mut pending: Vec<(&NewFile, PathBuf)> = Vec::with_capacity(files.len());
    let mut seen: Vec<PathBuf> = Vec::new();
    for file in files {
        let path = super::target(file)?;
        let folder = parent(&path);
        if !seen.iter().any(|known| known == folder) {
            heal(folder);
            super::remove_leftovers(folder);
            seen.push(folder.to_path_buf());
        }
        match fs::symlink_metadata(&path) {
            Ok(_) if same_contents(&path, file) => continue,
            Ok(_) if file.existing == Existing::Refuse => return Err(Error::Exists(file.path.clone())),
            // A rename would replace a device such as /dev/null by a file.
            Ok(meta) if !meta.is_file() && !meta.is_symlink() => {
                return Err(Error::Io { action: "replace", path: file.path.clone(), source: no_file() });
            }
            _ => {}
        }
        // The last one is the one that stays, as if they were written one after the other.
        if files.len() <= MANY {
            pending.retain(|(_, other)| *other != path);
        }
        pending.push((file, path));
    }
    staged.write(pending)?;
    Ok(staged)
}

impl<'a> StagedFiles<'a> {
    fn write(&mut self, pending: Vec<(&'a NewFile, PathBuf)>) -> Result<(), Error> {
        let is_group = pending.len() > 1;
        let is_many = pending.len() > MANY;
        for (file, path) in pending {
            let error = |source| Error::Io { action: "write", path: file.path.clone(), source };
            let folder = parent(&path);
            if !self.folders.iter().any(|known| known == folder) {
                if is_group {
                    self.journals.push(Journal::create(folder, &self.id).map_err(error)?);
                }
                self.folders.push(folder.to_path_buf());
            }
            let temporary = beside(&path, &format!("{MARK}{}.tmp", self.id));
            let open = match is_group {
                // The lock is the journal's.
                true => create(&temporary, file.mode),
                false => create_locked(&temporary, file.mode),
            };
            let open = open.map_err(error)?;
            keep_access(&open, file.mode, &path);
            let after = if is_group { Fingerprint::of(&file.contents) } else { Fingerprint::default() };
            self.files.push(Staged { file, path, temporary, after, open: None, has_its_name: false });
            (&open).write_all(&file.contents).map_err(error)?;
            begin_writing(&open);
            if !is_many && let Some(last) = self.files.last_mut() {
                last.open = Some(open);
            } else if cfg!(not(target_os = "linux")) {
                open.sync_all().map_err(error)?;
            }
        }
        // Two runs that take several folders take them in the same order.
        self.journals.sort_by(|one, two| one.folder().cmp(two.folder()));
        Ok(())
    }

    /// Waits until all files are on disk, and gives them their names: all or none, even if this is killed
    /// ([`super::journal`]).
    ///
    /// # Errors
    /// When a name was taken in the meantime, or the system refuses.
    pub fn commit(mut self) -> Result<(), Error> {
        let steps = self.decided()?;
        for (at, step) in steps.iter().enumerate() {
            if let Err(error) = step.forward() {
                steps[..at].iter().rev().for_each(|done| done.backward(false));
                return Err(self.error(at, error));
            }
        }
        steps.iter().for_each(Step::forget_old);
        self.journals.iter_mut().for_each(Journal::finish);
        self.files.iter_mut().for_each(|file| file.has_its_name = true);
        for folder in &self.folders {
            // The names are durable now, too. Some file systems cannot sync a folder.
            let _ = File::open(folder).and_then(|folder| folder.sync_all());
        }
        Ok(())
    }

    /// Syncs everything and decides that the group will be finished.
    fn decided(&mut self) -> Result<Vec<Step>, Error> {
        let mut steps = self.steps()?;
        for attempt in 0..ATTEMPTS {
            for journal in &mut self.journals {
                journal.write(&steps).map_err(|error| folder_error(journal, error))?;
                begin_writing(journal.file());
            }
            if attempt == 0 {
                self.sync()?;
            }
            // New names alone may be lost with the power: a key then waits for its certificate.
            let replaces = steps.iter().any(|step| step.before.is_some());
            for journal in &mut self.journals {
                let synced = if replaces { journal.file().sync_data() } else { Ok(()) };
                synced.map_err(|error| folder_error(journal, error))?;
                journal.publish()?;
            }
            if self.journals.is_empty() {
                return Ok(steps);
            }
            // While this waited for its turn, another run may have given the same names.
            let now = self.steps()?;
            if now == steps {
                return Ok(steps);
            }
            self.journals.iter_mut().for_each(Journal::withdraw);
            steps = now;
        }
        Err(self.error(0, io::ErrorKind::TimedOut.into()))
    }

    /// What is to be done, as things are now.
    fn steps(&self) -> Result<Vec<Step>, Error> {
        let is_group = !self.journals.is_empty();
        let mut steps = Vec::with_capacity(self.files.len());
        for Staged { file, path, temporary, after, .. } in &self.files {
            let is_there = fs::symlink_metadata(path).is_ok();
            if is_there && file.existing == Existing::Refuse {
                return Err(Error::Exists(file.path.clone()));
            }
            let backup = match file.existing {
                _ if !is_there => None,
                Existing::KeepBackup => free_backup_name(path).file_name().map(OsStr::to_owned),
                // One file alone is never taken back.
                _ if is_group => old_name(path, &self.id),
                _ => None,
            };
            let before = match is_group {
                true => Fingerprint::of_file(path),
                false => is_there.then(Fingerprint::default),
            };
            steps.push(Step {
                path: path.clone(),
                temporary: temporary.file_name().map(OsStr::to_owned).unwrap_or_default(),
                backup,
                keeps_backup: file.existing == Existing::KeepBackup,
                is_private: file.mode & 0o077 == 0,
                before,
                after: after.clone(),
            });
        }
        Ok(steps)
    }

    /// Waits until the contents are on disk.
    fn sync(&mut self) -> Result<(), Error> {
        for Staged { file, open, .. } in &mut self.files {
            if let Some(open) = open {
                open.sync_all().map_err(|source| Error::Io {
                    action: "write",
                    path: file.path.clone(),
                    source,
                })?;
            }
        }
        #[cfg(target_os = "linux")]
        if self.files.len() > MANY {
            for folder in &self.folders {
                File::open(folder).and_then(|folder| Ok(rustix::fs::syncfs(folder)?)).map_err(|source| {
                    Error::Io { action: "write into the folder", path: folder.clone(), source }
                })?;
            }
        }
        Ok(())
    }

    fn error(&self, at: usize, source: io::Error) -> Error {
        let path = self.files.get(at).map(|staged| staged.file.path.clone()).unwrap_or_default();
        match source.kind() {
            io::ErrorKind::AlreadyExists => Error::Exists(path),
            _ => Error::Io { action: "write", path, source },
        }
    }
}

impl Drop for Staged<'_> {
    fn drop(&mut self) {
        if !self.has_its_name {
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

fn create(path: &Path, mode: u32) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(mode).open(path)
}

/// Gives the file that takes the place of another one its owner and group, as far as this user may, and where its mode stays
/// that mode whatever the umask: who could read the certificate yesterday can do so today.
fn keep_access(file: &File, mode: u32, path: &Path) {
    let Some(old) = fs::metadata(path).ok().filter(|old| old.is_file()) else { return };
    // Where anybody may put files, a file's owner may be anybody.
    let is_shared = fs::metadata(parent(path)).is_ok_and(|folder| folder.mode() & 0o002 != 0);
    let own = file.metadata().ok().filter(|_| !is_shared);
    if own.is_some_and(|own| (own.uid(), own.gid()) != (old.uid(), old.gid())) {
        let _ = fchown(file, Some(old.uid()), Some(old.gid()));
    }
    if old.permissions().mode() & 0o777 == mode {
        let _ = file.set_permissions(fs::Permissions::from_mode(mode));
    }
}

/// Starts writing to disk what [`File::sync_all`] will wait for, so that several files are waited for together.
fn begin_writing(file: &File) {
    // Linux writes what is to leave its cache; sync_file_range(2), the call for it, needs unsafe code.
    #[cfg(target_os = "linux")]
    let _ = rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed);
    #[cfg(not(target_os = "linux"))]
    let _ = file;
}

fn folder_error(journal: &Journal, source: io::Error) -> Error {
    Error::Io { action: "write into the folder", path: journal.folder().to_path_buf(), source }
}
