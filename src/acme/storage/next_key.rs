//! The key that was made for the next renewal.

use super::{CertificateStore, Result};
use crate::x509::PrivateKey;

impl CertificateStore {
    /// The key of the next renewal.
    ///
    /// # Errors
    /// When the file is there and cannot be read or understood.
    pub fn next_key(&self) -> Result<Option<PrivateKey>> {
        self.storage().read_key(&self.next_key_name())
    }

    /// Keeps the key of the next renewal. Needs the lock.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn save_next_key(&self, key: &PrivateKey) -> Result<()> {
        self.storage().write_key(&self.next_key_name(), key)
    }

    fn next_key_name(&self) -> String {
        format!("certs/{}/next.key.pem", self.name())
    }
}
