//! With `--min-days`, a chain that ends soon is a "no", for monitors. A chain ends with its first certificate to end.

use time::Duration;

use super::super::check::Judged;
use super::placed;
use crate::finding::{Code, Finding};
use crate::sys::clock::date;

pub(super) fn rule(judged: &Judged<'_>) -> Vec<Finding> {
    let at = judged.input.at;
    let all = judged.all();
    let Some((first, location)) = all.into_iter().min_by_key(|(certificate, _)| certificate.not_after) else {
        return Vec::new();
    };
    if first.not_after < at {
        return Vec::new(); // `expired` says so
    }
    let mut findings = Vec::new();
    if let Some(min_days) = judged.input.min_days
        && first.not_after - at < Duration::days(min_days.into())
    {
        let message = format!(
            "`{}` ends on {}, in {} days; {min_days} are wanted",
            first.label(),
            date(first.not_after),
            (first.not_after - at).whole_days()
        );
        let finding = Finding::error(Code::ExpiresSoon, message)
            .fix("renew it now: certkit acme obtain, certkit mkcert --force, or where you bought it");
        findings.push(placed(finding, location));
    }
    let leaf = &judged.leaf().certificate;
    if first.not_after < leaf.not_after {
        let message = format!(
            "the chain ends on {} with `{}`, before the certificate itself ({})",
            date(first.not_after),
            first.label(),
            date(leaf.not_after)
        );
        let finding = Finding::warning(Code::ExpiresSoon, message)
            .fix("before that day, get the CA's newer certificate and run certkit merge again");
        findings.push(placed(finding, location));
    }
    findings
}
