//! A timer that cannot be installed.

use std::io::ErrorKind;

use crate::acme::timer::Error;
use crate::finding::{Code, Finding, Location};
use crate::report::Failure;

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let finding = |code| Finding::error(code, error.to_string());
        match &error {
            Error::Exists(path) => finding(Code::OutputExists)
                .at(Location::file(path.display().to_string()))
                .fix("Read it, then run this again with --force to replace it."),
            Error::NoHome => finding(Code::NotFound),
            Error::NotUtf8(_) => finding(Code::InvalidSetting),
            Error::Program(_) => finding(Code::Io),
            Error::Write { path, source } => {
                let is_denied = source.kind() == ErrorKind::PermissionDenied;
                finding(if is_denied { Code::Permission } else { Code::Io })
                    .at(Location::file(path.display().to_string()))
            }
        }
        .into()
    }
}
