//! `certkit revoke`: into the ledger.

use std::path::{Path, PathBuf};

use super::key::public_key_sha256;
use super::{Context, Result};
use crate::advice::ca::broken_lines;
use crate::advice::revocation::{already_revoked, list_needs_key, still_valid, unknown_keys};
use crate::ca::{RevocationRequest, RevocationTarget, Selection, SigningCa};
use crate::chain::Located;
use crate::cli::RevokeArgs;
use crate::finding::Finding;
use crate::operands::ca_lookup::{CaChoice, key_beside};
use crate::operands::input::{ReadFiles, read_certificates};
use crate::report::{Created, CreatedFile, FileRole, Outcome, Report, Revocation, Role, StillValid};
use crate::sys::clock::date;
use crate::x509::Certificate;

pub(super) fn run(args: &RevokeArgs, context: &Context<'_>) -> Result {
    let choice = CaChoice::from(&args.ca);
    let now = context.clock.now();
    let typed = args.certificate.as_deref().unwrap_or_default();
    let certificate = is_file(typed).then(|| read_first(typed)).transpose()?;
    let key = args.key.as_deref().map(public_key_sha256).transpose()?;
    let target = match (&certificate, &key, args.key.as_deref()) {
        (_, Some(sha256), Some(file)) => RevocationTarget::Selected(Selection::Key { sha256, file }),
        (Some(certificate), ..) => RevocationTarget::File { certificate, file: typed },
        _ => RevocationTarget::Selected(Selection::Text(typed)),
    };
    let ca = choice.find()?;
    let revoked = ca.revoke(&RevocationRequest {
        target,
        reason: args.reason,
        at: now,
        all: args.all,
        same_names: args.same_names,
        files: &ReadFiles,
    })?;

    let mut report = Report::new(Outcome::Nothing);
    let mut created = Created::default();
    for one in &revoked.certificates {
        let serial = one.certificate.serial.clone();
        let (revoked_at, before) = one.before.unwrap_or((now, args.reason));
        let reason = if one.is_new { args.reason } else { before };
        let names = one.certificate.names.clone();
        if one.is_new {
            let label = names.join(" ");
            let before = one.before.map(|(at, before)| format!(" since {}, before: {before}", date(at)));
            let reason = format!("{reason}{}", before.unwrap_or_default());
            let description = format!("`{label}` is revoked ({reason}), serial number {serial}");
            let path = ca.ledger.path().display().to_string();
            created.files.push(CreatedFile { path, role: FileRole::Ledger, mode: None, description });
        } else {
            report.findings.push(already_revoked(&one.certificate, revoked_at, reason.as_str()));
        }
        let (reason, already) = (reason.to_string(), one.before.is_some());
        created.revocations.push(Revocation { serial, names, reason, revoked_at, already });
    }
    report.findings.extend(still_valid(&revoked.still_valid));
    let still_valid = revoked.still_valid.into_iter().map(|one| StillValid {
        serial: one.serial,
        names: one.names,
        not_after: one.not_after,
    });
    created.still_valid = still_valid.collect();
    report.findings.extend(unknown_keys(&revoked.unknown_keys));
    report.findings.extend(broken_lines(&revoked.broken));
    created.at = Some(now);
    created.certificate = certificate.map(|certificate| Located::from(certificate).summary(Role::Leaf));
    report.outcome = Outcome::Created(created);
    report.next = list_commands(&revoked.lists, &ca, &choice, &mut report.findings);
    Ok(report)
}

/// The commands that make the lists anew: of the CA that was asked, and of others in its folder.
fn list_commands(
    lists: &[PathBuf],
    ca: &SigningCa,
    choice: &CaChoice,
    findings: &mut Vec<Finding>,
) -> Vec<String> {
    let mut commands = Vec::new();
    for path in lists {
        if *path == ca.path {
            commands.push(format!("certkit crl{}", choice.options()));
        } else if key_beside(path).exists() {
            commands.push(format!("certkit crl{}", choice.of_file(path).options()));
        } else {
            findings.push(list_needs_key(path));
        }
    }
    commands
}

/// A folder may be called like a site.
fn is_file(typed: &str) -> bool {
    let path = Path::new(typed);
    typed == "-" || typed.contains('/') || (path.exists() && !path.is_dir())
}

fn read_first(file: &str) -> Result<Certificate> {
    let read = read_certificates(file)?;
    match read.certificates.into_iter().next() {
        Some(located) => Ok(located.certificate),
        None => Err(read.malformed.into()),
    }
}
