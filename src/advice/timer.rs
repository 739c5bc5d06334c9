//! A timer that cannot be installed.

use std::io::ErrorKind;

use crate::finding::{Code, Finding, Location};
use crate::report::Failure;
use crate::sys::left_timers::LeftTimer;
use crate::sys::shell::path_word;
use crate::sys::timer::Error;

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let finding = |code| Finding::error(code, error.to_string());
        match &error {
            Error::Exists(path) => finding(Code::OutputExists)
                .at(Location::file(path.display().to_string()))
                .fix("Read it, then run this again with --force to replace it."),
            Error::LineBreak(_) => {
                finding(Code::InvalidSetting).fix("Put the command into a script, or use a systemd timer.")
            }
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

/// A timer has nobody to ask for the password of the CA's key.
pub fn nobody_to_ask(key: &std::path::Path) -> Failure {
    let message = format!(
        "the private key in `{}` is encrypted, and a timer cannot ask for its password",
        key.display()
    );
    Finding::error(Code::KeyEncrypted, message)
        .at(Location::file(key.display().to_string()))
        .fix("Write the password into a file that only you can read, and name it with --password-file.")
        .into()
}

/// A timer of a CA that was moved or removed: it fails every hour.
pub fn left_behind(timer: &LeftTimer) -> Finding {
    let LeftTimer { unit, names, files, is_cron } = timer;
    let message = format!("the timer `{unit}` runs for `{names}`, which is not there any more");
    let words: Vec<_> = files.iter().map(|file| path_word(file)).collect();
    let remove = format!("`rm -f {}`", words.join(" "));
    let fix = if *is_cron {
        format!("Remove it: {remove}")
    } else {
        let user = if files.iter().any(|file| file.components().any(|part| part.as_os_str() == "user")) {
            " --user"
        } else {
            ""
        };
        format!("Remove it: `systemctl{user} disable --now {unit}.timer`, then {remove}")
    };
    let finding = Finding::warning(Code::NotFound, message).fix(fix);
    match files.first() {
        Some(file) => finding.at(Location::file(file.display().to_string())),
        None => finding,
    }
}
