//! A state directory that cannot be used.

use std::io;

use crate::acme::storage::Error;
use crate::finding::{Code, Finding, Location};
use crate::operands::output::shell_word;
use crate::sys::fs::Error as WriteError;

pub(super) fn finding(error: &Error) -> Finding {
    const ELSEWHERE: &str = "Choose another state directory with `--state DIR`.";
    let finding = |code| Finding::error(code, error.to_string());
    let (path, finding) = match error {
        Error::Damaged { path, .. } => {
            let fix = "Restore the file, or move it away to start over.";
            (path, finding(Code::Io).fix(fix))
        }
        Error::Foreign { path, .. } => {
            let fix = "Run it as the owner of the state directory, or choose your own with \
                       `--state DIR`.";
            (path, finding(Code::Permission).fix(fix))
        }
        Error::Io { path, source, .. } | Error::Write(WriteError::Io { path, source, .. }) => {
            let (code, fix) = match source.kind() {
                io::ErrorKind::PermissionDenied => (
                    Code::Permission,
                    "Run it as the owner of the state directory, or choose another with `--state \
                     DIR`.",
                ),
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => (
                    Code::Io,
                    "Free some space there, then run it again. It continues where this run stopped.",
                ),
                _ => (Code::Io, ELSEWHERE),
            };
            (path, finding(code).fix(fix))
        }
        Error::NoGroup(_) => {
            return finding(Code::NotFound)
                .fix("Name a group of /etc/group or its number: `--key-group GROUP`.");
        }
        Error::WritableByOthers(path) => {
            let fix = format!("Run `chmod go-w {}`.", shell_word(&path.display().to_string()));
            (path, finding(Code::Permission).fix(fix))
        }
        _ => return finding(Code::Io).fix(ELSEWHERE),
    };
    finding.at(Location::file(path.display().to_string()))
}
