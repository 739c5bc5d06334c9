//! The files that a running server looks at: certificates, their keys, and OCSP responses.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use super::last_pairs::FileNames;
use super::named_file::{FileStamp, NamedFile, file_path};
use crate::advice::certificate::CertificateError;
use crate::advice::serve::readable_by_others;
use crate::finding::Finding;
use crate::operands::input::InputError;
use crate::operands::password::Passwords;
use crate::operands::read::ReadError;
use crate::report::Failure;
use crate::sys::opener::Opener;

/// Certificates and keys in the same order. Without keys, each certificate file must hold its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificateFiles {
    pub certificates: Vec<PathBuf>,
    pub keys: Vec<PathBuf>,
    /// Where the password of encrypted keys is.
    pub password: Option<PathBuf>,
    /// OCSP responses, in any order.
    pub staples: Vec<PathBuf>,
}

/// A file that was changed less than this ago is perhaps still being written, or the next one about to be replaced.
pub(super) const SETTLED: Duration = Duration::from_millis(100);

/// All files of a server.
#[derive(Default)]
pub(super) struct WatchedFiles {
    pub(super) pairs: Vec<FilePair>,
    /// OCSP responses.
    pub(super) staples: Vec<Arc<NamedFile>>,
}

/// A certificate and its key, perhaps in the same file.
pub(super) struct FilePair {
    pub(super) certificate: Arc<NamedFile>,
    pub(super) key: Arc<NamedFile>,
    /// Where the key's password is.
    password: Option<Arc<NamedFile>>,
}

/// The option that names the file of a password.
const PASSWORD_OPTION: &str = "--key-password-file";

/// Of each file.
pub(super) type Stamps = Vec<Option<FileStamp>>;

impl FilePair {
    pub(super) fn names(&self) -> FileNames {
        (self.certificate.path().to_owned(), self.key.path().to_owned())
    }

    /// What opens the key. Without a file it is the variable: nobody can be asked.
    ///
    /// # Errors
    /// When the file of the password cannot be read.
    pub(super) fn passwords(&self) -> Result<Passwords, ReadError> {
        match &self.password {
            Some(file) => file.passwords(PASSWORD_OPTION),
            None => Ok(Passwords::new(PASSWORD_OPTION, None).without_asking()),
        }
    }

    /// A warning for each secret that others than its owner may read.
    pub(super) fn exposed_files(&self) -> impl Iterator<Item = Finding> {
        let password = self.password.iter().map(|file| ("the password in", file));
        let secrets = std::iter::once(("the private key", &self.key)).chain(password);
        secrets.filter_map(|(what, file)| Some(readable_by_others(what, file.path(), file.exposed_mode()?)))
    }
}

impl WatchedFiles {
    /// A pair for each certificate, and the responses. Files that are `before` as well are the same values: what came
    /// through a pipe is not there a second time.
    ///
    /// # Errors
    /// When there is not one key for each certificate, or a file cannot be read.
    pub(super) fn new(
        named: &[CertificateFiles],
        opener: &Arc<dyn Opener>,
        before: &Self,
    ) -> Result<Self, Failure> {
        let named_file = |path: &PathBuf| {
            let file = NamedFile::new(path, opener);
            before.all().find(|known| known.path() == file.path()).map_or_else(|| Arc::new(file), Arc::clone)
        };
        let mut watched = Self { pairs: Vec::new(), staples: Vec::new() };
        for CertificateFiles { certificates, keys, password, staples } in named {
            let is_stdin = |path: &PathBuf| file_path(path) == file_path(Path::new("-"));
            if password.as_ref().is_some_and(is_stdin) && certificates.iter().chain(keys).any(is_stdin) {
                return Err(InputError::StdinTwice { option: PASSWORD_OPTION }.into());
            }
            let named = |paths: &[PathBuf]| -> Vec<_> { paths.iter().map(named_file).collect() };
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
            let password = password.as_ref().map(named_file);
            watched.pairs.extend(pairs.map(|(certificate, key)| FilePair {
                certificate,
                key,
                password: password.clone(),
            }));
            watched.staples.extend(staples.iter().map(named_file));
        }
        Ok(watched)
    }

    pub(super) fn has_staple(&self, path: &Path) -> bool {
        self.staples.iter().any(|staple| staple.path() == path)
    }

    fn all(&self) -> impl Iterator<Item = &Arc<NamedFile>> {
        let of_pairs = self
            .pairs
            .iter()
            .flat_map(|pair| [&pair.certificate, &pair.key].into_iter().chain(&pair.password));
        of_pairs.chain(&self.staples)
    }

    pub(super) fn stamps(&self) -> Stamps {
        self.all().map(|file| file.stamp()).collect()
    }

    /// How much longer the files are to be left alone, if they have just been changed. (Not if the clock of their file
    /// system is ahead.)
    pub(super) fn unsettled(&self, now: OffsetDateTime) -> Option<Duration> {
        let age = Duration::try_from(now - self.all().filter_map(|file| file.last_change()).max()?).ok()?;
        SETTLED.checked_sub(age).filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::opener::OwnRights;
    use crate::sys::testing::make_fifo;

    /// As `--key <(decrypt server.key)`: what came through the pipe once is not there when a site comes later.
    #[test]
    fn files_named_before_are_not_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        make_fifo(&path("key"));
        std::fs::write(path("more"), "more").unwrap();
        let opener = OwnRights::shared();
        let named = |name: &str, key: &str| CertificateFiles {
            certificates: vec![path(name)],
            keys: vec![path(key)],
            password: None,
            staples: vec![path("response")],
        };
        let first = WatchedFiles::new(&[named("a", "key")], &opener, &WatchedFiles::default()).unwrap();
        let both = [named("a", "key"), named("b", "more")];
        let second = WatchedFiles::new(&both, &opener, &first).unwrap();
        assert!(Arc::ptr_eq(&first.pairs[0].key, &second.pairs[0].key));
        assert!(Arc::ptr_eq(&first.staples[0], &second.staples[0]));
        assert_eq!(second.pairs.len(), 2);
        assert!(second.has_staple(&path("response")) && !second.has_staple(&path("other")));
    }
}
