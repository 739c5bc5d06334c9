//! The leaf's key must be allowed to sign handshakes (RFC 8446 section 4.4.2.2; RFC 5280 leaves that to the protocol).
//! The TLS BR forbid CA certificates as a server's (7.1.2.7.8), RFC 5280 allows them. Only CAs may sign certificates (RFC 5280 section 4.2.1.9).

use super::super::clients::Defect;
use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::rule::Rule;
use crate::chain::Profile;

const NO_HANDSHAKES: Diagnostic = Diagnostic::of_clients(Defect::NoDigitalSignature).except(Profile::Rfc5280);
const NO_HANDSHAKES_AT_ALL: Diagnostic = Diagnostic::of_clients(Defect::NoTlsUsage).except(Profile::Rfc5280);
const CA_THAT_ONLY_SIGNS: Diagnostic =
    Diagnostic::of_clients(Defect::CaAsLeafOnlySigns).except(Profile::Rfc5280);
const CA_AS_LEAF: Diagnostic = Diagnostic::of_clients(Defect::CaAsLeaf).except(Profile::Rfc5280);
const SIGNS_CERTIFICATES: Diagnostic = Diagnostic::of_clients(Defect::LeafSignsCertificates);

pub(super) const RULE: Rule = Rule {
    diagnostics: &[NO_HANDSHAKES, NO_HANDSHAKES_AT_ALL, CA_THAT_ONLY_SIGNS, CA_AS_LEAF, SIGNS_CERTIFICATES],
    judge,
};

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let leaf = judged.leaf();
    let certificate = leaf.certificate;
    let label = leaf.label();
    let mut found = Vec::new();
    if certificate.key_usage.is_some_and(|usage| !usage.digital_signature()) {
        let message = format!(
            "the key of `{label}` may not sign handshakes (its keyUsage lacks digitalSignature), which \
             TLS 1.3 requires"
        );
        let fix = "Have it issued again with digitalSignature, as `certkit mkcert` does.";
        let is_any = certificate.key_usage.is_some_and(|usage| usage.any_handshake());
        let diagnostic = match (is_any, certificate.is_ca()) {
            (true, _) => NO_HANDSHAKES,
            (false, true) => CA_THAT_ONLY_SIGNS,
            (false, false) => NO_HANDSHAKES_AT_ALL,
        };
        found.extend(judged.report(&diagnostic, &leaf, message, fix));
    }
    if certificate.is_ca() {
        let message = format!(
            "`{label}` is a CA certificate used as a server certificate, which public CAs may not issue"
        );
        let fix = "Issue a server certificate from this CA: `certkit mkcert NAME`.";
        found.extend(judged.report(&CA_AS_LEAF, &leaf, message, fix));
    } else if certificate.key_usage.is_some_and(|usage| usage.key_cert_sign()) {
        let message = format!(
            "the keyUsage of `{label}` allows it to sign certificates (keyCertSign), but it is not a CA"
        );
        let fix = "Have it issued again without keyCertSign, as `certkit mkcert` does.";
        found.extend(judged.report(&SIGNS_CERTIFICATES, &leaf, message, fix));
    }
    found
}
