//! With `--min-days`, a chain that expires soon is a "no", for monitors; without it, the last days are a warning. A chain is
//! valid until its first certificate expires.

use time::Duration;

use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathCertificate, PathFinding};
use super::super::rule::Rule;
use super::fixes;
use crate::finding::Code;
use crate::sys::clock::date;

const WITHIN_MIN_DAYS: Diagnostic = Diagnostic::error(Code::ExpiresSoon);
const BEFORE_THE_LEAF: Diagnostic = Diagnostic::warning(Code::ExpiresSoon);
const IN_THE_LAST_DAYS: Diagnostic = Diagnostic::warning(Code::ExpiresSoon);

pub(super) const RULE: Rule = Rule { diagnostics: &[WITHIN_MIN_DAYS], judge };

/// An issuer that expires before the leaf, and the last days of the chain.
pub(super) const REMARK: Rule = Rule { diagnostics: &[BEFORE_THE_LEAF, IN_THE_LAST_DAYS], judge: remark };

/// Without `--min-days`, what has fewer days left ends soon, and less than this part of its life: ACME clients renew when a
/// third is left, and a certificate for six days is not always about to expire.
const LAST_DAYS: i64 = 14;
const LAST_PART: i32 = 3;

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
        "`{}` expires on {}, {}; --min-days asks for {min_days}",
        first.label(),
        date(first.certificate.not_after),
        in_days(left)
    );
    let life = first.certificate.not_after - first.certificate.not_before;
    let fix = if life <= Duration::days(min_days.into()) {
        // A renewal gives the same length again.
        let days = life.whole_days();
        format!("It is valid for {days} days in all: have one issued for longer, or ask for fewer days.")
    } else {
        renewal(judged, &first)
    };
    judged.report(&WITHIN_MIN_DAYS, &first, message, fix).into_iter().collect()
}

fn remark(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let leaf = judged.leaf().certificate;
    let Some(first) = first_to_expire(judged) else { return Vec::new() };
    let end = first.certificate.not_after;
    let left = end - judged.input.at;
    let is_soon = left < Duration::days(LAST_DAYS) && left < (end - first.certificate.not_before) / LAST_PART;
    if is_soon && judged.input.min_days.is_none() {
        let message = format!(
            "`{}` expires on {}, {}; every client refuses it then",
            first.label(),
            date(end),
            in_days(left)
        );
        return judged
            .report(&IN_THE_LAST_DAYS, &first, message, renewal(judged, &first))
            .into_iter()
            .collect();
    }
    if end >= leaf.not_after {
        return Vec::new();
    }
    let message = format!(
        "`{}` expires on {}, before the certificate itself ({}); the chain is not valid after that day",
        first.label(),
        date(end),
        date(leaf.not_after)
    );
    let fix = "Before that day, get the CA's newer certificate and run `certkit merge` again.";
    judged.report(&BEFORE_THE_LEAF, &first, message, fix).into_iter().collect()
}

/// What to do before the end of a certificate.
fn renewal(judged: &JudgedPath<'_>, first: &PathCertificate<'_>) -> String {
    match first.index {
        0 => fixes::renewal(judged),
        _ => "Before that day, get the CA's newer certificate and run `certkit merge` again.".to_owned(),
    }
}

fn in_days(left: Duration) -> String {
    match left.whole_days() {
        0 => "in less than a day".to_owned(),
        1 => "in 1 day".to_owned(),
        days => format!("in {days} days"),
    }
}

/// The certificate that expires first; `None` when it has expired, which the rule `expired` reports.
fn first_to_expire<'a>(judged: &JudgedPath<'a>) -> Option<PathCertificate<'a>> {
    let first = judged.all().into_iter().min_by_key(|member| member.certificate.not_after)?;
    (first.certificate.not_after >= judged.input.at).then_some(first)
}
