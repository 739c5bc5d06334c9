//! One account at one server.

use std::path::PathBuf;

use super::{AccountRecord, History, Lock, Result, Storage};
use crate::x509::PrivateKey;

const KEY: &str = "key.pem";
const NEXT_KEY: &str = "key.next.pem";

/// The directory of one account.
#[derive(Clone, Debug)]
pub struct AccountStore {
    storage: Storage,
    /// The directory's key.
    dir: String,
}

impl AccountStore {
    pub(super) fn new(storage: &Storage, name: &str) -> Self {
        Self { storage: storage.clone(), dir: format!("accounts/{name}") }
    }

    #[cfg(any(test, feature = "internals"))]
    pub fn path(&self) -> PathBuf {
        self.storage.location(&self.dir)
    }

    /// Makes the directory and takes its lock, so that two runs cannot make two accounts.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn lock(&self, on_wait: impl FnOnce()) -> Result<Lock> {
        let lock = self.storage.lock(&self.key_of("lock"), on_wait)?;
        // Of killed runs; some of it keys.
        crate::sys::fs::remove_leftovers(&self.storage.location(&self.key_of("")));
        Ok(lock)
    }

    /// What is known of the account.
    ///
    /// # Errors
    /// When the file is there and cannot be read or understood.
    pub fn load(&self) -> Result<Option<AccountRecord>> {
        self.storage.read_json(&self.key_of("account.json"))
    }

    /// Keeps what is known of the account.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn save(&self, record: &AccountRecord) -> Result<()> {
        self.storage.write_json(&self.key_of("account.json"), record)
    }

    /// The account's key.
    ///
    /// # Errors
    /// When the file is there and cannot be read or understood.
    pub fn key(&self) -> Result<Option<PrivateKey>> {
        self.storage.read_key(&self.key_of(KEY))
    }

    /// Keeps a new account's key; this comes before the request for the account.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn save_key(&self, key: &PrivateKey) -> Result<()> {
        self.storage.write_key(&self.key_of(KEY), key)
    }

    /// The file of the account's key.
    pub fn key_path(&self) -> PathBuf {
        self.storage.location(&self.key_of(KEY))
    }

    /// Forgets what is known of the account, but not its key.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn forget(&self) -> Result<()> {
        self.storage.remove(&self.key_of("account.json"))?;
        self.forget_next_key()
    }

    /// Puts the key of a closed account aside, so that the next one gets a key of its own. Needs the lock.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn retire_key(&self) -> Result<()> {
        let backend = &self.storage.backend;
        let key = self.key_of(KEY);
        if backend.get(&key)?.is_none() {
            return Ok(());
        }
        let mut number = 1_u32;
        loop {
            let aside = self.key_of(&format!("key.closed-{number}.pem"));
            if backend.get(&aside)?.is_none() {
                return backend.rename(&key, &aside);
            }
            number += 1;
        }
    }

    /// The key that the account is about to get.
    ///
    /// # Errors
    /// When the file is there and cannot be read or understood.
    pub fn next_key(&self) -> Result<Option<PrivateKey>> {
        self.storage.read_key(&self.key_of(NEXT_KEY))
    }

    /// Keeps the key that the account is about to get; this comes before the request.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn save_next_key(&self, key: &PrivateKey) -> Result<()> {
        self.storage.write_key(&self.key_of(NEXT_KEY), key)
    }

    /// Puts the next key in the place of the key.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn promote_next_key(&self) -> Result<()> {
        self.storage.backend.rename(&self.key_of(NEXT_KEY), &self.key_of(KEY))
    }

    /// Forgets the next key: the server does not have it.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn forget_next_key(&self) -> Result<()> {
        self.storage.remove(&self.key_of(NEXT_KEY))
    }

    /// What was issued and what failed here of late.
    ///
    /// # Errors
    /// When the file is there and cannot be read or understood.
    pub fn history(&self) -> Result<History> {
        Ok(self.storage.read_json(&self.key_of("history.json"))?.unwrap_or_default())
    }

    /// Adds to the history. Several certificates share it, so that it is read and written under a lock of its own.
    ///
    /// # Errors
    /// When the file cannot be read, understood or written.
    pub fn add_to_history(&self, add: impl FnOnce(&mut History)) -> Result<()> {
        // It is held for a moment only, so that it is waited for in any case.
        let _lock = self.storage.backend.wait_for_lease(&self.key_of("history.lock"))?;
        let mut history = self.history()?;
        add(&mut history);
        self.storage.write_json(&self.key_of("history.json"), &history)
    }

    fn key_of(&self, file: &str) -> String {
        format!("{}/{file}", self.dir)
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
