//! `certkit revoke` and `certkit crl`: into the ledger, and from there into the list.

use std::path::Path;

use time::Duration;

use super::csr::refuse_json;
use super::issuing::{cannot_issue, is_issued_by, issuer, not_issued_here};
use super::{Context, Result};
use crate::ca::{Event, LedgerError, make_list};
use crate::chain::Located;
use crate::cli::{CrlArgs, RevokeArgs};
use crate::container::BlockKind;
use crate::finding::{Code, Finding, Location};
use crate::operands::ca_lookup::{SigningCa, ca_words, signing_ca};
use crate::operands::input::{read_certificates, read_contents};
use crate::operands::output::{cannot_write, ledger_failure, shell_word};
use crate::operands::password::Passwords;
use crate::pem;
use crate::report::{Created, CreatedFile, Failure, FileRole, Outcome, Report, Role};
use crate::sys::clock::date;
use crate::sys::fs::{Existing, NewFile, PUBLIC, stage};
use crate::x509::{Crl, SignatureCheck};

/// Runs `certkit revoke`.
pub(super) fn revoke(args: &RevokeArgs, context: &Context<'_>) -> Result {
    let file = args.certificate.as_str();
    let read = read_certificates(file)?;
    let Some(certificate) = read.certificates.into_iter().next().map(|located| located.certificate) else {
        return Err(Failure { findings: read.malformed, status: 2 });
    };
    let ca = signing_ca(&args.ca)?;
    if !is_issued_by(&certificate, &ca) {
        return Err(not_issued_here(file, &certificate, &ca));
    }
    let issuer = ca.certified.leaf();
    if certificate.is_self_signed() {
        // Its list would be signed by the very key that nobody shall trust any more.
        let message = format!("{file} is the CA itself, and a CA cannot revoke itself");
        return Err(Finding::error(Code::CaAsLeaf, message)
            .at(Location::file(file))
            .fix(format!("take it out of what trusts it: certkit trust uninstall {}", shell_word(file)))
            .into());
    }
    let (serial, at) = (certificate.serial_hex(), context.clock.now());
    let before = ca.ledger.update(issuer, |records| {
        let before = records.revoked.get(&serial).copied();
        let event =
            Event::Revoked { ca: issuer.spki_sha256(), serial: serial.clone(), at, reason: args.reason };
        Ok::<_, LedgerError>((if before.is_none() { vec![event] } else { Vec::new() }, before))
    });
    let before = before.map_err(|error| ledger_failure(&error))?;

    let path = ca.ledger.path().display().to_string();
    let description =
        format!("`{}` is revoked ({}), serial number {serial}", certificate.label(), args.reason);
    let mut report = Report::new(Outcome::Nothing);
    let files = match before {
        None => vec![CreatedFile { path, role: FileRole::Ledger, mode: None, description }],
        Some((at, reason)) => {
            let message = format!("it was revoked on {} already ({reason})", date(at));
            report.findings.push(Finding::note(Code::Revoked, message));
            Vec::new()
        }
    };
    let certificate = Some(Located::from(certificate).summary(Role::Leaf));
    report.outcome = Outcome::Created(Created { files, certificate, ..Created::default() });
    report.next.push(format!("certkit crl{}", ca_words(&args.ca)));
    Ok(report)
}

/// Runs `certkit crl`.
pub(super) fn crl(args: &CrlArgs, context: &Context<'_>) -> Result {
    let to_stdout = args.output.as_deref() == Some(Path::new("-"));
    refuse_json(to_stdout, context)?;
    let now = context.clock.now();
    let ca = signing_ca(&args.ca)?;
    let issuer = issuer(&ca, context)?;
    let certificate = ca.certified.leaf();
    let next_update = (now + Duration::days(args.days.into())).min(certificate.not_after);
    let path = args.output.clone().unwrap_or_else(|| ca.path.with_extension("crl"));

    // Number and list belong together: nobody else may take the number, or revoke, in between.
    let made = ca.ledger.update(certificate, |records| {
        let number = records.last_list + 1;
        let entries = records.entries();
        let der = make_list(&issuer, number, &entries, now, next_update).map_err(cannot_issue)?;
        let mut text = String::new();
        pem::write(&mut text, "X509 CRL", &der);
        let text = text.into_bytes();
        if !to_stdout {
            // Asked under the lock: another run may just have made the first list.
            let replaces = args.force || is_list_of(&path, &ca);
            let existing = if replaces { Existing::Replace } else { Existing::Refuse };
            write(&path, text.clone(), existing)?;
        }
        let event = Event::Listed { ca: certificate.spki_sha256(), number, at: now };
        Ok::<_, ListFailure>((vec![event], (text, entries.len(), number)))
    });
    let (text, count, number) = made.map_err(|ListFailure(failure)| failure)?;

    if to_stdout {
        return Ok(Report::new(Outcome::Data(text.into())));
    }
    let path = path.display().to_string();
    let next = format!("certkit check CERTIFICATE --crl {}", shell_word(&path));
    let revoked = if count == 1 { "1 certificate".to_owned() } else { format!("{count} certificates") };
    let description =
        format!("list number {number}: {revoked} revoked; the next one is due by {}", date(next_update));
    let files = vec![CreatedFile { path, role: FileRole::Crl, mode: Some(PUBLIC), description }];
    let outcome = Outcome::Created(Created { files, ..Created::default() });
    Ok(Report { outcome, findings: Vec::new(), next: vec![next] })
}

/// A failure inside the ledger's lock, of the ledger or of what is done there.
struct ListFailure(Failure);

impl From<LedgerError> for ListFailure {
    fn from(error: LedgerError) -> Self {
        Self(ledger_failure(&error))
    }
}

impl From<Failure> for ListFailure {
    fn from(failure: Failure) -> Self {
        Self(failure)
    }
}

fn write(path: &Path, contents: Vec<u8>, existing: Existing) -> Result<()> {
    let files = [NewFile { path: path.into(), contents, mode: PUBLIC, existing }];
    stage(&files).and_then(|staged| staged.commit()).map_err(|error| cannot_write(&error))
}

/// Whether the file is an older list of this CA, which the new one takes the place of.
fn is_list_of(path: &Path, ca: &SigningCa) -> bool {
    if !path.is_file() {
        return false; // a pipe would be waited for
    }
    let Ok((_, contents)) = read_contents(&path.display().to_string(), &mut Passwords::unattended()) else {
        return false;
    };
    let [block] = contents.blocks.as_slice() else { return false };
    block.kind == BlockKind::Crl
        && Crl::from_der(&block.der)
            .is_ok_and(|list| list.signature_by(ca.certified.leaf()) == SignatureCheck::Valid)
}
