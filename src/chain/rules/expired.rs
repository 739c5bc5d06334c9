//! Every certificate of the path must be valid now (RFC 5280 section 6.1.3 (a)(2)).

use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::path::PathEnd;
use super::super::rule::Rule;
use super::fixes;
use crate::finding::Code;
use crate::sys::clock::date;

const EXPIRED: Diagnostic = Diagnostic::error(Code::Expired);
const NOT_YET_VALID: Diagnostic = Diagnostic::error(Code::NotYetValid);

pub(super) const RULE: Rule = Rule { diagnostics: &[EXPIRED, NOT_YET_VALID], judge };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let at = judged.input.at;
    let all = judged.all();
    let reaches_root = !matches!(judged.path.end, PathEnd::Missing);
    let last = all.len() - 1;
    let mut found = Vec::new();
    for (member, child) in all.iter().zip(std::iter::once(None).chain(all.iter().map(Some))) {
        let certificate = member.certificate;
        let label = certificate.label();
        let (what, fix) = match member.index {
            0 => ("certificate", fixes::renewal(judged)),
            index if index == last && reaches_root => {
                ("root", "Have the certificate issued by the CA's new root, and trust that one.".to_owned())
            }
            _ => {
                let urls = child.map_or(&[][..], |child| &child.certificate.issuer_urls);
                let fix = format!(
                    "Download the CA's newer certificate of the same name and key, then run \
                     `certkit merge` again.{}",
                    fixes::download_lines(urls)
                );
                ("intermediate certificate", fix)
            }
        };
        if certificate.not_after < at {
            let days = (at - certificate.not_after).whole_days();
            let message = format!(
                "the {what} `{label}` expired on {} ({}); every client refuses it",
                date(certificate.not_after),
                ago(days)
            );
            found.extend(judged.report(&EXPIRED, member, message, fix));
        } else if certificate.not_before > at {
            let message = format!(
                "the {what} `{label}` is not valid before {}; clients with a correct clock refuse it",
                date(certificate.not_before)
            );
            let fix =
                "Check the clock of this machine; if it is right, wait or have the certificate issued again.";
            found.extend(judged.report(&NOT_YET_VALID, member, message, fix));
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
