//! The same certificate twice costs every handshake bytes, and some clients refuse it.

use super::super::judged_path::{JudgedPath, PathFinding};
use crate::finding::{Code, Finding};

pub(super) fn rule(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let mut seen = std::collections::HashSet::new();
    judged
        .input
        .certificates
        .iter()
        .filter(|located| !seen.insert(&located.certificate.der))
        .map(|located| {
            let message =
                format!("`{}` is {} twice", located.certificate.label(), super::place(judged.input));
            let fix = super::merge_command(judged.input, "");
            let mut finding = Finding::warning(Code::Duplicate, message).fix(fix);
            finding.location.clone_from(&located.location);
            finding.into()
        })
        .collect()
}
