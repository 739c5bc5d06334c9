//! With `--min-days`, a chain that ends soon is a "no", for monitors. A chain ends with its first certificate to end.

use time::Duration;

use super::super::judged_path::{JudgedPath, PathCertificate, PathFinding};
use crate::finding::{Code, Finding};
use crate::sys::clock::date;

pub(super) fn rule(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let at = judged.input.at;
    let (Some(first), Some(min_days)) = (first_to_end(judged), judged.input.min_days) else {
        return Vec::new();
    };
    let left = first.certificate.not_after - at;
    if left >= Duration::days(min_days.into()) {
        return Vec::new();
    }
    let message = format!(
        "`{}` ends on {}, in {} days; {min_days} are wanted",
        first.label(),
        date(first.certificate.not_after),
        left.whole_days()
    );
    let fix = "renew it now: certkit acme obtain, certkit mkcert --force, or where you bought it";
    vec![first.found(Finding::error(Code::ExpiresSoon, message).fix(fix))]
}

/// An intermediate or root that ends before the leaf takes the leaf with it.
pub(super) fn remark(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let leaf = judged.leaf().certificate;
    let Some(first) = first_to_end(judged).filter(|first| first.certificate.not_after < leaf.not_after)
    else {
        return Vec::new();
    };
    let message = format!(
        "the chain ends on {} with `{}`, before the certificate itself ({})",
        date(first.certificate.not_after),
        first.label(),
        date(leaf.not_after)
    );
    let fix = "before that day, get the CA's newer certificate and run certkit merge again";
    vec![first.found(Finding::warning(Code::ExpiresSoon, message).fix(fix))]
}

/// The certificate that ends first; `None` when it has ended, of which the rule `expired` speaks.
fn first_to_end<'a>(judged: &JudgedPath<'a>) -> Option<PathCertificate<'a>> {
    let first = judged.all().into_iter().min_by_key(|place| place.certificate.not_after)?;
    (first.certificate.not_after >= judged.input.at).then_some(first)
}
