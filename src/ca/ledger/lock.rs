//! The lock on the ledger: who holds it, and how long others wait.

use std::fmt;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::Path;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::Error;
use crate::sys::fs::PRIVATE;

/// After this time a line says who is waited for: others need milliseconds.
const SILENCE: Duration = Duration::from_secs(1);
/// After this time it is an error. Batches of thousands, each synced, take seconds on a slow disk.
const PATIENCE: Duration = Duration::from_secs(30);

/// Who holds the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    Process {
        id: u32,
        /// What the system calls its program, such as `certkit`.
        name: String,
    },
    /// One that this process cannot see: in another container, or on another machine.
    Unseen,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process { id, name } => write!(f, "`{name}` (process {id})"),
            Self::Unseen => f.write_str("another process"),
        }
    }
}

type Say = Box<dyn Fn(&str) + Send + Sync>;
static SAY: OnceLock<Say> = OnceLock::new();

/// Sets who is to print the line about a long wait. Without it, waiting is silent.
pub fn announce_waits(say: impl Fn(&str) + Send + Sync + 'static) {
    let _ = SAY.set(Box::new(say));
}

/// Opens the file, creates it if needed, and waits for its lock. Closing it releases the lock, and so does a kill. It is
/// for the group that may read `key`.
pub(super) fn lock(path: &Path, key: Option<&Path>) -> Result<File, Error> {
    let failed = |action, source| Error::Io { action, path: path.to_path_buf(), source };
    let is_new = !path.exists();
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true).mode(PRIVATE);
    let file = options.open(path).map_err(|error| failed("open", error))?;
    if let Some(key) = key {
        // A ledger for one user alone still works for that user.
        let _ = share(&file, key);
    }
    if is_new {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        // Its name must be as durable as its lines.
        let _ = File::open(folder.unwrap_or_else(|| Path::new("."))).and_then(|folder| folder.sync_all());
    }
    wait(&file, SILENCE, PATIENCE, |holder| {
        if let Some(say) = SAY.get() {
            say(&format!("waiting for the ledger {}, which {holder} has locked", path.display()));
        }
    })
    .map_err(|stopped| match stopped {
        Stopped::Failed(error) => failed("lock", error),
        Stopped::Locked(holder) => {
            Error::Locked { path: path.to_path_buf(), seconds: PATIENCE.as_secs(), holder }
        }
    })?;
    Ok(file)
}

/// Who may read the CA's key can issue, and must be able to record it.
fn share(ledger: &File, key: &Path) -> io::Result<()> {
    let key = fs::metadata(key)?;
    let meta = ledger.metadata()?;
    if key.mode() & 0o040 != 0 && meta.is_file() && meta.mode() & 0o060 != 0o060 {
        if meta.gid() != key.gid() {
            fchown(ledger, None, Some(key.gid()))?;
        }
        ledger.set_permissions(Permissions::from_mode(0o660))?;
    }
    Ok(())
}

enum Stopped {
    Failed(io::Error),
    Locked(Holder),
}

fn wait(
    file: &File,
    silence: Duration,
    patience: Duration,
    announce: impl FnOnce(Holder),
) -> Result<(), Stopped> {
    let start = Instant::now();
    let mut announce = Some(announce);
    let mut pause = Duration::from_millis(1);
    loop {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(()),
            Err(Errno::WOULDBLOCK) => {}
            Err(Errno::INTR) => continue,
            Err(error) => return Err(Stopped::Failed(error.into())),
        }
        let waited = start.elapsed();
        if waited >= patience {
            return Err(Stopped::Locked(holder(file)));
        }
        if waited >= silence
            && let Some(announce) = announce.take()
        {
            announce(holder(file));
        }
        thread::sleep(pause.min(patience.saturating_sub(waited)));
        // Threads of one run take turns every few milliseconds; what takes longer is not in a hurry.
        pause = if waited < Duration::from_millis(100) { pause } else { Duration::from_millis(10) };
    }
}

/// Who holds the lock, by the system's table: `1: FLOCK  ADVISORY  WRITE 4711 fd:01:1234 0 EOF`.
fn holder(file: &File) -> Holder {
    let number = file.metadata().map(|meta| meta.ino()).unwrap_or_default();
    let table = fs::read_to_string("/proc/locks").unwrap_or_default();
    let process = table.lines().find_map(|line| {
        let mut fields = line.split_whitespace();
        let (kind, id, inode) = (fields.nth(1)?, fields.nth(2)?, fields.next()?);
        let is_it = kind == "FLOCK" && inode.rsplit(':').next()?.parse() == Ok(number);
        id.parse::<u32>().ok().filter(|_| is_it)
    });
    let name = |id: &u32| fs::read_to_string(format!("/proc/{id}/comm")).ok();
    match process.and_then(|id| Some((id, name(&id)?))) {
        Some((id, name)) => Holder::Process { id, name: name.trim_end().to_owned() },
        None => Holder::Unseen,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_is_held_is_waited_for_and_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ledger");
        let held = lock(&path, None).unwrap();
        let file = File::open(&path).unwrap();
        let mut said = None;
        let stopped = wait(&file, Duration::ZERO, Duration::from_millis(20), |holder| said = Some(holder));
        let Err(Stopped::Locked(holder)) = stopped else { panic!("it was not locked") };
        assert_eq!(Some(&holder), said.as_ref());
        if let Holder::Process { id, .. } = holder {
            assert_eq!(id, std::process::id());
        }
        drop(held);
        assert!(wait(&file, Duration::ZERO, Duration::ZERO, |_| {}).is_ok());
    }

    #[test]
    fn a_ledger_is_for_those_who_may_read_the_key() {
        let dir = tempfile::tempdir().unwrap();
        for (mode, wanted) in [(0o600, 0o600), (0o640, 0o660), (0o644, 0o660)] {
            let (key, ledger) = (dir.path().join("key"), dir.path().join(format!("{mode:o}")));
            fs::write(&key, "").unwrap();
            fs::set_permissions(&key, Permissions::from_mode(mode)).unwrap();
            drop(lock(&ledger, Some(&key)).unwrap());
            assert_eq!(fs::metadata(&ledger).unwrap().mode() & 0o777, wanted, "{mode:o}");
            fs::remove_file(&key).unwrap();
        }
    }
}
