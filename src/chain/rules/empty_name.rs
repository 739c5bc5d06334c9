//! An issuer has a name, and so has every CA (RFC 5280 sections 4.1.2.4 and 4.1.2.6).

use super::super::clients::Defect;
use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::rule::Rule;

const NAMELESS: Diagnostic = Diagnostic::of_clients(Defect::CaWithoutSubject);

pub(super) const RULE: Rule = Rule { diagnostics: &[NAMELESS], judge };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let mut found = Vec::new();
    for member in judged.all() {
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
        found.extend(judged.report(&NAMELESS, &member, message, fix));
    }
    found
}
