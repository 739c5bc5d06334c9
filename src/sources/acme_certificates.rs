//! The certificates that `--acme` serves, read from the state whenever another version is in use.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::Notify;

use super::named_file::NamedFile;
use super::on_demand_certificates::OnDemandCertificates;
use crate::acme::storage::CertificateStore;
use crate::advice::certificate::CertificateError;
use crate::advice::serve as advice;
use crate::ca::{
    CaProfile, Issuance, Issuer, LeafProfile, Subject, SubjectKey, certificate_names, make_root, new_key,
};
use crate::console::Console;
use crate::finding::Finding;
use crate::operands::password::Passwords;
use crate::report::Failure;
use crate::sys::clock::{Clock, SystemClock};
use crate::sys::opener::OwnRights;
use crate::tls::{CertificateSet, CertificateSource};
use crate::x509::{CertifiedKey, KeyKind, Purpose};

/// Of the placeholder that is served before the first certificate.
const PLACEHOLDER_DAYS: u32 = 7;

/// What is served, and who is to be woken for a renewal.
pub(super) struct AcmeCertificates {
    /// Those of the settings.
    certificates: Mutex<Vec<LiveCertificate>>,
    on_demand: OnDemandCertificates,
    /// Whether the user has asked for all to be looked at again.
    is_refresh: AtomicBool,
    console: Console,
    changed: Arc<Notify>,
    /// One for each thread that renews a certificate.
    wake: Mutex<Vec<mpsc::Sender<()>>>,
}

/// A certificate that is served once it is there.
pub(super) struct LiveCertificate {
    store: CertificateStore,
    placeholder: Option<CertifiedKey>,
    /// What was last read, in case its files become unreadable.
    last: Option<Arc<CertifiedKey>>,
    /// Which version that is.
    version: Option<PathBuf>,
}

/// An untrusted certificate, served before the first real one. The key of its CA is dropped at once.
fn placeholder(names: &[String]) -> Result<CertifiedKey, Failure> {
    let now = SystemClock.now();
    let subject = Subject::common_name("certkit: no certificate from the ACME server yet");
    let authority = CaProfile::new(subject, PLACEHOLDER_DAYS, 0);
    let root = make_root(&authority, new_key(KeyKind::EcdsaP256)?, now)?;
    let profile = LeafProfile::new(certificate_names(names)?, Purpose::Server, PLACEHOLDER_DAYS);
    let key = SubjectKey::New(KeyKind::EcdsaP256);
    Ok(Issuer::new(&root, now)?.issue(Issuance::leaf(&profile, key, now))?.into_certified()?)
}

impl LiveCertificate {
    pub(super) fn new(store: CertificateStore) -> Self {
        Self { store, placeholder: None, last: None, version: None }
    }

    /// The same, with another one for its names until it is there.
    pub(super) fn with_placeholder(self, names: &[String]) -> Result<Self, Failure> {
        Ok(Self { placeholder: Some(placeholder(names)?), ..self })
    }
}

impl AcmeCertificates {
    pub(super) fn new(certificates: Vec<LiveCertificate>, console: Console) -> Self {
        let (changed, wake) = (Arc::default(), Mutex::default());
        let on_demand = OnDemandCertificates::new(Box::new(Self::read), console);
        let (certificates, is_refresh) = (Mutex::new(certificates), AtomicBool::new(false));
        Self { certificates, on_demand, is_refresh, console, changed, wake }
    }

    /// For a thread that renews a certificate: hears when it is to check at once.
    pub(super) fn wake_up_calls(&self) -> mpsc::Receiver<()> {
        let (wake, woken) = mpsc::channel();
        self.wake.lock().unwrap_or_else(PoisonError::into_inner).push(wake);
        woken
    }

    /// Has what is in use now loaded, if it is another version.
    pub(super) fn compare(&self) {
        if self.is_behind() {
            self.changed.notify_one();
        }
    }

    /// The files of one certificate; `None` when there are none yet.
    fn read(store: &CertificateStore) -> Result<Option<CertifiedKey>, Failure> {
        let files = store.live_files();
        // For a folder without permission, reading gives the error.
        if matches!(files.fullchain.try_exists(), Ok(false)) {
            return Ok(None);
        }
        let own = |path: &Path| NamedFile::own(path.to_owned(), OwnRights::shared());
        let chain = own(&files.fullchain).certificates(&mut Passwords::unattended())?;
        let key = own(&files.key).private_key(&mut Passwords::unattended())?;
        let mut certificates = chain.certificates.into_iter().map(|located| located.certificate);
        let Some(leaf) = certificates.next() else { return Ok(None) };
        CertifiedKey::new(leaf, certificates.collect(), key).map(Some).map_err(|mismatch| {
            let (certificate, key) = (files.fullchain.clone(), files.key.clone());
            CertificateError::KeyMismatch { certificate, key, mismatch }.into()
        })
    }

    /// Whether other versions are in use than those that were loaded.
    fn is_behind(&self) -> bool {
        self.live().iter().any(|live| in_use(&live.store) != live.version)
    }

    /// Serves the version of this certificate on demand that is in use now.
    pub(super) fn serve_on_demand(&self, store: CertificateStore) {
        self.on_demand.serve(store);
    }

    fn live(&self) -> MutexGuard<'_, Vec<LiveCertificate>> {
        // Nobody panics in the middle of a change.
        self.certificates.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake_all(&self) {
        let wake = self.wake.lock().unwrap_or_else(PoisonError::into_inner);
        for thread in wake.iter() {
            // A thread that has ended needs no wake-up.
            let _ = thread.send(());
        }
    }
}

#[async_trait]
impl CertificateSource for AcmeCertificates {
    fn load(&self) -> Result<CertificateSet, Vec<Finding>> {
        if self.is_refresh.swap(false, Relaxed) {
            self.on_demand.retry();
        }
        let mut all = self.live();
        let mut findings = Vec::new();
        let mut fresh = 0;
        for LiveCertificate { store, placeholder, last, version } in all.iter_mut() {
            // A swap after this is one to load again.
            *version = in_use(store);
            // The files are swapped as one but read one after the other: a swap in between needs a second read.
            match Self::read(store).or_else(|_| Self::read(store)) {
                Ok(Some(pair)) => {
                    *last = Some(Arc::new(pair));
                    fresh += 1;
                }
                Ok(None) if last.is_none() => fresh += 1,
                Ok(None) => findings.push(advice::files_gone(store.name(), &store.live_files().fullchain)),
                // A certificate that is there must not be replaced by a placeholder.
                Err(failure) if last.is_none() && placeholder.is_some() => return Err(failure.findings),
                Err(failure) => findings.extend(failure.findings),
            }
        }
        // One that cannot be read does not stop the others; its last version, if it had one, stays in use.
        if fresh == 0 {
            return Err(findings);
        }
        self.console.findings(&findings);
        let pairs: Vec<_> =
            all.iter().filter_map(|live| live.last.as_deref().or(live.placeholder.as_ref())).collect();
        let set = if pairs.is_empty() { Ok(CertificateSet::none()) } else { CertificateSet::new(pairs) };
        let unusable = |error| Failure::from(CertificateError::Unusable(error)).findings;
        Ok(set.map_err(unusable)?.and_added(self.on_demand.served()))
    }

    async fn changed(&self) {
        self.changed.notified().await;
    }

    fn refresh(&self) {
        self.is_refresh.store(true, Relaxed);
        self.wake_all();
    }
}

/// The folder of the version that is in use.
fn in_use(store: &CertificateStore) -> Option<PathBuf> {
    std::fs::canonicalize(store.live_files().fullchain).ok()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::acme::storage::Storage;

    #[test]
    fn one_that_cannot_be_read_does_not_stop_the_others() {
        let dir = tempfile::tempdir().unwrap();
        let storage = Storage::new(dir.path());
        let load = |names: &[&str]| {
            let live = names.iter().map(|name| LiveCertificate::new(storage.certificate(name)));
            let console =
                Console::new(&crate::cli::Cli::parse_from(["certkit", "-q", "acme", "list"]).global);
            let set = AcmeCertificates::new(live.collect(), console).load().ok()?;
            Some(set.validities().map(|validity| validity.name.clone()).collect::<Vec<_>>())
        };
        for name in ["a.test", "b.test"] {
            let (live, pair) = (dir.path().join("live").join(name), placeholder(&[name.to_owned()]).unwrap());
            let mut chain = String::new();
            crate::pem::write(&mut chain, "CERTIFICATE", &pair.leaf().der);
            std::fs::create_dir_all(&live).unwrap();
            std::fs::write(live.join("fullchain.pem"), chain).unwrap();
            std::fs::write(live.join("privkey.pem"), pair.key().to_pem().as_bytes()).unwrap();
        }
        assert_eq!(load(&["a.test", "b.test"]).unwrap(), ["a.test", "b.test"]);
        std::fs::write(dir.path().join("live/b.test/privkey.pem"), "damaged").unwrap();
        assert_eq!(load(&["a.test", "b.test"]).unwrap(), ["a.test"]);
        assert_eq!(load(&["b.test"]), None);
    }
}
