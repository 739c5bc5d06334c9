//! What is marked critical and not understood must be refused (RFC 5280 section 4.2).

use super::super::judged_path::{JudgedPath, PathFinding};
use crate::finding::{Code, Finding};

pub(super) fn rule(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let all = judged.all();
    all.into_iter()
        .filter(|place| !place.certificate.unknown_critical.is_empty())
        .map(|place| {
            let message = format!(
                "`{}` has a critical extension that clients do not know ({}); they must refuse it",
                place.label(),
                place.certificate.unknown_critical.join(", ")
            );
            let fix = "have the certificate issued without it, or with the extension not critical";
            place.found(Finding::error(Code::CriticalExtension, message).fix(fix))
        })
        .collect()
}
