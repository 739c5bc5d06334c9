//! `certkit renew`: the same certificate again, with a new validity.

use std::path::{Path, PathBuf};

use time::{Duration, OffsetDateTime};

use super::csr::beside;
use super::issuing::{
    cannot_issue, certificate_name, clamped, is_in_last_third, is_issued_by, issued_event, issuer, new_key,
    not_issued_here, prove,
};
use super::{Context, Result};
use crate::advice::hook;
use crate::ca::{LeafProfile, Records, Subject};
use crate::chain::Located;
use crate::cli::{Left, RenewArgs};
use crate::container::{Block, Note};
use crate::finding::{Code, Finding, Location};
use crate::operands::ca_lookup::{SigningCa, signing_ca};
use crate::operands::input::{read_certificates, read_contents};
use crate::operands::output::{Output, ledger_failure, shell_word};
use crate::operands::password::Passwords;
use crate::report::{Created, CreatedFile, Failure, FileRole, Outcome, Report, Role};
use crate::sys::clock::date;
use crate::sys::hook::Hook;
use crate::x509::{Certificate, KeyKind, P384, P521, PublicKeyKind, Purpose};

/// Nothing could be renewed.
const FAILED: u8 = 2;
/// The certificates are fine, the command afterwards was not.
const HOOK_FAILED: u8 = 3;

/// Runs the command.
pub(super) fn run(args: &RenewArgs, context: &Context<'_>) -> Result {
    let ca = signing_ca(&args.ca)?;
    let records = ca.ledger.read(ca.certified.leaf()).map_err(|error| ledger_failure(&error))?;
    let mut renewed: Vec<Renewed> = Vec::new();
    let mut findings = Vec::new();
    let mut looked_at = 0;
    for (file, if_within) in candidates(args, &records) {
        looked_at += 1;
        match renew(&file, if_within, args, &ca, &records, context) {
            Ok(Some(done)) => renewed.push(done),
            Ok(None) => {}
            Err(failure) => findings.extend(failure.findings),
        }
    }
    let failed = !findings.is_empty();
    let mut created = Created::default();
    if renewed.is_empty() {
        context.talk.say(&format!("{looked_at} looked at, nothing renewed"));
    } else {
        created.status = args.exit_code_if_renewed;
        if let Some(command) = &args.deploy_hook
            && let Err(finding) = execute(command, &renewed)
        {
            findings.push(finding);
            created.status = HOOK_FAILED;
        }
    }
    if failed {
        created.status = FAILED;
    }
    let next = renewed.first().map(|first| format!("certkit show {}", shell_word(&first.file)));
    created.certificate =
        renewed.first().map(|first| Located::from(first.certificate.clone()).summary(Role::Leaf));
    for one in renewed {
        created.files.extend(one.files);
        findings.extend(one.notes);
    }
    Ok(Report { outcome: Outcome::Created(created), findings, next: next.into_iter().collect() })
}

/// One certificate that was renewed.
struct Renewed {
    file: String,
    certificate: Certificate,
    files: Vec<CreatedFile>,
    /// What is to be said of it: an earlier end, a key that lost its password.
    notes: Vec<Finding>,
}

/// The files to look at, and when they are due. What is named is renewed unless a time is named too; what the ledger
/// names must be there still.
fn candidates(args: &RenewArgs, records: &Records) -> Vec<(String, Option<Left>)> {
    if !args.files.is_empty() {
        return args.files.iter().map(|file| (file.clone(), args.if_within)).collect();
    }
    let due = args.if_within.unwrap_or(Left::Percent(33));
    let mut files: Vec<(String, Option<Left>)> = Vec::new();
    for (serial, path) in &records.issued {
        let Some(path) = path else { continue };
        let file = path.display().to_string();
        // What has another certificate now has its own line; CAs are not renewed behind their users' backs.
        let is_it = read_certificates(&file).is_ok_and(|read| {
            read.certificates
                .first()
                .is_some_and(|found| found.certificate.serial_hex() == *serial && !found.certificate.is_ca())
        });
        if is_it && !records.revoked.contains_key(serial) && !files.iter().any(|(known, _)| *known == file) {
            files.push((file, Some(due)));
        }
    }
    files
}

/// Renews one certificate; `None` when it is not due.
fn renew(
    file: &str,
    if_within: Option<Left>,
    args: &RenewArgs,
    ca: &SigningCa,
    records: &Records,
    context: &Context<'_>,
) -> Result<Option<Renewed>> {
    let now = context.clock.now();
    if file == "-" {
        let message =
            "the renewed certificate takes the place of the old one, and standard input is no place";
        return Err(Finding::error(Code::InvalidSetting, message).fix("name the certificate's file").into());
    }
    let mut read = read_certificates(file)?;
    if !read.malformed.is_empty() {
        return Err(Failure::from(read.malformed).status(FAILED));
    }
    let refuse = |code, message: String, fix: &str| {
        Failure::from(Finding::error(code, message).at(Location::file(file)).fix(fix))
    };
    if !read.private_keys.is_empty() {
        let message = format!("{file} holds a private key as well, which certkit would not write back");
        return Err(refuse(
            Code::PrivateKeyInInput,
            message,
            "put certificate and key into files of their own",
        ));
    }
    if read.forms.iter().any(|form| matches!(form, Note::Pkcs7 { .. } | Note::Pkcs12 { .. })) {
        let message = format!("{file} is a container, which certkit would not write back");
        let fix = format!("certkit convert {} -o renewed.pem, and renew that", shell_word(file));
        return Err(refuse(Code::NotPem, message, &fix));
    }
    let old = read.certificates.remove(0).certificate;
    let rest: Vec<_> = read.certificates.into_iter().map(|located| located.certificate).collect();
    if !is_issued_by(&old, ca) {
        return Err(not_issued_here(file, &old, ca));
    }
    if old.is_ca() {
        let message = format!("{file} is a CA certificate");
        return Err(refuse(Code::CaAsLeaf, message, "make a new CA: certkit mkca"));
    }
    if records.revoked.contains_key(&old.serial_hex()) {
        let message = format!("{file} was revoked, and is not renewed");
        return Err(refuse(Code::Revoked, message, "make a new certificate: certkit mkcert NAME"));
    }
    if !is_due(&old, if_within, now) {
        return Ok(None);
    }

    let profile = profile_of(&old).ok_or_else(|| {
        let message = format!("{file} has a name that certkit does not certify");
        refuse(Code::InvalidName, message, "make a new certificate: certkit mkcert NAME")
    })?;
    let key = if args.rekey { Some(new_key(kind_of(&old))?) } else { None };
    let spki = key.as_ref().map_or(old.spki.as_slice(), |key| key.spki());
    let issued = issuer(ca, context)?.issue_leaf(&profile, spki, now).map_err(cannot_issue)?;
    prove(&issued.certificate, ca, profile.purpose, now)?;

    let mut output = Output::default();
    let mut notes = Vec::new();
    let path = Path::new(file);
    let chain: Vec<_> = std::iter::once(issued.certificate.clone()).chain(rest).collect();
    let what = format!("renewed until {}", date(issued.certificate.not_after));
    if read.forms.contains(&Note::Der) {
        output.text(path, FileRole::Certificate, issued.certificate.der.to_vec(), &what, true);
    } else {
        output.certificates(path, FileRole::Certificate, &chain, &what, true);
    }
    if let Some(key) = &key {
        notes.extend(lost_password(&key_path(path)));
        output.key(&key_path(path), FileRole::PrivateKey, key, "its new private key: keep it secret", true);
    }
    ca.spare(output.paths())?;
    let event = issued_event(ca, &issued.certificate, Some(path));
    let files = output.create_issued(&ca.ledger, &[event])?.files;
    notes.extend(issued.clamped.then(|| clamped(&issued.certificate, ca)));
    Ok(Some(Renewed { file: file.to_owned(), certificate: issued.certificate, files, notes }))
}

fn key_path(certificate: &Path) -> PathBuf {
    beside(certificate, "key")
}

/// What is to be said where the old key stood behind a password: nobody is asked for one here, so the new key is open.
fn lost_password(key: &Path) -> Option<Finding> {
    let file = key.display().to_string();
    let (_, contents) = read_contents(&file, &mut Passwords::unattended()).ok()?;
    contents.blocks.iter().any(Block::is_encrypted_key).then(|| {
        let message = format!("the old key had a password; the new one in {file} is open");
        Finding::warning(Code::LeftOut, message)
            .at(Location::file(&file))
            .fix(format!("to protect it: certkit key encrypt {} -o locked.key", shell_word(&file)))
    })
}

fn is_due(certificate: &Certificate, if_within: Option<Left>, now: OffsetDateTime) -> bool {
    let left = certificate.not_after - now;
    match if_within {
        None => true,
        Some(Left::Days(days)) => left <= Duration::days(days.into()),
        // People write 33% and mean a third.
        Some(Left::Percent(33)) => is_in_last_third(certificate, now),
        Some(Left::Percent(percent)) => {
            left.whole_seconds() * 100
                <= (certificate.not_after - certificate.not_before).whole_seconds() * i64::from(percent)
        }
    }
}

/// What to issue again: names, subject, purpose and length of life.
fn profile_of(old: &Certificate) -> Option<LeafProfile> {
    let names = old.subject_alt_names.iter().flatten().map(certificate_name).collect::<Option<_>>()?;
    let is_for =
        |purpose: Purpose| old.extended_key_usage.iter().flatten().any(|usage| usage == purpose.oid());
    let purpose =
        if is_for(Purpose::Client) && !is_for(Purpose::Server) { Purpose::Client } else { Purpose::Server };
    let days = (old.not_after - old.not_before + Duration::SECOND).whole_days().max(1);
    let mut profile = LeafProfile::new(names, purpose, u32::try_from(days).ok()?);
    profile.subject = Some(Subject::copied(&old.subject));
    Some(profile)
}

fn kind_of(certificate: &Certificate) -> KeyKind {
    match PublicKeyKind::new(&certificate.spki) {
        PublicKeyKind::Ed25519 => KeyKind::Ed25519,
        PublicKeyKind::Rsa(..=2048) => KeyKind::Rsa2048,
        PublicKeyKind::Rsa(..=3072) => KeyKind::Rsa3072,
        PublicKeyKind::Rsa(_) => KeyKind::Rsa4096,
        PublicKeyKind::Ec(Some(curve)) if curve == P384 => KeyKind::EcdsaP384,
        PublicKeyKind::Ec(Some(curve)) if curve == P521 => KeyKind::EcdsaP521,
        _ => KeyKind::EcdsaP256,
    }
}

/// Runs the user's command once for all that was renewed.
fn execute(command: &str, renewed: &[Renewed]) -> std::result::Result<(), Finding> {
    let files: Vec<_> = renewed.iter().map(|one| one.file.as_str()).collect();
    let run = Hook::new(command).env("CERTKIT_RENEWED", files.join("\n")).showing_output().run();
    hook::failed(&run, &format!("Fix the hook, then run it: {command}")).map_or(Ok(()), Err)
}
