//! Why `certkit ca serve` does not start.

use std::io::ErrorKind;
use std::path::Path;

use crate::ca_server::Error;
use crate::finding::{Code, Finding, Location};
use crate::report::Failure;

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        let at = |path: &Path| Location::file(path.display().to_string());
        match error {
            Error::Issue(error) => error.into(),
            Error::Ledger(error) => error.into(),
            Error::Bind { source, .. } => {
                let (code, fix) = match source.kind() {
                    ErrorKind::AddrInUse => (
                        Code::Io,
                        "Stop the program that listens there, or choose another port with --listen.",
                    ),
                    ErrorKind::PermissionDenied => {
                        (Code::Permission, "Choose a port from 1024 on, or start it as root.")
                    }
                    _ => (Code::Io, "Choose an address of this machine with --listen."),
                };
                Finding::error(code, message).fix(fix).into()
            }
            Error::InUse(path) => Finding::error(Code::Io, message)
                .at(at(&path))
                .fix("Stop the other one, or name another folder with --state.")
                .into(),
            Error::NoHttps => Finding::error(Code::InvalidSetting, message)
                .fix("Add `--listen https:127.0.0.1:8444`.")
                .into(),
            Error::State { path, .. } => Finding::error(Code::Io, message)
                .at(at(&path))
                .fix("Name a folder that you may write to with --state.")
                .into(),
            Error::StateMalformed { path, line } => Finding::error(Code::InvalidSetting, message)
                .at(Location::line(path.display().to_string(), line))
                .fix("Remove this line; its account or order is lost then, and clients make another one.")
                .into(),
            _ => Finding::error(Code::Io, message).into(),
        }
    }
}

/// A line of `--eab-file` that is not an account.
pub fn invalid_external_account(path: &Path, line: usize) -> Failure {
    let message = "expected a key identifier and its MAC key in base64url, of at least 16 bytes";
    Finding::error(Code::InvalidSetting, message)
        .at(Location::line(path.display().to_string(), line))
        .fix("Make a key with `openssl rand -base64 32 | tr +/ -_ | tr -d =`.")
        .into()
}

/// An `--eab-file` without a line.
pub fn no_external_account(path: &Path) -> Failure {
    Finding::error(Code::InvalidSetting, "the file names no account, so nobody could make one")
        .at(Location::file(path.display().to_string()))
        .fix("Add a line with a key identifier and its MAC key, or start without --eab-file.")
        .into()
}
