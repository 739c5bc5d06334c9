//! Converting: what cannot be converted, and what the new file does not hold.

use std::path::Path;

use crate::finding::{Code, Finding, Location};
use crate::operands::input::name;
use crate::operands::output::shell_word;
use crate::report::Failure;
use crate::sys::shell::input_word;

/// Why nothing is converted.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    #[error(
        "the private key ({description}, public key SHA-256 {sha256}) belongs to none of the certificates"
    )]
    ForeignKey { description: String, sha256: String },
    #[error(
        "certkit does not write JKS; Java 9 and 8u301 and later read PKCS#12, whatever the file is \
         called"
    )]
    Jks { output: String },
    #[error("--legacy applies to PKCS#12 only")]
    LegacyCipher,
    #[error("there is no {wanted} in the input, but a {found}")]
    NoneOf { wanted: Wanted, found: String, location: Option<Location> },
    #[error("{form} is for {owners} only; this key is {key}")]
    KeyForm { form: &'static str, owners: &'static str, key: String, location: Location },
    #[error("there is no {wanted} in {}", name(file))]
    Nothing { file: String, wanted: &'static str },
    #[error("a DER file holds one object; there are {count}")]
    SeveralObjects { input: String, count: usize },
    #[error("the ending of `{output}` is not that of a known form")]
    UnknownEnding { output: String },
}

/// What the new file must have at least one of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    Certificate,
    PrivateKey,
}

impl std::fmt::Display for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Certificate => "certificate",
            Self::PrivateKey => "private key",
        })
    }
}

impl From<ConvertError> for Failure {
    fn from(error: ConvertError) -> Self {
        use ConvertError::*;
        let found = |code| Finding::error(code, error.to_string());
        let finding = match &error {
            ForeignKey { .. } => found(Code::KeyMismatch)
                .fix("Run `certkit key match KEY CERTIFICATE...` to see which belong together."),
            Jks { output } => {
                let name = Path::new(output).with_extension("p12").display().to_string();
                found(Code::InvalidSetting).fix(format!("Name the new file {}.", shell_word(&name)))
            }
            LegacyCipher => found(Code::InvalidSetting).fix("Omit --legacy, or add --to p12."),
            NoneOf { wanted, location, .. } => {
                let file = location.as_ref().map_or("FILE", |location| location.file.as_str());
                let code = match wanted {
                    Wanted::Certificate => Code::NoCertificate,
                    Wanted::PrivateKey => Code::NoPrivateKey,
                };
                let finding = found(code)
                    .fix(format!(
                    "Omit --to, or use --to pem, to convert everything.\nSee what the file holds: `certkit show {}`",
                    input_word(file)
                ));
                match location {
                    Some(location) => finding.at(location.clone()),
                    None => finding,
                }
            }
            KeyForm { location, .. } => found(Code::InvalidSetting)
                .at(location.clone())
                .fix("Use --to pkcs8, which holds every kind of key."),
            Nothing { file, .. } => found(Code::NotACertificate).at(Location::file(file)).fix(KNOWN_FILES),
            SeveralObjects { input, .. } => found(Code::InvalidSetting).fix(format!(
                "Run `certkit convert {}` with --to p7b for all certificates, --to p12 for the key as well, or --to pem for \
                 everything.",
                input_word(input)
            )),
            UnknownEnding { output } => found(Code::InvalidSetting)
                .at(Location::file(output))
                .fix("Add `--to FORM`: pem, der, p12, p7b, pkcs8, pkcs1 or sec1."),
        };
        match error {
            ForeignKey { .. } => Self::new(finding).status(1),
            _ => finding.into(),
        }
    }
}

/// How to recognise a file that certkit reads.
pub const KNOWN_FILES: &str = "Name a file with a line such as `-----BEGIN CERTIFICATE-----`, or a DER, PKCS#7 or PKCS#12 \
     file.";

/// Something that the new file does not hold, and why that is.
#[derive(Debug, thiserror::Error)]
pub enum LeftOut<'a> {
    #[error("left out: the {object}; the new form cannot hold it")]
    NoRoom { object: String },
    #[error("left out: the {object}; its kind is unknown")]
    UnknownKind { object: String },
    #[error("left out: the {object}; only keys were requested")]
    NotAKey { object: String },
    #[error("left out: a {kind} in {}", name(file))]
    NotRequested { kind: &'static str, file: &'a str },
    #[error("left out: a second copy of {title}")]
    SecondCopy { title: &'a str },
    #[error("left out: the name `{name}` of {title}; only PKCS#12 can hold it")]
    Name { name: &'a str, title: &'a str },
    #[error("left out: openssl's trust settings after the certificate")]
    TrustSettings,
}

impl LeftOut<'_> {
    /// As a warning where something is lost that was to be converted, else as a note.
    pub fn at(&self, location: Location) -> Finding {
        let message = self.to_string();
        let finding = match self {
            Self::NoRoom { .. } | Self::UnknownKind { .. } => Finding::warning(Code::LeftOut, message),
            Self::SecondCopy { .. } => Finding::note(Code::Duplicate, message),
            _ => Finding::note(Code::LeftOut, message),
        };
        finding.at(location)
    }
}

/// The input had a password, and the private key in `output` has none.
pub fn without_password(output: &str) -> Finding {
    Finding::note(Code::LeftOut, "left out: the password; the private key in the new file is not encrypted")
        .fix(format!(
            "Run `certkit key encrypt {} -o {}` to protect it.",
            shell_word(output),
            shell_word(&format!("{}-encrypted.key", output.trim_end_matches(".key")))
        ))
}

/// A key that OpenSSL encrypted before there was PKCS#8.
pub fn reencrypted(location: Location) -> Finding {
    let message =
        "the key was encrypted in OpenSSL's old format; it is now PKCS#8, encrypted with the same password";
    Finding::note(Code::NotPem, message).at(location)
}
