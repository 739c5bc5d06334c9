//! The report of a certificate that is in place.

use std::path::Path;

use crate::acme::Remark;
use crate::acme::storage::LiveFiles;
use crate::advice::acme::{deploy_hook, remark};
use crate::chain::Located;
use crate::operands::output::shell_word;
use crate::report::{Created, CreatedFile, FileRole, Outcome, Report, Role};
use crate::sys::hook::HookRun;
use crate::x509::Certificate;

/// Where a certificate and its key are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyPlace {
    /// With the maker of the signing request.
    Elsewhere,
    Here,
}

pub(super) fn report(
    files: &LiveFiles,
    key: KeyPlace,
    chain: &[Certificate],
    state: &str,
    remarks: Vec<Remark>,
    hook: Option<&HookRun>,
) -> Report {
    let shown = |path: &Path| path.display().to_string();
    let file = |path: &Path, role, what: &str| CreatedFile {
        path: shown(path),
        role,
        mode: None,
        description: format!("{what} ({state})"),
    };
    let key_file = file(&files.key, FileRole::PrivateKey, "private key, keep it secret");
    let is_here = key == KeyPlace::Here;
    let fullchain = "server certificate and intermediates: give this to the server";
    let created = Created {
        files: [file(&files.fullchain, FileRole::Chain, fullchain)]
            .into_iter()
            .chain(is_here.then_some(key_file))
            .chain([
                file(&files.cert, FileRole::Certificate, "server certificate alone"),
                file(&files.chain, FileRole::Intermediates, "intermediates alone"),
            ])
            .collect(),
        certificate: chain.first().map(|leaf| Located::from(leaf.clone()).summary(Role::Leaf)),
        ..Created::default()
    };
    let fullchain = shell_word(&shown(&files.fullchain));
    let next = if is_here {
        format!("certkit serve --cert {fullchain} --key {}", shell_word(&shown(&files.key)))
    } else {
        format!("certkit show {fullchain}")
    };
    Report {
        findings: remarks.into_iter().map(remark).chain(hook.and_then(deploy_hook)).collect(),
        next: vec![next],
        outcome: Outcome::Created(created),
    }
}
