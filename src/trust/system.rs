//! The store of the operating system: a folder of certificates, and a command that builds from it
//! what programs read.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::mark::certificates_in;
use super::program::{run, typed};
use super::store::Filter;
use super::{Action, Anchor, Holding, Store, StoreError, StoreKind, StoredCertificate, Surroundings};
use crate::sys::fs::{Error, Existing, NewFile, PUBLIC, create_all, plain, read_limited};
use crate::x509::Certificate;

/// How a family of systems does it.
#[derive(Debug)]
struct Layout {
    /// Where the administrator puts certificates.
    anchors: &'static str,
    /// What is built from them.
    bundle: &'static str,
    update: &'static [&'static str],
}

/// Fedora, SUSE and Arch before Debian, whose folder was most likely created by hand on other
/// systems.
const LAYOUTS: &[Layout] = &[
    // Fedora, RHEL and their kin.
    Layout {
        anchors: "/etc/pki/ca-trust/source/anchors",
        bundle: "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        update: &["update-ca-trust", "extract"],
    },
    // SUSE.
    Layout {
        anchors: "/usr/share/pki/trust/anchors",
        bundle: "/var/lib/ca-certificates/ca-bundle.pem",
        update: &["update-ca-certificates"],
    },
    // Arch.
    Layout {
        anchors: "/etc/ca-certificates/trust-source/anchors",
        bundle: "/etc/ca-certificates/extracted/tls-ca-bundle.pem",
        update: &["trust", "extract-compat"],
    },
    // Debian, Ubuntu, Alpine. Only files that end in .crt are taken there.
    Layout {
        anchors: "/usr/local/share/ca-certificates",
        bundle: "/etc/ssl/certs/ca-certificates.crt",
        update: &["update-ca-certificates"],
    },
];

/// More than any bundle has.
const MAX_BYTES: u64 = 64 << 20;

/// The system's store, if it has one of the known layouts.
pub(super) fn find(surroundings: &Surroundings) -> Vec<Box<dyn Store>> {
    let layout = LAYOUTS.iter().find(|layout| surroundings.below_root(layout.anchors).is_dir());
    layout
        .map(|layout| {
            Box::new(SystemStore {
                anchors: surroundings.below_root(layout.anchors),
                bundle: surroundings.below_root(layout.bundle),
                update: layout.update,
                // Below another root the command would update this machine instead.
                program: match surroundings.root {
                    None => layout.update.first().and_then(|name| surroundings.program(name)),
                    Some(_) => None,
                },
                is_elsewhere: surroundings.root.is_some(),
            }) as Box<dyn Store>
        })
        .into_iter()
        .collect()
}

struct SystemStore {
    anchors: PathBuf,
    bundle: PathBuf,
    update: &'static [&'static str],
    program: Option<PathBuf>,
    is_elsewhere: bool,
}

impl Store for SystemStore {
    fn kind(&self) -> StoreKind {
        StoreKind::System
    }

    fn path(&self) -> PathBuf {
        self.anchors.clone()
    }

    fn holds(&self, anchor: &Anchor) -> Result<Holding, StoreError> {
        let has_file = !self.files_with(anchor)?.is_empty();
        let in_bundle = match read_limited(&self.bundle, MAX_BYTES) {
            Ok(bytes) => anchor.is_in(&bytes),
            // A folder that is not a whole system has no bundle yet; only its anchors can be
            // checked.
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.is_elsewhere => has_file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(failed("read", &self.bundle, &error)),
        };
        Ok(match (in_bundle, has_file) {
            (true, _) => Holding::Trusted,
            (false, true) => Holding::Pending(typed(self.update)),
            (false, false) => Holding::Absent,
        })
    }

    fn install(&self, anchor: &Anchor) -> Result<(), StoreError> {
        if self.files_with(anchor)?.is_empty() {
            let file = NewFile {
                path: self.file(anchor),
                contents: anchor.pem().into_bytes(),
                mode: PUBLIC,
                existing: Existing::Refuse,
            };
            create_all(&[file]).map_err(|error| match error {
                Error::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                    StoreError::NeedsRoot
                }
                error => StoreError::Failed(error.to_string()),
            })?;
        }
        self.update()
    }

    fn uninstall(&self, anchor: &Anchor) -> Result<(), StoreError> {
        for path in self.files_with(anchor)? {
            let text = fs::read(&path).map_err(|error| failed("read", &path, &error))?;
            let lines = anchor.lines_in(&text);
            let rest = without_lines(&text, &lines);
            // Other certificates in the same file stay.
            let result = if crate::pem::has_block(&rest) {
                let file =
                    NewFile { path: path.clone(), contents: rest, mode: PUBLIC, existing: Existing::Replace };
                create_all(&[file]).map_err(|error| match error {
                    Error::Io { source, .. } => source,
                    error => io::Error::other(error.to_string()),
                })
            } else {
                fs::remove_file(&path)
            };
            result.map_err(|error| failed("change", &path, &error))?;
        }
        self.update()
    }

    fn plan(&self, anchor: &Anchor, action: Action) -> Vec<String> {
        let mut plan = match action {
            Action::Install => vec![format!("write {}", self.file(anchor).display())],
            Action::Uninstall => {
                let files = self.files_with(anchor).unwrap_or_default();
                files.iter().map(|file| format!("remove the certificate from {}", file.display())).collect()
            }
        };
        plan.push(if self.is_elsewhere {
            format!("(then, in that system: {})", typed(self.update))
        } else {
            format!("run {}", typed(self.update))
        });
        plan
    }

    fn certificates(&self, filter: Filter<'_>) -> Result<Vec<StoredCertificate>, StoreError> {
        let mut stored: Vec<StoredCertificate> = Vec::new();
        let mut add = |name: &str, certificate: Certificate| -> Result<(), StoreError> {
            if stored.iter().all(|other| other.certificate != certificate) && filter(name, &certificate) {
                let anchor = Anchor::new(certificate);
                let holding = self.holds(&anchor)?;
                stored.push(StoredCertificate { certificate: anchor.certificate, holding });
            }
            Ok(())
        };
        for path in self.files()? {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            for certificate in certificates_in(&read_limited(&path, MAX_BYTES).unwrap_or_default()) {
                add(&name, certificate)?;
            }
        }
        // A file that was removed by hand leaves its certificate in the bundle until the next update.
        for certificate in certificates_in(&read_limited(&self.bundle, MAX_BYTES).unwrap_or_default()) {
            add("", certificate)?;
        }
        Ok(stored)
    }
}

impl SystemStore {
    /// Where the certificate goes.
    fn file(&self, anchor: &Anchor) -> PathBuf {
        self.anchors.join(format!("{}.crt", Anchor::file_stem(&anchor.certificate)))
    }

    /// The files among the anchors that hold the certificate, under whatever name.
    fn files_with(&self, anchor: &Anchor) -> Result<Vec<PathBuf>, StoreError> {
        let mut files = self.files()?;
        files.retain(|path| {
            read_limited(path, MAX_BYTES)
                .is_ok_and(|bytes| anchor.is_in(&bytes) || bytes == *anchor.certificate.der)
        });
        Ok(files)
    }

    /// The files among the anchors.
    fn files(&self) -> Result<Vec<PathBuf>, StoreError> {
        let entries = fs::read_dir(&self.anchors).map_err(|error| failed("read", &self.anchors, &error))?;
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let mut files: Vec<_> = paths.filter(|path| path.is_file()).collect();
        files.sort();
        Ok(files)
    }

    /// Builds anew what programs read.
    fn update(&self) -> Result<(), StoreError> {
        if self.is_elsewhere {
            return Ok(());
        }
        let Some(program) = &self.program else {
            let name = self.update.first().copied().unwrap_or_default();
            let install = "Install the package ca-certificates (or p11-kit for the program \
                           `trust`)."
                .to_owned();
            return Err(StoreError::MissingProgram { program: name, install });
        };
        run(program, self.update.iter().skip(1)).map(|_| ())
    }
}

fn failed(action: &str, path: &Path, error: &io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::PermissionDenied => StoreError::NeedsRoot,
        _ => StoreError::Failed(format!("cannot {action} {}: {}", path.display(), plain(error))),
    }
}

/// A text without some of its lines, each range counted from 1 and inclusive.
fn without_lines(text: &[u8], ranges: &[(usize, usize)]) -> Vec<u8> {
    let keep = |number: usize| !ranges.iter().any(|&(first, last)| (first..=last).contains(&number));
    let lines = text.split_inclusive(|&byte| byte == b'\n').zip(1..);
    lines.filter(|(_, number)| keep(*number)).flat_map(|(line, _)| line.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_out() {
        assert_eq!(without_lines(b"a\nb\nc\nd", &[(2, 3)]), b"a\nd");
        assert_eq!(without_lines(b"a\nb", &[(1, 1), (2, 2)]), b"");
    }
}
