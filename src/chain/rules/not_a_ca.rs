//! Every issuer must be allowed to issue (RFC 5280 section 6.1.4 (k) and (n)).

use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::rule::Rule;
use crate::finding::Code;

const NOT_A_CA: Diagnostic = Diagnostic::error(Code::NotACa);
const NO_CERTIFICATES: Diagnostic = Diagnostic::error(Code::KeyUsage);

pub(super) const RULE: Rule = Rule { diagnostics: &[NOT_A_CA, NO_CERTIFICATES], judge };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let mut found = Vec::new();
    for issuer in judged.all().iter().skip(1) {
        let label = issuer.label();
        if !issuer.certificate.is_ca() {
            let message = format!(
                "`{label}` issued a certificate, but is not a CA (its basicConstraints lack CA:TRUE)"
            );
            let fix = "Issue with a CA certificate; `certkit mkca` makes one.";
            found.extend(judged.report(&NOT_A_CA, issuer, message, fix));
        } else if issuer.certificate.key_usage.is_some_and(|usage| !usage.key_cert_sign()) {
            let message =
                format!("the CA `{label}` may not sign certificates (its keyUsage lacks keyCertSign)");
            let fix = "Make the CA certificate again with keyCertSign, as `certkit mkca` does.";
            found.extend(judged.report(&NO_CERTIFICATES, issuer, message, fix));
        }
    }
    found
}
