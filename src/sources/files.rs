//! The certificates of `--cert` and `--key`: read, checked, and read again when they change.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use super::named_file::{FileStamp, NamedFile};
use crate::advice::serve::{CertificateError, as_warning, key_readable_by_others};
use crate::chain::{self, CheckInput, TrustStore};
use crate::finding::{Code, Finding, Location, Severity};
use crate::operands::ca_lookup::trust_local_ca;
use crate::operands::output::shell_word;
use crate::report::Failure;
use crate::sys::clock::{Clock, SystemClock};
use crate::sys::opener::Opener;
use crate::tls::{CertificateSet, CertificateSource};
use crate::x509::CertifiedKey;

/// How often a running server looks whether the files have changed.
const LOOK_EVERY: Duration = Duration::from_secs(2);

pub(super) struct Files {
    pairs: Arc<[FilePair]>,
    /// Serve although the certificates have expired or are in the wrong order.
    force: bool,
    look_every: Duration,
    /// What the files were when they were last read, be they good or bad.
    read: Mutex<Stamps>,
}

/// A certificate and its key, perhaps in the same file.
struct FilePair {
    certificate: Arc<NamedFile>,
    key: Arc<NamedFile>,
}

/// Of each file.
type Stamps = Vec<Option<FileStamp>>;

impl Files {
    /// Certificates and keys in the same order. Without keys, each certificate file must hold its
    /// own. They are opened by `opener`, also when they are read again.
    ///
    /// # Errors
    /// When there is not one key for each certificate, or a file cannot be read.
    pub(super) fn new(
        certificates: &[PathBuf],
        keys: &[PathBuf],
        force: bool,
        opener: &Arc<dyn Opener>,
    ) -> Result<Self, Failure> {
        let named = |paths: &[PathBuf]| -> Vec<_> {
            paths.iter().map(|path| Arc::new(NamedFile::new(path, opener))).collect()
        };
        let (certificates, mut keys) = (named(certificates), named(keys));
        if keys.is_empty() {
            for certificate in &certificates {
                if certificate.holds_key()? {
                    keys.push(Arc::clone(certificate));
                }
            }
        }
        if keys.len() != certificates.len() {
            let (certificates, keys) = (certificates.len(), keys.len());
            return Err(CertificateError::NotInPairs { certificates, keys }.into());
        }
        let pairs = certificates.into_iter().zip(keys);
        let pairs = pairs.map(|(certificate, key)| FilePair { certificate, key }).collect();
        Ok(Self { pairs, force, look_every: LOOK_EVERY, read: Mutex::default() })
    }

    /// Reads and checks all pairs, and gives warnings and notes with them.
    ///
    /// # Errors
    /// Findings that stop a start, and make a reload keep the certificates in use.
    pub(super) fn read(&self) -> Result<(Vec<CertifiedKey>, Vec<Finding>), Failure> {
        // From before they are read: what changes meanwhile is seen as a change.
        let stamps = stamps(&self.pairs);
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = stamps;
        let mut remarks = Vec::new();
        let mut read = Vec::new();
        for pair in self.pairs.iter() {
            read.push(self.read_pair(pair, &mut remarks)?);
        }
        Ok((read, remarks))
    }

    fn read_pair(&self, pair: &FilePair, remarks: &mut Vec<Finding>) -> Result<CertifiedKey, Failure> {
        let (certificate, key) = (pair.certificate.path(), pair.key.path());
        let file = certificate.display().to_string();
        let read = pair.certificate.certificates()?;
        if !read.malformed.is_empty() {
            return Err(Failure::from(read.malformed).status(1));
        }
        let private_key = pair.key.private_key()?;
        remarks.extend(pair.key.exposed_mode().map(|mode| key_readable_by_others(key, mode)));
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
        let (read, _) = self.read().map_err(|failure| failure.findings)?;
        CertificateSet::new(&read).map_err(|error| Failure::from(CertificateError::Unusable(error)).findings)
    }

    /// Files that are being written change from one look to the next; they are left alone until they do not.
    async fn changed(&self) {
        let mut change = FileChange::default();
        loop {
            tokio::time::sleep(self.look_every).await;
            let pairs = Arc::clone(&self.pairs);
            // Even asking for a file's time may wait for a network.
            let Ok(now) = tokio::task::spawn_blocking(move || stamps(&pairs)).await else { continue };
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

fn stamps(pairs: &[FilePair]) -> Stamps {
    pairs.iter().flat_map(|pair| [pair.certificate.stamp(), pair.key.stamp()]).collect()
}

/// The findings of `certkit check`. The system's store is read only if the chain does not end in a
/// private CA: that takes longer than all the rest.
fn judge(certificates: &[chain::Located], key: &crate::x509::PrivateKey, file: &str) -> Vec<Finding> {
    let word = shell_word(file);
    let check = |trust: &TrustStore| {
        chain::check(&CheckInput {
            key: Some(key),
            ..CheckInput::new(certificates, trust, SystemClock.now(), &word)
        })
    };
    let mut trust = TrustStore::default();
    trust_local_ca(&mut trust);
    let mut judgement = check(&trust);
    if judgement.trusted_by.is_none() {
        let mut trust = TrustStore::system();
        trust_local_ca(&mut trust);
        judgement = check(&trust);
    }
    // Whether clients trust the CA is up to them: a private one is not an error.
    let about_trust = [Code::SelfSigned, Code::TrustedLocally, Code::UntrustedRoot, Code::UnknownIssuer];
    judgement.findings.into_iter().filter(|finding| !about_trust.contains(&finding.code)).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::sys::opener::OwnRights;
    use crate::sys::testing::make_fifo;

    #[tokio::test]
    async fn a_change_is_seen_once_it_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let write = |name: &str, text: &str| std::fs::write(path(name), text).unwrap();
        write("a.pem", "1");
        write("a.key", "1");
        let files = Files::new(&[path("a.pem")], &[path("a.key")], false, &OwnRights::shared()).unwrap();
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
    fn what_never_ends_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo");
        make_fifo(&fifo);
        let huge = folder.path().join("huge");
        std::fs::File::create(&huge).unwrap().set_len(1 << 40).unwrap();
        for (path, code, part) in [
            (Path::new("/dev/zero"), Code::Io, "not a regular file"),
            (&fifo, Code::EmptyFile, "is empty"),
            (folder.path(), Code::IsDirectory, "is a folder"),
            (&huge, Code::TooLarge, "4 MiB"),
        ] {
            let named = [path.to_owned()];
            let failures = [
                Files::new(&named, &[], false, &OwnRights::shared()).err(),
                Files::new(&named, &named, false, &OwnRights::shared()).unwrap().read().err(),
            ];
            for failure in failures {
                let finding = failure.unwrap().findings.remove(0);
                assert_eq!(finding.code, code);
                assert!(finding.message.contains(part), "{}", finding.message);
            }
        }
    }
}
