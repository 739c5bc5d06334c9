//! With `--min-days`, a chain that expires soon is a "no", for monitors. A chain is valid until its first certificate
//! expires.

use time::Duration;

use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathCertificate, PathFinding};
use super::super::rule::Rule;
use crate::finding::Code;
use crate::sys::clock::date;

const WITHIN_MIN_DAYS: Diagnostic = Diagnostic::error(Code::ExpiresSoon);
const BEFORE_THE_LEAF: Diagnostic = Diagnostic::warning(Code::ExpiresSoon);

pub(super) const RULE: Rule = Rule { diagnostics: &[WITHIN_MIN_DAYS], judge };

/// An issuer that expires before the leaf.
pub(super) const REMARK: Rule = Rule { diagnostics: &[BEFORE_THE_LEAF], judge: remark };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let at = judged.input.at;
    let (Some(first), Some(min_days)) = (first_to_expire(judged), judged.input.min_days) else {
        return Vec::new();
    };
    let left = first.certificate.not_after - at;
    if left >= Duration::days(min_days.into()) {
        return Vec::new();
    }
    let message = format!(
        "`{}` expires on {}, in {} days; --min-days asks for {min_days}",
        first.label(),
        date(first.certificate.not_after),
        left.whole_days()
    );
    let fix = "Renew it now: with `certkit renew`, `certkit acme renew`, or where you bought it.";
    judged.report(&WITHIN_MIN_DAYS, &first, message, fix).into_iter().collect()
}

fn remark(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let leaf = judged.leaf().certificate;
    let Some(first) = first_to_expire(judged).filter(|first| first.certificate.not_after < leaf.not_after)
    else {
        return Vec::new();
    };
    let message = format!(
        "`{}` expires on {}, before the certificate itself ({}); the chain is not valid after that day",
        first.label(),
        date(first.certificate.not_after),
        date(leaf.not_after)
    );
    let fix = "Before that day, get the CA's newer certificate and run `certkit merge` again.";
    judged.report(&BEFORE_THE_LEAF, &first, message, fix).into_iter().collect()
}

/// The certificate that expires first; `None` when it has expired, which the rule `expired` reports.
fn first_to_expire<'a>(judged: &JudgedPath<'a>) -> Option<PathCertificate<'a>> {
    let first = judged.all().into_iter().min_by_key(|member| member.certificate.not_after)?;
    (first.certificate.not_after >= judged.input.at).then_some(first)
}
