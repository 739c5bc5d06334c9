//! No more intermediates below a CA than its path length allows, and no more in all than `--max-depth`; self-issued ones
//! do not count (RFC 5280 sections 4.2.1.9 and 6.1.4 (l) and (m)).

use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::path::PathEnd;
use crate::finding::{Code, Finding};

pub(super) fn rule(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let all = judged.all();
    let mut found = Vec::new();
    let intermediates = |end: usize| {
        all.get(1..end).unwrap_or_default().iter().filter(|below| !below.certificate.is_self_issued()).count()
    };
    for place in all.iter().skip(1) {
        let below = intermediates(place.index);
        let Some(limit) = place.certificate.basic_constraints.and_then(|constraints| constraints.path_length)
        else {
            continue;
        };
        if below > usize::try_from(limit).unwrap_or(usize::MAX) {
            let message = format!(
                "the CA `{}` allows {limit} intermediate CAs below it (its path length), and there are {below}",
                place.label()
            );
            let fix = "have the certificate issued by a CA higher up, or the CA certificate made again with a larger path length";
            found.push(place.found(Finding::error(Code::PathLength, message).fix(fix)));
        }
    }
    let last = if matches!(judged.path.end, PathEnd::Missing) { all.len() } else { all.len() - 1 };
    let depth = intermediates(last);
    if let Some(limit) = judged.input.max_depth.filter(|&limit| depth > limit) {
        let message =
            format!("there are {depth} intermediate CAs in the path, and --max-depth allows {limit}");
        let fix = "have the certificate issued by a CA higher up, or allow more with --max-depth";
        found.push(judged.leaf().found(Finding::error(Code::PathLength, message).fix(fix)));
    }
    found
}
