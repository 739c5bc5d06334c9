//! The server's own certificate comes first, each next one certifies the one before (RFC 5246 section 7.4.2). RFC
//! 8446 section 4.4.2 asks clients to bear other orders of the rest, but servers take the first one for their own.

use super::super::judged_path::{JudgedPath, PathFinding};
use crate::finding::{Code, Finding};
use crate::x509::Certificate;

pub(super) fn rule(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    if judged.leaf == 0 {
        return Vec::new();
    }
    let Some(first) = judged.input.certificates.first() else { return Vec::new() };
    let message = format!(
        "wrong order: a CA certificate (`{}`) stands first; your certificate is no. {}. Servers take the first one for \
         their own and refuse to start, or send a chain that clients refuse",
        first.certificate.label(),
        judged.leaf + 1,
    );
    let mut finding = Finding::error(Code::WrongOrder, message).fix(mend(judged));
    finding.location.clone_from(&first.location);
    vec![finding.into()]
}

/// The leaf is first, but the rest is not in order.
pub(super) fn remark(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    // The root may stand among them, though the path ends at the system's own copy of it.
    let certificates = judged.input.certificates;
    let place = |certificate: &Certificate| {
        certificates.iter().position(|located| located.certificate == *certificate)
    };
    let places = judged.all().into_iter().filter_map(|part| place(part.certificate));
    if judged.leaf != 0 || places.is_sorted() {
        return Vec::new();
    }
    let message =
        "the CA certificates are not in order: each should follow the one it issued; old clients refuse this";
    vec![Finding::warning(Code::WrongOrder, message).fix(mend(judged)).into()]
}

fn mend(judged: &JudgedPath<'_>) -> String {
    super::merge_command(judged.input, "")
}
