//! No more intermediates below a CA than its path length allows, and no more in all than `--max-depth`; self-issued ones
//! do not count (RFC 5280 sections 4.2.1.9 and 6.1.4 (l) and (m)).

use super::super::clients::Defect;
use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::path::PathEnd;
use super::super::rule::Rule;
use crate::chain::Profile;
use crate::finding::Code;

const TOO_LONG: Diagnostic = Diagnostic::of_clients(Defect::PathLengthExceededBelow);
const TOO_LONG_FOR_ROOT: Diagnostic = Diagnostic::of_clients(Defect::PathLengthExceeded);
const OVER_LIMIT: Diagnostic = Diagnostic::error(Code::PathLength);
/// rustls-webpki follows six intermediates (`MAX_SUB_CA_COUNT`).
const MANY: Diagnostic =
    Diagnostic::of_clients_alone(Defect::SevenIntermediates).except(Profile::Webpki).except(Profile::Rfc5280);
const FOLLOWED_BY_RUSTLS: usize = 6;

pub(super) const RULE: Rule = Rule { diagnostics: &[TOO_LONG, TOO_LONG_FOR_ROOT, OVER_LIMIT, MANY], judge };

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
            let diagnostic = if issuer.is_anchor { TOO_LONG_FOR_ROOT } else { TOO_LONG };
            found.extend(judged.report(&diagnostic, issuer, message, fix));
        }
    }
    let last = if matches!(judged.path.end, PathEnd::Missing) { all.len() } else { all.len() - 1 };
    let depth = intermediates(last);
    let between = last.saturating_sub(1);
    if between > FOLLOWED_BY_RUSTLS {
        let message = format!("there are {between} intermediate certificates in the path");
        let fix = "Have the certificate issued by a CA higher up.";
        found.extend(judged.report(&MANY, &judged.leaf(), message, fix));
    }
    if let Some(limit) = judged.input.max_depth.filter(|&limit| depth > limit) {
        let message =
            format!("there are {depth} intermediate CAs in the path, but --max-depth allows {limit}");
        let fix = "Have the certificate issued by a CA higher up, or raise --max-depth.";
        found.extend(judged.report(&OVER_LIMIT, &judged.leaf(), message, fix));
    }
    found
}
