//! Writing files and naming them in commands.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use crate::ca::{Event, Ledger, LedgerError};
use crate::finding::{Code, Finding, Location};
use crate::pem;
use crate::report::{Created, CreatedFile, Failure, FileRole};
use crate::sys::fs::{Error, Existing, NewFile, PRIVATE, PUBLIC, create_all, remove_leftovers, stage};
use crate::x509::{Certificate, PrivateKey};

/// Files to be made together: all or none.
#[derive(Default)]
pub struct Output {
    files: Vec<NewFile>,
    described: Vec<CreatedFile>,
}

impl Output {
    /// Adds certificates, leaf first.
    pub fn certificates(
        &mut self,
        path: &Path,
        role: FileRole,
        certificates: &[Certificate],
        what: &str,
        force: bool,
    ) {
        self.text(path, role, certificate_text(certificates), what, force);
    }

    /// Adds a private key, 0600 from the first byte on.
    pub fn key(&mut self, path: &Path, role: FileRole, key: &PrivateKey, what: &str, force: bool) {
        self.private(path, role, key.to_pem().as_bytes().to_vec(), what, force);
    }

    /// Adds a file that holds a private key in some form, 0600 from the first byte on.
    pub fn private(&mut self, path: &Path, role: FileRole, contents: Vec<u8>, what: &str, force: bool) {
        let existing = if force { Existing::KeepBackup } else { Existing::Refuse };
        self.add(NewFile { path: path.into(), contents, mode: PRIVATE, existing }, role, what);
    }

    /// Adds a file that everybody may read.
    pub fn text(&mut self, path: &Path, role: FileRole, contents: Vec<u8>, what: &str, force: bool) {
        let existing = if force { Existing::Replace } else { Existing::Refuse };
        self.add(NewFile { path: path.into(), contents, mode: PUBLIC, existing }, role, what);
    }

    /// Where the files go.
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
        // Files get their names in this order: no certificate shall ever stand without its key.
        let place = if file.mode == PRIVATE { 0 } else { self.files.len() };
        self.files.insert(place, file);
    }

    /// Makes all files or none.
    ///
    /// # Errors
    /// When a file is in the way or cannot be written; then nothing has changed.
    pub fn create(self) -> Result<Created, Failure> {
        create_all(&self.files).map_err(|error| cannot_write(&error))?;
        Ok(Created { files: self.described, ..Created::default() })
    }

    /// Makes all files or none, and writes what was issued into the ledger: when the files are safe on disk, and
    /// before they have their names.
    ///
    /// # Errors
    /// As [`Self::create`]; also when the ledger cannot be written.
    pub fn create_issued(self, ledger: &Ledger, events: &[Event]) -> Result<Created, Failure> {
        if let Some(folder) = self.files.first().and_then(|file| file.path.parent()) {
            remove_leftovers(if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
        }
        issue_files(&self.files, ledger, events)?;
        Ok(Created { files: self.described, ..Created::default() })
    }
}

/// Certificates as the text of a file, in this order.
pub fn certificate_text(certificates: &[Certificate]) -> Vec<u8> {
    let mut text = String::new();
    for certificate in certificates {
        pem::write(&mut text, "CERTIFICATE", &certificate.der);
    }
    text.into_bytes()
}

/// Makes the files of issued certificates, all or none, with their lines in the ledger.
///
/// # Errors
/// When a file is in the way, or files or ledger cannot be written; then no file has its name.
pub fn issue_files(files: &[NewFile], ledger: &Ledger, events: &[Event]) -> Result<(), Failure> {
    let staged = stage(files).map_err(|error| cannot_write(&error))?;
    ledger.append(events).map_err(|error| ledger_failure(&error))?;
    staged.commit().map_err(|error| {
        let discarded = events.iter().filter_map(|event| match event {
            Event::Issued { ca, serial, .. } => {
                Some(Event::Discarded { ca: ca.clone(), serial: serial.clone() })
            }
            _ => None,
        });
        // If not even that can be written, the ledger names a certificate that nobody has: no harm.
        let _ = ledger.append(&discarded.collect::<Vec<_>>());
        cannot_write(&error)
    })
}

/// Why the ledger cannot be used, in words.
pub fn ledger_failure(error: &LedgerError) -> Failure {
    let finding = match error {
        LedgerError::Io { path, source, .. } => {
            let code = match source.kind() {
                std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                    Code::Permission
                }
                _ => Code::Io,
            };
            Finding::error(code, error.to_string())
                .at(Location::file(path.display().to_string()))
                .fix("the ledger stands beside the CA: copy the CA into a folder that you may write, and name it with --ca and --ca-key")
        }
        LedgerError::Malformed { path, line } => Finding::error(Code::InvalidSetting, error.to_string())
            .at(Location::line(path.display().to_string(), *line))
            .fix("every line is one JSON object; take out the line that is none"),
    };
    finding.into()
}

/// Why a file could not be written, in words.
pub fn cannot_write(error: &Error) -> Failure {
    let finding = match error {
        Error::Exists(path) => Finding::error(
            Code::OutputExists,
            format!("{} exists already and would be overwritten; nothing was changed", path.display()),
        )
        .at(Location::file(path.display().to_string()))
        .fix("write elsewhere with -o, or replace it with --force (a key is kept as .bak)"),
        Error::Io { path, source, .. } => {
            let code = match source.kind() {
                std::io::ErrorKind::NotFound => Code::NotFound,
                std::io::ErrorKind::PermissionDenied => Code::Permission,
                _ => Code::Io,
            };
            let finding =
                Finding::error(code, error.to_string()).at(Location::file(path.display().to_string()));
            match code {
                Code::NotFound => finding.fix(format!("mkdir -p {}", parent(path))),
                _ => finding.fix("choose another place with -o"),
            }
        }
    };
    finding.into()
}

/// Makes the folder that files go into.
///
/// # Errors
/// When it cannot be made.
pub fn create_folder(path: &Path) -> Result<(), Failure> {
    // Whoever may write into the folder of a CA can put another one into its place, so others may not whatever the umask.
    DirBuilder::new().recursive(true).mode(0o755).create(path).map_err(|source| {
        cannot_write(&Error::Io { action: "make the folder", path: path.to_path_buf(), source })
    })
}

/// A word as a shell takes it.
pub fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/:@%+=,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn parent(path: &Path) -> String {
    shell_word(&path.parent().unwrap_or_else(|| Path::new(".")).display().to_string())
}
