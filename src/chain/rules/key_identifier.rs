//! Key identifiers tie a certificate to its issuer's key: every certificate but a self-signed one names its issuer's
//! (RFC 5280 section 4.2.1.1), every CA has its own (section 4.2.1.2), and the two are the same. The TLS BR add that
//! the authority is named by the identifier alone (7.1.2.11.1; for a root 7.1.2.1.3).

use super::super::judged_path::{JudgedPath, PathFinding};
use super::finding;
use crate::chain::Profile;
use crate::finding::Code;
use crate::x509::{ExtensionId, SignatureCheck};

const STRICT: &str = "Python 3.13 and openssl -x509_strict refuse that, others take it";

pub(super) fn rule(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let severity = judged.severity(&[Profile::Rfc5280, Profile::Webpki]);
    let all = judged.all();
    let mut found = Vec::new();
    for (index, place) in all.iter().enumerate() {
        let certificate = place.certificate;
        let label = place.label();
        let mut add = |message: String, fix: &str| {
            found.push(place.found(finding(severity, Code::KeyIdentifier, message).fix(fix)));
        };
        let has_authority = certificate.criticality(ExtensionId::AuthorityKeyId).is_some();
        // What is trusted for itself is a root to the BR, and a root's authority is only recommended (7.1.2.1.2). The RFC
        // lets only self-signed certificates do without.
        let is_root = place.is_anchor && judged.input.profile != Profile::Rfc5280;
        if certificate.authority_key_id.is_none() && !certificate.is_self_issued() && !is_root {
            add(
                format!("`{label}` does not say which key signed it (no authority key identifier); {STRICT}"),
                "have it issued again with the identifier: certkit mkcert does so",
            );
        }
        if certificate.is_ca() && certificate.subject_key_id.is_none() {
            add(
                format!("the CA `{label}` has no subject key identifier; {STRICT}"),
                "make the CA certificate again with the identifier: certkit mkca does so",
            );
        }
        if judged.path.links.get(index) == Some(&SignatureCheck::Valid)
            && let Some(issuer) = all.get(index + 1)
            && !certificate.key_id_fits(issuer.certificate)
        {
            add(
                format!(
                    "`{label}` names another key identifier than that of `{}`, whose key did sign it; openssl and Python \
                     then look for another issuer",
                    issuer.label()
                ),
                "have it issued again with the identifier that the CA certificate has",
            );
        }
        if judged.input.profile != Profile::Webpki {
            continue;
        }
        if certificate.authority_certificate {
            add(
                format!(
                    "the authority key identifier of `{label}` names the issuer's certificate; it may name its key only"
                ),
                "have it issued again with the key identifier alone",
            );
        }
        if has_authority && certificate.is_self_issued() {
            if certificate.authority_key_id.is_none() {
                add(
                    format!("the authority key identifier of `{label}` has no key identifier in it"),
                    "have it issued again with the key identifier, or without the extension",
                );
            } else if !certificate.key_id_fits(certificate) {
                add(
                    format!("`{label}` is self-signed, and its two key identifiers are not the same"),
                    "have it issued again with the same identifier in both",
                );
            }
        }
    }
    found
}
