//! The server's own certificate comes first, each next one certifies the one before (RFC 5246 section 7.4.2). RFC
//! 8446 section 4.4.2 asks clients to bear other orders of the rest, but servers take the first one for their own.

use super::super::check::Judged;
use super::placed;
use crate::finding::{Code, Finding};

pub(super) fn rule(judged: &Judged<'_>) -> Vec<Finding> {
    let file = judged.input.file;
    let mend = format!("certkit merge {file} -o chain.pem");
    if judged.leaf != 0 {
        let first = &judged.input.certificates[0];
        let message = format!(
            "wrong order: a CA certificate (`{}`) stands first; your certificate is no. {}. Servers take the first one \
             for their own and refuse to start, or send a chain that clients refuse",
            first.certificate.label(),
            judged.leaf + 1,
        );
        return vec![placed(Finding::error(Code::WrongOrder, message).fix(mend), first.location.as_ref())];
    }
    if judged.path.indices.is_sorted() {
        return Vec::new();
    }
    let message =
        "the CA certificates are not in order: each should follow the one it issued; old clients refuse this";
    vec![Finding::warning(Code::WrongOrder, message).fix(mend)]
}
