//! A certificate that is there twice adds bytes to every handshake, and some clients refuse it.

use std::collections::HashSet;

use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::rule::Rule;
use super::fixes;
use crate::finding::Code;

const TWICE: Diagnostic = Diagnostic::warning(Code::Duplicate);

pub(super) const RULE: Rule = Rule { diagnostics: &[TWICE], judge };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let input = judged.input;
    let mut seen = HashSet::new();
    let copies = input.certificates.iter().filter(|located| !seen.insert(&located.certificate.der));
    copies
        .filter_map(|copy| {
            let message = format!("`{}` is {} twice", copy.certificate.label(), fixes::in_input(input));
            let fix = fixes::merge_command(input, "");
            judged.report_input(&TWICE, copy.location.as_ref(), message, fix)
        })
        .collect()
}
