//! The path must end in something that the client trusts.

use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::path::PathEnd;
use crate::finding::{Code, Finding};

pub(super) fn rule(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    if !matches!(judged.path.end, PathEnd::Root) {
        return Vec::new();
    }
    let Some(root) = judged.all().pop() else { return Vec::new() };
    let file = judged.input.file;
    // The file that a running server has its certificate from is not known here.
    let own = if judged.input.is_live { "server.crt" } else { file };
    let label = root.label();
    let finding = if judged.path.indices.len() == 1 {
        Finding::error(
            Code::SelfSigned,
            format!("`{label}` is self-signed: it vouches for itself, and no client has a reason to believe it"),
        )
        .fix(format!(
            "to replace it: certkit mkca, then certkit mkcert NAME for your own machines; certkit acme obtain NAME for the \
             public\nto trust this very certificate: certkit check {file} --roots {own}\n{}",
            super::where_to_install(own)
        ))
    } else {
        Finding::error(
            Code::UntrustedRoot,
            format!("the chain is complete, but its root `{label}` is trusted neither by this system nor by --roots"),
        )
        .fix(format!(
            "if it is your own CA, name it: certkit check {file} --roots ca.crt\n{}\nif it is not, ask the CA for the chain to a \
             public root",
            super::where_to_install("ca.crt")
        ))
    };
    vec![root.found(finding)]
}
