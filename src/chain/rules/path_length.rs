//! No more intermediates below a CA than its path length allows; self-issued ones do not count (RFC 5280 section
//! 6.1.4 (l) and (m)).

use super::super::check::Judged;
use super::placed;
use crate::finding::{Code, Finding};

pub(super) fn rule(judged: &Judged<'_>) -> Vec<Finding> {
    let all = judged.all();
    let mut findings = Vec::new();
    for (index, (certificate, location)) in all.iter().enumerate().skip(1) {
        let below = all[1..index].iter().filter(|(below, _)| !below.is_self_issued()).count();
        let Some(limit) = certificate.basic_constraints.and_then(|constraints| constraints.path_length)
        else {
            continue;
        };
        if below > usize::try_from(limit).unwrap_or(usize::MAX) {
            let message = format!(
                "the CA `{}` allows {limit} intermediate CAs below it (its path length), and there are {below}",
                certificate.label()
            );
            let fix = "have the certificate issued by a CA higher up, or the CA certificate made again with a larger path length";
            findings.push(placed(Finding::error(Code::PathLength, message).fix(fix), *location));
        }
    }
    findings
}
