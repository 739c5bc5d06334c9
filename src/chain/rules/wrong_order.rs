//! The server's own certificate comes first, each next one certifies the one before (RFC 5246 section 7.4.2). RFC
//! 8446 section 4.4.2 asks clients to accept other orders of the rest, but servers use the first one as their own.

use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::rule::Rule;
use super::fixes;
use crate::finding::Code;
use crate::x509::Certificate;

const CA_FIRST: Diagnostic = Diagnostic::error(Code::WrongOrder);
const REST_UNSORTED: Diagnostic = Diagnostic::warning(Code::WrongOrder);

pub(super) const RULE: Rule = Rule { diagnostics: &[CA_FIRST], judge };

/// The leaf is first, but the rest is not in order.
pub(super) const REMARK: Rule = Rule { diagnostics: &[REST_UNSORTED], judge: remark };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    if judged.leaf == 0 {
        return Vec::new();
    }
    let Some(first) = judged.input.certificates.first() else { return Vec::new() };
    let message = format!(
        "wrong order: the CA certificate `{}` comes first, and your certificate is number {}; servers use \
         the first one as their own and refuse to start, or send a chain that clients refuse",
        first.certificate.label(),
        judged.leaf + 1,
    );
    let fix = fixes::merge_command(judged.input, "");
    judged.report_input(&CA_FIRST, first.location.as_ref(), message, fix).into_iter().collect()
}

fn remark(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    // The root may be among them, though the path ends at the system's own copy of it.
    let certificates = judged.input.certificates;
    let position = |certificate: &Certificate| {
        certificates.iter().position(|located| located.certificate == *certificate)
    };
    let positions = judged.all().into_iter().filter_map(|member| position(member.certificate));
    if judged.leaf != 0 || positions.is_sorted() {
        return Vec::new();
    }
    let message = "wrong order: each CA certificate should follow the one that it issued; old clients \
                   refuse other orders";
    let fix = fixes::merge_command(judged.input, "");
    judged.report_input(&REST_UNSORTED, None, message, fix).into_iter().collect()
}
