//! Every certificate of the path must be valid now (RFC 5280 section 6.1.3 (a)(2)).

use super::super::clients::Defect;
use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::path::PathEnd;
use super::super::rule::Rule;
use super::fixes;
use crate::sys::clock::date;

const EXPIRED: Diagnostic = Diagnostic::of_clients(Defect::Expired);
const EXPIRED_INTERMEDIATE: Diagnostic = Diagnostic::of_clients(Defect::ExpiredIntermediate);
const EXPIRED_ROOT: Diagnostic = Diagnostic::of_clients(Defect::ExpiredRoot);
const NOT_YET_VALID: Diagnostic = Diagnostic::of_clients(Defect::NotYetValid);
const ROOT_NOT_YET_VALID: Diagnostic = Diagnostic::of_clients(Defect::RootNotYetValid);

pub(super) const RULE: Rule = Rule {
    diagnostics: &[EXPIRED, EXPIRED_INTERMEDIATE, EXPIRED_ROOT, NOT_YET_VALID, ROOT_NOT_YET_VALID],
    judge,
};

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let at = judged.input.at;
    let all = judged.all();
    let reaches_root = !matches!(judged.path.end, PathEnd::Missing);
    let last = all.len() - 1;
    let mut found = Vec::new();
    for (member, child) in all.iter().zip(std::iter::once(None).chain(all.iter().map(Some))) {
        let certificate = member.certificate;
        let label = certificate.label();
        let (what, expired, not_yet_valid, fix) = match member.index {
            0 => ("certificate", EXPIRED, NOT_YET_VALID, fixes::renewal(judged)),
            index if index == last && reaches_root => {
                let fix = "Have the certificate issued by the CA's new root, and trust that one.".to_owned();
                ("root", EXPIRED_ROOT, ROOT_NOT_YET_VALID, fix)
            }
            _ => {
                let urls = child.map_or(&[][..], |child| &child.certificate.issuer_urls);
                let fix = format!(
                    "Download the CA's newer certificate of the same name and key, then run \
                     `certkit merge` again.{}",
                    fixes::download_lines(urls)
                );
                ("intermediate certificate", EXPIRED_INTERMEDIATE, NOT_YET_VALID, fix)
            }
        };
        if certificate.not_after < at {
            let days = (at - certificate.not_after).whole_days();
            let message =
                format!("the {what} `{label}` expired on {} ({})", date(certificate.not_after), ago(days));
            found.extend(judged.report(&expired, member, message, fix));
        } else if certificate.not_before > at {
            let message =
                format!("the {what} `{label}` is not valid before {}", date(certificate.not_before));
            let fix =
                "Check the clock of this machine; if it is right, wait or have the certificate issued again.";
            found.extend(judged.report(&not_yet_valid, member, message, fix));
        }
    }
    found
}

fn ago(days: i64) -> String {
    match days {
        0 => "today".into(),
        1 => "1 day ago".into(),
        _ => format!("{days} days ago"),
    }
}
