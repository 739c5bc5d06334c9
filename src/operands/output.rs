//! Writing files: all or none, keys never readable by others, nothing replaced without --force.

use std::path::{Path, PathBuf};

use crate::ca::{Event, Ledger, PublishError, certificate_text, publish, with_ending};
use crate::report::{Created, CreatedFile, FileRole};
use crate::sys::fs::{Error, Existing, NewFile, PRIVATE, PUBLIC, create_all, remove_leftovers};
pub use crate::sys::shell::shell_word;
use crate::x509::{Certificate, PrivateKey};

/// Files to be made together: all or none.
#[derive(Default)]
pub struct Output {
    files: Vec<NewFile>,
    described: Vec<CreatedFile>,
}

/// What to do with a file that is there already and differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overwrite {
    Refuse,
    /// Replace it; one that may hold a key is kept as `.bak`.
    Replace,
}

impl Overwrite {
    /// As `--force` says.
    pub fn forced(force: bool) -> Self {
        if force { Self::Replace } else { Self::Refuse }
    }
}

impl Output {
    /// Adds certificates, leaf first.
    pub fn certificates(
        &mut self,
        path: &Path,
        role: FileRole,
        certificates: &[Certificate],
        what: &str,
        overwrite: Overwrite,
    ) {
        self.text(path, role, certificate_text(certificates), what, overwrite);
    }

    /// Adds a private key, 0600 from the first byte on.
    pub fn key(&mut self, path: &Path, role: FileRole, key: &PrivateKey, what: &str, overwrite: Overwrite) {
        self.private(path, role, key.to_pem().as_bytes().to_vec(), what, overwrite);
    }

    /// Adds a file that holds a private key in some form, 0600 from the first byte on.
    pub fn private(
        &mut self,
        path: &Path,
        role: FileRole,
        contents: Vec<u8>,
        what: &str,
        overwrite: Overwrite,
    ) {
        let existing = match overwrite {
            Overwrite::Refuse => Existing::Refuse,
            Overwrite::Replace => Existing::KeepBackup,
        };
        self.add(NewFile { path: path.into(), contents, mode: PRIVATE, existing }, role, what);
    }

    /// Adds a file that everybody may read.
    pub fn text(&mut self, path: &Path, role: FileRole, contents: Vec<u8>, what: &str, overwrite: Overwrite) {
        let existing = match overwrite {
            Overwrite::Refuse => Existing::Refuse,
            Overwrite::Replace => Existing::Replace,
        };
        self.add(NewFile { path: path.into(), contents, mode: PUBLIC, existing }, role, what);
    }

    /// The paths of the files.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|file| file.path.as_path())
    }

    fn add(&mut self, file: NewFile, role: FileRole, what: &str) {
        self.described.push(CreatedFile {
            path: file.path.display().to_string(),
            role,
            mode: Some(file.mode),
            description: what.to_owned(),
        });
        // Files get their names in this order: a certificate must never stand without its key.
        let index = if file.mode == PRIVATE { 0 } else { self.files.len() };
        self.files.insert(index, file);
    }

    /// Makes all files or none.
    ///
    /// # Errors
    /// When a file is in the way or cannot be written; then nothing has changed.
    pub fn create(self) -> Result<Created, Error> {
        create_all(&self.files)?;
        Ok(Created { files: self.described, ..Created::default() })
    }

    /// Makes all files or none, and writes what was issued into the ledger: when the files are safe
    /// on disk, and before they have their names.
    ///
    /// # Errors
    /// As [`Self::create`]; also when the ledger cannot be written.
    pub fn create_issued(self, ledger: &Ledger, events: &[Event]) -> Result<Created, PublishError> {
        if let Some(folder) = self.files.first().and_then(|file| file.path.parent()) {
            remove_leftovers(if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
        }
        publish(&self.files, ledger, events)?;
        Ok(Created { files: self.described, ..Created::default() })
    }
}

/// `server.csr` gives `server.key`; a name without such an ending gets one more.
pub fn beside(file: &Path, ending: &str) -> PathBuf {
    let is_ending = file
        .extension()
        .and_then(|found| found.to_str())
        .is_some_and(|found| ["csr", "req", "p10", "pem", "der", "crt", "cer"].contains(&found));
    if is_ending { file.with_extension(ending) } else { with_ending(file, ending) }
}
