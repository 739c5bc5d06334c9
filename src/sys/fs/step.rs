//! One file of a group that gets its name: before, after, and what a killed run may have done of it.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::{beside, free_backup_name};

/// How one file gets its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// The name that it gets.
    pub(super) path: PathBuf,
    /// The name that it has until then, in the same folder.
    pub(super) temporary: OsString,
    /// The second name of the file that is replaced, in the same folder.
    pub(super) backup: Option<OsString>,
    /// Whether the backup stays.
    pub(super) keeps_backup: bool,
    /// Whether the new file is for its owner alone: it may be the only copy of a key.
    pub(super) is_private: bool,
    /// What has the name now; `None` is nothing.
    pub(super) before: Option<Fingerprint>,
    pub(super) after: Fingerprint,
}

/// What tells one file's contents from another's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fingerprint(pub(super) String);

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StepState {
    /// The new file has its name.
    Done,
    /// The old one has it, and the new one is there too.
    Pending,
    /// The old one has it, and the new one is gone.
    Stuck,
    /// Somebody else has changed the file since.
    Changed,
}

impl Fingerprint {
    pub(super) fn of(contents: &[u8]) -> Self {
        let mut text = String::with_capacity(64);
        for byte in Sha256::digest(contents) {
            let _ = write!(text, "{byte:02x}");
        }
        Self(text)
    }

    /// That of what has a name; `None` when nothing has it.
    pub(super) fn of_file(path: &Path) -> Option<Self> {
        let meta = fs::symlink_metadata(path).ok()?;
        let contents = if meta.is_file() { fs::read(path).ok() } else { None };
        // A file that is not ours to read can still be replaced.
        Some(contents.map_or_else(|| Self(format!("inode {}", meta.ino())), |contents| Self::of(&contents)))
    }
}

impl Step {
    /// How far it is. Contents decide, not names: a person may have been here since the kill.
    pub(super) fn state(&self) -> StepState {
        let now = Fingerprint::of_file(&self.path);
        if now == self.before && Fingerprint::of_file(&self.temporary()).as_ref() == Some(&self.after) {
            StepState::Pending
        } else if now.as_ref() == Some(&self.after) {
            StepState::Done
        } else if now == self.before {
            StepState::Stuck
        } else {
            StepState::Changed
        }
    }

    /// Gives the new file its name, and the old one its second name.
    ///
    /// # Errors
    /// What the system says; [`io::ErrorKind::AlreadyExists`] when the name should have been free. Then the old file still
    /// has it.
    pub(super) fn forward(&self) -> io::Result<()> {
        let temporary = self.temporary();
        if let Some(backup) = self.backup() {
            match fs::hard_link(&self.path, &backup) {
                // A run that was killed has done so much of it.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && self.is_same(&backup) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && self.keeps_backup => {
                    fs::hard_link(&self.path, free_backup_name(&self.path))?;
                }
                linked => linked?,
            }
        }
        if self.before.is_some() {
            // A rename over the old name: no reader ever sees a gap.
            return fs::rename(&temporary, &self.path);
        }
        // A hard link, unlike a rename, never replaces: the name is ours or an error.
        match fs::hard_link(&temporary, &self.path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
            // File systems without hard links (FAT, some network shares).
            Err(_) if fs::symlink_metadata(&self.path).is_err() => return fs::rename(&temporary, &self.path),
            Err(error) => return Err(error),
        }
        let _ = fs::remove_file(temporary);
        Ok(())
    }

    /// Gives the old file its name back, if the new one has it. With `keeps_new` a new private file stays under another
    /// name; else nobody has been given it yet, and it goes.
    pub(super) fn backward(&self, keeps_new: bool) {
        if Fingerprint::of_file(&self.path).as_ref() != Some(&self.after) {
            return;
        }
        let keeps_new = keeps_new && self.is_private;
        let _ = match self.backup().filter(|backup| Fingerprint::of_file(backup) == self.before) {
            Some(backup) => {
                if keeps_new {
                    let kept = free_backup_name(&self.path);
                    if fs::hard_link(&self.path, &kept).is_err() {
                        return;
                    }
                    note_kept(kept);
                }
                fs::rename(backup, &self.path)
            }
            None if self.before.is_none() && !keeps_new => fs::remove_file(&self.path),
            None => return,
        };
    }

    /// Gives backups' names to what only a temporary name leads to, if it is for its owner alone: nobody knows which of
    /// the keys is still needed.
    ///
    /// # Errors
    /// What the system says. What could not be kept still has its temporary name.
    pub(super) fn keep_private(&self) -> io::Result<()> {
        if !self.is_private {
            return Ok(());
        }
        let old = self.backup().filter(|_| !self.keeps_backup);
        for temporary in [Some(self.temporary()), old].into_iter().flatten() {
            let contents = Fingerprint::of_file(&temporary);
            if contents.is_none() || contents == Fingerprint::of_file(&self.path) {
                continue;
            }
            let kept = free_backup_name(&self.path);
            fs::rename(&temporary, &kept)?;
            note_kept(kept);
        }
        Ok(())
    }

    /// Removes the temporary name too.
    pub(super) fn finish(&self) {
        let _ = fs::remove_file(self.temporary());
        self.forget_old();
    }

    /// All files are in place: removes what was replaced, unless it stays as a backup.
    pub(super) fn forget_old(&self) {
        if let Some(backup) = self.backup().filter(|_| !self.keeps_backup) {
            let _ = fs::remove_file(backup);
        }
    }

    pub(super) fn temporary(&self) -> PathBuf {
        self.path.with_file_name(&self.temporary)
    }

    fn backup(&self) -> Option<PathBuf> {
        Some(self.path.with_file_name(self.backup.as_ref()?))
    }

    fn is_same(&self, other: &Path) -> bool {
        let id = |path: &Path| fs::symlink_metadata(path).map(|meta| (meta.dev(), meta.ino()));
        matches!((id(&self.path), id(other)), (Ok(one), Ok(two)) if one == two)
    }
}

/// Private files that got a backup's name after a kill, until a command reports them ([`take_kept`]).
static KEPT: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn note_kept(path: PathBuf) {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner).push(path);
}

/// The private files of killed runs that this process has given backups' names.
pub fn take_kept() -> Vec<PathBuf> {
    std::mem::take(&mut *KEPT.lock().unwrap_or_else(PoisonError::into_inner))
}

/// The name beside a path for the copy that goes when all files are in place.
pub(super) fn old_name(path: &Path, id: &str) -> Option<OsString> {
    beside(path, &format!("{}{id}.old", super::MARK)).file_name().map(OsStr::to_owned)
}
