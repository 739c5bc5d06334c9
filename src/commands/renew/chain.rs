//! What becomes of the certificates in the files of one that is renewed.

use crate::ca::SigningCa;
use crate::operands::rewrite::RewritableFile;
use crate::x509::{Certificate, SignatureCheck};

/// Old certificates (DER) with what takes their place: the renewed one; CAs of the chain that were renewed
/// with the same name and key since; where another CA of the folder issued the old one, the intermediates of today.
pub(super) fn replaced_certificates(
    old: &Certificate,
    new: &Certificate,
    files: &[RewritableFile],
    ca: &SigningCa,
) -> Vec<(Vec<u8>, Vec<Certificate>)> {
    let mut replaced = vec![(old.der.to_vec(), vec![new.clone()])];
    let current: Vec<_> = ca.bundle.iter().chain([ca.certified.leaf()]).collect();
    let has_other_issuer = !ca.has_issued(old);
    for held in files.iter().flat_map(RewritableFile::certificates).filter(Certificate::is_ca) {
        if replaced.iter().any(|(known, _)| *known == *held.der) {
            continue;
        }
        let same = current.iter().find(|ca| {
            ca.spki == held.spki && ca.subject.der == held.subject.der && ca.issuer.der == held.issuer.der
        });
        if let Some(ca) = same {
            if ca.der != held.der && ca.not_after >= held.not_after {
                replaced.push((held.der.to_vec(), vec![(*ca).clone()]));
            }
        } else if has_other_issuer && is_issuer(&held, old) && !held.is_self_issued() {
            replaced.push((held.der.to_vec(), ca.bundle.clone()));
        } else if !held.is_self_issued() && ca.family().iter().any(|other| is_issuer(other, &held)) {
            // An intermediate, or a cross certificate, of a root that is not the one above this CA.
            replaced.push((held.der.to_vec(), Vec::new()));
        }
    }
    replaced
}

fn is_issuer(ca: &Certificate, of: &Certificate) -> bool {
    of.names_issuer(ca) && of.signature_by(ca) == SignatureCheck::Valid
}
