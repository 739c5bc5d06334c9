//! Certificates as a tree: each leaf, and below it the issuer that signed it, up to the root.

use std::collections::HashMap;

use crate::report::TreeLine;
use crate::x509::{Certificate, SignatureCheck};

/// More certificates than this are not drawn: nobody reads that, and every line costs a signature.
const MAX_TREE: usize = 200;

/// The certificates that signed no other one, in order, each followed by its issuers. Empty for a single certificate and
/// for more than [`MAX_TREE`].
pub fn tree(certificates: &[Certificate]) -> Vec<TreeLine> {
    if !(2..=MAX_TREE).contains(&certificates.len()) {
        return Vec::new();
    }
    let issuers = issuers(certificates);
    let mut is_issuer = vec![false; certificates.len()];
    for issuer in issuers.iter().flatten() {
        is_issuer[*issuer] = true;
    }
    let mut lines = Vec::with_capacity(certificates.len());
    let mut seen = vec![false; certificates.len()];
    // What is left after the first round signed each other in a circle; the first of them begins a tree.
    let starts = (0..certificates.len()).filter(|&index| !is_issuer[index]).chain(0..certificates.len());
    for start in starts {
        if seen[start] {
            continue;
        }
        let first = lines.len();
        let mut next = Some(start);
        let mut on_this_path = vec![false; certificates.len()];
        while let Some(index) = next.filter(|&index| !std::mem::replace(&mut on_this_path[index], true)) {
            seen[index] = true;
            let certificate = &certificates[index];
            next = issuers[index];
            let is_missing = next.is_none() && !certificate.is_self_issued();
            lines.push(TreeLine {
                depth: lines.len() - first,
                label: certificate.label(),
                missing_issuer: is_missing.then(|| certificate.issuer.label()),
            });
        }
    }
    lines
}

/// For each certificate the index of the one that signed it.
fn issuers(certificates: &[Certificate]) -> Vec<Option<usize>> {
    let mut by_subject: HashMap<u64, Vec<usize>> = HashMap::new();
    for (index, certificate) in certificates.iter().enumerate() {
        by_subject.entry(certificate.subject.hash()).or_default().push(index);
    }
    let issuer = |certificate: &Certificate| {
        let named = by_subject.get(&certificate.issuer.hash());
        named.into_iter().flatten().copied().find(|&issuer| {
            certificates[issuer] != *certificate
                && certificate.names_issuer(&certificates[issuer])
                && certificate.signature_by(&certificates[issuer]) != SignatureCheck::Invalid
        })
    };
    certificates
        .iter()
        .map(|certificate| if certificate.is_self_signed() { None } else { issuer(certificate) })
        .collect()
}
