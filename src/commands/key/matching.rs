//! `certkit key match`: which certificates, requests and keys have the public key of a private one.

use crate::advice::files::{malformed, no_private_key};
use crate::cli::KeyMatchArgs;
use crate::commands::Result;
use crate::container::{Block, BlockKind};
use crate::finding::{Code, Finding, Location};
use crate::operands::input::{decrypted, location, name, read_contents};
use crate::operands::output::shell_word;
use crate::operands::password::Passwords;
use crate::report::{Candidate, Failure, Matched, Outcome, Report};
use crate::x509::{Certificate, Request};

pub(super) fn run(args: &KeyMatchArgs) -> Result {
    let mut passwords = Passwords::new("--password-file", args.password_file.as_deref());
    let (_, contents) = read_contents(&args.key, &mut passwords)?;
    let Some(block) = contents.blocks.iter().find(|block| block.is_private_key()) else {
        return Err(no_private_key(&args.key, &contents.blocks).into());
    };
    let key = decrypted(&args.key, block, &mut passwords)?;
    let mut findings = Vec::new();
    let mut troubles = Vec::new();
    let mut candidates = Vec::with_capacity(args.files.len());
    for file in &args.files {
        match public_keys(file, &mut passwords) {
            Ok(found) => {
                // In a chain it is the server's certificate that counts, wherever it stands.
                let fitting = found.iter().find(|one| one.spki == key.spki());
                if fitting.is_none() {
                    findings.push(mismatch(&args.key, file, &found));
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
            Err(failure) => troubles.extend(failure.findings),
        }
    }
    if !troubles.is_empty() {
        return Err(Failure { findings: troubles, status: 2 });
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

/// Everything in a file that has a public key; at least one.
fn public_keys(file: &str, passwords: &mut Passwords) -> Result<Vec<Owner>> {
    let (_, contents) = read_contents(file, passwords)?;
    let mut found = Vec::new();
    for block in &contents.blocks {
        found.extend(owner(file, block, passwords)?);
    }
    if found.is_empty() {
        let message =
            format!("{} holds nothing with a public key: no certificate, request or key", name(file));
        return Err(Finding::error(Code::NotACertificate, message)
            .at(Location::file(file))
            .fix(format!("certkit show {} says what is in it", shell_word(file)))
            .into());
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
            let request = Request::from_der(&block.der).map_err(|error| {
                Finding::error(Code::DerMalformed, error.to_string())
                    .at(location(file, block))
                    .fix("get it again from where it came from")
            })?;
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

fn mismatch(key: &str, file: &str, found: &[Owner]) -> Finding {
    let whose = found.first().map(|one| format!("`{}`", one.name)).unwrap_or_default();
    let message = format!("{} does not belong to {}: {whose} has another public key", name(file), name(key));
    Finding::error(Code::KeyMismatch, message)
        .at(Location::file(file))
        .fix("look for the key that was made together with it, or have a new certificate made for this key")
}
