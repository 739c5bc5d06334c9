//! A client must refuse a critical extension that it does not understand (RFC 5280 section 4.2).

use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::rule::Rule;
use crate::finding::Code;

const UNKNOWN: Diagnostic = Diagnostic::error(Code::CriticalExtension);

pub(super) const RULE: Rule = Rule { diagnostics: &[UNKNOWN], judge };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let all = judged.all();
    all.iter()
        .filter(|member| !member.certificate.unknown_critical.is_empty())
        .filter_map(|member| {
            let message = format!(
                "`{}` has a critical extension that clients do not know ({}); they must refuse it",
                member.label(),
                member.certificate.unknown_critical.join(", ")
            );
            let fix = "Have it issued without the extension, or with the extension not critical.";
            judged.report(&UNKNOWN, member, message, fix)
        })
        .collect()
}
