//! Each certificate must be signed by the key of the next one (RFC 5280 section 6.1.3 (a)(1)).

use super::super::check::Judged;
use super::placed;
use crate::finding::{Code, Finding};
use crate::x509::SignatureCheck;

pub(super) fn rule(judged: &Judged<'_>) -> Vec<Finding> {
    let all = judged.all();
    let links = all.windows(2).zip(&judged.path.links);
    links
        .filter(|(_, check)| **check == SignatureCheck::Invalid)
        .filter_map(|(pair, _)| {
            let [(certificate, location), (issuer, _)] = pair else { return None };
            let other_key = match (&certificate.authority_key_id, &issuer.subject_key_id) {
                (Some(wanted), Some(has)) => wanted != has,
                _ => false,
            };
            let (label, issuer) = (certificate.label(), issuer.label());
            let finding = if other_key {
                Finding::error(
                    Code::BadSignature,
                    format!(
                        "`{label}` was issued by a CA named `{issuer}`, but not by the one here: same name, other key. \
                         This is the wrong generation of that CA"
                    ),
                )
                .fix(format!(
                    "get the certificate of `{issuer}` that belongs to this one (same delivery, or the CA's download page)"
                ))
            } else {
                Finding::error(
                    Code::BadSignature,
                    format!("the signature of `{label}` does not verify under the key of `{issuer}`"),
                )
                .fix("the file was changed or damaged, or the issuer is another one: get both certificates again")
            };
            Some(placed(finding, *location))
        })
        .collect()
}
