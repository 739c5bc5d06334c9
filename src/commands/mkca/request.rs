//! An intermediate below a root whose key is elsewhere: a request goes out, a certificate comes in.

use std::path::Path;

use super::super::Result;
use super::parts::Parts;
use crate::advice::ca::refused_by_browsers;
use crate::advice::ca_life::{cannot_sign_certificates, no_room_below, no_root_to_compare};
use crate::ca::{
    CaLevel, Event, Filed, INTERMEDIATE_FILES, Issuer, Ledger, NotIssuedHereError, ROOT_FILES, Subject,
    allows_below, make_ca_request, new_key,
};
use crate::chain::Located;
use crate::operands::ca_lookup::LookupError;
use crate::operands::input::{read_certificates, read_contents, read_private_key_with};
use crate::operands::output::{Output, Overwrite};
use crate::operands::password::Passwords;
use crate::pem;
use crate::report::{FileRole, Outcome, Report, Role};
use crate::sys::fs::create_folder;
use crate::sys::shell::path_word;
use crate::x509::{Certificate, CertifiedKey, PrivateKey, Request, SignatureCheck};

const REQUEST_FILE: &str = "intermediate.csr";

/// `--csr`: the request, and the key unless there is one.
pub(super) fn make(mut parts: Parts<'_>) -> Result {
    let args = parts.args;
    if let Some(root) = first_certificate(&parts.path(ROOT_FILES.0)) {
        parts.follow(&root);
    }
    let (key_path, request_path) = (parts.path(INTERMEDIATE_FILES.1), parts.path(REQUEST_FILE));
    let mut output = Output::default();
    let key = if key_path.exists() {
        let mut passwords = Passwords::new("--password-file", args.password_file.as_deref());
        read_private_key_with(&key_path, &mut passwords)?
    } else {
        parts.ask_password()?;
        let key = new_key(args.key_kind)?;
        let what = "its private key, which will sign certificates: keep it secret";
        parts.add_key(&mut output, INTERMEDIATE_FILES.1, &key, what, Overwrite::Refuse)?;
        key
    };
    // The same CA again keeps its name, or what it has issued would have another issuer.
    let before = first_certificate(&parts.path(INTERMEDIATE_FILES.0)).filter(|ca| ca.spki == key.spki());
    let subject = match before {
        Some(ca) => Subject::copied(&ca.subject),
        None => parts.subject_of(CaLevel::Intermediate, &key),
    };
    let mut text = String::new();
    pem::write(&mut text, "CERTIFICATE REQUEST", &make_ca_request(&subject, &key)?);
    let overwrite = Overwrite::forced(args.force || is_request_of(&request_path, &key));
    let what = "the request: sign it on the machine that has the root's key";
    output.text(&request_path, FileRole::Request, text.into_bytes(), what, overwrite);
    if !parts.folder.as_os_str().is_empty() {
        create_folder(&parts.folder)?;
    }
    let mut report = Report::new(Outcome::Created(output.create()?));
    report.findings.extend(refused_by_browsers(args.key_kind));
    let word = path_word(&request_path);
    let signed = path_word(Path::new(INTERMEDIATE_FILES.0));
    report.next = vec![
        format!("certkit sign {word} --profile ca --ca ca.crt -o {signed}"),
        format!("certkit mkca{} --intermediate --take {signed}", parts.options()),
    ];
    Ok(report)
}

/// `--take`: the certificate for the request, compared with the key and the root.
pub(super) fn take(parts: &Parts<'_>, file: &Path) -> Result {
    let (args, now) = (parts.args, parts.now);
    let name = file.display().to_string();
    let mut read = read_certificates(&name)?;
    if !read.malformed.is_empty() {
        return Err(read.malformed.into());
    }
    let certificate = read.certificates.remove(0).certificate;
    let rest = read.certificates.into_iter().map(|located| located.certificate);
    let root_path = parts.path(ROOT_FILES.0);
    let known = first_certificate(&root_path);
    let is_new_root = known.is_none();
    let root = known.or_else(|| rest.into_iter().find(Certificate::is_self_signed));
    let root = root.ok_or_else(|| no_root_to_compare(&root_path))?;
    let key_path = parts.path(INTERMEDIATE_FILES.1);
    let mut passwords = Passwords::new("--password-file", args.password_file.as_deref());
    let key = read_private_key_with(&key_path, &mut passwords)?;
    if !certificate.names_issuer(&root) || certificate.signature_by(&root) != SignatureCheck::Valid {
        let issuer = certificate.issuer.label();
        return Err(NotIssuedHereError { file: name, ca: root_path, issuer }.into());
    }
    if !allows_below(&root, 1) {
        return Err(no_room_below(&root_path, &parts.options()));
    }
    let certified = CertifiedKey::new(certificate, Vec::new(), key).map_err(|mismatch| {
        LookupError::KeyMismatch { certificate: file.to_path_buf(), key: key_path.clone(), mismatch }
    })?;
    Issuer::new(&certified, now)?;
    let certificate = certified.leaf();
    if certificate.key_usage.is_some_and(|usage| !usage.key_cert_sign()) {
        return Err(cannot_sign_certificates(&certificate.label(), &name));
    }

    let target = parts.path(INTERMEDIATE_FILES.0);
    let renews = first_certificate(&target)
        .is_some_and(|old| old.spki == certificate.spki && old.subject.der == certificate.subject.der);
    let mut output = Output::default();
    let what = "the intermediate certificate: servers send it along";
    let overwrite = Overwrite::forced(args.force || renews);
    output.ca_certificates(&target, std::slice::from_ref(certificate), what, overwrite);
    if is_new_root {
        let what = "the CA certificate: install this on clients";
        output.ca_certificates(&root_path, std::slice::from_ref(&root), what, Overwrite::Refuse);
    }
    let ledger = Ledger::beside(&root_path);
    let serial = certificate.serial_hex();
    let is_recorded = ledger.read(&root)?.issued.iter().any(|record| record.serial == serial);
    let filed = Filed {
        file: Some(&target),
        key_file: Some(&key_path),
        requested_by: Some("mkca --take"),
        ..Filed::default()
    };
    let event = (!is_recorded).then(|| Event::issued(&root, certificate, filed));
    let mut created = output.create_issued(&ledger, event.as_slice())?;
    created.at = Some(now);
    created.certificate = Some(Located::from(certificate.clone()).summary(Role::Intermediate));
    let mut report = Report::new(Outcome::Created(created));
    report.next =
        vec![parts.mkcert(INTERMEDIATE_FILES), format!("certkit trust install {}", path_word(&root_path))];
    Ok(report)
}

fn first_certificate(path: &Path) -> Option<Certificate> {
    if !path.exists() {
        return None;
    }
    let read = read_certificates(&path.display().to_string()).ok()?;
    read.certificates.into_iter().next().map(|located| located.certificate)
}

/// Whether a file is an earlier request for the same key: a new one may take its place.
fn is_request_of(path: &Path, key: &PrivateKey) -> bool {
    if !path.is_file() {
        return false;
    }
    let read = read_contents(&path.display().to_string(), &mut Passwords::unattended());
    read.is_ok_and(|(_, contents)| {
        let mut requests = contents.blocks.iter().filter_map(|block| Request::from_der(&block.der).ok());
        requests.any(|request| request.spki == key.spki())
    })
}
