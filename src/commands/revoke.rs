//! `certkit revoke` and `certkit crl`: into the ledger, and from there into the list.

use std::path::Path;

use super::{Context, Result};
use crate::advice::ca::already_revoked;
use crate::ca::SigningCa;
use crate::chain::Located;
use crate::cli::{CrlArgs, RevokeArgs};
use crate::container::Kind;
use crate::operands::ca_lookup::CaChoice;
use crate::operands::input::{read_certificates, read_contents};
use crate::operands::password::Passwords;
use crate::report::{Created, CreatedFile, FileRole, Outcome, Report, Revocation, RevocationList, Role};
use crate::sys::clock::date;
use crate::sys::fs::{Existing, PUBLIC};
use crate::sys::shell::path_word;
use crate::x509::{Crl, SignatureCheck};

/// Runs `certkit revoke`.
pub(super) fn revoke(args: &RevokeArgs, context: &Context<'_>) -> Result {
    let file = args.certificate.as_str();
    let read = read_certificates(file)?;
    let Some(certificate) = read.certificates.into_iter().next().map(|located| located.certificate) else {
        return Err(read.malformed.into());
    };
    let now = context.clock.now();
    let choice = CaChoice::from(&args.ca);
    let ca = choice.find()?;
    let before = ca.revoke(&certificate, file, args.reason, now)?;

    let mut report = Report::new(Outcome::Nothing);
    let mut created = Created::default();
    let serial = certificate.serial_hex();
    let (revoked_at, reason) = before.unwrap_or((now, args.reason));
    match before {
        None => {
            let label = certificate.label();
            let description = format!("`{label}` is revoked ({reason}), serial number {serial}");
            let path = ca.ledger.path().display().to_string();
            created.files.push(CreatedFile { path, role: FileRole::Ledger, mode: None, description });
        }
        Some(_) => report.findings.push(already_revoked(revoked_at, reason.as_str())),
    }
    let (reason, already) = (reason.to_string(), before.is_some());
    created.revocation = Some(Revocation { serial, reason, revoked_at, already });
    created.at = Some(now);
    created.certificate = Some(Located::from(certificate).summary(Role::Leaf));
    report.outcome = Outcome::Created(created);
    report.next.push(format!("certkit crl{}", choice.options()));
    Ok(report)
}

/// Runs `certkit crl`.
pub(super) fn crl(args: &CrlArgs, context: &Context<'_>) -> Result {
    let to_stdout = args.output.as_deref() == Some(Path::new("-"));
    if to_stdout {
        context.require_free_stdout()?;
    }
    let ca = CaChoice::from(&args.ca).find()?;
    let path = args.output.clone().unwrap_or_else(|| ca.path.with_extension("crl"));
    let target = (!to_stdout).then_some(&path);
    let made = ca.make_next_list(args.days, context.clock.now(), target, || {
        if args.force || is_list_of(&path, &ca) { Existing::Replace } else { Existing::Refuse }
    })?;
    if to_stdout {
        return Ok(Report::new(Outcome::Data(made.text.into())));
    }
    let next = format!("certkit show {}", path_word(&path));
    let certificates = if made.revoked == 1 { "certificate" } else { "certificates" };
    let description = format!(
        "list number {}: {} {certificates} revoked; the next list is due by {}",
        made.number,
        made.revoked,
        date(made.next_update)
    );
    let file = path.display().to_string();
    let list = RevocationList {
        number: made.number,
        revoked: made.revoked,
        next_update: made.next_update,
        path: file.clone(),
    };
    let files = vec![CreatedFile { path: file, role: FileRole::Crl, mode: Some(PUBLIC), description }];
    let outcome = Outcome::Created(Created { files, list: Some(list), ..Created::default() });
    Ok(Report { outcome, findings: Vec::new(), next: vec![next] })
}

/// Whether the file is an older list of this CA, which the new one replaces.
fn is_list_of(path: &Path, ca: &SigningCa) -> bool {
    if !path.is_file() {
        return false; // reading a pipe would wait
    }
    let Ok((_, contents)) = read_contents(&path.display().to_string(), &mut Passwords::unattended()) else {
        return false;
    };
    let [block] = contents.blocks.as_slice() else { return false };
    block.kind == Kind::Crl
        && Crl::from_der(&block.der)
            .is_ok_and(|list| list.signature_by(ca.certified.leaf()) == SignatureCheck::Valid)
}
