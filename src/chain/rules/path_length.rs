//! No more intermediates below a CA than its path length allows, and no more in all than `--max-depth`; self-issued ones
//! do not count (RFC 5280 sections 4.2.1.9 and 6.1.4 (l) and (m)).

use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::path::PathEnd;
use super::super::rule::Rule;
use crate::finding::Code;

const TOO_LONG: Diagnostic = Diagnostic::error(Code::PathLength);

pub(super) const RULE: Rule = Rule { diagnostics: &[TOO_LONG], judge };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let all = judged.all();
    let mut found = Vec::new();
    let intermediates = |end: usize| {
        all.get(1..end).unwrap_or_default().iter().filter(|below| !below.certificate.is_self_issued()).count()
    };
    for issuer in all.iter().skip(1) {
        let below = intermediates(issuer.index);
        let Some(limit) =
            issuer.certificate.basic_constraints.and_then(|constraints| constraints.path_length)
        else {
            continue;
        };
        if below > usize::try_from(limit).unwrap_or(usize::MAX) {
            let message = format!(
                "the CA `{}` allows {limit} intermediate CAs below it (its path length), but there are {below}",
                issuer.label()
            );
            let fix = "Have the certificate issued by a CA higher up, or make the CA certificate again with a \
                       larger path length.";
            found.extend(judged.report(&TOO_LONG, issuer, message, fix));
        }
    }
    let last = if matches!(judged.path.end, PathEnd::Missing) { all.len() } else { all.len() - 1 };
    let depth = intermediates(last);
    if let Some(limit) = judged.input.max_depth.filter(|&limit| depth > limit) {
        let message =
            format!("there are {depth} intermediate CAs in the path, but --max-depth allows {limit}");
        let fix = "Have the certificate issued by a CA higher up, or raise --max-depth.";
        found.extend(judged.report(&TOO_LONG, &judged.leaf(), message, fix));
    }
    found
}
