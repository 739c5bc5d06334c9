//! Reading the files that users name, whatever form they have.

use std::path::Path;

use zeroize::Zeroizing;

use super::password::{PasswordError, Passwords};
pub use super::read::{MAX_BYTES, ReadError, name};
use crate::ca::CertificateFiles;
use crate::chain::Located;
use crate::container::{self, Block, BlockKind, Contents, LockedError, Note};
use crate::finding::Location;
use crate::pem;
use crate::x509::{Certificate, CertificateError, PrivateKey, PrivateKeyError};

/// What a certificate file holds.
#[derive(Debug)]
pub struct CertificateFile {
    /// The certificates, in order.
    pub certificates: Vec<Located>,
    /// Blocks that say they are certificates and do not parse.
    pub malformed: Vec<Malformed>,
    /// What the scanner repaired.
    pub damages: Vec<pem::Damage>,
    /// Number and text of the lines on which END and BEGIN are glued.
    pub glued_lines: Vec<(usize, String)>,
    /// Where private keys stand.
    pub private_keys: Vec<Location>,
    /// Which forms were read.
    pub forms: Vec<Note>,
    /// What else is in the file.
    pub others: Vec<OtherBlock>,
}

/// A certificate in good armour that does not parse.
#[derive(Clone, Debug)]
pub struct Malformed {
    pub error: CertificateError,
    pub location: Location,
}

/// Something that is neither certificate nor key.
#[derive(Debug)]
pub struct OtherBlock {
    pub kind: BlockKind,
    pub label: String,
    pub location: Location,
}

/// Why an input cannot be used. `option` is the one that names a password's file.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    #[error("the private key in `{}` is encrypted", name(.file))]
    KeyEncrypted { file: String, location: Box<Location>, option: &'static str },
    #[error("the private key in `{}` cannot be opened: {error}", name(.file))]
    KeyLocked { file: String, location: Box<Location>, error: LockedError, option: &'static str },
    #[error("{error}")]
    KeyUnusable { location: Box<Location>, error: PrivateKeyError },
    #[error("a certificate in `{}` does not parse", name(.file))]
    Malformed { file: String, malformed: Vec<Malformed> },
    #[error("{}", .holds.sentence(.file))]
    NoCertificate { file: String, holds: Instead },
    #[error("{}", no_private_key(.file, .holds))]
    NoPrivateKey { file: String, holds: Option<String> },
    #[error("the private key in `{}` is in OpenSSH's own format", name(.file))]
    OpenSsh { file: String, location: Box<Location> },
    #[error(transparent)]
    Password(#[from] PasswordError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("standard input can be read once only, and `-` names it {times} times")]
    StdinRepeated { times: usize },
    #[error("standard input cannot be both the file and the password")]
    StdinTwice { option: &'static str },
    #[error("`{}` cannot be read", name(.file))]
    Unreadable {
        file: String,
        errors: Vec<container::Error>,
        /// For each error that names a line of armour: that line.
        lines: Vec<Option<String>>,
        option: &'static str,
    },
}

/// What a file holds instead of certificates.
#[derive(Debug, PartialEq, Eq)]
pub enum Instead {
    /// A zip or gzip archive.
    Archive,
    Crl,
    /// PKCS#7 or PKCS#12 without a certificate.
    EmptyContainer,
    /// An old Java keystore (JKS).
    JavaKeystore,
    /// Nothing that is known.
    Nothing,
    /// Something else, as `a set of key parameters`.
    Other(String),
    PrivateKey,
    PublicKey,
    Request,
    WebPage,
}

impl Instead {
    fn sentence(&self, file: &str) -> String {
        let name = name(file);
        match self {
            Self::Archive => format!("`{name}` is an archive, not a certificate"),
            Self::Crl => format!("`{name}` holds a certificate revocation list, not a certificate"),
            Self::EmptyContainer => format!("`{name}` holds no certificate"),
            Self::JavaKeystore => format!("`{name}` is an old Java keystore (JKS)"),
            Self::Nothing => format!("there is no certificate in `{name}`"),
            Self::Other(what) => format!("`{name}` holds {what}, not a certificate"),
            Self::PrivateKey => format!("`{name}` holds a private key, not a certificate"),
            Self::PublicKey => format!("`{name}` holds a public key, not a certificate"),
            Self::Request => format!("`{name}` holds a certificate signing request, not a certificate"),
            Self::WebPage => format!("`{name}` is a web page, not a certificate"),
        }
    }

    fn of(bytes: &[u8], read: &CertificateFile) -> Self {
        let start = String::from_utf8_lossy(&bytes[..bytes.len().min(512)]).to_lowercase();
        let has = |kind| read.others.iter().any(|other| other.kind == kind);
        let is_container = |form: &Note| matches!(form, Note::Pkcs7 { .. } | Note::Pkcs12 { .. });
        if !read.private_keys.is_empty() {
            Self::PrivateKey
        } else if has(BlockKind::CertificateRequest) {
            Self::Request
        } else if has(BlockKind::Crl) {
            Self::Crl
        } else if has(BlockKind::PublicKey) {
            Self::PublicKey
        } else if let Some(other) = read.others.first() {
            Self::Other(other.description())
        } else if read.forms.iter().any(is_container) {
            Self::EmptyContainer
        } else if start.contains("<html") || start.contains("<!doctype") {
            Self::WebPage
        } else if matches!(bytes, [0xfe, 0xed, 0xfe, 0xed, ..] | [0xce, 0xce, 0xce, 0xce, ..]) {
            Self::JavaKeystore
        } else if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(&[0x1f, 0x8b]) {
            Self::Archive
        } else {
            Self::Nothing
        }
    }
}

fn no_private_key(file: &str, holds: &Option<String>) -> String {
    match holds {
        Some(what) => format!("`{}` holds {what}, not a private key", name(file)),
        None => format!("there is no private key in `{}`", name(file)),
    }
}

impl OtherBlock {
    /// What it is, with its article.
    pub fn description(&self) -> String {
        description(self.kind, &self.label)
    }
}

fn description(kind: BlockKind, label: &str) -> String {
    match kind {
        BlockKind::EncryptedPrivateKey => format!("an {}", kind.as_str()),
        BlockKind::Other if !label.is_empty() => format!("a block called `{label}`"),
        BlockKind::Other => kind.as_str().to_owned(),
        _ => format!("a {}", kind.as_str()),
    }
}

/// The certificates of a file, if it is there and can be read.
pub fn certificates_if_any(file: &Path) -> Vec<Certificate> {
    if !file.exists() {
        return Vec::new();
    }
    let read = read_certificates(&file.display().to_string()).map(|read| read.certificates);
    read.unwrap_or_default().into_iter().map(|located| located.certificate).collect()
}

/// Reads certificates from a file, or from standard input for `-`. A password is taken from the variable only.
///
/// # Errors
/// When the file cannot be read, holds no certificate, or a block of it cannot be decoded.
pub fn read_certificates(file: &str) -> Result<CertificateFile, InputError> {
    read_certificates_with(file, &mut Passwords::unattended())
}

/// The same, with passwords from where the user says.
///
/// # Errors
/// As [`read_certificates`]; also when the password is missing or wrong.
pub fn read_certificates_with(file: &str, passwords: &mut Passwords) -> Result<CertificateFile, InputError> {
    let (bytes, contents) = read_whole(file, passwords)?;
    some_certificates(file, &bytes, contents, passwords)
}

/// The same from the bytes of a file that was read.
///
/// # Errors
/// When there is no certificate among them, a block cannot be decoded, or the password is missing or wrong.
pub fn certificates_in(
    file: &str,
    bytes: &[u8],
    passwords: &mut Passwords,
) -> Result<CertificateFile, InputError> {
    let contents = decode(file, bytes, passwords)?;
    some_certificates(file, bytes, contents, passwords)
}

fn some_certificates(
    file: &str,
    bytes: &[u8],
    contents: Contents,
    passwords: &Passwords,
) -> Result<CertificateFile, InputError> {
    let read = certificate_file(file, bytes, without_errors(file, bytes, contents, passwords)?);
    if read.certificates.is_empty() && read.malformed.is_empty() {
        return Err(InputError::NoCertificate { file: file.to_owned(), holds: Instead::of(bytes, &read) });
    }
    Ok(read)
}

/// Sorts what is in a file by what it is.
fn certificate_file(file: &str, bytes: &[u8], contents: Contents) -> CertificateFile {
    let is_glued = |damage: &&pem::Damage| damage.kind == pem::DamageKind::Glued;
    let glued = contents.damages.iter().filter(is_glued);
    let glued_lines =
        glued.filter_map(|damage| Some((damage.line, armour_line(bytes, damage.line)?))).collect();
    let mut read = CertificateFile {
        certificates: Vec::new(),
        malformed: Vec::new(),
        damages: contents.damages,
        glued_lines,
        private_keys: Vec::new(),
        forms: contents.notes,
        others: Vec::new(),
    };
    for block in contents.blocks {
        let location = location(file, &block);
        match block.kind {
            BlockKind::Certificate => match Certificate::from_der(block.der.to_vec()) {
                Ok(certificate) => {
                    read.certificates.push(Located { certificate, location: Some(location) });
                }
                Err(error) => read.malformed.push(Malformed { error, location }),
            },
            BlockKind::PrivateKey | BlockKind::EncryptedPrivateKey => read.private_keys.push(location),
            BlockKind::Parameters => {}
            kind => read.others.push(OtherBlock { kind, label: block.label, location }),
        }
    }
    read
}

/// Files of earlier certificates, as a CA reads them: nobody is asked for a password.
pub struct ReadFiles;

impl CertificateFiles for ReadFiles {
    fn certificate(&self, path: &Path) -> Option<Certificate> {
        let read = read_certificates(&path.display().to_string()).ok()?;
        read.certificates.into_iter().next().map(|located| located.certificate)
    }

    fn key(&self, path: &Path) -> Option<PrivateKey> {
        read_private_key(path).ok()
    }
}

/// Reads the private key of a file, the first one if there are several blocks. A password is taken from the variable
/// only.
///
/// # Errors
/// When the file cannot be read or holds no private key that can be used.
pub fn read_private_key(path: &Path) -> Result<PrivateKey, InputError> {
    read_private_key_with(path, &mut Passwords::unattended())
}

/// The same, with passwords from where the user says.
///
/// # Errors
/// As [`read_private_key`]; also when the password is missing or wrong.
pub fn read_private_key_with(path: &Path, passwords: &mut Passwords) -> Result<PrivateKey, InputError> {
    let file = path.display().to_string();
    let (bytes, contents) = read_whole(&file, passwords)?;
    first_private_key(&file, &bytes, contents, passwords)
}

/// The private key in the bytes of a file that was read.
///
/// # Errors
/// When no private key among them can be used; also when the password is missing or wrong.
pub fn private_key_in(file: &str, bytes: &[u8], passwords: &mut Passwords) -> Result<PrivateKey, InputError> {
    let contents = decode(file, bytes, passwords)?;
    first_private_key(file, bytes, contents, passwords)
}

fn first_private_key(
    file: &str,
    bytes: &[u8],
    contents: Contents,
    passwords: &mut Passwords,
) -> Result<PrivateKey, InputError> {
    let Some(block) = contents.blocks.iter().find(|block| block.is_private_key()) else {
        return Err(if contents.errors.is_empty() {
            InputError::without_key(file, &contents.blocks)
        } else {
            unreadable(file, bytes, contents.errors, passwords.option)
        });
    };
    decrypted(file, block, passwords)
}

impl InputError {
    /// The file has no private key, but perhaps `blocks`.
    pub fn without_key(file: &str, blocks: &[Block]) -> Self {
        let block = blocks.iter().find(|block| block.kind != BlockKind::Parameters);
        let holds = block.map(|block| description(block.kind, &block.label));
        Self::NoPrivateKey { file: file.to_owned(), holds }
    }
}

/// The private key of one block, decrypted if it has to be.
///
/// # Errors
/// When the password is missing or wrong, or the key cannot be used.
pub fn decrypted(file: &str, block: &Block, passwords: &mut Passwords) -> Result<PrivateKey, InputError> {
    let (location, option) = (Box::new(location(file, block)), passwords.option);
    let result = match block.private_key(None) {
        Err(LockedError::PasswordNeeded) => {
            let password = passwords.of(name(file))?;
            block.private_key(password.as_ref().map(|password| password.as_str()))
        }
        result => result,
    };
    let file = file.to_owned();
    let der = match result {
        Ok(der) => der,
        Err(LockedError::PasswordNeeded) => {
            return Err(InputError::KeyEncrypted { file, location, option });
        }
        Err(error) => return Err(InputError::KeyLocked { file, location, error, option }),
    };
    PrivateKey::from_der(der).map_err(|error| {
        if block.label.starts_with("OPENSSH") {
            InputError::OpenSsh { file, location }
        } else {
            InputError::KeyUnusable { location, error }
        }
    })
}

/// Reads a file of any kind; what cannot be read in it is an error.
///
/// # Errors
/// When the file cannot be read, or something in it.
pub fn read_contents(
    file: &str,
    passwords: &mut Passwords,
) -> Result<(Zeroizing<Vec<u8>>, Contents), InputError> {
    let (bytes, contents) = read_whole(file, passwords)?;
    let contents = without_errors(file, &bytes, contents, passwords)?;
    Ok((bytes, contents))
}

fn without_errors(
    file: &str,
    bytes: &[u8],
    contents: Contents,
    passwords: &Passwords,
) -> Result<Contents, InputError> {
    if contents.errors.is_empty() {
        Ok(contents)
    } else {
        Err(unreadable(file, bytes, contents.errors, passwords.option))
    }
}

/// Whether standard input, which can be read once only, is at most one of these files.
///
/// # Errors
/// When it is more than one.
pub fn require_one_stdin<'a>(files: impl IntoIterator<Item = &'a Path>) -> Result<(), InputError> {
    match files.into_iter().filter(|file| *file == Path::new("-")).count() {
        0 | 1 => Ok(()),
        times => Err(InputError::StdinRepeated { times }),
    }
}

/// Where a block stands.
pub fn location(file: &str, block: &Block) -> Location {
    Location { block: u32::try_from(block.number).ok(), lines: block.lines, ..Location::file(file) }
}

/// Bytes and what is in them, errors included.
fn read_whole(file: &str, passwords: &mut Passwords) -> Result<(Zeroizing<Vec<u8>>, Contents), InputError> {
    if file == "-" && passwords.uses_stdin() {
        return Err(InputError::StdinTwice { option: passwords.option });
    }
    let bytes = Zeroizing::new(super::read::read(file, MAX_BYTES)?);
    let contents = decode(file, &bytes, passwords)?;
    Ok((bytes, contents))
}

/// What is in the bytes of a file, errors included.
fn decode(file: &str, bytes: &[u8], passwords: &mut Passwords) -> Result<Contents, InputError> {
    let contents = container::read(bytes, None);
    let is_locked = contents
        .errors
        .iter()
        .any(|error| matches!(error, container::Error::Pkcs12(LockedError::PasswordNeeded)));
    if is_locked && let Some(password) = passwords.of(name(file))? {
        return Ok(container::read(bytes, Some(&password)));
    }
    Ok(contents)
}

fn unreadable(file: &str, bytes: &[u8], errors: Vec<container::Error>, option: &'static str) -> InputError {
    let line = |error: &container::Error| match error {
        container::Error::Pem(error) => armour_line(bytes, error.line()),
        _ => None,
    };
    let lines = errors.iter().map(line).collect();
    InputError::Unreadable { file: file.to_owned(), errors, lines, option }
}

/// A line of a file, from 1, if it is a BEGIN or END line; others may belong to a private key and are not shown.
pub fn armour_line(bytes: &[u8], number: usize) -> Option<String> {
    let line = bytes.split(|byte| *byte == b'\n').nth(number.checked_sub(1)?)?;
    let text = String::from_utf8_lossy(line.get(..MAX_ARMOUR_LINE.min(line.len()))?);
    let text = text.trim_end_matches('\r');
    let is_armour = text.contains("BEGIN ") || text.contains("END ");
    // What precedes a BEGIN on the same line may be base64.
    let is_short = text.split("-----").all(|part| part.len() <= MAX_LABEL);
    (is_armour && is_short).then(|| text.to_owned())
}

/// Two armour lines glued together.
const MAX_ARMOUR_LINE: usize = 160;
/// `BEGIN ENCRYPTED PRIVATE KEY` and the like.
const MAX_LABEL: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_armour_is_shown() {
        let bytes = b"-----END CERTIFICATE----------BEGIN CERTIFICATE-----\nMIIBvTCCAWOgAwIBAgIU\r\nx\n";
        let glued = armour_line(bytes, 1).unwrap();
        assert_eq!(glued, "-----END CERTIFICATE----------BEGIN CERTIFICATE-----");
        assert_eq!((armour_line(bytes, 2), armour_line(bytes, 9), armour_line(bytes, 0)), (None, None, None));
        let secret = format!("{}-----END PRIVATE KEY-----", "A".repeat(64));
        assert_eq!(armour_line(secret.as_bytes(), 1), None);
    }
}
