//! Files that cannot be written, and what may not go to standard output.

use std::io::ErrorKind;
use std::path::Path;

use crate::finding::{Code, Finding, Location};
use crate::operands::destination::StdoutError;
use crate::operands::shell::path_word;
use crate::report::Failure;
use crate::sys::fs::Error;

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        let (path, code, fix) = match &error {
            Error::Exists(path) => {
                let fix = "write to another file with -o, or replace it with --force (a key is kept as .bak)";
                (path, Code::OutputExists, fix.to_owned())
            }
            Error::Io { path, source, .. } => {
                let another = "write to another folder with -o".to_owned();
                match source.kind() {
                    ErrorKind::NotFound => {
                        let folder = path.parent().unwrap_or_else(|| Path::new("."));
                        (path, Code::NotFound, format!("mkdir -p {}", path_word(folder)))
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
            StdoutError::Binary => "name a file with -o, or pipe the output to another program",
            StdoutError::CarriesReport | StdoutError::NewKey => "name a file with -o",
            StdoutError::Secret => "name a file with -o, or insist with -o -",
            StdoutError::SeveralFiles => "name a folder with -o",
        };
        Finding::error(Code::InvalidSetting, error.to_string()).fix(fix).into()
    }
}
