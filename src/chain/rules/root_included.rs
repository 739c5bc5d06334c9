//! The root need not be sent: who trusts it has it (RFC 8446 section 4.4.2).

use super::super::check::Judged;
use super::placed;
use crate::finding::{Code, Finding};

pub(super) fn rule(judged: &Judged<'_>) -> Vec<Finding> {
    let own = judged.own();
    if own.len() < 2 {
        return Vec::new();
    }
    let root = own.last().filter(|last| last.certificate.is_self_issued());
    root.into_iter()
        .map(|root| {
            let message = format!(
                "the root `{}` is in the file; clients that trust it have it already, so it only makes handshakes longer",
                root.certificate.label()
            );
            let finding = Finding::note(Code::RootIncluded, message)
                .fix(format!("certkit merge {} -o chain.pem", judged.input.file));
            placed(finding, root.location.as_ref())
        })
        .collect()
}
