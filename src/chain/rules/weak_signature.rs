//! MD5 and SHA-1 signatures can be forged (TLS BR 7.1.3.2). A root's own signature
//! does not count: its key is trusted for itself.

use super::super::clients::Defect;
use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathCertificate, PathFinding};
use super::super::rule::Rule;
use crate::x509::signature_description;

const WEAK: Diagnostic = Diagnostic::of_clients(Defect::Sha1Leaf);
const WEAK_INTERMEDIATE: Diagnostic = Diagnostic::of_clients(Defect::Sha1Intermediate);

pub(super) const RULE: Rule = Rule { diagnostics: &[WEAK, WEAK_INTERMEDIATE], judge };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let all = judged.all();
    all.iter()
        .filter(|member| is_weak(member))
        .filter_map(|member| {
            let algorithm = signature_description(&member.certificate.signature_algorithm);
            let message = format!("`{}` is signed with {algorithm}, which can be forged", member.label());
            let fix = "Have it issued again with SHA-256 or better.";
            judged.report(if member.index == 0 { &WEAK } else { &WEAK_INTERMEDIATE }, member, message, fix)
        })
        .collect()
}

/// Whether the rule reports this signature.
pub(super) fn is_weak(member: &PathCertificate<'_>) -> bool {
    let counts = member.index == 0 || !(member.is_anchor || member.certificate.is_self_issued());
    let algorithm = signature_description(&member.certificate.signature_algorithm);
    counts && ["MD2", "MD5", "SHA-1"].iter().any(|weak| algorithm.ends_with(weak))
}
