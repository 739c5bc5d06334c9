//! Each certificate must be signed by the key of the next one (RFC 5280 section 6.1.3 (a)(1)), and both places of it
//! that name the algorithm must name the same (section 4.1.1.2).

use super::super::judged_path::{JudgedPath, PathCertificate, PathFinding};
use crate::finding::{Code, Finding};
use crate::x509::{SignatureCheck, key_description, signature_description};

pub(super) fn rule(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let all = judged.all();
    let mut found = Vec::new();
    for place in &all {
        if !place.certificate.signature_algorithms_agree {
            let message = format!(
                "`{}` names one signature algorithm where it is signed and another one inside; every client refuses that",
                place.label()
            );
            let fix = "the file was changed or damaged: get the certificate again from where it came from";
            found.push(place.found(Finding::error(Code::BadSignature, message).fix(fix)));
        }
    }
    for (pair, check) in all.windows(2).zip(&judged.path.links) {
        let [place, issuer] = pair else { continue };
        let (label, issuer_label) = (place.label(), issuer.label());
        let finding = match check {
            SignatureCheck::Valid => continue,
            SignatureCheck::Unsupported => Finding::error(
                Code::WeakSignature,
                format!(
                    "the signature of `{label}` ({}) under the key of `{issuer_label}` ({}) is of a kind that clients do \
                     not verify",
                    signature_description(&place.certificate.signature_algorithm),
                    key_description(&issuer.certificate.spki),
                ),
            )
            .fix("have it issued by a CA with a key and signature of today: ECDSA P-256 or RSA 2048 with SHA-256"),
            SignatureCheck::Invalid if !place.certificate.key_id_fits(issuer.certificate) => Finding::error(
                Code::BadSignature,
                format!(
                    "`{label}` was issued by a CA named `{issuer_label}`, but not by the one here: same name, other key. \
                     This is the wrong generation of `{issuer_label}`"
                ),
            )
            .fix(right_generation(place, &issuer_label)),
            SignatureCheck::Invalid => Finding::error(
                Code::BadSignature,
                format!("the signature of `{label}` does not verify under the key of `{issuer_label}`"),
            )
            .fix("the file was changed or damaged, or the issuer is another one: get both certificates again"),
        };
        found.push(place.found(finding));
    }
    found
}

fn right_generation(place: &PathCertificate<'_>, issuer: &str) -> String {
    let mut fix = format!(
        "get the certificate of `{issuer}` that belongs to this one (same delivery, or the CA's download page)"
    );
    for url in &place.certificate.issuer_urls {
        fix.push_str(&format!("\nthe CA offers it at {url}"));
    }
    fix
}
