//! What is marked critical and not understood must be refused (RFC 5280 section 4.2).

use super::super::check::Judged;
use super::placed;
use crate::finding::{Code, Finding};

pub(super) fn rule(judged: &Judged<'_>) -> Vec<Finding> {
    let all = judged.all();
    all.into_iter()
        .filter(|(certificate, _)| !certificate.unknown_critical.is_empty())
        .map(|(certificate, location)| {
            let message = format!(
                "`{}` has a critical extension that clients do not know ({}); they must refuse it",
                certificate.label(),
                certificate.unknown_critical.join(", ")
            );
            let fix = "have the certificate issued without it, or with the extension not critical";
            placed(Finding::error(Code::CriticalExtension, message).fix(fix), location)
        })
        .collect()
}
