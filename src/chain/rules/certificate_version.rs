//! Certificates with extensions are of version 3 (RFC 5280 section 4.1.2.1), and certificates of the public web always
//! (TLS BR 7.1.1). A root of version 1 is an old root; `not_a_ca` checks whether it may issue.

use super::super::clients::Defect;
use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::rule::Rule;
use crate::chain::Profile;
use crate::finding::Code;

const LEAF: Diagnostic = Diagnostic::of_clients(Defect::LeafOfVersion1WithExtensions);
/// Clients accept it, but for its names: `no_san` says so.
const LEAF_BARE: Diagnostic = Diagnostic::error(Code::CertificateVersion).except(Profile::Tls);
const LEAF_OF_4: Diagnostic = Diagnostic::of_clients(Defect::Version4);
const INTERMEDIATE: Diagnostic = Diagnostic::of_clients(Defect::IntermediateOfVersion1WithExtensions);
const INTERMEDIATE_BARE: Diagnostic = Diagnostic::of_clients(Defect::IntermediateOfVersion1);
const INTERMEDIATE_OF_4: Diagnostic = Diagnostic::of_clients(Defect::IntermediateOfVersion4);
const ROOT: Diagnostic = Diagnostic::of_clients(Defect::RootOfVersion1WithExtensions);
const ROOT_BARE: Diagnostic = Diagnostic::of_clients(Defect::RootOfVersion1);
const ROOT_OF_2: Diagnostic = Diagnostic::of_clients(Defect::RootOfVersion2);
const ROOT_OF_4: Diagnostic = Diagnostic::of_clients(Defect::RootOfVersion4);

pub(super) const RULE: Rule = Rule {
    diagnostics: &[
        LEAF,
        LEAF_BARE,
        LEAF_OF_4,
        INTERMEDIATE,
        INTERMEDIATE_BARE,
        INTERMEDIATE_OF_4,
        ROOT,
        ROOT_BARE,
        ROOT_OF_2,
        ROOT_OF_4,
    ],
    judge,
};

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let mut found = Vec::new();
    for member in judged.all().into_iter().filter(|member| member.certificate.version != 3) {
        let certificate = member.certificate;
        let has_extensions = certificate.count > 0;
        if judged.input.profile == Profile::Rfc5280 && !has_extensions {
            continue;
        }
        let of_place = |leaf, intermediate, root| match member.index {
            0 => leaf,
            _ if member.is_anchor => root,
            _ => intermediate,
        };
        let diagnostic = match (certificate.version, has_extensions) {
            (4.., _) => of_place(LEAF_OF_4, INTERMEDIATE_OF_4, ROOT_OF_4),
            (_, true) => of_place(LEAF, INTERMEDIATE, ROOT),
            (2, false) => of_place(LEAF_BARE, INTERMEDIATE_BARE, ROOT_OF_2),
            (_, false) => of_place(LEAF_BARE, INTERMEDIATE_BARE, ROOT_BARE),
        };
        let message = format!(
            "`{}` is an X.509 version {} certificate{}",
            member.label(),
            certificate.version,
            match certificate.version {
                4.. => ", and there are only three",
                _ if has_extensions => " with extensions, which only version 3 may have",
                _ => "",
            }
        );
        let fix = "Have it issued again as version 3, as `certkit mkcert` does.";
        found.extend(judged.report(&diagnostic, &member, message, fix));
    }
    found
}
