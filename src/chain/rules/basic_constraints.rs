//! A CA's basic constraints must be critical, and only CAs have a path length (RFC 5280 section 4.2.1.9; TLS BR
//! 7.1.2.1.4 and 7.1.2.10.4). `not_a_ca` checks that the extension is there at all.

use super::super::clients::Defect;
use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::rule::Rule;
use crate::chain::Profile;

const NOT_CRITICAL: Diagnostic = Diagnostic::of_clients(Defect::BasicConstraintsNotCritical);
const PATH_LENGTH: Diagnostic = Diagnostic::of_clients(Defect::PathLengthOfLeaf);
/// The standards have no limit.
const LARGE: Diagnostic =
    Diagnostic::of_clients_alone(Defect::PathLength300).except(Profile::Webpki).except(Profile::Rfc5280);

pub(super) const RULE: Rule = Rule { diagnostics: &[NOT_CRITICAL, PATH_LENGTH, LARGE], judge };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let mut found = Vec::new();
    for member in judged.all() {
        let Some(constraints) = member.certificate.basic_constraints else { continue };
        let label = member.label();
        if constraints.is_ca && !constraints.critical {
            let message = format!("the basicConstraints of the CA `{label}` are not critical");
            let fix = "Make the CA certificate again with critical basicConstraints, as `certkit mkca` does.";
            found.extend(judged.report(&NOT_CRITICAL, &member, message, fix));
        }
        if constraints.path_length.is_some_and(|length| length > 255) && !member.is_anchor {
            let message = format!("the path length of `{label}` is above 255");
            let fix = "Make the CA certificate again with a smaller path length, or without.";
            found.extend(judged.report(&LARGE, &member, message, fix));
        }
        if !constraints.is_ca && constraints.path_length.is_some() {
            let message = format!("`{label}` is not a CA, but has a path length");
            let fix = "Have it issued again without the path length.";
            found.extend(judged.report(&PATH_LENGTH, &member, message, fix));
        }
    }
    found
}
