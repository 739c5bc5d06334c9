//! What the search for a path has to report besides the findings of rules.

use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use crate::finding::{Code, Finding};

const TOO_COMPLEX: Diagnostic = Diagnostic::error(Code::TooComplex);

/// Not every path was tried.
pub(in crate::chain) fn too_many_paths(judged: &JudgedPath<'_>) -> Option<PathFinding> {
    let message = "so many certificates here have the same names that not every path through them was tried";
    let fix = "Keep only your certificate and the intermediates that came with it from the CA.";
    judged.report_input(&TOO_COMPLEX, None, message, fix)
}

/// Why this path, which is not the reported one, does not hold either.
pub(in crate::chain) fn why_not(judged: &JudgedPath<'_>, reason: &PathFinding) -> Option<PathFinding> {
    let why = &reason.finding;
    let first_line = why.message.lines().next().unwrap_or_default();
    let via: Vec<_> = judged.all().iter().skip(1).map(|member| format!("`{}`", member.label())).collect();
    let message = format!("the path via {} does not hold either: {first_line}", via.join(", "));
    Some(Finding::note(why.code, message).into())
}

/// Findings of one code that are not listed.
pub(in crate::chain) fn more_of(code: Code, count: usize) -> PathFinding {
    Finding::note(code, format!("and {count} more findings of the code {code}")).into()
}
