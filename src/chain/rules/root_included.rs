//! The root need not be sent: who trusts it has it (RFC 8446 section 4.4.2).

use super::super::check::{Found, Judged};
use crate::finding::{Code, Finding};

pub(super) fn rule(judged: &Judged<'_>) -> Vec<Found> {
    let own = judged.own().len();
    let root = judged.all().into_iter().nth(own - 1);
    let Some(root) = root.filter(|root| root.index > 0 && root.certificate.is_self_issued()) else {
        return Vec::new();
    };
    let message = format!(
        "the root `{}` is {}; clients that trust it have it already, so it only makes handshakes longer",
        root.label(),
        super::place(judged.input)
    );
    let fix = super::merge_command(judged.input, "");
    vec![root.found(Finding::note(Code::RootIncluded, message).fix(fix))]
}
