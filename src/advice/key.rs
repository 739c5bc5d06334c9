//! Private keys: which file has none or several, and what cannot be encrypted.

use crate::container::write;
use crate::finding::{Code, Finding, Location};
use crate::operands::input::name;
use crate::operands::seal::SealError;
use crate::report::Failure;
use crate::sys::shell::input_word;
use crate::x509::PrivateKeyError;

/// Why a command for keys did nothing.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("`{}` is encrypted already", name(file))]
    AlreadyEncrypted { file: String },
    #[error("there is no key in `{}`", name(file))]
    NoKey { file: String },
    #[error("`{}` holds no certificate, request or key, and so no public key", name(file))]
    NoPublicKey { file: String },
    #[error("there are several private keys in `{}`", name(file))]
    SeveralKeys { file: String, location: Location },
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        let found = |code| Finding::error(code, error.to_string());
        let show = |file: &str| format!("Run `certkit show {}` to see what it holds.", input_word(file));
        match &error {
            KeyError::AlreadyEncrypted { file } => {
                found(Code::KeyEncrypted).at(Location::file(file)).fix(format!(
                    "Run `certkit key encrypt {} -o NEW --password-file OLD-PASSWORD \
                     --new-password-file NEW-PASSWORD` to change the password.",
                    input_word(file)
                ))
            }
            KeyError::NoKey { file } => found(Code::NoPrivateKey).at(Location::file(file)).fix(show(file)),
            KeyError::NoPublicKey { file } => {
                found(Code::NotACertificate).at(Location::file(file)).fix(show(file))
            }
            KeyError::SeveralKeys { location, .. } => {
                found(Code::NotAPrivateKey).at(location.clone()).fix("Put each key into a file of its own.")
            }
        }
        .into()
    }
}

/// A file whose public keys all differ from the key's; `first` is the name of the first one.
pub fn mismatch(key: &str, file: &str, first: &str) -> Finding {
    let message =
        format!("`{}` does not belong to `{}`: `{first}` has another public key", name(file), name(key));
    Finding::error(Code::KeyMismatch, message)
        .at(Location::file(file))
        .fix("Find the key that was made together with it, or request a new certificate for this key.")
}

/// Something else in a file of which only the key is used.
pub fn not_a_key(kind: &str, location: Location) -> Finding {
    Finding::note(Code::LeftOut, format!("left out: a {kind}; only the key is used")).at(location)
}

impl From<SealError> for Failure {
    fn from(error: SealError) -> Self {
        match error {
            SealError::Key(error) => unusable(&error, None).into(),
            SealError::Write(error) => error.into(),
        }
    }
}

/// A private key that is damaged inside, or of a kind that cannot be written.
pub fn unusable(error: &PrivateKeyError, location: Option<Location>) -> Finding {
    let finding = Finding::error(Code::NotAPrivateKey, error.to_string())
        .fix("Get the key again from where it came from.");
    match location {
        Some(location) => finding.at(location),
        None => finding,
    }
}

impl From<write::Error> for Failure {
    fn from(error: write::Error) -> Self {
        match error {
            write::Error::Character(_) => Finding::error(Code::InvalidSetting, error.to_string())
                .fix("Choose a password without it; names are taken from the input."),
            write::Error::Encrypt => Finding::error(Code::Io, error.to_string()),
        }
        .into()
    }
}
