//! `certkit key match`: which certificates, requests and keys have the public key of a private one.

use crate::advice::files::{damaged, malformed};
use crate::advice::key::{KeyError, mismatch};
use crate::cli::KeyMatchArgs;
use crate::commands::Result;
use crate::container::{Block, BlockKind};
use crate::operands::input::{InputError, decrypted, location, read_contents};
use crate::operands::output::shell_word;
use crate::operands::password::Passwords;
use crate::report::{Candidate, Failure, Matched, Outcome, Report};
use crate::x509::{Certificate, Request};

pub(super) fn run(args: &KeyMatchArgs) -> Result {
    let mut passwords = Passwords::new("--password-file", args.password_file.as_deref());
    let (_, contents) = read_contents(&args.key, &mut passwords)?;
    let Some(block) = contents.blocks.iter().find(|block| block.is_private_key()) else {
        return Err(InputError::without_key(&args.key, &contents.blocks).into());
    };
    let key = decrypted(&args.key, block, &mut passwords)?;
    let mut findings = Vec::new();
    let mut errors = Vec::new();
    let mut candidates = Vec::with_capacity(args.files.len());
    for file in &args.files {
        match public_keys(file, &mut passwords) {
            Ok(found) => {
                // In a chain it is the server's certificate that counts, wherever it stands.
                let fitting = found.iter().find(|one| one.spki == key.spki());
                if fitting.is_none() {
                    let first = found.first().map_or("", |one| &one.name);
                    findings.push(mismatch(&args.key, file, first));
                }
                if let Some(shown) = fitting.or_else(|| found.first()) {
                    candidates.push(Candidate {
                        file: file.clone(),
                        fits: fitting.is_some(),
                        kind: shown.kind,
                        name: shown.name.clone(),
                    });
                }
            }
            Err(failure) => errors.extend(failure.findings),
        }
    }
    if !errors.is_empty() {
        return Err(Failure { findings: errors, status: 2 });
    }
    let matched = Matched {
        key: args.key.clone(),
        summary: crate::x509::key_summary(key.spki()),
        public_key_sha256: key.spki_sha256(),
        candidates,
    };
    let next = matched
        .candidates
        .iter()
        .find(|candidate| candidate.fits && candidate.kind == "certificate")
        .map(|fits| format!("certkit check {} --key {}", shell_word(&fits.file), shell_word(&args.key)));
    Ok(Report { outcome: Outcome::Matched(matched), findings, next: next.into_iter().collect() })
}

/// Something with a public key.
struct Owner {
    kind: &'static str,
    name: String,
    spki: Vec<u8>,
}

/// SHA-256 of the first public key in a file, as SubjectPublicKeyInfo in hexadecimal.
///
/// # Errors
/// When the file cannot be read, or has no key.
pub(in crate::commands) fn public_key_sha256(file: &str) -> Result<String> {
    let owners = public_keys(file, &mut Passwords::unattended())?;
    Ok(owners.first().map(|owner| crate::x509::spki_sha256(&owner.spki)).unwrap_or_default())
}

/// Everything in a file that has a public key; at least one.
fn public_keys(file: &str, passwords: &mut Passwords) -> Result<Vec<Owner>> {
    let (_, contents) = read_contents(file, passwords)?;
    let mut found = Vec::new();
    for block in &contents.blocks {
        found.extend(owner(file, block, passwords)?);
    }
    if found.is_empty() {
        return Err(KeyError::NoPublicKey { file: file.to_owned() }.into());
    }
    Ok(found)
}

fn owner(file: &str, block: &Block, passwords: &mut Passwords) -> Result<Option<Owner>> {
    Ok(Some(match block.kind {
        BlockKind::Certificate => {
            let certificate = Certificate::from_der(block.der.to_vec())
                .map_err(|error| malformed(&error, location(file, block)))?;
            Owner { kind: "certificate", name: certificate.label(), spki: certificate.spki }
        }
        BlockKind::CertificateRequest => {
            let request =
                Request::from_der(&block.der).map_err(|error| damaged(&error, location(file, block)))?;
            Owner { kind: "certificate_request", name: request.subject.label(), spki: request.spki }
        }
        BlockKind::PrivateKey | BlockKind::EncryptedPrivateKey => {
            let key = decrypted(file, block, passwords)?;
            Owner { kind: "private_key", name: key.description(), spki: key.spki().to_vec() }
        }
        BlockKind::PublicKey => Owner {
            kind: "public_key",
            name: crate::x509::key_description(&block.der),
            spki: block.der.to_vec(),
        },
        _ => return Ok(None),
    }))
}
