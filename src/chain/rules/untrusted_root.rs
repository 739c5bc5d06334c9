//! The path must end in something that the client trusts.

use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::path::PathEnd;
use super::super::rule::Rule;
use super::fixes;
use crate::finding::Code;

const SELF_SIGNED: Diagnostic = Diagnostic::error(Code::SelfSigned);
const UNTRUSTED: Diagnostic = Diagnostic::error(Code::UntrustedRoot);

pub(super) const RULE: Rule = Rule { diagnostics: &[SELF_SIGNED, UNTRUSTED], judge };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    if !matches!(judged.path.end, PathEnd::Root) {
        return Vec::new();
    }
    let Some(root) = judged.all().pop() else { return Vec::new() };
    let file = judged.input.file;
    let label = root.label();
    let found = if judged.path.indices.len() == 1 {
        // The file that a running server has its certificate from is not known here.
        let own = if judged.input.is_live { "server.crt" } else { file };
        let message = format!("`{label}` is self-signed; clients do not trust it");
        let fix = format!(
            "Replace it: for your own machines run `certkit mkca`, then `certkit mkcert NAME`; \
             for the public run `certkit acme obtain NAME`.\n\
             To trust this very certificate instead, check with {}.\n\
             {}",
            fixes::check_with_roots(judged.input, own),
            fixes::install_commands(own)
        );
        judged.report(&SELF_SIGNED, &root, message, fix)
    } else {
        let message =
            format!("the chain is complete, but neither this system nor --roots trusts its root `{label}`");
        let fix = format!(
            "If it is your own CA, name its certificate: {}; to trust it on this machine: `certkit trust install \
             FILE`.\n\
             If it is not, ask the CA for the chain to a public root.",
            fixes::check_with_roots(judged.input, "FILE")
        );
        judged.report(&UNTRUSTED, &root, message, fix)
    };
    found.into_iter().collect()
}
