//! Files that cannot be written, and what may not go to standard output.

use std::io::ErrorKind;
use std::path::Path;

use crate::finding::{Code, Finding, Location};
use crate::operands::destination::StdoutError;
use crate::report::Failure;
use crate::sys::fs::{Error, plain};
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
            Error::Io { path, source, .. } => {
                let another = "Write to another folder with -o.".to_owned();
                match source.kind() {
                    ErrorKind::NotFound => {
                        let folder = path.parent().unwrap_or_else(|| Path::new("."));
                        (
                            path,
                            Code::NotFound,
                            format!(
                                "Run `mkdir -p {}`, then repeat the \
                                                        command.",
                                path_word(folder)
                            ),
                        )
                    }
                    ErrorKind::PermissionDenied => (path, Code::Permission, another),
                    _ => (path, Code::Io, another),
                }
            }
        };
        Finding::error(code, message).at(Location::file(path.display().to_string())).fix(fix).into()
    }
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
