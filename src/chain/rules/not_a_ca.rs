//! Every issuer must be allowed to issue (RFC 5280 section 6.1.4 (k) and (n)).

use super::super::judged_path::{JudgedPath, PathFinding};
use crate::finding::{Code, Finding};

pub(super) fn rule(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let mut found = Vec::new();
    for place in judged.all().into_iter().skip(1) {
        let label = place.label();
        if !place.certificate.is_ca() {
            let message = format!(
                "`{label}` issued a certificate, but is no CA (basicConstraints does not say CA:TRUE)"
            );
            let fix = "issue with a CA certificate: certkit mkca makes one";
            found.push(place.found(Finding::error(Code::NotACa, message).fix(fix)));
        } else if place.certificate.key_usage.is_some_and(|usage| !usage.key_cert_sign()) {
            let message =
                format!("the CA `{label}` may not sign certificates (its keyUsage lacks keyCertSign)");
            let fix = "have the CA certificate made again with keyCertSign: certkit mkca does so";
            found.push(place.found(Finding::error(Code::KeyUsage, message).fix(fix)));
        }
    }
    found
}
