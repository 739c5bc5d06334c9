//! A CA's basic constraints must be critical, and only CAs have a path length (RFC 5280 section 4.2.1.9; TLS BR
//! 7.1.2.1.4 and 7.1.2.10.4). `not_a_ca` checks that the extension is there at all.

use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::rule::Rule;
use crate::finding::Code;

const WRONG: Diagnostic = Diagnostic::by_the_book(Code::BasicConstraints);

pub(super) const RULE: Rule = Rule { diagnostics: &[WRONG], judge };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let mut found = Vec::new();
    for member in judged.all() {
        let Some(constraints) = member.certificate.basic_constraints else { continue };
        let label = member.label();
        if constraints.is_ca && !constraints.critical {
            let message = format!(
                "the basicConstraints of the CA `{label}` are not critical; Python 3.13 and \
                 openssl -x509_strict refuse it, other clients accept it"
            );
            let fix = "Make the CA certificate again with critical basicConstraints, as `certkit mkca` does.";
            found.extend(judged.report(&WRONG, &member, message, fix));
        }
        if !constraints.is_ca && constraints.path_length.is_some() {
            let message = format!(
                "`{label}` is not a CA, but has a path length; Python 3.13 and openssl -x509_strict \
                 refuse it"
            );
            let fix = "Have it issued again without the path length.";
            found.extend(judged.report(&WRONG, &member, message, fix));
        }
    }
    found
}
