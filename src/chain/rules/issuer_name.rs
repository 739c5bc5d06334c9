//! RFC 5280 section 7.1 compares names without regard to string type, case and number of blanks, and old CAs of Windows
//! rely on that. Some clients compare bytes, and the TLS BR require the same bytes (7.1.4.1).

use super::super::clients::Defect;
use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::rule::Rule;
use crate::chain::Profile;

const OTHER_TYPE: Diagnostic = in_another_form(Defect::IssuerStringType);
const OTHER_TEXT: Diagnostic = in_another_form(Defect::IssuerCase);

const OTHER_TYPE_OF_ROOT: Diagnostic = in_another_form(Defect::IssuerStringTypeOfRoot);
const OTHER_TEXT_OF_ROOT: Diagnostic = in_another_form(Defect::IssuerCaseOfRoot);

const fn in_another_form(defect: Defect) -> Diagnostic {
    Diagnostic::of_clients_alone(defect).not_on_the_public_web().except(Profile::Rfc5280)
}

pub(super) const RULE: Rule =
    Rule { diagnostics: &[OTHER_TYPE, OTHER_TEXT, OTHER_TYPE_OF_ROOT, OTHER_TEXT_OF_ROOT], judge };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let all = judged.all();
    let mut found = Vec::new();
    for pair in all.windows(2) {
        let [member, issuer] = pair else { continue };
        let (written, own) = (&member.certificate.issuer, &issuer.certificate.subject);
        if written.der == own.der {
            continue;
        }
        let (diagnostic, how) = if written.attributes == own.attributes {
            (if issuer.is_anchor { OTHER_TYPE_OF_ROOT } else { OTHER_TYPE }, "in another string type")
        } else {
            (if issuer.is_anchor { OTHER_TEXT_OF_ROOT } else { OTHER_TEXT }, "with other case or blanks")
        };
        let message = format!(
            "`{}` names its issuer as `{written}`; the CA's certificate has the same name {how}",
            member.label()
        );
        let fix = "Have it issued again with the name exactly as in the CA's certificate, as certkit does.";
        found.extend(judged.report(&diagnostic, member, message, fix));
    }
    found
}
