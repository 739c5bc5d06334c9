//! Writing files: all or none, keys never readable by others, nothing replaced without --force.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::ca::{Event, Ledger, PublishError, certificate_text, create_files, publish, with_ending};
use crate::report::{Created, CreatedFile, FileRole};
use crate::sys::fs::{Error, Existing, NewFile, PRIVATE, PUBLIC};
pub use crate::sys::shell::shell_word;
use crate::x509::{Certificate, PrivateKey, Purpose};

/// Files to be made together: all or none.
#[derive(Clone, Default)]
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

    /// Adds a certificate with its intermediates.
    pub fn full_chain(&mut self, path: &Path, chain: &[Certificate], overwrite: Overwrite) {
        let is_for = |purpose: Purpose| {
            let usages = chain.first().and_then(|leaf| leaf.extended_key_usage.as_ref());
            usages.is_some_and(|usages| usages.iter().any(|usage| usage == purpose.oid()))
        };
        let what = match (is_for(Purpose::Client), is_for(Purpose::Server)) {
            (true, false) => "the certificate and the intermediates, for the client",
            _ => "the certificate and the intermediates, for servers",
        };
        self.certificates(path, FileRole::Chain, chain, what, overwrite);
    }

    /// Adds the intermediates of a CA, in a file that its certificates share.
    pub fn bundle(&mut self, path: &Path, intermediates: &[Certificate], overwrite: Overwrite) {
        let what = "the intermediates, for certkit merge";
        self.certificates(path, FileRole::Intermediates, intermediates, what, overwrite);
    }

    /// Adds certificates of a CA. Those that they replace are kept as `.bak`: clients trust them until they are
    /// uninstalled there.
    pub fn ca_certificates(
        &mut self,
        path: &Path,
        certificates: &[Certificate],
        what: &str,
        overwrite: Overwrite,
    ) {
        self.ca_certificate_text(path, certificate_text(certificates), what, overwrite);
    }

    /// The same as the bytes of its file.
    pub fn ca_certificate_text(&mut self, path: &Path, contents: Vec<u8>, what: &str, overwrite: Overwrite) {
        let existing = match overwrite {
            Overwrite::Refuse => Existing::Refuse,
            Overwrite::Replace => Existing::KeepBackup,
        };
        let file = NewFile { path: path.into(), contents, mode: PUBLIC, existing };
        self.add(file, FileRole::CaCertificate, what);
    }

    /// Adds a file of a CA that takes the place of one that is kept under another name already.
    pub fn replacing(&mut self, path: &Path, role: FileRole, contents: Vec<u8>, what: &str) {
        // A key is never ended: it stays as `.bak` beside its second name.
        let (mode, existing) = match role {
            FileRole::CaKey => (PRIVATE, Existing::KeepBackup),
            _ => (PUBLIC, Existing::Replace),
        };
        self.add(NewFile { path: path.into(), contents, mode, existing }, role, what);
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

    /// Adds a file that is written again with other contents and the same keys; its mode stays. One that
    /// loses a private key is kept as `.bak`.
    pub fn rewritten(&mut self, path: &Path, role: FileRole, contents: Vec<u8>, loses_key: bool, what: &str) {
        let mode = fs::metadata(path).map_or(PUBLIC, |meta| meta.permissions().mode() & 0o777);
        let existing = if loses_key { Existing::KeepBackup } else { Existing::Rewrite };
        self.add(NewFile { path: path.into(), contents, mode, existing }, role, what);
    }

    /// Adds the files of another.
    pub fn append(&mut self, other: Self) {
        let (keys, others): (Vec<_>, Vec<_>) = other.files.into_iter().partition(|file| file.mode == PRIVATE);
        self.files.splice(0..0, keys);
        self.files.extend(others);
        self.described.extend(other.described);
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
    pub fn create(mut self) -> Result<Created, Error> {
        create_files(&mut self.files)?;
        Ok(Created { files: self.described, ..Created::default() })
    }

    /// Makes all files or none, and writes what was issued into the ledger: when the files are safe
    /// on disk, and before they have their names.
    ///
    /// # Errors
    /// As [`Self::create`]; also when the ledger cannot be written.
    pub fn create_issued(mut self, ledger: &Ledger, events: &[Event]) -> Result<Created, PublishError> {
        publish(&mut self.files, ledger, events)?;
        Ok(Created { files: self.described, ..Created::default() })
    }
}

/// `server.crt` gives `server`, what the names of all its files begin with; other endings are part of a name.
pub fn without_ending(file: &Path, ending: &str) -> PathBuf {
    let has_it = file.extension().is_some_and(|found| found == ending);
    if has_it { file.with_extension("") } else { file.to_path_buf() }
}

/// `server.csr` gives `server.key`; a name without such an ending gets one more.
pub fn beside(file: &Path, ending: &str) -> PathBuf {
    let is_ending = file
        .extension()
        .and_then(|found| found.to_str())
        .is_some_and(|found| ["csr", "req", "p10", "pem", "der", "crt", "cer"].contains(&found));
    if is_ending { file.with_extension(ending) } else { with_ending(file, ending) }
}
