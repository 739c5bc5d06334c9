//! Files that cannot be written, and what may not go to standard output.

use std::io::ErrorKind;
use std::path::Path;

use crate::finding::{Code, Finding, Location};
use crate::operands::destination::StdoutError;
use crate::report::Failure;
use crate::sys::fs::{Error, JournalProblem, plain, user_name};
use crate::sys::shell::path_word;

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        let (path, code, fix) = match &error {
            Error::Exists(path) => {
                let fix = "Choose another output with -o, or replace it with --force (a key is \
                           kept as .bak).";
                (path, Code::OutputExists, fix.to_owned())
            }
            Error::HoldsKey(path) => {
                let fix =
                    "Choose another output with -o. If nobody needs the key any more, remove the file first.";
                (path, Code::OutputExists, fix.to_owned())
            }
            Error::Journal { path, problem } => {
                let (code, fix) = not_finished(path, problem);
                (path, code, fix)
            }
            Error::Io { path, source, .. } => {
                let (code, fix) = not_written(path, source);
                (path, code, fix)
            }
        };
        Finding::error(code, message).at(Location::file(path.display().to_string())).fix(fix).into()
    }
}

/// Code and fix of a journal that nothing here can finish.
fn not_finished(path: &Path, problem: &JournalProblem) -> (Code, String) {
    let folder = path_word(parent(path));
    let delete = format!("delete the file: `rm -f {}`", path_word(path));
    match problem {
        JournalProblem::Foreign(owner) => {
            let fix = format!(
                "Run `cd {folder} && certkit list` as the user {}, which finishes what was started (any command of \
                 certkit does), or {delete}",
                user_name(*owner)
            );
            (Code::Permission, fix)
        }
        JournalProblem::NotTrusted | JournalProblem::TooLarge => {
            (Code::Io, format!("Look at the keys and certificates in `{folder}`, then {delete}"))
        }
        JournalProblem::System(_) => {
            (Code::Io, format!("Correct what the system reports, then repeat the command; or {delete}"))
        }
    }
}

/// A key of a run that was killed, while somebody else has changed its certificate.
pub fn kept_key(path: &Path) -> Finding {
    let message = format!("the new key of a certkit that was killed is kept as `{}`", path.display());
    Finding::warning(Code::OutputExists, message)
        .at(Location::file(path.display().to_string()))
        .fix("Delete it if no certificate needs it: `certkit key match` compares them.")
}

/// Code and fix of a file that the system does not take.
fn not_written(path: &Path, source: &std::io::Error) -> (Code, String) {
    let folder = parent(path);
    let name = folder.display();
    match source.kind() {
        ErrorKind::NotFound => (
            Code::NotFound,
            format!("Make the folder, then repeat the command: `mkdir -p {}`", path_word(folder)),
        ),
        ErrorKind::PermissionDenied => {
            let fix = format!("You may not write into the folder `{name}`. Write to another one with -o.");
            (Code::Permission, fix)
        }
        ErrorKind::ReadOnlyFilesystem => {
            let fix = format!("The file system of `{name}` is read-only. Write to another folder with -o.");
            (Code::Io, fix)
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            let fix = format!(
                "Make room on the file system of `{name}`, then repeat the command. No file was changed."
            );
            (Code::Io, fix)
        }
        _ => (Code::Io, "Write to another folder with -o.".to_owned()),
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

impl From<StdoutError> for Failure {
    fn from(error: StdoutError) -> Self {
        let fix = match error {
            StdoutError::Binary => "Name a file with -o, or pipe the output to another program.",
            StdoutError::CarriesReport | StdoutError::NewKey => "Name a file with -o.",
            StdoutError::Secret => "Name a file with -o, or insist with -o -.",
            StdoutError::SeveralFiles => "Name a folder with -o.",
        };
        Finding::error(Code::InvalidSetting, error.to_string()).fix(fix).into()
    }
}

/// Why manual pages were not written to `directory`.
pub fn manual_pages(directory: &Path, error: &std::io::Error) -> Failure {
    let message = format!("cannot write manual pages: {}", plain(error));
    Finding::error(Code::Io, message).at(Location::file(directory.display().to_string())).into()
}
