//! The root need not be sent: a client that trusts it has it (RFC 8446 section 4.4.2).

use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::rule::Rule;
use super::fixes;
use crate::finding::Code;

const INCLUDED: Diagnostic = Diagnostic::note(Code::RootIncluded);

pub(super) const RULE: Rule = Rule { diagnostics: &[INCLUDED], judge };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let input = judged.input;
    let Some(root) = judged.all().pop().filter(|root| root.index > 0 && root.certificate.is_self_issued())
    else {
        return Vec::new();
    };
    // The path ends at the system's own copy of it.
    let Some(copy) = input.certificates.iter().find(|located| located.certificate == *root.certificate)
    else {
        return Vec::new();
    };
    let message = format!(
        "the root `{}` is {}; clients that trust it already have it, so it only makes handshakes longer",
        root.label(),
        fixes::in_input(input)
    );
    let fix = fixes::merge_command(input, "");
    let found = judged.report(&INCLUDED, &root, message, fix);
    found
        .map(|mut found| {
            found.finding.location.clone_from(&copy.location);
            found
        })
        .into_iter()
        .collect()
}
