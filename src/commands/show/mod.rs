//! `certkit show`: describes a file, or what a server sends.

mod facts;

use std::path::Path;

use time::OffsetDateTime;

use self::facts::{
    certificate_facts, crl_facts, private_key_facts, public_key_facts, request_facts, server_facts,
    size_facts,
};
use super::{Context, Result, server_options};
use crate::advice::files::{damage_notes, damaged, form_notes, malformed, nothing_known};
use crate::advice::server::failure;
use crate::chain::tree;
use crate::cli::ShowArgs;
use crate::container::{Block, BlockKind, LockedError};
use crate::finding::{Finding, Location};
use crate::operands::input::{decrypted, location, read_contents};
use crate::operands::password::Passwords;
use crate::operands::server_target::{
    FileOrServer, ServerTarget, file_or_server, for_servers_only, parse_host,
};
use crate::report::{Fact, FactValue, Failure, Outcome, Report, Shown, ShownItem};
use crate::x509::{Certificate, CrlDetails, Request, key_description};

pub(super) fn run(args: &ShowArgs, context: &Context<'_>) -> Result {
    let at = args.at.unwrap_or_else(|| context.clock.now());
    if let FileOrServer::Server(target) = file_or_server(&args.file, &server_options(&args.live))? {
        return of_server(&target, args, at);
    }
    if args.host.is_some() {
        return Err(for_servers_only("--host", &args.file).into());
    }
    of_file(&args.file, args.password_file.as_deref(), at)
}

/// What is in a file; days are counted from `at`.
pub(super) fn of_file(file: &str, password_file: Option<&Path>, at: OffsetDateTime) -> Result {
    let mut passwords = Passwords::new("--password-file", password_file);
    let (_, contents) = read_contents(file, &mut passwords)?;
    let mut findings = form_notes(file, &contents.notes);
    findings.extend(damage_notes(file, &contents.damages));
    if contents.blocks.is_empty() {
        return Err(nothing_known(file).into());
    }
    let mut items = Vec::new();
    let mut certificates = Vec::new();
    for block in &contents.blocks {
        match describe(file, block, &mut passwords, &mut certificates) {
            Ok((kind, title, facts)) => {
                items.push(ShownItem { kind, title, facts, location: location(file, block) });
            }
            Err(failure) => findings.extend(failure.findings),
        }
    }
    let shown = Shown { file: file.to_owned(), at, items, tree: tree(&certificates) };
    Ok(Report { outcome: Outcome::Shown(shown), findings, next: Vec::new() })
}

/// The server with what was agreed upon, then each certificate as it was sent.
fn of_server(target: &ServerTarget, args: &ShowArgs, at: OffsetDateTime) -> Result {
    let host = args.host.as_deref().map(parse_host).transpose()?.unwrap_or_else(|| target.host.clone());
    let probed = target
        .probe(&host, &server_options(&args.live), None)
        .map_err(|error| failure(target, &error, "show"))?;
    let server = ShownItem {
        kind: "server",
        title: host.to_string(),
        facts: server_facts(&target.summary(&host, &probed)),
        location: Location::file(target.label()),
    };
    let mut items = vec![server];
    let mut certificates = Vec::new();
    for located in probed.certificates {
        items.push(ShownItem {
            kind: "certificate",
            title: located.certificate.label(),
            facts: certificate_facts(&located.certificate),
            location: located.location.unwrap_or_default(),
        });
        certificates.push(located.certificate);
    }
    let findings = probed.malformed.into_iter().map(Finding::from).collect();
    let shown = Shown { file: target.label(), at, items, tree: tree(&certificates) };
    Ok(Report { outcome: Outcome::Shown(shown), findings, next: Vec::new() })
}

type Description = (&'static str, String, Vec<Fact>);

/// What one block is. Certificates are also put aside for the tree.
fn describe(
    file: &str,
    block: &Block,
    passwords: &mut Passwords,
    certificates: &mut Vec<Certificate>,
) -> Result<Description> {
    let damaged = |error: &dyn std::fmt::Display| Failure::from(damaged(error, location(file, block)));
    match block.kind {
        BlockKind::Certificate => {
            let certificate = Certificate::from_der(block.der.to_vec())
                .map_err(|error| Failure::from(malformed(&error, location(file, block))))?;
            let description = ("certificate", certificate.label(), certificate_facts(&certificate));
            certificates.push(certificate);
            Ok(description)
        }
        BlockKind::CertificateRequest => {
            let request = Request::from_der(&block.der).map_err(|error| damaged(&error))?;
            Ok(("certificate_request", request.subject.label(), request_facts(&request)))
        }
        BlockKind::Crl => {
            let crl = CrlDetails::from_der(&block.der).map_err(|error| damaged(&error))?;
            Ok(("crl", crl.issuer.label(), crl_facts(&crl)))
        }
        BlockKind::EncryptedPrivateKey if cannot_open(block, passwords)? => {
            Ok(("private_key", "encrypted".into(), vec![Fact::new("encrypted", FactValue::Flag(true))]))
        }
        BlockKind::PrivateKey | BlockKind::EncryptedPrivateKey => {
            let key = decrypted(file, block, passwords)?;
            Ok(("private_key", key.description(), private_key_facts(&key, block)))
        }
        BlockKind::PublicKey => Ok(("public_key", key_description(&block.der), public_key_facts(&block.der))),
        BlockKind::Parameters => Ok(("parameters", block.label.to_lowercase(), size_facts(block))),
        BlockKind::Other | BlockKind::Pkcs7 | BlockKind::Pkcs12 => {
            Ok(("other", block.label.clone(), size_facts(block)))
        }
    }
}

/// Whether there is no password for an encrypted key. That is not a failure: the key is shown as encrypted.
fn cannot_open(block: &Block, passwords: &mut Passwords) -> Result<bool> {
    let is_locked = matches!(block.private_key(None), Err(LockedError::PasswordNeeded));
    Ok(is_locked && passwords.of("the key")?.is_none())
}
