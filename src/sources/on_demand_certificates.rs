//! The certificates on demand that are served. Each is read when it comes and when another version of it is in use, and
//! no other with it: there may be thousands, and one more must not take longer than the first.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::acme::storage::CertificateStore;
use crate::advice::certificate::CertificateError;
use crate::advice::serve as advice;
use crate::console::Console;
use crate::report::Failure;
use crate::tls::AddedCertificates;
use crate::x509::CertifiedKey;

/// Reads the files of a certificate; nothing when there are none.
type ReadFiles = Box<dyn Fn(&CertificateStore) -> Result<Option<CertifiedKey>, Failure> + Send + Sync>;

pub(super) struct OnDemandCertificates {
    /// What was read last of each, by the names that their files are under.
    known: Mutex<HashMap<String, LastRead>>,
    served: Arc<AddedCertificates>,
    read: ReadFiles,
    console: Console,
}

struct LastRead {
    store: CertificateStore,
    version: Option<PathBuf>,
    /// Whether that version could not be served.
    is_bad: bool,
    /// Whether this one or an earlier one is.
    is_served: bool,
}

impl OnDemandCertificates {
    pub(super) fn new(read: ReadFiles, console: Console) -> Self {
        Self { known: Mutex::default(), served: Arc::default(), read, console }
    }

    /// Where servers find them.
    pub(super) fn served(&self) -> Arc<AddedCertificates> {
        Arc::clone(&self.served)
    }

    /// Serves the version that is in use now. One that cannot be used is reported once, and the one before stays.
    pub(super) fn serve(&self, store: CertificateStore) {
        let mut known = self.known();
        let name = store.name().to_owned();
        let last =
            known.entry(name).or_insert(LastRead { store, version: None, is_bad: false, is_served: false });
        let version = last.store.version_in_use();
        if version != last.version {
            self.take_up(last, version);
        }
    }

    /// Tries those again that could not be used.
    pub(super) fn retry(&self) {
        for last in self.known().values_mut().filter(|last| last.is_bad) {
            let version = last.store.version_in_use();
            self.take_up(last, version);
        }
    }

    fn take_up(&self, last: &mut LastRead, version: Option<PathBuf>) {
        let store = &last.store;
        // A swap after this is one to read again. The files are swapped as one but read one after the other: a swap in
        // between needs a second read.
        last.version = version;
        let read = (self.read)(store).or_else(|_| (self.read)(store));
        let served = read.and_then(|pair| {
            let unusable = |error| Failure::from(CertificateError::Unusable(error));
            pair.map(|pair| self.served.add(store.name(), &pair)).transpose().map_err(unusable)
        });
        last.is_bad = served.is_err();
        let findings = match served {
            Ok(Some(())) => {
                last.is_served = true;
                Vec::new()
            }
            Ok(None) if last.is_served => {
                vec![advice::files_gone(store.name(), &store.live_files().fullchain)]
            }
            Ok(None) => Vec::new(),
            Err(failure) => {
                let of_this =
                    failure.findings.into_iter().map(|finding| advice::about(store.name(), finding));
                if last.is_served { of_this.map(advice::kept_in_use).collect() } else { of_this.collect() }
            }
        };
        self.console.findings(&findings);
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, LastRead>> {
        // Nobody panics in the middle of a change.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::path::Path;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use clap::Parser;

    use super::*;
    use crate::acme::storage::Storage;
    use crate::ca::{CaProfile, Subject, make_root, new_key};
    use crate::sys::clock::{Clock, SystemClock};
    use crate::x509::KeyKind;

    /// Puts a version in use.
    fn install(state: &Path, name: &str, version: u32) {
        let (live, link) = (state.join("live"), state.join("live").join(name));
        std::fs::create_dir_all(&live).unwrap();
        let _ = std::fs::remove_file(&link);
        symlink(format!("../certs/{name}/{version}"), &link).unwrap();
    }

    #[test]
    fn one_more_is_read_once_and_nothing_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let storage = Storage::new(dir.path());
        let key = new_key(KeyKind::EcdsaP256).unwrap();
        let pair =
            make_root(&CaProfile::new(Subject::common_name("x"), 9, 0), key, SystemClock.now()).unwrap();
        let (reads, failing) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let (counted, fails) = (Arc::clone(&reads), Arc::clone(&failing));
        let read: ReadFiles = Box::new(move |_| {
            counted.fetch_add(1, Relaxed);
            let failure = || Failure::from(CertificateError::NoName);
            if fails.load(Relaxed) == 0 { Ok(Some(pair.clone())) } else { Err(failure()) }
        });
        let console = Console::new(&crate::cli::Cli::parse_from(["certkit", "-q", "acme", "list"]).global);
        let certificates = OnDemandCertificates::new(read, console);
        let names: Vec<_> = (0..1000).map(|number| format!("{number}.test")).collect();
        let serve_all = || names.iter().for_each(|name| certificates.serve(storage.certificate(name)));
        let reads = || reads.swap(0, Relaxed);

        // Those that are not there yet are not looked for in files.
        serve_all();
        assert_eq!(reads(), 0);
        names.iter().skip(1).for_each(|name| install(dir.path(), name, 1));
        serve_all();
        assert_eq!((reads(), certificates.served().validities().len()), (999, 999));
        serve_all();
        assert_eq!(reads(), 0);
        // One more, and another version of one.
        install(dir.path(), "0.test", 1);
        serve_all();
        assert_eq!(reads(), 1);
        install(dir.path(), "7.test", 2);
        serve_all();
        assert_eq!((reads(), certificates.served().validities().len()), (1, 1000));

        // One that cannot be used is tried twice, and again when the user asks for it.
        failing.store(1, Relaxed);
        install(dir.path(), "8.test", 2);
        serve_all();
        serve_all();
        assert_eq!(reads(), 2);
        failing.store(0, Relaxed);
        certificates.retry();
        certificates.retry();
        assert_eq!((reads(), certificates.served().validities().len()), (1, 1000));
    }
}
