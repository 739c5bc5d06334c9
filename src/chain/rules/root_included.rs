//! The root need not be sent: who trusts it has it (RFC 8446 section 4.4.2).

use super::super::judged_path::{JudgedPath, PathFinding};
use crate::finding::{Code, Finding};

pub(super) fn rule(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let Some(root) = judged.all().pop().filter(|root| root.index > 0 && root.certificate.is_self_issued())
    else {
        return Vec::new();
    };
    // The path ends at the system's own copy of it.
    let Some(copy) =
        judged.input.certificates.iter().find(|located| located.certificate == *root.certificate)
    else {
        return Vec::new();
    };
    let message = format!(
        "the root `{}` is {}; clients that trust it have it already, so it only makes handshakes longer",
        root.label(),
        super::place(judged.input)
    );
    let fix = super::merge_command(judged.input, "");
    let mut found = root.found(Finding::note(Code::RootIncluded, message).fix(fix));
    found.finding.location.clone_from(&copy.location);
    vec![found]
}
