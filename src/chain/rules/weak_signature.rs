//! MD5 and SHA-1 signatures can be forged; every current client refuses them (TLS BR 7.1.3.2). A root's own signature
//! is not looked at: its key is trusted for itself.

use super::super::judged_path::{JudgedPath, PathFinding};
use crate::finding::{Code, Finding};
use crate::x509::signature_description;

pub(super) fn rule(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let all = judged.all();
    let signed = all
        .into_iter()
        .filter(|place| place.index == 0 || !(place.is_anchor || place.certificate.is_self_issued()));
    signed
        .filter_map(|place| {
            let algorithm = signature_description(&place.certificate.signature_algorithm);
            let is_weak = ["MD2", "MD5", "SHA-1"].iter().any(|weak| algorithm.ends_with(weak));
            if !is_weak {
                return None;
            }
            let message = format!(
                "`{}` is signed by {algorithm}, which can be forged; no current client takes it",
                place.label()
            );
            let finding = Finding::error(Code::WeakSignature, message)
                .fix("have it issued again; every CA signs by SHA-256 or better today");
            Some(place.found(finding))
        })
        .collect()
}
