//! What killed runs left in a folder: temporary files that will never get their names.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};

use rustix::fs::OFlags;
use rustix::process::{Pid, geteuid, test_kill_process};

use super::MARK;
use super::journal::{Healed, Lock, heal};

/// Folders that this process has looked through: listing one of 40,000 files takes longer than a certificate.
static CLEANED: LazyLock<Mutex<HashSet<PathBuf>>> = LazyLock::new(Mutex::default);

/// Removes the temporary files of runs that have ended from a folder, once in the life of this process. A run that lives
/// holds a lock: on its journal, or on the one file that it writes ([`super::journal`]). A process number alone would say
/// nothing in a container, where every run may have the same one.
pub fn remove_leftovers(folder: &Path) {
    if CLEANED.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_path_buf()) {
        remove(folder);
    }
}

pub(super) fn remove(folder: &Path) {
    // What a group still needs is not a leftover.
    if !matches!(heal(folder), Healed::Done | Healed::Ignored) {
        return;
    }
    let Ok(entries) = fs::read_dir(folder) else { return };
    let own = geteuid().as_raw();
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(id) = name.to_str().and_then(run_of) else { continue };
        let is_ours = entry.metadata().is_ok_and(|meta| meta.is_file() && meta.uid() == own);
        if is_ours && has_ended(folder, &entry.path(), id) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Whether a file of this name is temporary, of a run that lives or has ended.
pub fn is_temporary(name: &str) -> bool {
    run_of(name).is_some()
}

/// Which run a temporary file is of: `123-1` for `server.key.certkit-123-1.tmp`.
fn run_of(name: &str) -> Option<&str> {
    let (_, rest) = name.rsplit_once(MARK)?;
    let (id, ending) = rest.split_once('.')?;
    let is_id = id.split('-').all(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()));
    (is_id && ["tmp", "old", "journal"].contains(&ending)).then_some(id)
}

fn has_ended(folder: &Path, path: &Path, id: &str) -> bool {
    let journal = folder.join(super::journal::temporary_name(id));
    // Files that other code writes on its way hold no lock.
    let number = (!id.contains('-')).then(|| id.parse().ok().and_then(Pid::from_raw)).flatten();
    let lives = number.is_some_and(|id| test_kill_process(id) != Err(rustix::io::Errno::SRCH));
    !lives && is_free(path) && (!journal.exists() || is_free(&journal))
}

/// Whether nobody holds a file's lock; the lock is released again.
fn is_free(path: &Path) -> bool {
    open_own(path).is_ok_and(|file| Lock::try_take(&file).is_ok())
}

fn open_own(path: &Path) -> std::io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32;
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_files_are_known_by_their_names() {
        assert_eq!(run_of("server.key.certkit-123-1.tmp"), Some("123-1"));
        assert_eq!(run_of("server.key.certkit-123.old"), Some("123"));
        assert_eq!(run_of(".certkit-123-1.journal"), Some("123-1"));
        for name in
            ["server.key", "a.certkit-.tmp", "a.certkit-1-.tmp", "a.certkit-1.tmp.crt", "certkit-1.tmp"]
        {
            assert_eq!(run_of(name), None, "{name}");
        }
    }

    #[test]
    fn only_what_nobody_writes_any_more_goes() {
        let dir = tempfile::tempdir().unwrap();
        let make = |name: &str| File::create(dir.path().join(name)).unwrap();
        make("a.certkit-1-1.tmp");
        make("a.crt");
        let held = make("b.certkit-1-2.tmp");
        let lock = Lock::try_take(&held).unwrap();
        make("c.certkit-1-3.tmp");
        let journal = make(".certkit-1-3.journal");
        let journal_lock = Lock::try_take(&journal).unwrap();
        make(&format!("d.certkit-{}.tmp", std::process::id()));
        remove(dir.path());
        let mut left: Vec<_> =
            fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        let own = format!("d.certkit-{}.tmp", std::process::id());
        let wanted = [".certkit-1-3.journal", "a.crt", "b.certkit-1-2.tmp", "c.certkit-1-3.tmp", &own];
        assert_eq!(left, wanted);
        drop((lock, journal_lock));
        remove(dir.path());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }
}
