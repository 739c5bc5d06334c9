//! Only certkit finds the CA of this folder by itself; other programs do not trust it until it is installed.

use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::path::PathEnd;
use super::super::rule::Rule;
use super::super::trust::Origin;
use super::fixes;
use crate::finding::Code;

const LOCAL: Diagnostic = Diagnostic::warning(Code::TrustedLocally);

pub(super) const RULE: Rule = Rule { diagnostics: &[LOCAL], judge };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let PathEnd::Anchor(anchor) = judged.path.end else { return Vec::new() };
    let Origin::LocalCa(file) = &anchor.origin else { return Vec::new() };
    let message = format!(
        "the chain is trusted only through your own CA ({file}); browsers and other programs do not \
         trust it yet"
    );
    let fix = fixes::install_commands(file);
    judged.report_input(&LOCAL, None, message, fix).into_iter().collect()
}
