//! ACME state on disk, in a form that a killed run leaves usable.
//!
//! ```text
//! STATE/accounts/<server hash>/account.json   who we are there; key.pem is written before the account is asked for
//! STATE/accounts/<server hash>/history.json   what was issued and what failed of late, as servers count it
//! STATE/orders/<name>.json                    an order on its way, written before each request that changes it
//! STATE/orders/<name>.key.pem                 the key of the certificate that it is for
//! STATE/certs/<name>/<n>/                     privkey, cert, chain and fullchain.pem of version n, complete or absent
//! STATE/certs/<name>/renew.json               how to get the next one
//! STATE/certs/<name>/next.key.pem             its key, where that is made ahead
//! STATE/live/<name>                           a symlink to the version in use
//! STATE/deleted/<name>-<day>/                 all that was kept of a certificate that was deleted
//! STATE/on-demand/                            names that got a certificate on demand, and the last orders for such
//! STATE/challenges/<kind>/<token or name>     an answer that every server on this state shows
//! STATE/challenges/asked/<kind>.<token>       that one of them was asked for it
//! ```
//!
//! What certkit alone reads is kept in a [`Backend`], so that something else than files can follow; the versions are files,
//! because others read them by their paths.
//!
//! The symlink is swapped by one rename, so key and chain can never disagree. Directories are 0700 and keys 0600
//! from their creation on, whatever the umask. Locks are flock(2): they end with the process that holds them.

mod access;
mod account;
mod backend;
#[cfg(test)]
mod backend_tests;
mod certificate;
mod challenges;
mod credentials;
mod files;
mod history;
#[cfg(test)]
mod memory;
mod next_key;
mod on_demand;
pub mod pem_files;
mod records;
pub mod renewal_pause;
mod retire;
mod timestamp;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use access::KeyGroup;
pub use account::AccountStore;
pub use backend::{Backend, Lock, Watch};
pub use certificate::{CertificateStore, LiveFiles, VersionFiles};
pub use challenges::ChallengeStore;
pub use history::{Exhausted, History};
pub use on_demand::OnDemandStore;
pub use records::{AccountRecord, FailureRecord, HookRecord, OrderJournal, RenewRecord, RenewalWindow, Step};
use serde::Serialize;
use serde::de::DeserializeOwned;
pub use timestamp::Timestamp;
use zeroize::Zeroizing;

use self::files::FileBackend;
use crate::sys::fs::plain;
use crate::x509::PrivateKey;

/// Clones share what they hold.
#[derive(Clone, Debug)]
pub struct Storage {
    backend: Arc<dyn Backend>,
    /// Whether leases that others have are waited for.
    waits: bool,
}

/// Why the state directory cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Somebody else has the lease of this certificate, and it was not to be waited for.
    #[error("another process is working on the certificate `{0}`")]
    Busy(String),
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
        Self::kept_in(Arc::new(FileBackend::new(root.into())))
    }

    fn kept_in(backend: Arc<dyn Backend>) -> Self {
        Self { backend, waits: true }
    }

    /// The same, where the lease of a certificate that somebody else has is [`Error::Busy`]: a server that runs for months
    /// comes back later.
    #[must_use]
    pub fn without_waiting(self) -> Self {
        Self { waits: false, ..self }
    }

    /// The account at a server, by its directory's address.
    pub fn account(&self, server: &str) -> AccountStore {
        AccountStore::new(self, &crate::acme::plan::names::sha256_hex(server)[..16])
    }

    /// Refuses a state directory that is not ours alone: what is in it is believed, and hooks in it are run.
    ///
    /// # Errors
    /// [`Error::Foreign`], [`Error::WritableByOthers`], and when it cannot be looked at. A missing one is fine.
    pub fn check_access(&self) -> Result<()> {
        access::check(&self.location(""))
    }

    /// All accounts.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn accounts(&self) -> Result<Vec<AccountStore>> {
        let names = self.backend.list("accounts")?;
        Ok(names.iter().map(|name| AccountStore::new(self, name)).collect())
    }

    /// All certificates that are in use, sorted by name.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn certificates(&self) -> Result<Vec<CertificateStore>> {
        let names = self.backend.list("live")?;
        Ok(names.iter().map(|name| CertificateStore::new(self, name)).collect())
    }

    /// What belongs to a certificate, by its first name.
    pub fn certificate(&self, name: &str) -> CertificateStore {
        CertificateStore::new(self, &file_name(name))
    }

    /// Where a value is.
    fn location(&self, key: &str) -> PathBuf {
        self.backend.location(key)
    }

    /// The answers to challenges that every process on this state may show.
    pub fn challenges(&self) -> ChallengeStore {
        ChallengeStore::new(self)
    }

    /// What is kept of certificates on demand.
    pub fn on_demand(&self) -> OnDemandStore {
        OnDemandStore::new(self)
    }

    /// Watches which versions are in use.
    ///
    /// # Errors
    /// When the directory cannot be made.
    pub fn watch_live(&self) -> Result<Box<dyn Watch>> {
        self.backend.watch("live")
    }

    /// The lock of the commands around orders; `None` while another process has it.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn hook_lock(&self, commands: &str) -> Result<Option<Lock>> {
        self.backend.lease(&format!("hooks/{}.lock", &crate::acme::plan::names::sha256_hex(commands)[..16]))
    }

    /// Takes a lease. Its holder is waited for after `on_wait` was called.
    fn lock(&self, key: &str, on_wait: impl FnOnce()) -> Result<Lock> {
        if let Some(lock) = self.backend.lease(key)? {
            return Ok(lock);
        }
        on_wait();
        self.backend.wait_for_lease(key)
    }

    fn write_json(&self, key: &str, record: &impl Serialize) -> Result<()> {
        let mut text = serde_json::to_vec_pretty(record)
            .map_err(|error| Error::Damaged { path: self.location(key), reason: error.to_string() })?;
        text.push(b'\n');
        self.backend.put(key, &text)
    }

    fn read_json<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        let Some(text) = self.backend.get(key)? else { return Ok(None) };
        match serde_json::from_slice(&text) {
            Ok(record) => Ok(Some(record)),
            Err(error) => Err(Error::Damaged { path: self.location(key), reason: error.to_string() }),
        }
    }

    fn write_key(&self, name: &str, key: &PrivateKey) -> Result<()> {
        self.backend.put(name, key.to_pem().as_bytes())
    }

    fn read_key(&self, key: &str) -> Result<Option<PrivateKey>> {
        parse_key(&self.location(key), self.backend.get(key)?)
    }

    fn remove(&self, key: &str) -> Result<()> {
        self.backend.remove(key)
    }
}

/// The key in the file of this path.
fn parse_key(path: &Path, text: Option<Vec<u8>>) -> Result<Option<PrivateKey>> {
    let Some(text) = text.map(Zeroizing::new) else { return Ok(None) };
    match pem_files::parse_key(&text) {
        Ok(key) => Ok(Some(key)),
        Err(reason) => Err(Error::Damaged { path: path.to_owned(), reason }),
    }
}

/// In the place of a name that has nothing to call a file by; no certificate has it.
const NO_NAME: &str = "_";

/// The name that a certificate's files are under. Validated names hold no slash and do not begin with a dot, but this
/// may be asked for any; `*` is not wanted in paths. It is never empty: that would be the folder of all certificates.
fn file_name(name: &str) -> String {
    let name = name.trim_start_matches('.').replace(['*', '/'], "_");
    if name.is_empty() { NO_NAME.to_owned() } else { name }
}

/// The path as it is from everywhere: the next run may start in another folder.
pub(in crate::acme) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_keep_servers_and_names_apart() {
        let storage = Storage::new("/state");
        let production = storage.account("https://ca.test/dir");
        let staging = storage.account("https://staging.ca.test/dir");
        assert_ne!(production.path(), staging.path());
        assert_eq!(production.path().parent(), Some(Path::new("/state/accounts")));
        assert_eq!(production.path().file_name().unwrap().len(), 16);

        for nothing in ["", ".", ".."] {
            let live = storage.certificate(nothing).live_files();
            assert_eq!(live.fullchain, Path::new("/state/live/_/fullchain.pem"), "{nothing}");
        }
        let live = storage.certificate("*.a.test").live_files();
        assert_eq!(live.fullchain, Path::new("/state/live/_.a.test/fullchain.pem"));
        assert_eq!(live.key, Path::new("/state/live/_.a.test/privkey.pem"));
    }

    #[test]
    fn a_lock_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let storage = Storage::new(dir.path());
        let first = storage.lock("lock", || panic!("nobody has it")).unwrap();
        let (say, heard) = std::sync::mpsc::channel();
        let waiting = std::thread::spawn(move || storage.lock("lock", || say.send(()).unwrap()).map(drop));
        heard.recv().unwrap();
        assert!(!waiting.is_finished());
        drop(first);
        waiting.join().unwrap().unwrap();
    }

    /// Accounts and orders need nothing of files.
    #[test]
    fn accounts_and_orders_are_kept_in_memory_as_well() {
        let storage = Storage::kept_in(Arc::new(memory::MemoryBackend::default()));
        let account = storage.account("https://ca.test/dir");
        let key = PrivateKey::generate(crate::x509::KeyKind::EcdsaP256).unwrap();
        account.save_next_key(&key).unwrap();
        account.promote_next_key().unwrap();
        account.save(&AccountRecord::new("https://ca.test/dir", None)).unwrap();
        let found = &storage.accounts().unwrap()[0];
        assert_eq!(found.key().unwrap().unwrap().spki(), key.spki());
        assert_eq!(found.load().unwrap().unwrap().server, "https://ca.test/dir");

        let store = storage.certificate("a.test");
        let _lock = store.lock(|| {}).unwrap();
        store.save_order_key(&key).unwrap();
        let journal = OrderJournal::new("s", "a", &["a.test".into()], "p256", store.order_key_name());
        store.save_journal(&journal).unwrap();
        assert_eq!(store.journal().unwrap(), Some(journal));
        store.forget_order().unwrap();
        assert!(store.journal().unwrap().is_none() && store.order_key().unwrap().is_none());
    }

    #[test]
    fn damaged_records_name_their_file() {
        let dir = tempfile::tempdir().unwrap();
        let (storage, path) = (Storage::new(dir.path()), dir.path().join("a.json"));
        assert!(storage.read_json::<AccountRecord>("a.json").unwrap().is_none());
        std::fs::write(&path, "{").unwrap();
        let read = storage.read_json::<AccountRecord>("a.json");
        assert!(matches!(read, Err(Error::Damaged { path: said, .. }) if said == path));
    }
}
