//! One account at one server.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::{AccountRecord, Error, Lock, Result, private_dir, read, read_json, write, write_json};
use crate::sys::fs::PRIVATE;

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

    /// The account's key as PKCS#8 DER.
    ///
    /// # Errors
    /// When the file is there and cannot be read or understood.
    pub fn key(&self) -> Result<Option<Zeroizing<Vec<u8>>>> {
        let path = self.dir.join("key.pem");
        let Some(text) = read(&path)?.map(Zeroizing::new) else { return Ok(None) };
        match crate::acme::key::pkcs8_from_pem(&text) {
            Ok(der) => Ok(Some(der)),
            Err(error) => Err(Error::Damaged { path, reason: error.to_string() }),
        }
    }

    /// Keeps a new account's key; this comes before the request for the account.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn save_key(&self, pkcs8: &[u8]) -> Result<()> {
        write(self.dir.join("key.pem"), crate::acme::key::pkcs8_to_pem(pkcs8).into_bytes(), PRIVATE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acme::storage::Storage;

    #[test]
    fn key_and_record_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let account = Storage::new(dir.path()).account("https://ca.test/dir");
        let _lock = account.lock(|| {}).unwrap();
        assert!(account.load().unwrap().is_none());
        assert!(account.key().unwrap().is_none());
        account.save_key(b"not really a key").unwrap();
        assert_eq!(account.key().unwrap().unwrap().as_slice(), b"not really a key");
        let record = AccountRecord::new("https://ca.test/dir", Some("https://ca.test/tos".into()));
        account.save(&record).unwrap();
        assert_eq!(account.load().unwrap(), Some(record));
    }
}
