//! The path must end in something that the client trusts.

use super::super::check::{Found, Judged};
use super::super::path::PathEnd;
use crate::finding::{Code, Finding};

pub(super) fn rule(judged: &Judged<'_>) -> Vec<Found> {
    if !matches!(judged.path.end, PathEnd::Root) {
        return Vec::new();
    }
    let Some(root) = judged.all().pop() else { return Vec::new() };
    let label = root.label();
    let finding = if judged.path.indices.len() == 1 {
        Finding::error(
            Code::SelfSigned,
            format!("`{label}` is self-signed: it vouches for itself, and no client has a reason to believe it"),
        )
        .fix(
            "for your own machines: certkit mkca, then certkit mkcert NAME; for the public: certkit acme obtain NAME; to \
             trust this very certificate here: --roots FILE",
        )
    } else {
        Finding::error(
            Code::UntrustedRoot,
            format!("the chain is complete, but its root `{label}` is trusted neither by this system nor by --roots"),
        )
        .fix(
            "if it is your own CA, name it with --roots and have every client trust it; if not, ask the CA for the chain \
             to a public root",
        )
    };
    vec![root.found(finding)]
}
