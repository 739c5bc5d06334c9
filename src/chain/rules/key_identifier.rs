//! Key identifiers tie a certificate to its issuer's key: every certificate but a self-signed one names its issuer's
//! (RFC 5280 section 4.2.1.1), every CA has its own (section 4.2.1.2), and the two are the same. The TLS BR add that
//! the authority is named by the identifier alone (7.1.2.11.1; for a root 7.1.2.1.3).

use super::super::clients::Defect;
use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathCertificate, PathFinding};
use super::super::path::PathEnd;
use super::super::rule::Rule;
use crate::chain::Profile;
use crate::finding::Code;
use crate::x509::{Certificate, ExtensionFault, ExtensionId, SignatureCheck};

const NO_AUTHORITY: Diagnostic = Diagnostic::of_clients(Defect::NoAuthorityKey);
const NO_AUTHORITY_OF_CA: Diagnostic = Diagnostic::of_clients(Defect::NoAuthorityKeyOfCa);
const AUTHORITY_WITHOUT_KEY: Diagnostic = Diagnostic::of_clients(Defect::AuthorityWithoutKey);
const CA_AUTHORITY_WITHOUT_KEY: Diagnostic = Diagnostic::of_clients(Defect::AuthorityWithoutKeyOfCa);
const NO_SUBJECT: Diagnostic = Diagnostic::of_clients(Defect::NoSubjectKey);
const OTHER_KEY: Diagnostic = Diagnostic::of_clients(Defect::AuthorityKey);
const OTHER_KEY_OF_ROOT: Diagnostic = Diagnostic::of_clients(Defect::AuthorityKeyBelowRoot);
/// RFC 5280 has these fields, and does not say that a path must keep to them.
const OTHER_ISSUER: Diagnostic =
    Diagnostic::of_clients_alone(Defect::AuthorityIssuer).not_on_the_public_web();
const OTHER_SERIAL: Diagnostic =
    Diagnostic::of_clients_alone(Defect::AuthoritySerial).not_on_the_public_web();
const OTHER_SERIAL_OF_ROOT: Diagnostic =
    Diagnostic::of_clients_alone(Defect::AuthoritySerialBelowRoot).not_on_the_public_web();
const OTHER_OWN_SERIAL: Diagnostic =
    Diagnostic::of_clients_alone(Defect::RootAuthoritySerial).not_on_the_public_web();
const ROOT_WITHOUT_KEY: Diagnostic =
    Diagnostic::of_clients(Defect::RootAuthorityWithoutKey).except(Profile::Rfc5280);
const OTHER_ROOT: Diagnostic = Diagnostic::of_clients_alone(Defect::RootAuthorityKey).not_on_the_public_web();
const BASELINE: Diagnostic =
    Diagnostic::error(Code::KeyIdentifier).except(Profile::Tls).except(Profile::Rfc5280);

pub(super) const RULE: Rule = Rule {
    diagnostics: &[
        NO_AUTHORITY,
        NO_AUTHORITY_OF_CA,
        AUTHORITY_WITHOUT_KEY,
        CA_AUTHORITY_WITHOUT_KEY,
        NO_SUBJECT,
        OTHER_KEY,
        OTHER_KEY_OF_ROOT,
        OTHER_ISSUER,
        OTHER_SERIAL,
        OTHER_SERIAL_OF_ROOT,
        OTHER_OWN_SERIAL,
        OTHER_ROOT,
        ROOT_WITHOUT_KEY,
        BASELINE,
    ],
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
        let has_authority = certificate.criticality(ExtensionId::AuthorityKeyId).is_some();
        // Clients do not look for it in a certificate that cannot have extensions; `encoding` reports one that cannot be
        // read.
        let may_have = (certificate.version > 2 || judged.is_by_the_book())
            && !certificate.faults.contains(&ExtensionFault::AuthorityKeyBroken);
        if certificate.authority_key_id.is_none() && !certificate.is_self_issued() && !is_root && may_have {
            let diagnostic = match member.index {
                0 if has_authority => &AUTHORITY_WITHOUT_KEY,
                _ if has_authority => &CA_AUTHORITY_WITHOUT_KEY,
                0 => &NO_AUTHORITY,
                _ => &NO_AUTHORITY_OF_CA,
            };
            add(
                diagnostic,
                format!("`{label}` has no authority key identifier"),
                "Have it issued again with the identifier, as `certkit mkcert` does.",
            );
        }
        // A certificate that is trusted by itself is not looked for by its key.
        let is_alone = all.len() == 1 && matches!(judged.path.end, PathEnd::Anchor(_));
        if certificate.is_ca() && certificate.subject_key_id.is_none() && !is_alone {
            add(
                &NO_SUBJECT,
                format!("the CA `{label}` has no subject key identifier"),
                "Make the CA certificate again with the identifier, as `certkit mkca` does.",
            );
        }
        if judged.path.links.get(index) == Some(&SignatureCheck::Valid)
            && let Some(issuer) = all.get(index + 1)
        {
            for (diagnostic, message, fix) in differences(member, issuer) {
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
        let named = &certificate.authority_certificate;
        if member.is_anchor
            && certificate.is_self_issued()
            && certificate.key_id_fits(certificate)
            && !names_certificate_of(certificate, certificate)
        {
            add(
                &OTHER_OWN_SERIAL,
                format!(
                    "`{label}` is self-signed, but its authority key identifier names another certificate"
                ),
                "Make the root again with the key identifier alone, as `certkit mkca` does.",
            );
        }
        if named.is_named {
            add(
                &BASELINE,
                format!(
                    "the authority key identifier of `{label}` names the issuer's certificate; on the \
                     public web it may only name the key"
                ),
                ISSUE_AGAIN,
            );
        }
        if has_authority && certificate.is_self_issued() && certificate.authority_key_id.is_none() {
            add(
                &ROOT_WITHOUT_KEY,
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
    issuer: &PathCertificate<'_>,
) -> Vec<(Diagnostic, String, &'static str)> {
    let certificate = member.certificate;
    let (label, issuer_label) = (member.label(), issuer.label());
    // Java looks at a root's as well.
    let of = |ca, root| if issuer.is_anchor { root } else { ca };
    let mut different = Vec::new();
    if !certificate.key_id_fits(issuer.certificate) {
        let message = format!(
            "the authority key identifier of `{label}` differs from the subject key identifier of \
             `{issuer_label}`, whose key signed it"
        );
        different.push((
            of(OTHER_KEY, OTHER_KEY_OF_ROOT),
            message,
            "Have it issued again with the identifier of the CA certificate.",
        ));
    }
    if is_other_serial(certificate, issuer.certificate) {
        let message = format!(
            "the authority key identifier of `{label}` names another certificate of `{issuer_label}`: its \
             serial number differs, as after a renewal of the CA"
        );
        different.push((of(OTHER_SERIAL, OTHER_SERIAL_OF_ROOT), message, ISSUE_AGAIN));
    }
    if is_other_issuer(certificate, issuer.certificate) {
        let message = format!(
            "the authority key identifier of `{label}` names a certificate of `{issuer_label}` that another \
             CA issued"
        );
        different.push((OTHER_ISSUER, message, ISSUE_AGAIN));
    }
    different
}

/// Whether the authority key identifier names another serial number than the issuer's.
fn is_other_serial(certificate: &Certificate, issuer: &Certificate) -> bool {
    certificate.authority_certificate.serial.as_ref().is_some_and(|serial| *serial != issuer.serial)
}

/// Whether it names another issuer of the issuer's certificate.
fn is_other_issuer(certificate: &Certificate, issuer: &Certificate) -> bool {
    certificate.authority_certificate.issuer.as_ref().is_some_and(|name| !name.matches(&issuer.issuer))
}

/// Whether all that the authority key identifier says is true of this issuer's certificate.
pub(super) fn names_certificate_of(certificate: &Certificate, issuer: &Certificate) -> bool {
    certificate.key_id_fits(issuer)
        && !is_other_serial(certificate, issuer)
        && !is_other_issuer(certificate, issuer)
}
