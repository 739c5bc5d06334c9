//! Reading the files that users name, whatever form they have: every failure with file, line and mend.

use std::io;
use std::path::Path;

use zeroize::Zeroizing;

use super::password::Passwords;
use crate::advice::files::{
    damage_notes, encrypted_key, form_notes, malformed, no_certificate, no_private_key, unreadable,
};
use crate::chain::Located;
use crate::container::{self, Block, BlockKind, Contents, LockedError, Note};
use crate::finding::{Code, Finding, Location};
use crate::pem;
use crate::report::Failure;
use crate::sys::fs::{plain, read_limited, read_limited_from};
use crate::x509::{Certificate, PrivateKey};

/// The largest file that is read: ten thousand large certificates.
pub const MAX_BYTES: u64 = 64 << 20;

/// What a certificate file holds.
#[derive(Debug)]
pub struct CertificateFile {
    /// The certificates, in order.
    pub certificates: Vec<Located>,
    /// Blocks that say they are certificates and do not parse.
    pub malformed: Vec<Finding>,
    /// What the scanner mended.
    pub damages: Vec<pem::Damage>,
    /// Where private keys stand.
    pub private_keys: Vec<Location>,
    /// Which forms were read.
    pub forms: Vec<Note>,
    /// What else stands in the file.
    pub others: Vec<Other>,
}

/// Something that is neither certificate nor key.
#[derive(Debug)]
pub struct Other {
    /// What it is.
    pub kind: BlockKind,
    /// Its PEM label.
    pub label: String,
    /// Where it stands.
    pub location: Location,
}

impl CertificateFile {
    /// What was mended, which forms were read, and what was left alone: all as notes.
    pub fn notes(&self, file: &str) -> Vec<Finding> {
        let mut notes = form_notes(file, &self.forms);
        notes.extend(damage_notes(file, &self.damages));
        notes.extend(self.others.iter().map(Other::note));
        notes
    }
}

/// Reads certificates from a file, or from standard input for `-`. A password is taken from the variable only.
///
/// # Errors
/// When the file cannot be read, holds no certificate, or a block of it cannot be decoded.
pub fn read_certificates(file: &str) -> Result<CertificateFile, Failure> {
    read_certificates_with(file, &mut Passwords::unattended())
}

/// The same with a say in where passwords come from.
///
/// # Errors
/// As [`read_certificates`]; also when the password is missing or wrong.
pub fn read_certificates_with(file: &str, passwords: &mut Passwords) -> Result<CertificateFile, Failure> {
    let (bytes, contents) = read_contents(file, passwords)?;
    let read = certificate_file(file, contents.blocks, contents.damages, contents.notes);
    if read.certificates.is_empty() && read.malformed.is_empty() {
        return Err(no_certificate(file, &bytes, &read).into());
    }
    Ok(read)
}

/// Sorts what is in a file by what it is.
fn certificate_file(
    file: &str,
    blocks: Vec<Block>,
    damages: Vec<pem::Damage>,
    forms: Vec<Note>,
) -> CertificateFile {
    let mut read = CertificateFile {
        certificates: Vec::new(),
        malformed: Vec::new(),
        damages,
        private_keys: Vec::new(),
        forms,
        others: Vec::new(),
    };
    for block in blocks {
        let location = location(file, &block);
        match block.kind {
            BlockKind::Certificate => match Certificate::from_der(block.der.to_vec()) {
                Ok(certificate) => {
                    read.certificates.push(Located { certificate, location: Some(location) });
                }
                Err(error) => read.malformed.push(malformed(&error, location)),
            },
            BlockKind::PrivateKey | BlockKind::EncryptedPrivateKey => read.private_keys.push(location),
            BlockKind::Parameters => {}
            kind => read.others.push(Other { kind, label: block.label, location }),
        }
    }
    read
}

/// Certificates in bytes that came from `source`, which is no file.
///
/// # Errors
/// When they cannot be read or hold no certificate that parses.
pub fn certificates_in(source: &str, bytes: &[u8]) -> Result<Vec<Located>, Failure> {
    let contents = container::read(bytes, None);
    if !contents.errors.is_empty() {
        return Err(failure(source, &contents.errors, Passwords::unattended().option));
    }
    let read = certificate_file(source, contents.blocks, contents.damages, contents.notes);
    if read.certificates.is_empty() {
        return Err(no_certificate(source, bytes, &read).into());
    }
    Ok(read.certificates)
}

/// Reads the private key of a file, the first one if there are several blocks. A password is taken from the variable
/// only.
///
/// # Errors
/// When the file cannot be read or holds no private key that can be used.
pub fn read_private_key(path: &Path) -> Result<PrivateKey, Failure> {
    read_private_key_with(path, &mut Passwords::unattended())
}

/// The same with a say in where passwords come from.
///
/// # Errors
/// As [`read_private_key`]; also when the password is missing or wrong.
pub fn read_private_key_with(path: &Path, passwords: &mut Passwords) -> Result<PrivateKey, Failure> {
    let file = path.display().to_string();
    let (_, contents) = read_whole(&file, passwords)?;
    let Some(block) = contents.blocks.iter().find(|block| block.is_private_key()) else {
        return Err(if contents.errors.is_empty() {
            no_private_key(&file, &contents.blocks).into()
        } else {
            failure(&file, &contents.errors, passwords.option)
        });
    };
    decrypted(&file, block, passwords)
}

/// The private key of one block, decrypted if it has to be.
///
/// # Errors
/// When the password is missing or wrong, or the key is of no use.
pub fn decrypted(file: &str, block: &Block, passwords: &mut Passwords) -> Result<PrivateKey, Failure> {
    let wrong = |error: &LockedError, option| encrypted_key(file, block, error, option);
    let der = match block.private_key(None) {
        Err(LockedError::PasswordNeeded) => {
            let password = passwords.of(name(file))?;
            block.private_key(password.as_ref().map(|password| password.as_str()))
        }
        result => result,
    };
    let der = der.map_err(|error| wrong(&error, passwords.option))?;
    PrivateKey::from_der(der).map_err(|error| {
        let (message, fix) = if block.label.starts_with("OPENSSH") {
            let fix = format!("ssh-keygen -p -m PKCS8 -f {file} changes it; keep a copy");
            ("this is a key in the form of OpenSSH".to_owned(), fix)
        } else {
            (error.to_string(), "get the key again from where it came from".to_owned())
        };
        Finding::error(Code::NotAPrivateKey, message).at(location(file, block)).fix(fix).into()
    })
}

/// Reads a file of any kind; what cannot be read in it is a failure.
///
/// # Errors
/// When the file cannot be read, or something in it.
pub fn read_contents(
    file: &str,
    passwords: &mut Passwords,
) -> Result<(Zeroizing<Vec<u8>>, Contents), Failure> {
    let (bytes, contents) = read_whole(file, passwords)?;
    if contents.errors.is_empty() {
        Ok((bytes, contents))
    } else {
        Err(failure(file, &contents.errors, passwords.option))
    }
}

/// Where a block stands.
pub fn location(file: &str, block: &Block) -> Location {
    Location { block: u32::try_from(block.number).ok(), lines: block.lines, ..Location::file(file) }
}

/// Bytes and what is in them, errors included.
fn read_whole(file: &str, passwords: &mut Passwords) -> Result<(Zeroizing<Vec<u8>>, Contents), Failure> {
    if file == "-" && passwords.uses_stdin() {
        let message = "standard input cannot be both the file and the password";
        return Err(Finding::error(Code::InvalidSetting, message)
            .fix(format!("write the password into a file: {} FILE", passwords.option))
            .into());
    }
    let bytes = Zeroizing::new(read(file)?);
    let contents = container::read(&bytes, None);
    let is_locked = contents
        .errors
        .iter()
        .any(|error| matches!(error, container::Error::Pkcs12(LockedError::PasswordNeeded)));
    if is_locked && let Some(password) = passwords.of(name(file))? {
        let contents = container::read(&bytes, Some(&password));
        return Ok((bytes, contents));
    }
    Ok((bytes, contents))
}

fn failure(file: &str, errors: &[container::Error], option: &str) -> Failure {
    Failure { findings: errors.iter().map(|error| unreadable(file, error, option)).collect(), status: 2 }
}

fn read(file: &str) -> Result<Vec<u8>, Failure> {
    let result = if file == "-" {
        read_limited_from(io::stdin().lock(), MAX_BYTES)
    } else {
        read_limited(Path::new(file), MAX_BYTES)
    };
    let bytes = result.map_err(|error| cannot_read(file, &error))?;
    if bytes.is_empty() {
        let finding = Finding::error(Code::EmptyFile, format!("{} is empty", name(file)));
        return Err(finding.at(Location::file(file)).fix("download or copy it again").into());
    }
    Ok(bytes)
}

/// An error of the system in words.
pub fn cannot_read(file: &str, error: &io::Error) -> Failure {
    let name = name(file);
    let finding = match error.kind() {
        io::ErrorKind::NotFound => Finding::error(Code::NotFound, format!("there is no file {name}"))
            .fix("check the spelling and the folder you are in"),
        io::ErrorKind::IsADirectory => {
            Finding::error(Code::IsDirectory, format!("{name} is a folder")).fix("name a file in it")
        }
        io::ErrorKind::PermissionDenied => {
            Finding::error(Code::Permission, format!("you may not read {name}"))
                .fix(format!("look at: ls -l {name}"))
        }
        io::ErrorKind::FileTooLarge => Finding::error(
            Code::TooLarge,
            format!("{name} is larger than {} MiB; no certificate file is", MAX_BYTES >> 20),
        ),
        _ => Finding::error(Code::Io, format!("cannot read {name}: {}", plain(error))),
    };
    finding.at(Location::file(file)).into()
}

/// The file as a sentence names it.
pub fn name(file: &str) -> &str {
    if file == "-" { "standard input" } else { file }
}
