//! What `certkit renew` does with CAs: the same key, name and extensions in a new certificate.

use std::path::Path;

use time::{Duration, OffsetDateTime};

use super::super::Result;
use crate::advice::ca::clamped;
use crate::advice::ca_life::{ends_with_issuer, renewed_root};
use crate::ca::{
    BUNDLE_FILE, CaRenewalError, Event, Filed, ROOT_FILES, SigningCa, certificate_text, named_by_serial,
    renew_root,
};
use crate::container::Note;
use crate::finding::Finding;
use crate::operands::ca_lookup::{CaChoice, tidy};
use crate::operands::input::{CertificateFile, read_certificates};
use crate::operands::output::{Output, Overwrite};
use crate::report::{CreatedFile, Failure, FileRole};
use crate::sys::clock::date;
use crate::x509::{Certificate, RenewalPolicy};

/// A CA that was renewed.
pub(in crate::commands) struct RenewedCa {
    pub(in crate::commands) file: String,
    pub(in crate::commands) certificate: Certificate,
    pub(in crate::commands) files: Vec<CreatedFile>,
    pub(in crate::commands) findings: Vec<Finding>,
}

/// What came of the CAs among files that were named.
#[derive(Default)]
pub(in crate::commands) struct CaRenewals {
    pub(in crate::commands) renewed: Vec<RenewedCa>,
    pub(in crate::commands) failures: Vec<Failure>,
    pub(in crate::commands) not_due: Vec<(String, Certificate)>,
    /// The files that are not a CA's.
    pub(in crate::commands) rest: Vec<String>,
}

/// Renews the CAs among files that were named, roots first: nothing is valid longer than its issuer.
pub(in crate::commands) fn renew_named_cas(
    files: &[String],
    policy: Option<RenewalPolicy>,
    choice: &CaChoice,
    now: OffsetDateTime,
) -> CaRenewals {
    let mut done = CaRenewals::default();
    let mut cas: Vec<(Certificate, &String)> = Vec::new();
    for file in files {
        match ca_of(file) {
            Some(ca) => cas.push((ca, file)),
            None => done.rest.push(file.clone()),
        }
    }
    cas.sort_by_key(|(ca, _)| !ca.is_self_issued());
    for (ca, file) in cas {
        match renew_ca(file, policy, choice, now) {
            Ok(Some(renewed)) => done.renewed.push(renewed),
            Ok(None) => done.not_due.push((file.clone(), ca)),
            Err(failure) => done.failures.push(failure),
        }
    }
    done
}

/// The CA of a file; `None` where its first certificate is not a CA's.
pub(in crate::commands) fn ca_of(file: &str) -> Option<Certificate> {
    let read = (file != "-").then(|| read_certificates(file).ok()).flatten()?;
    let first = read.certificates.into_iter().next()?.certificate;
    first.is_ca().then_some(first)
}

/// Renews the CA of a file; `None` when it is not due. Without a policy it is due now.
///
/// # Errors
/// When its issuer's key is not here, or it cannot be written.
pub(super) fn renew_ca(
    file: &str,
    policy: Option<RenewalPolicy>,
    choice: &CaChoice,
    now: OffsetDateTime,
) -> Result<Option<RenewedCa>> {
    let read = read_certificates(file)?;
    if !read.malformed.is_empty() {
        return Err(read.malformed.into());
    }
    let Some(old) = read.certificates.first().map(|located| located.certificate.clone()) else {
        return Ok(None);
    };
    if policy.is_some_and(|policy| !policy.is_due(old.not_before, old.not_after, now)) {
        return Ok(None);
    }
    let path = Path::new(file);
    if let Some(by) = named_by_serial(&old, path) {
        return Err(
            CaRenewalError::NamedBySerial { file: file.to_owned(), by: by.display().to_string() }.into()
        );
    }
    if old.is_self_signed() {
        let key = choice.files.as_ref().filter(|(ca, _)| tidy(ca) == tidy(path));
        let choice = if key.is_some() { choice.clone() } else { choice.of_file(path) };
        let ca = choice.find()?;
        let certificate = renew_root(&ca.certified, now)?;
        let mut renewed = write(path, read, &certificate, &ca, &old)?;
        renewed.findings.push(renewed_root(&old, path));
        return Ok(Some(renewed));
    }
    let issuer = issuer_of(&old, path, choice)?;
    let root = issuer.certified.leaf();
    if issuer.ledger.revocation(root, &old.serial_hex())?.is_some() {
        return Err(CaRenewalError::Revoked(file.to_owned()).into());
    }
    let (certificate, is_clamped) = issuer.issuer(now)?.certify_again(&old, now)?;
    let gains_nothing = is_clamped && certificate.not_after < old.not_after + Duration::DAY;
    if gains_nothing && policy.is_some() {
        let (file, issuer) = (file.to_owned(), issuer.path.display().to_string());
        return Err(CaRenewalError::IssuerEnds { file, issuer, end: root.not_after }.into());
    }
    let mut renewed = write(path, read, &certificate, &issuer, &old)?;
    renewed.findings.extend(if gains_nothing {
        ends_with_issuer(&certificate, path, &issuer.path)
    } else {
        is_clamped.then(|| clamped(certificate.not_after, &issuer.path))
    });
    Ok(Some(renewed))
}

/// The CA that issued `old`: the one that is named, else ca.crt beside it, else the one that is found.
fn issuer_of(old: &Certificate, path: &Path, choice: &CaChoice) -> Result<SigningCa> {
    let root = tidy(&path.with_file_name(ROOT_FILES.0));
    let candidates = match &choice.files {
        Some((ca, _)) if tidy(ca) != tidy(path) => vec![choice.clone()],
        _ => vec![choice.of_file(&root)],
    };
    let is_key_there = |choice: &CaChoice| choice.files.as_ref().is_some_and(|(_, key)| key.exists());
    for candidate in candidates.iter().filter(|choice| is_key_there(choice)) {
        let ca = candidate.find()?;
        if ca.has_issued(old) {
            return Ok(ca);
        }
    }
    let (file, issuer) = (path.display().to_string(), old.issuer.label());
    Err(CaRenewalError::IssuerAway { file, issuer }.into())
}

/// Writes the new certificate in the form of the old one, which is kept, and into the file of
/// intermediates beside it.
fn write(
    path: &Path,
    read: CertificateFile,
    certificate: &Certificate,
    issuer: &SigningCa,
    old: &Certificate,
) -> Result<RenewedCa> {
    let what = format!("renewed until {}", date(certificate.not_after));
    let mut output = Output::default();
    if read.forms.contains(&Note::Der) {
        output.ca_certificate_text(path, certificate.der.to_vec(), &what, Overwrite::Replace);
    } else {
        let rest = read.certificates.into_iter().skip(1).map(|located| located.certificate);
        let chain: Vec<_> = std::iter::once(certificate.clone()).chain(rest).collect();
        output.ca_certificates(path, &chain, &what, Overwrite::Replace);
    }
    let bundle = path.with_file_name(BUNDLE_FILE);
    if let Some(renewed) = bundle_with(&bundle, old, certificate) {
        let what = "the intermediates, for certkit merge";
        output.text(&bundle, FileRole::Intermediates, certificate_text(&renewed), what, Overwrite::Replace);
    }
    let filed = Filed { file: Some(path), requested_by: Some("renew"), ..Filed::default() };
    let event = Event::issued(issuer.certified.leaf(), certificate, filed);
    let files = output.create_issued(&issuer.ledger, &[event])?.files;
    let file = path.display().to_string();
    Ok(RenewedCa { file, certificate: certificate.clone(), files, findings: Vec::new() })
}

/// The file of intermediates with `new` in the place of `old`; `None` where that is not in it.
fn bundle_with(bundle: &Path, old: &Certificate, new: &Certificate) -> Option<Vec<Certificate>> {
    if !bundle.exists() {
        return None;
    }
    let read = read_certificates(&bundle.display().to_string()).ok()?;
    let certificates: Vec<_> = read.certificates.into_iter().map(|located| located.certificate).collect();
    let renewed = certificates.iter().map(|one| if one == old { new.clone() } else { one.clone() }).collect();
    certificates.contains(old).then_some(renewed)
}
