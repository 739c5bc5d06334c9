//! Each certificate must be signed by the key of the next one (RFC 5280 section 6.1.3 (a)(1)), and the two fields that
//! name the signature algorithm must agree (section 4.1.1.2).

use super::super::clients::Defect;
use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::rule::Rule;
use super::{fixes, weak_signature};
use crate::finding::Code;
use crate::x509::{PublicKeyKind, SignatureCheck, key_description, signature_description};

const BAD: Diagnostic = Diagnostic::of_clients(Defect::SignatureBroken);
const DIFFER: Diagnostic = Diagnostic::of_clients(Defect::AlgorithmsDiffer);
const ROOT_DIFFERS: Diagnostic = Diagnostic::of_clients(Defect::RootAlgorithmsDiffer);
const UNSUPPORTED: Diagnostic = Diagnostic::error(Code::WeakSignature);
const BY_ED448: Diagnostic = Diagnostic::of_clients(Defect::CaEd448);

pub(super) const RULE: Rule =
    Rule { diagnostics: &[BAD, DIFFER, ROOT_DIFFERS, UNSUPPORTED, BY_ED448], judge };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let all = judged.all();
    let mut found = Vec::new();
    for member in all.iter().filter(|member| !member.certificate.signature_algorithms_agree) {
        let message = format!(
            "`{}` names two different signature algorithms, one outside and one inside the signed \
             part",
            member.label()
        );
        let fix = "The file was changed or damaged; download the certificate again.";
        let diagnostic = if member.is_anchor { &ROOT_DIFFERS } else { &DIFFER };
        found.extend(judged.report(diagnostic, member, message, fix));
    }
    for (pair, check) in all.windows(2).zip(&judged.path.links) {
        let [member, issuer] = pair else { continue };
        let (label, issuer_label) = (member.label(), issuer.label());
        found.extend(match check {
            SignatureCheck::Valid => None,
            // That rule says more about it.
            SignatureCheck::Unsupported if weak_signature::is_weak(member) => None,
            SignatureCheck::Unsupported => {
                let key = PublicKeyKind::new(&issuer.certificate.spki);
                // `weak_key` and `weak_signature` say who refuses the others.
                let diagnostic = if key == PublicKeyKind::Ed448 { BY_ED448 } else { UNSUPPORTED };
                let message = format!(
                    "certkit cannot verify the signature of `{label}` ({}) with the key of \
                     `{issuer_label}` ({})",
                    signature_description(&member.certificate.signature_algorithm),
                    key_description(&issuer.certificate.spki),
                );
                let fix = "Have it issued again by a CA that uses ECDSA P-256 or RSA 2048, with SHA-256.";
                judged.report(&diagnostic, member, message, fix)
            }
            SignatureCheck::Invalid if !member.certificate.key_id_fits(issuer.certificate) => {
                let message = format!(
                    "`{label}` was issued by an older or newer CA named `{issuer_label}`: the one \
                     here has the same name, but another key"
                );
                let fix = format!(
                    "Get the certificate of `{issuer_label}` that came with this one, or download it \
                     from the CA's site.{}",
                    fixes::download_lines(&member.certificate.issuer_urls)
                );
                judged.report(&BAD, member, message, fix)
            }
            SignatureCheck::Invalid => {
                let message =
                    format!("the key of `{issuer_label}` does not verify the signature of `{label}`");
                let fix = "The file was changed or damaged, or this is not its issuer; download both \
                           certificates again.";
                judged.report(&BAD, member, message, fix)
            }
        });
    }
    found
}
