//! The certificates of `--cert` and `--key`: read, checked, and read again when they change.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use tokio::sync::Notify;

use super::judge::judge;
use super::last_pairs::{FileNames, LastPairs};
use super::staples::{LastResponses, RejectedStaple};
use super::watched::{CertificateFiles, FilePair, Stamps, WatchedFiles};
use crate::advice::certificate::CertificateError;
use crate::advice::ocsp::not_taken;
use crate::advice::serve::{as_warning, kept_in_use};
use crate::console::Console;
use crate::finding::{Code, Finding, Location, Severity};
use crate::report::Failure;
use crate::sys::clock::{Clock, SystemClock};
use crate::sys::fs::heal_folder_of;
use crate::sys::opener::Opener;
use crate::tls::{CertificateSet, CertificateSource};
use crate::x509::CertifiedKey;

/// How often a running server looks whether the files have changed.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often files that are being written are waited for, and files are read again that were replaced while they were read.
const ATTEMPTS: usize = 10;

pub(super) struct Files {
    watched: ArcSwap<WatchedFiles>,
    /// What they were made of.
    named: Mutex<Vec<CertificateFiles>>,
    /// Told when there are others.
    replaced: Notify,
    /// Serve although the certificates have expired or are in the wrong order.
    force: bool,
    look_every: Duration,
    /// What the files were when they were last read, be they good or bad.
    read: Mutex<Stamps>,
    opener: Arc<dyn Opener>,
    last_pairs: LastPairs,
    last_responses: LastResponses,
    /// Where a running server says that an OCSP response cannot be used.
    console: Option<Console>,
}

/// What was read.
struct ReadFiles {
    /// The files of each pair.
    files: Vec<FileNames>,
    pairs: Vec<CertifiedKey>,
    /// Warnings and notes.
    remarks: Vec<Finding>,
    /// Files that cannot be used, and for which a pair is in use already.
    rejected_pairs: Vec<Failure>,
    rejected_staples: Vec<RejectedStaple>,
}

/// Which files a running server reads.
#[derive(Clone)]
pub struct ServedFiles(pub(super) Arc<Files>);

impl ServedFiles {
    /// Reads and checks other files than those in use. `None` if they are the same ones.
    ///
    /// # Errors
    /// When they cannot be used.
    pub fn prepare(&self, named: &[CertificateFiles]) -> Result<Option<PreparedFiles>, Failure> {
        if *self.0.named.lock().unwrap_or_else(PoisonError::into_inner) == named {
            return Ok(None);
        }
        let watched = WatchedFiles::new(named, &self.0.opener, &self.0.watched.load())?;
        let mut read = self.0.read_watched(&watched)?;
        // What is in use already stays so, whatever has become of its files.
        let before = self.0.watched.load_full();
        read.rejected_pairs.clear();
        read.rejected_staples.retain(|rejected| !before.has_staple(&rejected.path));
        self.0.accept(read)?;
        Ok(Some(PreparedFiles { files: Arc::clone(&self.0), named: named.to_vec(), watched }))
    }
}

/// Files that can be used.
pub struct PreparedFiles {
    files: Arc<Files>,
    named: Vec<CertificateFiles>,
    watched: WatchedFiles,
}

impl PreparedFiles {
    /// Lets the server read these from now on.
    pub fn replace(self) {
        let Self { files, named, watched } = self;
        *files.named.lock().unwrap_or_else(PoisonError::into_inner) = named;
        files.watched.store(Arc::new(watched));
        files.replaced.notify_one();
    }
}

impl Files {
    /// The files are opened by `opener`, also when they are read again.
    ///
    /// # Errors
    /// When there is not one key for each certificate, or a file cannot be read.
    pub(super) fn new(
        named: &[CertificateFiles],
        force: bool,
        opener: &Arc<dyn Opener>,
    ) -> Result<Self, Failure> {
        // A renewal that was killed between certificate and key is finished first.
        named.iter().flat_map(|pair| &pair.certificates).for_each(|path| heal_folder_of(path));
        Ok(Self {
            watched: ArcSwap::from_pointee(WatchedFiles::new(named, opener, &WatchedFiles::default())?),
            named: Mutex::new(named.to_vec()),
            replaced: Notify::new(),
            force,
            look_every: LOOK_EVERY,
            read: Mutex::default(),
            opener: Arc::clone(opener),
            last_pairs: LastPairs::default(),
            last_responses: LastResponses::default(),
            console: None,
        })
    }

    /// The same, which says on `console` what it does not do.
    pub(super) fn reporting_to(self, console: Console) -> Self {
        Self { console: Some(console), ..self }
    }

    /// Reads and checks all pairs, and gives warnings and notes with them.
    ///
    /// # Errors
    /// Findings that stop a start, and make a reload keep the certificates in use.
    pub(super) fn read(&self) -> Result<(Vec<CertifiedKey>, Vec<Finding>), Failure> {
        let read = self.read_again()?;
        let files = read.files.clone();
        let (pairs, remarks) = self.accept(read)?;
        self.last_pairs.keep(&files, &pairs);
        Ok((pairs, remarks))
    }

    /// The same, also with OCSP responses that cannot be used.
    fn read_again(&self) -> Result<ReadFiles, Failure> {
        let watched = self.watched.load_full();
        // From before they are read: what changes meanwhile is seen as a change.
        let stamps = watched.stamps();
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = stamps;
        self.read_watched(&watched)
    }

    fn read_watched(&self, watched: &WatchedFiles) -> Result<ReadFiles, Failure> {
        let mut remarks = Vec::new();
        let mut pairs = Vec::new();
        let mut rejected_pairs = Vec::new();
        for pair in &watched.pairs {
            match self.read_pair(pair, &mut remarks) {
                Ok(pair) => pairs.push(pair),
                Err(failure) => {
                    let Some(last) = self.last_pairs.get(&pair.names()) else {
                        return Err(failure);
                    };
                    pairs.push(last);
                    rejected_pairs.push(failure);
                }
            }
        }
        let rejected_staples = self.last_responses.add(&watched.staples, &mut pairs, SystemClock.now());
        let files = watched.pairs.iter().map(FilePair::names).collect();
        Ok(ReadFiles { files, pairs, remarks, rejected_pairs, rejected_staples })
    }

    /// Whether a server may start with what was read: with an OCSP response that cannot be used only by force.
    fn accept(&self, read: ReadFiles) -> Result<(Vec<CertifiedKey>, Vec<Finding>), Failure> {
        let ReadFiles { pairs, mut remarks, rejected_pairs, rejected_staples, .. } = read;
        if let Some(failure) = rejected_pairs.into_iter().next() {
            return Err(failure);
        }
        let mut failures = rejected_staples.into_iter().map(|rejected| rejected.failure);
        if self.force {
            remarks.extend(failures.flat_map(|failure| failure.findings).map(as_warning));
        } else if let Some(first) = failures.next() {
            let findings = first.findings.into_iter().chain(failures.flat_map(|failure| failure.findings));
            return Err(Failure { findings: findings.collect(), status: first.status });
        }
        Ok((pairs, remarks))
    }

    /// Reads all pairs as [`read_again`](Self::read_again) does, when nobody replaces or writes them: on HUP nobody has looked
    /// whether they are complete, and a chain that was cut off between two certificates can be read.
    fn read_settled(&self) -> Result<ReadFiles, Failure> {
        let mut attempts = ATTEMPTS;
        loop {
            attempts = attempts.saturating_sub(1);
            let left = self.watched.load().unsettled(SystemClock.now()).filter(|_| attempts > 0);
            if let Some(left) = left {
                std::thread::sleep(left);
                continue;
            }
            let read = self.read_again();
            let is_one_state =
                *self.read.lock().unwrap_or_else(PoisonError::into_inner) == self.watched.load().stamps();
            if is_one_state || attempts == 0 {
                return read;
            }
        }
    }

    fn read_pair(&self, pair: &FilePair, remarks: &mut Vec<Finding>) -> Result<CertifiedKey, Failure> {
        let (certificate, key) = (pair.certificate.path(), pair.key.path());
        let file = certificate.display().to_string();
        let mut passwords = pair.passwords()?;
        let read = pair.certificate.certificates(&mut passwords)?;
        if !read.malformed.is_empty() {
            return Err(Failure::from(read.malformed).status(1));
        }
        let private_key = pair.key.private_key(&mut passwords)?;
        remarks.extend(pair.exposed_files());
        let (errors, others): (Vec<_>, Vec<_>) = judge(&read.certificates, &private_key, &file)
            .into_iter()
            .map(|finding| match finding.code {
                // Usually the certificate is new and the key is the wrong one.
                Code::KeyMismatch => finding.at(Location::file(key.display().to_string())),
                _ => finding,
            })
            .partition(|finding| finding.severity == Severity::Error);
        let (stopping, harmless): (Vec<_>, Vec<_>) =
            errors.into_iter().partition(|finding| self.stops(finding));
        if !stopping.is_empty() {
            return Err(Failure { findings: stopping, status: 1 });
        }
        // Clients will complain, but no server at all would be worse.
        remarks.extend(harmless.into_iter().map(as_warning));
        remarks.extend(others);
        let mut chain = read.certificates.into_iter().map(|located| located.certificate);
        let leaf = chain.next().ok_or_else(|| CertificateError::Empty(certificate.to_owned()))?;
        CertifiedKey::new(leaf, chain.collect(), private_key).map_err(|mismatch| {
            let (certificate, key) = (certificate.to_owned(), key.to_owned());
            CertificateError::KeyMismatch { certificate, key, mismatch }.into()
        })
    }

    /// Whether a finding stops the start. A wrong key always does: no handshake could succeed.
    fn stops(&self, finding: &Finding) -> bool {
        match finding.code {
            Code::KeyMismatch => true,
            Code::Expired | Code::NotYetValid | Code::WrongOrder => !self.force,
            _ => false,
        }
    }
}

#[async_trait]
impl CertificateSource for Files {
    fn load(&self) -> Result<CertificateSet, Vec<Finding>> {
        let read = self.read_settled();
        let rejected = match &read {
            Ok(read) => &read.rejected_pairs[..],
            Err(failure) => std::slice::from_ref(failure),
        };
        // A disk or a network that failed comes back without any change of the files.
        if rejected.iter().flat_map(|failure| &failure.findings).any(|finding| finding.code == Code::Io) {
            self.read.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
        let read = read.map_err(|failure| failure.findings)?;
        let set = CertificateSet::new(&read.pairs)
            .map_err(|error| Failure::from(CertificateError::Unusable(error)).findings)?;
        let is_new = self.last_pairs.keep(&read.files, &read.pairs);
        let rejected = read.rejected_pairs.into_iter().flat_map(|failure| failure.findings);
        let rejected: Vec<_> = rejected.collect();
        if !rejected.is_empty() {
            if !is_new {
                return Err(rejected);
            }
            if let Some(console) = self.console {
                console.findings(&rejected.into_iter().map(kept_in_use).collect::<Vec<_>>());
            }
        }
        if let Some(console) = self.console {
            for RejectedStaple { failure, keeps_last, .. } in read.rejected_staples {
                let findings = failure.findings.into_iter().map(|finding| not_taken(finding, keeps_last));
                console.findings(&findings.collect::<Vec<_>>());
            }
        }
        Ok(set)
    }

    /// Files that are being written change from one look to the next; they are left alone until they do not.
    async fn changed(&self) {
        let mut change = FileChange::default();
        loop {
            tokio::select! {
                () = tokio::time::sleep(self.look_every) => {}
                () = self.replaced.notified() => return,
            }
            let watched = self.watched.load_full();
            // Even asking for a file's time may wait for a network.
            let Ok(now) = tokio::task::spawn_blocking(move || watched.stamps()).await else { continue };
            if change.is_complete(now, &self.read.lock().unwrap_or_else(PoisonError::into_inner)) {
                return;
            }
        }
    }
}

/// A change of the files that is perhaps under way.
#[derive(Default)]
struct FileChange(Option<Stamps>);

impl FileChange {
    /// Whether the files are not what was `read`, and have been the same twice.
    fn is_complete(&mut self, now: Stamps, read: &Stamps) -> bool {
        let changed = (now != *read).then_some(now);
        let is_complete = changed.is_some() && changed == self.0;
        self.0 = changed;
        is_complete
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{File, Metadata};
    use std::io;
    use std::path::{Path, PathBuf};
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

    use super::super::named_file::NamedFile;
    use super::super::watched::SETTLED;
    use super::*;
    use crate::ca::{CaProfile, Subject, make_root};
    use crate::sys::opener::{FileIdentity, OwnRights};
    use crate::sys::testing::make_fifo;
    use crate::x509::{KeyKind, PrivateKey};

    fn named(certificates: &[PathBuf], keys: &[PathBuf]) -> CertificateFiles {
        CertificateFiles { certificates: certificates.to_vec(), keys: keys.to_vec(), ..Default::default() }
    }

    #[tokio::test]
    async fn a_change_is_seen_once_it_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let write = |name: &str, text: &str| std::fs::write(path(name), text).unwrap();
        write("a.pem", "1");
        write("a.key", "1");
        let files =
            Files::new(&[named(&[path("a.pem")], &[path("a.key")])], false, &OwnRights::shared()).unwrap();
        let files = Files { look_every: Duration::from_millis(5), ..files };
        let is_seen = async |time: u64| {
            tokio::time::timeout(Duration::from_millis(time), files.changed()).await.is_ok()
        };
        assert!(files.read().is_err());
        assert!(!is_seen(50).await, "what was read, though bad, is not new");
        write("a.pem", "22");
        assert!(is_seen(30_000).await);
        assert!(files.read().is_err());
        assert!(!is_seen(50).await);
        // By rename, as certbot and Kubernetes do, with the same size.
        write("new", "3");
        std::fs::rename(path("new"), path("a.key")).unwrap();
        assert!(is_seen(30_000).await);
        assert!(files.read().is_err());
        std::fs::remove_file(path("a.key")).unwrap();
        assert!(is_seen(30_000).await);
        assert!(files.read().is_err());
    }

    #[test]
    fn files_that_are_being_written_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let of_length = |length: usize| {
            std::fs::write(&path, vec![b'x'; length]).unwrap();
            vec![NamedFile::new(&path, &OwnRights::shared()).stamp()]
        };
        let [old, half, new] = [1, 2, 3].map(of_length);
        let mut change = FileChange::default();
        let mut complete = |now: &Stamps| change.is_complete(now.clone(), &old);
        assert!(!complete(&old) && !complete(&old));
        assert!(!complete(&half) && !complete(&new) && complete(&new));
        assert!(!complete(&half) && !complete(&old) && !complete(&half));
        assert!(complete(&half));
    }

    #[test]
    fn files_that_were_just_changed_are_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "text").unwrap();
        let named = [path];
        let files = Files::new(&[self::named(&named, &named)], false, &OwnRights::shared()).unwrap();
        let watched = files.watched.load();
        let changed = watched.pairs[0].key.last_change().unwrap();
        let left = |age: i64| watched.unsettled(changed + time::Duration::milliseconds(age));
        assert_eq!(left(0), Some(SETTLED));
        assert_eq!(left(30), Some(SETTLED - Duration::from_millis(30)));
        assert_eq!(left(100), None);
        assert_eq!(left(5000), None);
        assert_eq!(left(-5000), None, "the clock of another machine");
    }

    /// Replaces both files of a pair after the first of them has been read.
    #[derive(Debug)]
    struct Replacing {
        folder: PathBuf,
        is_done: AtomicBool,
    }

    impl Opener for Replacing {
        fn read(&self, path: &Path) -> io::Result<File> {
            let file = OwnRights.read(path);
            if !self.is_done.swap(true, Relaxed) {
                for name in ["a.pem", "a.key"] {
                    std::fs::rename(self.folder.join("new").join(name), self.folder.join(name))?;
                }
            }
            file
        }

        fn metadata(&self, path: &Path) -> io::Result<Metadata> {
            OwnRights.metadata(path)
        }

        fn append(&self, _: &Path) -> io::Result<File> {
            unreachable!()
        }

        fn move_away(&self, _: &Path, _: Option<&Path>) -> io::Result<()> {
            unreachable!()
        }

        fn remove(&self, _: &Path, _: FileIdentity) -> io::Result<()> {
            unreachable!()
        }
    }

    #[test]
    fn no_pair_is_half_old_and_half_new() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir(path("new")).unwrap();
        let now = SystemClock.now();
        for into in [path(""), path("new")] {
            let profile = CaProfile::new(Subject::common_name("CA"), 9, 0);
            let pair = make_root(&profile, PrivateKey::generate(KeyKind::EcdsaP256).unwrap(), now).unwrap();
            let mut text = String::new();
            crate::pem::write(&mut text, "CERTIFICATE", &pair.leaf().der);
            std::fs::write(into.join("a.pem"), text).unwrap();
            std::fs::write(into.join("a.key"), pair.key().to_pem().as_bytes()).unwrap();
        }
        let new = std::fs::read(path("new/a.pem")).unwrap();
        let opener: Arc<dyn Opener> =
            Arc::new(Replacing { folder: folder.path().to_owned(), is_done: AtomicBool::new(false) });
        let files = Files::new(&[named(&[path("a.pem")], &[path("a.key")])], false, &opener).unwrap();
        let read = files.read_settled().unwrap();
        let mut text = String::new();
        crate::pem::write(&mut text, "CERTIFICATE", &read.pairs[0].leaf().der);
        assert_eq!(text.as_bytes(), new);
    }

    #[test]
    fn what_never_ends_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo");
        make_fifo(&fifo);
        let huge = folder.path().join("huge");
        File::create(&huge).unwrap().set_len(1 << 40).unwrap();
        for (path, code, part) in [
            (Path::new("/dev/zero"), Code::Io, "not a regular file"),
            (&fifo, Code::EmptyFile, "is empty"),
            (folder.path(), Code::IsDirectory, "is a folder"),
            (&huge, Code::TooLarge, "4 MiB"),
        ] {
            let paths = [path.to_owned()];
            let failures = [
                Files::new(&[named(&paths, &[])], false, &OwnRights::shared()).err(),
                Files::new(&[named(&paths, &paths)], false, &OwnRights::shared()).unwrap().read().err(),
            ];
            for failure in failures {
                let finding = failure.unwrap().findings.remove(0);
                assert_eq!(finding.code, code);
                assert!(finding.message.contains(part), "{}", finding.message);
            }
        }
    }
}
