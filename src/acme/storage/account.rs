//! One account at one server.

use std::fs;
#[cfg(any(test, feature = "internals"))]
use std::path::Path;
use std::path::PathBuf;

use super::{
    AccountRecord, Error, History, Lock, Result, private_dir, read_json, read_key, remove, sync_dir,
    write_json, write_key,
};
use crate::x509::PrivateKey;

/// The directory of one account.
#[derive(Clone, Debug)]
pub struct AccountStore {
    dir: PathBuf,
}

impl AccountStore {
    pub(super) fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    #[cfg(any(test, feature = "internals"))]
    pub fn path(&self) -> &Path {
        &self.dir
    }

    /// Makes the directory and takes its lock, so that two runs cannot make two accounts.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn lock(&self, on_wait: impl FnOnce()) -> Result<Lock> {
        private_dir(&self.dir)?;
        Lock::take(&self.dir.join("lock"), on_wait)
    }

    /// What is known of the account.
    ///
    /// # Errors
    /// When the file is there and cannot be read or understood.
    pub fn load(&self) -> Result<Option<AccountRecord>> {
        read_json(&self.dir.join("account.json"))
    }

    /// Keeps what is known of the account.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn save(&self, record: &AccountRecord) -> Result<()> {
        write_json(self.dir.join("account.json"), record)
    }

    /// The account's key.
    ///
    /// # Errors
    /// When the file is there and cannot be read or understood.
    pub fn key(&self) -> Result<Option<PrivateKey>> {
        read_key(&self.key_path())
    }

    /// Keeps a new account's key; this comes before the request for the account.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn save_key(&self, key: &PrivateKey) -> Result<()> {
        write_key(self.key_path(), key)
    }

    /// The file of the account's key.
    pub fn key_path(&self) -> PathBuf {
        self.dir.join("key.pem")
    }

    /// Forgets what is known of the account, but not its key.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn forget(&self) -> Result<()> {
        remove(&self.dir.join("account.json"))?;
        self.forget_next_key()
    }

    /// The key that the account is about to get.
    ///
    /// # Errors
    /// When the file is there and cannot be read or understood.
    pub fn next_key(&self) -> Result<Option<PrivateKey>> {
        read_key(&self.next_key_path())
    }

    /// Keeps the key that the account is about to get; this comes before the request.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn save_next_key(&self, key: &PrivateKey) -> Result<()> {
        write_key(self.next_key_path(), key)
    }

    /// Puts the next key in the place of the key.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn promote_next_key(&self) -> Result<()> {
        let to = self.key_path();
        fs::rename(self.next_key_path(), &to).map_err(Error::io("replace", &to))?;
        sync_dir(&self.dir)
    }

    /// Forgets the next key: the server does not have it.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn forget_next_key(&self) -> Result<()> {
        remove(&self.next_key_path())
    }

    /// What was issued and what failed here of late.
    ///
    /// # Errors
    /// When the file is there and cannot be read or understood.
    pub fn history(&self) -> Result<History> {
        Ok(read_json(&self.dir.join("history.json"))?.unwrap_or_default())
    }

    /// Adds to the history. Several certificates share it, so that it is read and written under a lock of its own.
    ///
    /// # Errors
    /// When the file cannot be read, understood or written.
    pub fn add_to_history(&self, add: impl FnOnce(&mut History)) -> Result<()> {
        private_dir(&self.dir)?;
        let _lock = Lock::take(&self.dir.join("history.lock"), || {})?;
        let mut history = self.history()?;
        add(&mut history);
        write_json(self.dir.join("history.json"), &history)
    }

    fn next_key_path(&self) -> PathBuf {
        self.dir.join("key.next.pem")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acme::storage::Storage;
    use crate::x509::KeyKind;

    #[test]
    fn key_and_record_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let account = Storage::new(dir.path()).account("https://ca.test/dir");
        let _lock = account.lock(|| {}).unwrap();
        assert!(account.load().unwrap().is_none());
        assert!(account.key().unwrap().is_none());
        let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        account.save_key(&key).unwrap();
        assert_eq!(account.key().unwrap().unwrap().spki(), key.spki());
        let record = AccountRecord::new("https://ca.test/dir", Some("https://ca.test/tos".into()));
        account.save(&record).unwrap();
        assert_eq!(account.load().unwrap(), Some(record));
    }

    #[test]
    fn a_next_key_takes_the_place_or_goes() {
        let dir = tempfile::tempdir().unwrap();
        let account = Storage::new(dir.path()).account("https://ca.test/dir");
        let _lock = account.lock(|| {}).unwrap();
        let [old, new] = [(); 2].map(|()| PrivateKey::generate(KeyKind::EcdsaP256).unwrap());
        account.save_key(&old).unwrap();
        account.save_next_key(&new).unwrap();
        assert_eq!(account.key().unwrap().unwrap().spki(), old.spki());
        account.promote_next_key().unwrap();
        assert_eq!(account.key().unwrap().unwrap().spki(), new.spki());
        assert!(account.next_key().unwrap().is_none());
        account.save_next_key(&old).unwrap();
        account.forget_next_key().unwrap();
        assert!(account.next_key().unwrap().is_none());
    }

    #[test]
    fn the_history_is_shared() {
        let dir = tempfile::tempdir().unwrap();
        let account = Storage::new(dir.path()).account("https://ca.test/dir");
        let now = time::macros::datetime!(2026-11-20 12:00 UTC);
        for name in ["a.test", "b.test"] {
            account.add_to_history(|history| history.add_issued(&[name.to_owned()], now)).unwrap();
        }
        assert_eq!(account.history().unwrap().issued.len(), 2);
    }
}
