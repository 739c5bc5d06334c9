//! An issuer has a name, and so has every CA (RFC 5280 sections 4.1.2.4 and 4.1.2.6).

use super::super::clients::Defect;
use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::path::PathEnd;
use super::super::rule::Rule;

const NAMELESS_LEAF: Diagnostic = Diagnostic::of_clients(Defect::PinnedLeafWithoutSubject);
const NAMELESS: Diagnostic = Diagnostic::of_clients(Defect::CaWithoutSubject);

pub(super) const RULE: Rule = Rule { diagnostics: &[NAMELESS, NAMELESS_LEAF], judge };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let mut found = Vec::new();
    let all = judged.all();
    let is_pinned = all.len() == 1 && matches!(judged.path.end, PathEnd::Anchor(_));
    for member in all {
        let certificate = member.certificate;
        let what = if certificate.is_ca() && certificate.subject.is_empty() {
            "is a CA without a name"
        } else if certificate.issuer.is_empty() {
            "does not name its issuer"
        } else {
            continue;
        };
        let message = format!("`{}` {what}", member.label());
        let fix = "Make the CA again with a name (certkit mkca NAME), then issue the certificate again.";
        let diagnostic = if is_pinned { &NAMELESS_LEAF } else { &NAMELESS };
        found.extend(judged.report(diagnostic, &member, message, fix));
    }
    found
}
