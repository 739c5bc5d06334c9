//! With `--min-days`, a chain that expires soon is a "no", for monitors; without it, the last days are a warning. A chain is
//! valid until its first certificate expires.

use time::Duration;

use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathCertificate, PathFinding};
use super::super::path::PathEnd;
use super::super::rule::Rule;
use super::super::trust::Origin;
use super::fixes;
use crate::finding::Code;
use crate::sys::clock::date;
use crate::sys::shell::shell_word;

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
        "{} expires on {}, {}; --min-days asks for {min_days}",
        named(judged, &first),
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
            "{} expires on {}, {}; the chain is not valid after that day",
            named(judged, &first),
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
        "{} expires on {}, before the certificate itself ({}); the chain is not valid after that day",
        named(judged, &first),
        date(end),
        date(leaf.not_after)
    );
    judged.report(&BEFORE_THE_LEAF, &first, message, renewal(judged, &first)).into_iter().collect()
}

/// A root is called so: what to do about its end is done on the clients.
fn named(judged: &JudgedPath<'_>, first: &PathCertificate<'_>) -> String {
    let what = if is_root(judged, first) { "the root " } else { "" };
    format!("{what}`{}`", first.label())
}

fn is_root(judged: &JudgedPath<'_>, first: &PathCertificate<'_>) -> bool {
    let reaches_root = !matches!(judged.path.end, PathEnd::Missing);
    reaches_root && first.index > 0 && first.index + 1 == judged.all().len()
}

/// What to do before the end of a certificate.
fn renewal(judged: &JudgedPath<'_>, first: &PathCertificate<'_>) -> String {
    match first.index {
        0 => fixes::renewal(judged),
        _ if is_root(judged, first) => root_renewal(judged),
        _ => "Before that day, get the CA's newer certificate and run `certkit merge` again.".to_owned(),
    }
}

/// What to do before the end of a root: nothing that the server sends helps clients that know only this one. With the same
/// name and key in its newer certificate, what it issued stays valid.
fn root_renewal(judged: &JudgedPath<'_>) -> String {
    let origin = match judged.path.end {
        PathEnd::Anchor(anchor) => Some(&anchor.origin),
        PathEnd::Root | PathEnd::Missing => None,
    };
    match origin {
        Some(Origin::LocalCa(file)) => {
            let file = shell_word(file);
            // What this CA issues ends no later than it does.
            let also = match judged.input.file {
                "-" => "",
                _ if judged.input.is_live => " server.crt",
                file => &format!(" {file}"),
            };
            format!(
                "Run `certkit renew {file}{also}`; the CA keeps its key, so that what it issued stays valid.\n\
                 Before that day, install its new certificate on the clients: `certkit trust install {file}`."
            )
        }
        // The CA that signs now has a later end.
        Some(Origin::OldCa(_)) => fixes::renew_command(judged.input),
        Some(Origin::System) => "Before that day, renew the certificate and run `certkit merge` with what comes with it: \
                                 the CA will issue from another root."
            .to_owned(),
        Some(Origin::File(_)) | None => {
            "If the root is your own, renew it with the same key (`certkit renew FILE`), and before that day install it on \
             the clients: `certkit trust install FILE`. If it is not, ask the CA for its new root."
                .to_owned()
        }
    }
}

fn in_days(left: Duration) -> String {
    match left.whole_days() {
        0 => "in less than a day".to_owned(),
        1 => "in 1 day".to_owned(),
        days => format!("in {days} days"),
    }
}

/// The certificate that expires first, of several the highest: what it issued cannot end later. `None` when it has expired, which the rule `expired` reports.
fn first_to_expire<'a>(judged: &JudgedPath<'a>) -> Option<PathCertificate<'a>> {
    let first = judged.all().into_iter().rev().min_by_key(|member| member.certificate.not_after)?;
    (first.certificate.not_after >= judged.input.at).then_some(first)
}
