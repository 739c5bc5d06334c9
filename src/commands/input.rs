//! Reading the files that users name: every failure with file, line and mend.

use std::io;
use std::path::Path;

use crate::chain::Located;
use crate::finding::{Code, Finding, Location};
use crate::pem::{self, DamageKind, PemBlock};
use crate::report::Failure;
use crate::sys::fs::{plain, read_limited, read_limited_from};
use crate::x509::{Certificate, CertificateError, PrivateKey, PrivateKeyError};

/// The largest file that is read: ten thousand large certificates.
const MAX_BYTES: u64 = 64 << 20;

/// What a certificate file holds.
#[derive(Debug)]
pub(super) struct CertificateFile {
    /// The certificates, in order.
    pub(super) certificates: Vec<Located>,
    /// Blocks that say they are certificates and do not parse.
    pub(super) malformed: Vec<Finding>,
    /// What the scanner mended.
    pub(super) damages: Vec<pem::Damage>,
    /// Where private keys stand.
    pub(super) private_keys: Vec<Location>,
}

/// Reads certificates from a file, or from standard input for `-`.
///
/// # Errors
/// When the file cannot be read, holds no certificate, or a block of it cannot be decoded.
pub(super) fn read_certificates(file: &str) -> Result<CertificateFile, Failure> {
    let bytes = read(file)?;
    if bytes.first() == Some(&0x30)
        && let Ok(certificate) = Certificate::from_der(bytes.as_slice())
    {
        let certificates = vec![Located { certificate, location: Some(Location::file(file)) }];
        return Ok(CertificateFile {
            certificates,
            malformed: Vec::new(),
            damages: Vec::new(),
            private_keys: Vec::new(),
        });
    }
    let scan = pem::scan(&bytes);
    if !scan.errors.is_empty() {
        let findings = scan.errors.iter().map(|error| unreadable_block(file, error)).collect();
        return Err(Failure { findings, status: 2 });
    }
    let mut read = CertificateFile {
        certificates: Vec::new(),
        malformed: Vec::new(),
        damages: scan.damages,
        private_keys: Vec::new(),
    };
    for (index, block) in scan.blocks.iter().enumerate() {
        let location = Location::block(file, index + 1, block.lines);
        if block.is_private_key() {
            read.private_keys.push(location);
        } else if block.is_certificate() {
            match certificate(block) {
                Ok(certificate) => {
                    read.certificates.push(Located { certificate, location: Some(location) });
                }
                Err(error) => read.malformed.push(
                    Finding::error(Code::DerMalformed, error.to_string())
                        .at(location)
                        .fix("get the certificate again from where it came from"),
                ),
            }
        }
    }
    if read.certificates.is_empty() && read.malformed.is_empty() {
        return Err(no_certificate(file, &bytes, &scan.blocks).into());
    }
    Ok(read)
}

/// Reads the private key of a file, the first one if there are several blocks.
///
/// # Errors
/// When the file cannot be read or holds no private key that can be used.
pub(super) fn read_private_key(path: &Path) -> Result<PrivateKey, Failure> {
    let file = path.display().to_string();
    let bytes = zeroize::Zeroizing::new(read(&file)?);
    let scan = pem::scan(&bytes);
    let Some((index, block)) = scan.blocks.iter().enumerate().find(|(_, block)| block.is_private_key())
    else {
        if let Some(error) = scan.errors.first() {
            return Err(unreadable_block(&file, error).into());
        }
        let finding = match scan.blocks.first() {
            Some(block) => Finding::error(
                Code::NotAPrivateKey,
                format!("{file} holds a {}, not a private key", block.label.to_lowercase()),
            ),
            None => Finding::error(Code::NoPrivateKey, format!("there is no private key in {file}")),
        };
        return Err(finding
            .at(Location::file(file))
            .fix("name the file that begins with -----BEGIN PRIVATE KEY-----; it was made together with the certificate")
            .into());
    };
    PrivateKey::from_pem(block).map_err(|error| {
        let (code, fix) = match error {
            PrivateKeyError::Encrypted => {
                (Code::KeyEncrypted, format!("decrypt it first: openssl pkey -in {file} -out decrypted.key"))
            }
            _ => (Code::NotAPrivateKey, "get the key again from where it came from".into()),
        };
        Finding::error(code, error.to_string())
            .at(Location::block(file, index + 1, block.lines))
            .fix(fix)
            .into()
    })
}

/// What was mended in a file, as notes.
pub(super) fn damage_findings(file: &str, damages: &[pem::Damage]) -> Vec<Finding> {
    let note = |damage: &pem::Damage| {
        let code = if damage.kind == DamageKind::Glued { Code::PemGlued } else { Code::PemMended };
        Finding::note(code, format!("mended: {}", damage.kind.as_str())).at(Location::line(file, damage.line))
    };
    damages.iter().map(note).collect()
}

/// One certificate of a block. What follows it under the label TRUSTED CERTIFICATE is openssl's own and dropped.
fn certificate(block: &PemBlock) -> Result<Certificate, CertificateError> {
    match Certificate::from_der(block.der.to_vec()) {
        Err(CertificateError::TrailingBytes(extra)) if block.label == "TRUSTED CERTIFICATE" => {
            Certificate::from_der(&block.der[..block.der.len() - extra])
        }
        result => result,
    }
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
pub(super) fn cannot_read(file: &str, error: &io::Error) -> Failure {
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

fn unreadable_block(file: &str, error: &pem::Error) -> Finding {
    let code = match error {
        pem::Error::Truncated { .. } => Code::PemTruncated,
        _ => Code::PemMalformed,
    };
    Finding::error(code, error.to_string())
        .at(Location::line(file, error.line()))
        .fix("download or copy the file again; nothing of it was used")
}

/// Says what the file holds instead.
fn no_certificate(file: &str, bytes: &[u8], blocks: &[PemBlock]) -> Finding {
    let name = name(file);
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(512)]).to_lowercase();
    let finding = match blocks.first().map(|block| block.label.as_str()) {
        Some(label) if label.ends_with("PRIVATE KEY") => {
            Finding::error(Code::NotACertificate, format!("{name} holds a private key, not a certificate"))
                .fix("name the file that begins with -----BEGIN CERTIFICATE-----; the key goes behind --key")
        }
        Some(label) if label.ends_with("CERTIFICATE REQUEST") => Finding::error(
            Code::NotACertificate,
            format!("{name} holds a certificate signing request, not a certificate"),
        )
        .fix("send it to the CA; what the CA sends back is the certificate"),
        Some(label) => Finding::error(
            Code::NotACertificate,
            format!("{name} holds no certificate, but a block called {label}"),
        ),
        None if start.contains("<html") || start.contains("<!doctype") => {
            Finding::error(Code::NoCertificate, format!("{name} is a web page, not a certificate")).fix(
                "the download went wrong, perhaps a login page was saved: download it again in the browser",
            )
        }
        None => Finding::error(Code::NoCertificate, format!("there is no certificate in {name}"))
            .fix("a certificate file has a line -----BEGIN CERTIFICATE-----"),
    };
    finding.at(Location::file(file))
}

fn name(file: &str) -> &str {
    if file == "-" { "standard input" } else { file }
}
