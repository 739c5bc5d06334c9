//! Every certificate of the path must be valid now (RFC 5280 section 6.1.3 (a)(2)).

use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::path::PathEnd;
use crate::finding::{Code, Finding};
use crate::sys::clock::date;

pub(super) fn rule(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let at = judged.input.at;
    let all = judged.all();
    let reaches_root = !matches!(judged.path.end, PathEnd::Missing);
    let last = all.len() - 1;
    let mut findings = Vec::new();
    for (place, child) in all.iter().zip(std::iter::once(None).chain(all.iter().map(Some))) {
        let certificate = place.certificate;
        let label = certificate.label();
        let (what, fix) = match place.index {
            0 => (
                "certificate",
                "get a new one: certkit mkcert from your own CA, certkit acme obtain for the public, or renew it where you bought it",
            ),
            index if index == last && reaches_root => (
                "root",
                "the CA itself has come to its end: have the certificate issued by its successor, and trust that one",
            ),
            _ => ("intermediate certificate", ""),
        };
        let mut fix = fix.to_owned();
        if fix.is_empty() {
            fix.push_str(
                "the CA has a newer one of the same name and key: download it and run certkit merge again",
            );
            for url in child.iter().flat_map(|child| &child.certificate.issuer_urls) {
                fix.push_str(&format!("\nthe CA offers it at {url}"));
            }
        }
        if certificate.not_after < at {
            let days = (at - certificate.not_after).whole_days();
            let message = format!(
                "the expired {what} `{label}` ended on {} ({}); every client refuses it",
                date(certificate.not_after),
                ago(days)
            );
            findings.push(place.found(Finding::error(Code::Expired, message).fix(fix)));
        } else if certificate.not_before > at {
            let message = format!(
                "the {what} `{label}` is not valid before {}; clients whose clock is right refuse it",
                date(certificate.not_before)
            );
            let fix =
                "check this machine's clock; if it is right, wait, or have the certificate issued again";
            findings.push(place.found(Finding::error(Code::NotYetValid, message).fix(fix)));
        }
    }
    findings
}

fn ago(days: i64) -> String {
    match days {
        0 => "today".into(),
        1 => "1 day ago".into(),
        _ => format!("{days} days ago"),
    }
}
