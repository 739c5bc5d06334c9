//! A CA's basic constraints must be critical, and a path length is for CAs only (RFC 5280 section 4.2.1.9; TLS BR
//! 7.1.2.1.4 and 7.1.2.10.4). That the extension is there at all is asked by `not_a_ca`.

use super::super::judged_path::{JudgedPath, PathFinding};
use super::finding;
use crate::chain::Profile;
use crate::finding::Code;

pub(super) fn rule(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let severity = judged.severity(&[Profile::Rfc5280, Profile::Webpki]);
    let mut found = Vec::new();
    for place in judged.all() {
        let Some(constraints) = place.certificate.basic_constraints else { continue };
        let label = place.label();
        if constraints.is_ca && !constraints.critical {
            let message = format!(
                "the CA `{label}` has basicConstraints that are not critical; Python 3.13 and openssl -x509_strict refuse \
                 that, others take it"
            );
            let fix =
                "have the CA certificate made again with critical basicConstraints: certkit mkca does so";
            found.push(place.found(finding(severity, Code::BasicConstraints, message).fix(fix)));
        }
        if !constraints.is_ca && constraints.path_length.is_some() {
            let message = format!(
                "`{label}` is no CA and yet has a path length; Python 3.13 and openssl -x509_strict refuse that"
            );
            let fix = "have it issued again without the path length";
            found.push(place.found(finding(severity, Code::BasicConstraints, message).fix(fix)));
        }
    }
    found
}
