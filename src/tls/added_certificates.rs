//! Certificates that come one by one while a set is in use: adding one touches no other, however many there are.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use super::Error;
use super::served_certificate::{ServedCertificate, Validity};
use crate::x509::CertifiedKey;

/// Certificates beside those of a set, found by their names.
#[derive(Debug, Default)]
pub struct AddedCertificates(RwLock<ByName>);

#[derive(Debug, Default)]
struct ByName {
    /// As names are written in certificates, in lower case.
    names: HashMap<String, Arc<ServedCertificate>>,
    /// Under what each was added.
    all: HashMap<String, Arc<ServedCertificate>>,
}

impl AddedCertificates {
    /// Shows a certificate from the next handshake on, in place of the one that was added under `id` before.
    ///
    /// # Errors
    /// [`Error::CertifiedKey`]; the one before stays.
    pub fn add(&self, id: &str, pair: &CertifiedKey) -> Result<(), Error> {
        let new = Arc::new(ServedCertificate::new(pair)?);
        let mut inner = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let ByName { names, all } = &mut *inner;
        if let Some(before) = all.insert(id.to_owned(), Arc::clone(&new)) {
            for name in &before.names {
                // Another one may have the name by now.
                if names.get(name).is_some_and(|one| Arc::ptr_eq(one, &before)) {
                    names.remove(name);
                }
            }
        }
        for name in &new.names {
            names.insert(name.clone(), Arc::clone(&new));
        }
        Ok(())
    }

    /// The one that has this very name, which may be a wildcard.
    pub(super) fn get(&self, name: &str) -> Option<Arc<ServedCertificate>> {
        self.inner().names.get(name).cloned()
    }

    /// Whether there is one for a host, whose name has no port.
    pub(super) fn has(&self, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        let names = &self.inner().names;
        // RFC 9525 section 6.3: a wildcard stands for exactly one label.
        let by_wildcard =
            || host.split_once('.').is_some_and(|(_, rest)| names.contains_key(&format!("*.{rest}")));
        names.contains_key(&host) || by_wildcard()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.inner().all.is_empty()
    }

    /// How long each may be used.
    pub fn validities(&self) -> Vec<Validity> {
        self.inner().all.values().map(|one| one.validity.clone()).collect()
    }

    fn inner(&self) -> RwLockReadGuard<'_, ByName> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}
