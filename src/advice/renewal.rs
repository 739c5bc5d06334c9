//! What `renew` leaves as it was: files that it cannot write again, and keys that it does not replace.

use std::path::Path;

use crate::finding::{Code, Finding, Location};
use crate::operands::rewrite::RewriteError;
use crate::report::Failure;
use crate::sys::shell::path_word;

/// A file that holds the old certificate and cannot be written again. `key` is the file of the
/// private key, `certificate` the one of the renewed certificate, or of its chain.
pub fn left_behind(path: &Path, error: &RewriteError, certificate: &Path, key: Option<&Path>) -> Finding {
    let file = path.display().to_string();
    let message = format!("`{file}` still holds the old certificate: {error}");
    let certificate = path_word(certificate);
    let fix = match (error, key) {
        (RewriteError::Locked | RewriteError::WrongPassword, Some(key)) => format!(
            "Run `certkit convert {certificate} --key {} -o {} --to p12 --force`.",
            path_word(key),
            path_word(path)
        ),
        _ => format!("Make it again from `{certificate}`."),
    };
    Finding::error(Code::OldCertificate, message).at(Location::file(file)).fix(fix)
}

/// A copy of the old certificate, which may be there for a reason.
pub fn copy(path: &Path) -> Finding {
    let file = path.display().to_string();
    let message = format!("`{file}` is a copy of the old certificate, and was left as it was");
    let fix = format!("If a program reads it, run `certkit renew {}`.", path_word(path));
    Finding::note(Code::OldCertificate, message).at(Location::file(file)).fix(fix)
}

/// `--rekey`, and the private key is somewhere else: it was not made here.
pub fn key_elsewhere(certificate: &str) -> Finding {
    let message = "its private key is not here, so the certificate keeps its key";
    Finding::note(Code::LeftOut, message).at(Location::file(certificate))
}

/// `--rekey` without the password of the old key: the new one would be open.
pub fn key_locked(certificate: &Path, error: &RewriteError) -> Finding {
    let file = certificate.display().to_string();
    let message = format!("{error}; the certificate keeps its key");
    let fix = format!(
        "Run `certkit renew {} --rekey` in a terminal, or name the file of the password with \
         --key-password-file.",
        path_word(certificate)
    );
    Finding::error(Code::KeyEncrypted, message).at(Location::file(file)).fix(fix)
}

/// The key beside a certificate is another one's, and a new one would take its place.
pub fn foreign_key(certificate: &str, key: &Path) -> Failure {
    let file = key.display().to_string();
    let message = format!("`{file}` is not the key of `{certificate}`, and is not replaced");
    let fix = format!(
        "Move `{file}` away, or keep the certificate's key: `certkit renew {}`.",
        path_word(Path::new(certificate))
    );
    Finding::error(Code::KeyMismatch, message).at(Location::file(file)).fix(fix).into()
}

impl From<RewriteError> for Failure {
    fn from(error: RewriteError) -> Self {
        match error {
            RewriteError::Input(error) => error.into(),
            RewriteError::Seal(error) => error.into(),
            _ => Finding::error(Code::InvalidSetting, error.to_string()).into(),
        }
    }
}
