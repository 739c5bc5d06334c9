//! Certificates with extensions are of version 3 (RFC 5280 section 4.1.2.1), and certificates of the public web always
//! (TLS BR 7.1.1). A root of version 1 is an old root; `not_a_ca` checks whether it may issue.

use super::super::clients::Defect;
use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::rule::Rule;
use crate::chain::Profile;

const LEAF: Diagnostic = Diagnostic::of_clients(Defect::LeafOfVersion1WithExtensions);
const INTERMEDIATE: Diagnostic = Diagnostic::of_clients(Defect::IntermediateOfVersion1);
const ROOT: Diagnostic = Diagnostic::of_clients(Defect::RootOfVersion1);

pub(super) const RULE: Rule = Rule { diagnostics: &[LEAF, INTERMEDIATE, ROOT], judge };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let mut found = Vec::new();
    for member in judged.all().into_iter().filter(|member| member.certificate.version != 3) {
        let certificate = member.certificate;
        let has_extensions = certificate.count > 0;
        if judged.input.profile == Profile::Rfc5280 && !has_extensions {
            continue;
        }
        let diagnostic = match member.index {
            0 => LEAF,
            _ if member.is_anchor => ROOT,
            _ => INTERMEDIATE,
        };
        let message = format!(
            "`{}` is an X.509 version {} certificate{}",
            member.label(),
            certificate.version,
            if has_extensions { " with extensions, which only version 3 may have" } else { "" }
        );
        let fix = "Have it issued again as version 3, as `certkit mkcert` does.";
        found.extend(judged.report(&diagnostic, &member, message, fix));
    }
    found
}
