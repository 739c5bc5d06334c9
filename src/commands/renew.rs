//! `certkit renew`: the same certificate again, with a new validity.

use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use super::{Context, Result};
use crate::advice::ca::{clamped, key_now_open};
use crate::advice::hook;
use crate::ca::{
    Issuance, Issued, Records, RenewalError, SigningCa, SubjectKey, renewed_key_kind, renewed_profile,
    require_renewable,
};
use crate::chain::Located;
use crate::cli::RenewArgs;
use crate::container::{Block, Note};
use crate::finding::Finding;
use crate::operands::ca_lookup::CaChoice;
use crate::operands::input::{read_certificates, read_contents};
use crate::operands::output::{Output, Overwrite, beside};
use crate::operands::password::Passwords;
use crate::report::{Created, CreatedFile, FileRole, Outcome, RenewalCount, Report, Role};
use crate::sys::clock::date;
use crate::sys::hook::Hook;
use crate::sys::shell::shell_word;
use crate::x509::{Certificate, RenewalPolicy};

/// Exit status: a certificate could not be renewed.
const FAILED: u8 = 2;
/// Exit status: the certificates are fine, the deploy hook failed.
const HOOK_FAILED: u8 = 3;

pub(super) fn run(args: &RenewArgs, context: &Context<'_>) -> Result {
    let ca = CaChoice::from(&args.ca).find()?;
    let now = context.clock.now();
    let records = ca.ledger.read(ca.certified.leaf())?;
    let mut renewed: Vec<Renewed> = Vec::new();
    let mut findings = Vec::new();
    let mut created = Created::default();
    let candidates = candidates(args, &records);
    let checked = candidates.len();
    let mut not_due = 0;
    for (file, policy) in candidates {
        let renewal = Renewal { file: &file, policy, rekey: args.rekey, ca: &ca, records: &records, now };
        match renewal.run() {
            Ok(Some(done)) => renewed.push(done),
            Ok(None) => not_due += 1,
            Err(failure) => {
                created.status = FAILED;
                findings.extend(failure.findings);
            }
        }
    }
    let has_failed = created.status == FAILED;
    if renewed.is_empty() {
        let certificates = if not_due == 1 { "certificate" } else { "certificates" };
        if not_due > 0 || !has_failed {
            context.console.say(&format!("{not_due} {certificates} checked, none due"));
        }
    } else {
        created.status = args.exit_code_if_renewed;
        if let Some(command) = &args.deploy_hook
            && let Some(finding) = run_hook(command, &renewed)
        {
            findings.push(finding);
            created.status = HOOK_FAILED;
        }
    }
    if has_failed {
        created.status = FAILED;
    }
    let next = renewed.first().map(|first| format!("certkit show {}", shell_word(&first.file)));
    let summary = |one: &Renewed| Located::from(one.certificate.clone()).summary(Role::Leaf);
    created.at = Some(now);
    created.certificate = renewed.first().map(summary);
    let list = renewed.iter().map(|one| (one.file.clone(), summary(one))).collect();
    created.renewal = Some(RenewalCount { checked, renewed: list });
    for one in renewed {
        created.files.extend(one.files);
        findings.extend(one.notes);
    }
    Ok(Report { outcome: Outcome::Created(created), findings, next: next.into_iter().collect() })
}

/// The files to check, and when they are due; `None` is now. What is named is renewed unless a time
/// is named too; what the ledger names must still be there.
fn candidates(args: &RenewArgs, records: &Records) -> Vec<(String, Option<RenewalPolicy>)> {
    if !args.files.is_empty() {
        return args.files.iter().map(|file| (file.clone(), args.if_within)).collect();
    }
    let policy = args.if_within.unwrap_or_default();
    let mut files: Vec<(String, Option<RenewalPolicy>)> = Vec::new();
    for (serial, path) in &records.issued {
        let Some(path) = path else { continue };
        let file = path.display().to_string();
        // A file with another certificate has its own line; CAs are not renewed without being
        // named.
        let is_it = read_certificates(&file).is_ok_and(|read| {
            read.certificates
                .first()
                .is_some_and(|found| found.certificate.serial_hex() == *serial && !found.certificate.is_ca())
        });
        if is_it && !records.revoked.contains_key(serial) && !files.iter().any(|(known, _)| *known == file) {
            files.push((file, Some(policy)));
        }
    }
    files
}

/// One certificate to renew.
struct Renewal<'a> {
    file: &'a str,
    policy: Option<RenewalPolicy>,
    rekey: bool,
    ca: &'a SigningCa,
    records: &'a Records,
    now: OffsetDateTime,
}

/// One certificate that was renewed.
struct Renewed {
    file: String,
    certificate: Certificate,
    files: Vec<CreatedFile>,
    /// An earlier end, a key that lost its password.
    notes: Vec<Finding>,
}

impl Renewal<'_> {
    /// Renews it; `None` when it is not due.
    fn run(&self) -> Result<Option<Renewed>> {
        let (file, ca, now) = (self.file, self.ca, self.now);
        if file == "-" {
            return Err(RenewalError::StandardInput.into());
        }
        let mut read = read_certificates(file)?;
        if !read.malformed.is_empty() {
            return Err(read.malformed.into());
        }
        if !read.private_keys.is_empty() {
            return Err(RenewalError::HoldsKey(file.to_owned()).into());
        }
        if read.forms.iter().any(|form| matches!(form, Note::Pkcs7 { .. } | Note::Pkcs12 { .. })) {
            return Err(RenewalError::Container(file.to_owned()).into());
        }
        let old = read.certificates.remove(0).certificate;
        require_renewable(&old, file, ca, self.records)?;
        if self.policy.is_some_and(|policy| !policy.is_due(old.not_before, old.not_after, now)) {
            return Ok(None);
        }
        let profile = renewed_profile(&old, file)?;
        let key =
            if self.rekey { SubjectKey::New(renewed_key_kind(&old)) } else { SubjectKey::Public(&old.spki) };
        let path = Path::new(file);
        let request = Issuance { file: Some(path), ..Issuance::leaf(&profile, key, now) };
        let Issued { certificate, key, clamped: is_clamped, event } = ca.issuer(now)?.issue(request)?;

        let mut output = Output::default();
        let mut notes = Vec::new();
        let what = format!("renewed until {}", date(certificate.not_after));
        if read.forms.contains(&Note::Der) {
            output.text(path, FileRole::Certificate, certificate.der.to_vec(), &what, Overwrite::Replace);
        } else {
            let rest = read.certificates.into_iter().map(|located| located.certificate);
            let chain: Vec<_> = std::iter::once(certificate.clone()).chain(rest).collect();
            output.certificates(path, FileRole::Certificate, &chain, &what, Overwrite::Replace);
        }
        if let Some(key) = &key {
            let key_path: PathBuf = beside(path, "key");
            notes.extend(is_encrypted(&key_path).then(|| key_now_open(&key_path)));
            output.key(
                &key_path,
                FileRole::PrivateKey,
                key,
                "its new private key: keep it secret",
                Overwrite::Replace,
            );
        }
        ca.spare(output.paths())?;
        let files = output.create_issued(&ca.ledger, &[event])?.files;
        notes.extend(is_clamped.then(|| clamped(certificate.not_after, &ca.path)));
        Ok(Some(Renewed { file: file.to_owned(), certificate, files, notes }))
    }
}

/// Whether a file holds an encrypted key. Nobody is asked for its password here.
fn is_encrypted(key: &Path) -> bool {
    let read = read_contents(&key.display().to_string(), &mut Passwords::unattended());
    read.is_ok_and(|(_, contents)| contents.blocks.iter().any(Block::is_encrypted_key))
}

/// Runs the user's command once for all that was renewed.
fn run_hook(command: &str, renewed: &[Renewed]) -> Option<Finding> {
    let files: Vec<_> = renewed.iter().map(|one| one.file.as_str()).collect();
    let run = Hook::new(command).env("CERTKIT_RENEWED", files.join("\n")).showing_output().run();
    hook::failed(&run, &format!("Fix the hook, then run it: `{command}`."))
}
