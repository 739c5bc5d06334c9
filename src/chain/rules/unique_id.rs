//! Unique identifiers (RFC 5280 section 4.1.2.8) were for names that are used again; conforming CAs do not write them.

use super::super::clients::Defect;
use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::rule::Rule;
use crate::chain::Profile;

/// "CAs conforming to this profile MUST NOT generate certificates with unique identifiers", but "applications ... SHOULD
/// be capable of parsing" them. TLS BR 7.1.2.7 has none.
const PRESENT: Diagnostic =
    Diagnostic::of_clients_alone(Defect::SubjectUniqueId).not_on_the_public_web().except(Profile::Rfc5280);

/// What is in a root counts for rustls alone.
const OF_ROOT: Diagnostic =
    Diagnostic::of_clients_alone(Defect::RootUniqueId).except(Profile::Webpki).except(Profile::Rfc5280);

pub(super) const RULE: Rule = Rule { diagnostics: &[PRESENT, OF_ROOT], judge };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let with_id = judged.all().into_iter().filter(|member| member.certificate.has_unique_id);
    with_id
        .filter_map(|member| {
            let message =
                format!("`{}` has a unique identifier (issuerUniqueID, subjectUniqueID)", member.label());
            let fix = "Have it issued again without, as `certkit mkcert` does.";
            judged.report(if member.is_anchor { &OF_ROOT } else { &PRESENT }, &member, message, fix)
        })
        .collect()
}
