//! MD5 and SHA-1 signatures can be forged; every current client refuses them (CA/Browser baseline requirements
//! 7.1.3.2). A root's own signature is not looked at: its key is trusted for itself.

use super::super::check::Judged;
use super::placed;
use crate::finding::{Code, Finding};
use crate::x509::signature_description;

pub(super) fn rule(judged: &Judged<'_>) -> Vec<Finding> {
    let all = judged.all();
    let signed = all
        .iter()
        .enumerate()
        .filter(|(index, (certificate, _))| *index == 0 || !certificate.is_self_issued());
    signed
        .filter_map(|(_, (certificate, location))| {
            let algorithm = signature_description(&certificate.signature_algorithm);
            let is_weak = ["MD2", "MD5", "SHA-1"].iter().any(|weak| algorithm.ends_with(weak));
            if !is_weak {
                return None;
            }
            let message = format!(
                "`{}` is signed by {algorithm}, which can be forged; no current client takes it",
                certificate.label()
            );
            let finding = Finding::error(Code::WeakSignature, message)
                .fix("have it issued again; every CA signs by SHA-256 or better today");
            Some(placed(finding, *location))
        })
        .collect()
}
