//! Every issuer must be allowed to issue (RFC 5280 section 6.1.4 (k) and (n)).

use super::super::clients::Defect;
use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::rule::Rule;

const NOT_A_CA: Diagnostic = Diagnostic::of_clients(Defect::NotACa);
const ROOT_NOT_A_CA: Diagnostic = Diagnostic::of_clients(Defect::RootWithoutBasicConstraints);
const ROOT_SAYS_NO: Diagnostic = Diagnostic::of_clients(Defect::RootNotACa);
const NO_USAGE_BIT: Diagnostic = Diagnostic::of_clients(Defect::CaUsageEmpty);
const NO_CERTIFICATES: Diagnostic = Diagnostic::of_clients(Defect::CaMayNotSign);
/// A CA of the public web has the extension (TLS BR 7.1.2); a path is valid without it (RFC 5280 section 6.1.4 (n)).
const NO_USAGE: Diagnostic = Diagnostic::of_clients_alone(Defect::CaWithoutKeyUsage).not_on_the_public_web();

pub(super) const RULE: Rule = Rule {
    diagnostics: &[NOT_A_CA, ROOT_NOT_A_CA, ROOT_SAYS_NO, NO_USAGE_BIT, NO_CERTIFICATES, NO_USAGE],
    judge,
};

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let mut found = Vec::new();
    for issuer in judged.all().iter().skip(1) {
        let label = issuer.label();
        if !issuer.certificate.is_ca() {
            let message = format!(
                "`{label}` issued a certificate, but is not a CA (its basicConstraints lack CA:TRUE)"
            );
            let fix = "Issue with a CA certificate; `certkit mkca` makes one.";
            let diagnostic = match issuer.certificate.basic_constraints {
                _ if !issuer.is_anchor => NOT_A_CA,
                Some(_) => ROOT_SAYS_NO,
                None => ROOT_NOT_A_CA,
            };
            found.extend(judged.report(&diagnostic, issuer, message, fix));
        } else if issuer.certificate.key_usage.is_some_and(|usage| !usage.key_cert_sign()) {
            let message =
                format!("the CA `{label}` may not sign certificates (its keyUsage lacks keyCertSign)");
            let fix = "Make the CA certificate again with keyCertSign, as `certkit mkca` does.";
            // Go takes a usage without a bit for none at all.
            let is_empty = issuer.certificate.key_usage.is_some_and(|usage| usage.bits == 0);
            found.extend(judged.report(
                if is_empty { &NO_USAGE_BIT } else { &NO_CERTIFICATES },
                issuer,
                message,
                fix,
            ));
        } else if issuer.certificate.key_usage.is_none() && issuer.certificate.version == 3 {
            let message = format!("the CA `{label}` has no key usage");
            let fix = "Make the CA certificate again with keyCertSign, as `certkit mkca` does.";
            found.extend(judged.report(&NO_USAGE, issuer, message, fix));
        }
    }
    found
}
