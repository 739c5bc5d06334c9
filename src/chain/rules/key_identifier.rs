//! Key identifiers tie a certificate to its issuer's key: every certificate but a self-signed one names its issuer's
//! (RFC 5280 section 4.2.1.1), every CA has its own (section 4.2.1.2), and the two are the same. The TLS BR add that
//! the authority is named by the identifier alone (7.1.2.11.1; for a root 7.1.2.1.3).

use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::rule::Rule;
use crate::chain::Profile;
use crate::finding::Code;
use crate::x509::{ExtensionId, SignatureCheck};

const WRONG: Diagnostic = Diagnostic::by_the_book(Code::KeyIdentifier);

pub(super) const RULE: Rule = Rule { diagnostics: &[WRONG], judge };

const STRICT: &str = "Python 3.13 and openssl -x509_strict refuse it, other clients accept it";

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let all = judged.all();
    let mut found = Vec::new();
    for (index, member) in all.iter().enumerate() {
        let certificate = member.certificate;
        let label = member.label();
        let mut add = |message: String, fix: &str| {
            found.extend(judged.report(&WRONG, member, message, fix));
        };
        let has_authority = certificate.criticality(ExtensionId::AuthorityKeyId).is_some();
        // An anchor is a root to the BR, which only recommend the authority in a root (7.1.2.1.2). The RFC lets only
        // self-signed certificates do without.
        let is_root = member.is_anchor && judged.input.profile != Profile::Rfc5280;
        if certificate.authority_key_id.is_none() && !certificate.is_self_issued() && !is_root {
            add(
                format!("`{label}` has no authority key identifier; {STRICT}"),
                "Have it issued again with the identifier, as `certkit mkcert` does.",
            );
        }
        if certificate.is_ca() && certificate.subject_key_id.is_none() {
            add(
                format!("the CA `{label}` has no subject key identifier; {STRICT}"),
                "Make the CA certificate again with the identifier, as `certkit mkca` does.",
            );
        }
        if judged.path.links.get(index) == Some(&SignatureCheck::Valid)
            && let Some(issuer) = all.get(index + 1)
            && !certificate.key_id_fits(issuer.certificate)
        {
            add(
                format!(
                    "the authority key identifier of `{label}` differs from the subject key identifier of \
                     `{}`, whose key signed it; openssl and Python then look for another issuer",
                    issuer.label()
                ),
                "Have it issued again with the identifier of the CA certificate.",
            );
        }
        if judged.input.profile != Profile::Webpki {
            continue;
        }
        if certificate.authority_certificate {
            add(
                format!(
                    "the authority key identifier of `{label}` names the issuer's certificate; on the \
                     public web it may only name the key"
                ),
                "Have it issued again with the key identifier alone.",
            );
        }
        if has_authority && certificate.is_self_issued() {
            if certificate.authority_key_id.is_none() {
                add(
                    format!("the authority key identifier extension of `{label}` has no key identifier"),
                    "Have it issued again with the key identifier, or without the extension.",
                );
            } else if !certificate.key_id_fits(certificate) {
                add(
                    format!("`{label}` is self-signed, but its two key identifiers differ"),
                    "Have it issued again with the same identifier in both.",
                );
            }
        }
    }
    found
}
