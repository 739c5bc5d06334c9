//! MD5 and SHA-1 signatures can be forged; every current client refuses them (TLS BR 7.1.3.2). A root's own signature
//! does not count: its key is trusted for itself.

use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathCertificate, PathFinding};
use super::super::rule::Rule;
use crate::finding::Code;
use crate::x509::signature_description;

const WEAK: Diagnostic = Diagnostic::error(Code::WeakSignature);

pub(super) const RULE: Rule = Rule { diagnostics: &[WEAK], judge };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let all = judged.all();
    all.iter()
        .filter(|member| is_weak(member))
        .filter_map(|member| {
            let algorithm = signature_description(&member.certificate.signature_algorithm);
            let message = format!(
                "`{}` is signed with {algorithm}, which can be forged; every current client refuses it",
                member.label()
            );
            let fix = "Have it issued again with SHA-256 or better.";
            judged.report(&WEAK, member, message, fix)
        })
        .collect()
}

/// Whether the rule reports this signature.
pub(super) fn is_weak(member: &PathCertificate<'_>) -> bool {
    let counts = member.index == 0 || !(member.is_anchor || member.certificate.is_self_issued());
    let algorithm = signature_description(&member.certificate.signature_algorithm);
    counts && ["MD2", "MD5", "SHA-1"].iter().any(|weak| algorithm.ends_with(weak))
}
