//! Key identifiers tie a certificate to its issuer's key: every certificate but a self-signed one names its issuer's
//! (RFC 5280 section 4.2.1.1), every CA has its own (section 4.2.1.2), and the two are the same. The TLS BR add that
//! the authority is named by the identifier alone (7.1.2.11.1; for a root 7.1.2.1.3).

use super::super::clients::Defect;
use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathCertificate, PathFinding};
use super::super::rule::Rule;
use crate::chain::Profile;
use crate::finding::Code;
use crate::x509::{Certificate, ExtensionId, SignatureCheck};

const NO_AUTHORITY: Diagnostic = Diagnostic::of_clients(Defect::NoAuthorityKey);
const NO_SUBJECT: Diagnostic = Diagnostic::of_clients(Defect::NoSubjectKey);
const OTHER_KEY: Diagnostic = Diagnostic::of_clients(Defect::AuthorityKey);
/// RFC 5280 has these fields, and does not say that a path must keep to them.
const OTHER_ISSUER: Diagnostic =
    Diagnostic::of_clients_alone(Defect::AuthorityIssuer).not_on_the_public_web();
const OTHER_SERIAL: Diagnostic =
    Diagnostic::of_clients_alone(Defect::AuthoritySerial).not_on_the_public_web();
const OTHER_ROOT: Diagnostic = Diagnostic::of_clients_alone(Defect::RootAuthorityKey).not_on_the_public_web();
const BASELINE: Diagnostic =
    Diagnostic::error(Code::KeyIdentifier).except(Profile::Tls).except(Profile::Rfc5280);

pub(super) const RULE: Rule = Rule {
    diagnostics: &[NO_AUTHORITY, NO_SUBJECT, OTHER_KEY, OTHER_ISSUER, OTHER_SERIAL, OTHER_ROOT, BASELINE],
    judge,
};

const ISSUE_AGAIN: &str = "Have it issued again with the key identifier alone, as `certkit mkcert` does; with \
                           openssl: `authorityKeyIdentifier=keyid`.";

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let all = judged.all();
    let mut found = Vec::new();
    for (index, member) in all.iter().enumerate() {
        let certificate = member.certificate;
        let label = member.label();
        let mut add = |diagnostic: &Diagnostic, message: String, fix: &str| {
            found.extend(judged.report(diagnostic, member, message, fix));
        };
        // An anchor is a root to the BR, which only recommend the authority in a root (7.1.2.1.2). The RFC lets only
        // self-signed certificates do without.
        let is_root = member.is_anchor && judged.input.profile != Profile::Rfc5280;
        if certificate.authority_key_id.is_none() && !certificate.is_self_issued() && !is_root {
            add(
                &NO_AUTHORITY,
                format!("`{label}` has no authority key identifier"),
                "Have it issued again with the identifier, as `certkit mkcert` does.",
            );
        }
        if certificate.is_ca() && certificate.subject_key_id.is_none() {
            add(
                &NO_SUBJECT,
                format!("the CA `{label}` has no subject key identifier"),
                "Make the CA certificate again with the identifier, as `certkit mkca` does.",
            );
        }
        if judged.path.links.get(index) == Some(&SignatureCheck::Valid)
            && let Some(issuer) = all.get(index + 1)
        {
            for (diagnostic, message, fix) in differences(member, issuer.certificate, &issuer.label()) {
                add(&diagnostic, message, fix);
            }
        }
        if member.is_anchor && certificate.is_self_issued() && !certificate.key_id_fits(certificate) {
            add(
                &OTHER_ROOT,
                format!("`{label}` is self-signed, but its authority key identifier is not its own"),
                "Make the root again with the same identifier in both, as `certkit mkca` does.",
            );
        }
        if certificate.authority_certificate.is_named {
            add(
                &BASELINE,
                format!(
                    "the authority key identifier of `{label}` names the issuer's certificate; on the \
                     public web it may only name the key"
                ),
                ISSUE_AGAIN,
            );
        }
        let has_authority = certificate.criticality(ExtensionId::AuthorityKeyId).is_some();
        if has_authority && certificate.is_self_issued() && certificate.authority_key_id.is_none() {
            add(
                &BASELINE,
                format!("the authority key identifier extension of `{label}` has no key identifier"),
                "Have it issued again with the key identifier, or without the extension.",
            );
        }
    }
    found
}

/// Where the authority key identifier names another CA certificate than the one whose key signed. OpenSSL compares all
/// of it (X509_check_akid), and then looks for another issuer.
fn differences(
    member: &PathCertificate<'_>,
    issuer: &Certificate,
    issuer_label: &str,
) -> Vec<(Diagnostic, String, &'static str)> {
    let certificate = member.certificate;
    let label = member.label();
    let mut different = Vec::new();
    if !certificate.key_id_fits(issuer) {
        let message = format!(
            "the authority key identifier of `{label}` differs from the subject key identifier of \
             `{issuer_label}`, whose key signed it"
        );
        different.push((
            OTHER_KEY,
            message,
            "Have it issued again with the identifier of the CA certificate.",
        ));
    }
    let named = &certificate.authority_certificate;
    if named.serial.as_ref().is_some_and(|serial| *serial != issuer.serial) {
        let message = format!(
            "the authority key identifier of `{label}` names another certificate of `{issuer_label}`: its \
             serial number differs, as after a renewal of the CA"
        );
        different.push((OTHER_SERIAL, message, ISSUE_AGAIN));
    }
    if named.issuer.as_ref().is_some_and(|name| !name.matches(&issuer.issuer)) {
        let message = format!(
            "the authority key identifier of `{label}` names a certificate of `{issuer_label}` that another \
             CA issued"
        );
        different.push((OTHER_ISSUER, message, ISSUE_AGAIN));
    }
    different
}
