//! Issuing what is planned, and writing it: all files of a certificate or none, many certificates at once.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use super::chain::replaced_certificates;
use super::plan::{KeyPlan, Plan};
use crate::advice::ca::clamped;
use crate::advice::renewal::{copy, left_behind};
use crate::ca::{Event, Filed, Issuance, Issued, Issuer, SigningCa, SubjectKey, renewed_key_kind};
use crate::commands::Result;
use crate::finding::Finding;
use crate::operands::folder_index::folder_of;
use crate::operands::output::{Output, Overwrite};
use crate::operands::rewrite::{Replacements, RewritableFile};
use crate::report::{CreatedFile, Failure, FileRole};
use crate::sys::clock::expiry;
use crate::x509::Certificate;

/// Certificates that are written together.
const BATCH: usize = 256;

/// One renewal whose files are ready to be written.
pub(super) struct Prepared {
    pub(super) file: String,
    pub(super) certificate: Certificate,
    /// The files that are written.
    pub(super) paths: Vec<String>,
    /// The files that still hold the old certificate.
    pub(super) left: Vec<String>,
    /// What is worth saying.
    pub(super) notes: Vec<Finding>,
    /// The folder of all of its files; `None` where they are in several.
    folder: Option<PathBuf>,
    output: Output,
    event: Event,
}

/// Issues a new certificate and puts it into the contents of every file of the plan.
///
/// # Errors
/// When it cannot be issued, or a file of the CA itself would be replaced.
pub(super) fn prepare(
    plan: Plan<'_>,
    ca: &SigningCa,
    issuer: &Issuer<'_>,
    now: OffsetDateTime,
) -> Result<Prepared> {
    let Plan { due, files, left, copies, key, key_file, mut notes } = plan;
    let new_key = match key {
        KeyPlan::Kept => SubjectKey::Public(&due.old.spki),
        KeyPlan::Replaced | KeyPlan::New(_) => SubjectKey::New(renewed_key_kind(&due.old)),
    };
    let recorded = due.record.and_then(|record| record.file.as_deref());
    let is_own = |file: &&RewritableFile| {
        recorded.is_some() && std::path::absolute(&file.path).ok().as_deref() == recorded
    };
    let own = files.iter().find(is_own).map_or(due.path.as_path(), |file| file.path.as_path());
    let all = files.iter().map(|file| &file.path).chain(left.iter().map(|(path, _)| path));
    let others: Vec<PathBuf> =
        all.filter(|path| *path != own && Some(*path) != key_file.as_ref()).cloned().collect();
    let filed = Filed {
        file: Some(own),
        key_file: key_file.as_deref(),
        other_files: &others,
        requested_by: Some("renew"),
    };
    let request = Issuance { filed, ..Issuance::leaf(&due.profile, new_key, now) };
    let Issued { certificate, key: private_key, clamped: is_clamped, event } = issuer.issue(request)?;

    let certificates = replaced_certificates(&due.old, &certificate, &files, ca);
    let by = Replacements {
        certificates: &certificates,
        key: private_key.as_ref().map(|key| (due.old.spki.as_slice(), key)),
    };
    let mut output = Output::default();
    let renewed = format!("renewed until {}", expiry(certificate.not_before, certificate.not_after));
    for (number, file) in files.iter().enumerate() {
        let holds_it = file.certificates().any(|one| one.der == due.old.der);
        let (role, what) = if number == 0 {
            (FileRole::Certificate, renewed.as_str())
        } else if !holds_it {
            (FileRole::PrivateKey, "its new private key: keep it secret")
        } else if file.is_pkcs12() {
            (FileRole::Pkcs12, "renewed with it: key and certificates")
        } else if file.is_one_certificate() {
            (FileRole::Certificate, "renewed with it")
        } else if file.holds_key() {
            (FileRole::Other, "renewed with it: certificates and key")
        } else {
            (FileRole::Chain, "renewed with it: the certificates of the chain")
        };
        let loses_key = by.key.is_some_and(|_| file.has_key_of(&due.old.spki));
        output.rewritten(&file.path, role, file.rewritten(&by)?, loses_key, what);
    }
    if let (KeyPlan::New(path), Some(key)) = (&key, &private_key) {
        output.key(path, FileRole::PrivateKey, key, "its new private key: keep it secret", Overwrite::Refuse);
    }
    ca.spare(output.paths())?;
    notes.extend(is_clamped.then(|| clamped(certificate.not_after, &ca.path)));
    notes.extend(copies.iter().map(|path| copy(path)));
    let source = files.iter().find(|file| file.certificates().count() > 1 && !file.holds_key());
    let source = source.map_or(due.path.as_path(), |file| file.path.as_path());
    notes.extend(left.iter().map(|(path, error)| left_behind(path, error, source, key_file.as_deref())));
    let folders: HashSet<&Path> = output.paths().map(folder_of).collect();
    let folder = if folders.len() == 1 { folders.into_iter().next().map(Path::to_path_buf) } else { None };
    Ok(Prepared {
        file: due.file,
        certificate,
        paths: output.paths().map(|path| path.display().to_string()).collect(),
        left: left.iter().map(|(path, _)| path.display().to_string()).collect(),
        notes,
        folder,
        output,
        event,
    })
}

/// Writes them; each that fails comes back with its error, and has changed nothing.
pub(super) fn write(
    prepared: Vec<Prepared>,
    ca: &SigningCa,
    files: &mut Vec<CreatedFile>,
) -> (Vec<Prepared>, Vec<Failure>) {
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    let mut rest = prepared.into_iter().peekable();
    while let Some(first) = rest.next() {
        // What is synced together must be on one file system.
        let folder = first.folder.clone();
        let mut batch = vec![first];
        while batch.len() < BATCH
            && let Some(next) = rest.next_if(|next| folder.is_some() && next.folder == folder)
        {
            batch.push(next);
        }
        match write_batch(&batch, ca) {
            Ok(created) => {
                files.extend(created);
                done.extend(batch);
            }
            Err(failure) if batch.len() == 1 => failed.push(failure),
            // One of them is in the way of all.
            Err(_) => {
                for one in batch {
                    match write_batch(std::slice::from_ref(&one), ca) {
                        Ok(created) => {
                            files.extend(created);
                            done.push(one);
                        }
                        Err(failure) => failed.push(failure),
                    }
                }
            }
        }
    }
    (done, failed)
}

fn write_batch(batch: &[Prepared], ca: &SigningCa) -> Result<Vec<CreatedFile>> {
    let mut output = Output::default();
    for one in batch {
        output.append(one.output.clone());
    }
    let events: Vec<_> = batch.iter().map(|one| one.event.clone()).collect();
    Ok(output.create_issued(&ca.ledger, &events)?.files)
}
