//! ACME state on disk, in a form that a killed run leaves usable.
//!
//! ```text
//! STATE/accounts/<server hash>/account.json   who we are there; key.pem is written before the account is asked for
//! STATE/accounts/<server hash>/history.json   what was issued and what failed of late, as servers count it
//! STATE/orders/<name>.json                    an order on its way, written before each request that changes it
//! STATE/orders/<name>.key.pem                 the key of the certificate that it is for
//! STATE/certs/<name>/<n>/                     privkey, cert, chain and fullchain.pem of version n, complete or absent
//! STATE/certs/<name>/renew.json               how to get the next one
//! STATE/live/<name>                           a symlink to the version in use
//! ```
//!
//! The symlink is swapped by one rename, so key and chain can never disagree. Directories are 0700 and keys 0600
//! from their creation on, whatever the umask. Locks are flock(2): they end with the process that holds them.

mod access;
mod account;
mod certificate;
mod history;
mod records;
mod timestamp;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

pub use access::KeyGroup;
pub use account::AccountStore;
pub use certificate::{CertificateStore, LiveFiles, VersionFiles};
pub use history::{Exhausted, History};
pub use records::{AccountRecord, FailureRecord, HookRecord, OrderJournal, RenewRecord, RenewalWindow, Step};
use rustix::fs::FlockOperation;
use serde::Serialize;
use serde::de::DeserializeOwned;
pub use timestamp::Timestamp;
use zeroize::Zeroizing;

use crate::sys::fs::{Existing, NewFile, create_all, plain, read_limited};
use crate::x509::PrivateKey;

/// State files are small; a chain is some 6 kB.
const MAX_FILE_BYTES: u64 = 1 << 20;

#[derive(Clone, Debug)]
pub struct Storage {
    root: PathBuf,
}

/// Why the state directory cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file that certkit wrote does not read back.
    #[error("cannot parse {}: {reason}", .path.display())]
    Damaged { path: PathBuf, reason: String },
    #[error("{} belongs to another user (uid {owner})", .path.display())]
    Foreign { path: PathBuf, owner: u32 },
    #[error("cannot {action} {}: {}", .path.display(), plain(.source))]
    Io {
        /// A verb, such as `read`.
        action: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("group `{0}` does not exist")]
    NoGroup(String),
    #[error("other users may write to {}", .0.display())]
    WritableByOthers(PathBuf),
    #[error(transparent)]
    Write(#[from] crate::sys::fs::Error),
}

impl Error {
    fn io<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> Self + 'a {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }
}

type Result<T> = std::result::Result<T, Error>;

impl Storage {
    /// State below `root`, which need not exist yet. Nothing is touched.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The account at a server, by its directory's address.
    pub fn account(&self, server: &str) -> AccountStore {
        AccountStore::new(self.root.join("accounts").join(&super::names::sha256_hex(server)[..16]))
    }

    /// Refuses a state directory that is not ours alone: what is in it is believed, and hooks in it are run.
    ///
    /// # Errors
    /// [`Error::Foreign`], [`Error::WritableByOthers`], and when it cannot be looked at. A missing one is fine.
    pub fn check_access(&self) -> Result<()> {
        access::check(&self.root)
    }

    /// All accounts.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn accounts(&self) -> Result<Vec<AccountStore>> {
        let dir = self.root.join("accounts");
        Ok(entries(&dir)?.into_iter().map(|name| AccountStore::new(dir.join(name))).collect())
    }

    /// All certificates that are in use, sorted by name.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn certificates(&self) -> Result<Vec<CertificateStore>> {
        let names = entries(&self.root.join("live"))?;
        Ok(names.iter().map(|name| CertificateStore::new(&self.root, name)).collect())
    }

    /// What belongs to a certificate, by its first name.
    pub fn certificate(&self, name: &str) -> CertificateStore {
        CertificateStore::new(&self.root, &file_name(name))
    }
}

/// A held lock; it ends when this is dropped or the process dies.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock, waiting for its holder after `on_wait` was called.
    fn take(path: &Path, on_wait: impl FnOnce()) -> Result<Self> {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(path)
            .map_err(Error::io("open", path))?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(Self { _file: file }),
            Err(rustix::io::Errno::WOULDBLOCK) => on_wait(),
            Err(error) => return Err(Error::io("lock", path)(error.into())),
        }
        rustix::io::retry_on_intr(|| rustix::fs::flock(&file, FlockOperation::LockExclusive))
            .map_err(|error| Error::io("lock", path)(error.into()))?;
        Ok(Self { _file: file })
    }
}

/// The name that a certificate's files are under. Validated names hold no slash and do not begin with a dot, but this
/// may be asked for any; `*` is not wanted in paths.
fn file_name(name: &str) -> String {
    name.trim_start_matches('.').replace(['*', '/'], "_")
}

/// The path as it is from everywhere: the next run may start in another folder.
pub(in crate::acme) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// The names in a directory that are not hidden, sorted; none when it is missing.
fn entries(dir: &Path) -> Result<Vec<String>> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::io("read", dir)(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(Error::io("read", dir))?;
        names.extend(entry.file_name().into_string().ok().filter(|name| !name.starts_with('.')));
    }
    names.sort_unstable();
    Ok(names)
}

/// Makes a directory and its parents, for the owner alone.
fn private_dir(path: &Path) -> Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(Error::io("make the folder", path))
}

/// Writes a file whole and durably, in place of an older one.
fn write(path: PathBuf, contents: Vec<u8>, mode: u32) -> Result<()> {
    Ok(create_all(&[NewFile { path, contents, mode, existing: Existing::Replace }])?)
}

/// Reads a file that may be missing.
fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    match read_limited(path, MAX_FILE_BYTES) {
        Ok(contents) => Ok(Some(contents)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", path)(error)),
    }
}

fn write_json(path: PathBuf, record: &impl Serialize) -> Result<()> {
    let mut text = serde_json::to_vec_pretty(record)
        .map_err(|error| Error::Damaged { path: path.clone(), reason: error.to_string() })?;
    text.push(b'\n');
    write(path, text, crate::sys::fs::PRIVATE)
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let Some(text) = read(path)? else { return Ok(None) };
    match serde_json::from_slice(&text) {
        Ok(record) => Ok(Some(record)),
        Err(error) => Err(Error::Damaged { path: path.to_owned(), reason: error.to_string() }),
    }
}

fn write_key(path: PathBuf, key: &PrivateKey) -> Result<()> {
    write(path, key.to_pem().as_bytes().to_vec(), crate::sys::fs::PRIVATE)
}

fn read_key(path: &Path) -> Result<Option<PrivateKey>> {
    let Some(text) = read(path)?.map(Zeroizing::new) else { return Ok(None) };
    match crate::acme::pem_files::parse_key(&text) {
        Ok(key) => Ok(Some(key)),
        Err(reason) => Err(Error::Damaged { path: path.to_owned(), reason }),
    }
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Makes names in a directory durable.
fn sync_dir(path: &Path) -> Result<()> {
    File::open(path).and_then(|dir| dir.sync_all()).map_err(Error::io("write", path))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn paths_keep_servers_and_names_apart() {
        let storage = Storage::new("/state");
        let production = storage.account("https://ca.test/dir");
        let staging = storage.account("https://staging.ca.test/dir");
        assert_ne!(production.path(), staging.path());
        assert_eq!(production.path().parent(), Some(Path::new("/state/accounts")));
        assert_eq!(production.path().file_name().unwrap().len(), 16);

        let live = storage.certificate("*.a.test").live_files();
        assert_eq!(live.fullchain, Path::new("/state/live/_.a.test/fullchain.pem"));
        assert_eq!(live.key, Path::new("/state/live/_.a.test/privkey.pem"));
    }

    #[test]
    fn directories_are_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state/accounts");
        private_dir(&path).unwrap();
        for path in [&path, path.parent().unwrap()] {
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o700);
        }
    }

    #[test]
    fn a_lock_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let first = Lock::take(&path, || panic!("nobody has it")).unwrap();
        let (say, heard) = std::sync::mpsc::channel();
        let waiting = std::thread::spawn({
            let path = path.clone();
            move || Lock::take(&path, || say.send(()).unwrap()).map(drop)
        });
        heard.recv().unwrap();
        assert!(!waiting.is_finished());
        drop(first);
        waiting.join().unwrap().unwrap();
    }

    #[test]
    fn damaged_records_name_their_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.json");
        assert!(read_json::<AccountRecord>(&path).unwrap().is_none());
        fs::write(&path, "{").unwrap();
        assert!(
            matches!(read_json::<AccountRecord>(&path), Err(Error::Damaged { path: p, .. }) if p == path)
        );
    }
}
