//! Only certkit finds the CA of this folder by itself; other programs do not trust it until it is installed. After a
//! roll-over it finds the old one too.

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
    let (message, fix) = match &anchor.origin {
        Origin::LocalCa(file) => (
            format!(
                "the chain is trusted only through your own CA ({file}); browsers and other programs do not \
                 trust it yet"
            ),
            fixes::install_commands(file),
        ),
        Origin::OldCa(file) => (
            format!(
                "the chain is trusted only through your old CA ({file}), which a roll-over has replaced; clients \
                 that know only the new one refuse the chain"
            ),
            fixes::renew_command(judged.input),
        ),
        Origin::File(_) | Origin::System => return Vec::new(),
    };
    judged.report_input(&LOCAL, None, message, fix).into_iter().collect()
}
