//! One account at one server.

use std::path::{Path, PathBuf};

use super::{AccountRecord, Lock, Result, private_dir, read_json, read_key, write_json, write_key};
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

    /// The directory.
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
        read_key(&self.dir.join("key.pem"))
    }

    /// Keeps a new account's key; this comes before the request for the account.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn save_key(&self, key: &PrivateKey) -> Result<()> {
        write_key(self.dir.join("key.pem"), key)
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
}
